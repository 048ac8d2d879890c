"""Figures of a search: its trials as lines across the axes of the space, and how much each axis matters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.colors import to_hex

from benchsuite.analysis.findings import SearchFindings, TrialFindings
from benchsuite.paper.concurrency.memo import kept
from benchsuite.paper.context.axes import axis_name, axis_value
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.style import (
    COLOURS,
    COLUMN,
    PAGE,
    Trace,
    drawing,
    figure,
    finish,
    legend,
    lines,
    short,
)
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS

SPREAD, MOST_SPREAD = 0.28, 0.07
"""How far lines through one value lie apart: as a part of the distance between two values, and at most of an axis."""


@kept
def parallel(name: str, found: SearchFindings, labels: Mapping[str, str]) -> Drawing:
    """Parallel coordinates: a line a trial, darker the better it is, the best one orange with marks.

    Trials that halving ended early are grey and thin. Every axis has its values at equal distances, numbers rising.
    """
    space, metric = found.declared.space, METRICS[found.declared.metric]
    shown = [trial for trial in found.trials if found.declared.metric in trial.values]
    top = max((trial.rung for trial in shown), default=0)
    results = [metric.scale * trial.values[found.declared.metric] for trial in shown]
    low, high = min(results), max(results)
    if low == high:
        low, high = low - 0.5, high + 0.5
    with drawing(name):
        made, axes = figure(PAGE, 2.5)
        places = [_places(values) for values in space.values()]
        traces: list[Trace] = []
        for index in reversed(range(len(shown))):
            trial, result = shown[index], results[index]
            # To both sides by the rank, so that no line hides another that has the same values.
            shift = (index if index % 2 else -index) / max(1, len(shown) - 1) / 2
            heights = [
                _height(place[_word(value)], shift, len(place))
                for place, value in zip(places, trial.settings.values(), strict=True)
            ]
            level = (result - low) / (high - low)
            good = level if metric.sign > 0 else 1 - level
            style = _line(good, best=index == 0, early=trial.rung < top)
            axes.plot(range(len(space) + 1), [*heights, level], solid_joinstyle="round", **style)
            words = [f"{axis_name(path, labels)} {axis_value(value)}" for path, value in trial.settings.items()]
            reached = metric.format(trial.values[found.declared.metric])
            points = list(zip(range(len(words)), heights, words, strict=True))
            points.append((len(space), level, f"{metric.title} {reached}"))
            traces.insert(0, Trace(axes, f"Ensayo {trial.number} ({reached})", points))
        for index, (path, values) in enumerate(space.items()):
            _scale(axes, index, [(places[index][_word(v)], axis_value(v)) for v in values], len(values))
            axes.text(index, 1.09, lines(short(axis_name(path, labels))), ha="center", va="bottom", fontsize=8)
        ticks = [low + step * (high - low) / 4 for step in range(5)]
        decimals = next(d for d in range(1, 6) if len({spanish.number(t, d) for t in ticks}) == 5)
        _scale(axes, len(space), [(i, spanish.number(t, decimals)) for i, t in enumerate(ticks)], 5, edge=True)
        title = lines(metric.heading, 14)
        axes.text(len(space), 1.09, title, ha="center", va="bottom", fontsize=8)
        axes.set(xlim=(-0.3, len(space) + 0.35), ylim=(-0.06, 1.26))
        axes.axis("off")
        return finish(made, name, _said(found, shown, labels), traces)


@kept
def importances(name: str, found: SearchFindings, labels: Mapping[str, str]) -> Drawing:
    """Bars of the share of the variance that each axis explains alone; a line marks what chance would reach."""
    with drawing(name):
        made, axes = figure(COLUMN, 0.75 + 0.24 * len(found.importances))
        told: list[str] = []
        for place, axis in enumerate(found.importances):
            title = axis_name(axis.path, labels)
            if axis.share is None or axis.chance is None:
                axes.text(1, place, "no estimable", va="center", fontsize=7, color="#555555")
                told.append(f"{title}, no estimable")
                continue
            axes.barh(place, 100 * axis.share, 0.6, color=COLOURS[0], alpha=0.75, edgecolor="black", lw=0.5)
            label = "alcanzable por azar" if not any(", azar" in word for word in told) else None
            axes.plot([100 * axis.chance] * 2, [place - 0.38, place + 0.38], color=COLOURS[1], lw=1.6, label=label)
            told.append(f"{title}, {spanish.percent(axis.share)}, azar {spanish.percent(axis.chance)}")
        names = [lines(short(axis_name(axis.path, labels))) for axis in found.importances]
        axes.set_yticks(range(len(names)), names)
        axes.set(xlim=(0, 100), ylim=(len(names) - 0.4, -0.6), xlabel="Varianza explicada (%)")
        axes.grid(axis="y", visible=False)
        legend(made, axes)
        return finish(made, name, f"Importancia de cada eje de la búsqueda: {'; '.join(told)}.")


def _line(good: float, *, best: bool, early: bool) -> dict[str, Any]:
    if best:
        return {"color": COLOURS[1], "lw": 1.8, "marker": "o", "ms": 4, "mec": "black", "mew": 0.4, "zorder": 5}
    if early:
        return {"color": "#b5b5b5", "lw": 0.5, "dashes": (4, 2), "zorder": 2}
    return {"color": to_hex(colormaps["Blues"](0.3 + 0.7 * good)), "lw": 0.8, "zorder": 3 + good}


def _word(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _places(values: Sequence[Any]) -> dict[str, int]:
    """The place of each value on its axis: numbers by size, others as the suite lists them."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        values = sorted(values)
    return {_word(value): place for place, value in enumerate(values)}


def _height(place: int, shift: float, count: int) -> float:
    """From 0 to 1 along an axis of `count` values; `shift` from -0.5 to 0.5 tells lines through a place apart."""
    if count == 1:
        return 0.5 + MOST_SPREAD * shift
    return place / (count - 1) + min(SPREAD / (count - 1), MOST_SPREAD) * shift


def _scale(axes: Any, x: int, ticks: Sequence[tuple[int, str]], count: int, *, edge: bool = False) -> None:
    """An upright axis with its values beside it."""
    axes.plot([x, x], [0, 1], color="black", lw=0.7, zorder=6)
    for place, word in ticks:
        y = _height(place, 0, count)
        axes.plot([x - 0.012, x + 0.012], [y, y], color="black", lw=0.7, zorder=6)
        axes.text(
            x + 0.03 if edge else x - 0.03, y, short(word, 14), ha="left" if edge else "right", va="center", fontsize=7,
            zorder=7, bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
        )  # fmt: skip


def _said(found: SearchFindings, shown: Sequence[TrialFindings], labels: Mapping[str, str]) -> str:
    metric = METRICS[found.declared.metric]
    best = shown[0]
    values = ", ".join(f"{axis_name(path, labels)} {axis_value(value)}" for path, value in best.settings.items())
    results = [trial.values[found.declared.metric] for trial in shown]
    return (
        f"Coordenadas paralelas de {spanish.count(len(shown), 'ensayo', 'ensayos')}; {metric.title} de "
        f"{metric.format(min(results))} a {metric.format(max(results))}. El mejor, el {best.number}: {values}."
    )
