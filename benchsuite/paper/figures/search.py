"""Figures of a search: its trials as lines across the axes of the space, and how much each axis matters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.colors import to_hex

from benchsuite.analysis.findings import SearchFindings, TrialFindings
from benchsuite.paper.concurrency.memo import memoize
from benchsuite.paper.context.parameter_words import describe_value, name_axis
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.canvas import drawing
from benchsuite.paper.figures.style import COLOURS, COLUMN, PAGE, break_label, shorten
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import printed
from benchsuite.suite.cases.asked_metrics import metrics_of
from benchsuite.suite.cases.plan import PlannedMetric

SPREAD, MOST_SPREAD = 0.28, 0.07
"""How far lines through one value lie apart: as a part of the distance between two values, and at most of an axis."""
TICKS = 5
"""Numbers along the axis of the results."""
MOST_LINES = 1000
"""Trials that are drawn, the best ones; more could not be told apart."""


@memoize
def draw_trials(
    name: str, found: SearchFindings, labels: Mapping[str, str], asked: Sequence[PlannedMetric] = ()
) -> Drawing:
    """Parallel coordinates: a line a trial, darker the better it is, the best one orange with marks.

    Trials that halving ended early are grey and thin. Every axis has its values at equal distances, numbers rising.
    `asked` are the metrics of plugins.
    """
    space, metric = found.declared.space, printed(metrics_of(asked))[found.declared.metric]
    reached = [trial for trial in found.trials if found.declared.metric in trial.values]
    shown = reached[:MOST_LINES]
    values = [trial.values[found.declared.metric] for trial in shown]
    low, high = metric.scale * min(values), metric.scale * max(values)
    if low == high:
        low, high = low - 0.5, high + 0.5
    top = max((trial.rung for trial in shown), default=0)
    places = {path: _places(options) for path, options in space.items()}
    with drawing(name, PAGE, 2.5) as canvas:
        axes = canvas.axes
        lines = []
        for index, (trial, value) in enumerate(zip(shown, values, strict=True)):
            # To both sides by the rank, so that no line hides another that has the same values.
            shift = (index if index % 2 else -index) / max(1, len(shown) - 1) / 2
            heights = [_height(places[path][_word(v)], shift, len(places[path])) for path, v in trial.settings.items()]
            level = (metric.scale * value - low) / (high - low)
            good = level if metric.higher_is_better else 1 - level
            lines.append(([*heights, level], _line(good, best=index == 0, early=trial.rung < top)))
            text = [*_describe_settings(trial, labels), f"{metric.title} {metric.format(value)}"]
            points = list(zip(range(len(text)), [*heights, level], text, strict=True))
            canvas.trace(axes, say("value-trial", number=str(trial.number), value=metric.format(value)), points)
        for heights, style in reversed(lines):  # the best on top
            axes.plot(range(len(space) + 1), heights, solid_joinstyle="round", **style)
        for index, (path, options) in enumerate(space.items()):
            words = [(places[path][_word(option)], describe_value(option)) for option in options]
            _draw_scale(axes, index, break_label(shorten(name_axis(path, labels))), words, len(options))
        ticks = [low + step * (high - low) / (TICKS - 1) for step in range(TICKS)]
        decimals = next(d for d in range(1, 6) if len({typography.number(tick, d) for tick in ticks}) == TICKS)
        words = [(place, typography.number(tick, decimals)) for place, tick in enumerate(ticks)]
        _draw_scale(axes, len(space), break_label(metric.heading, 14), words, TICKS, edge=True)
        axes.set(xlim=(-0.3, len(space) + 0.35), ylim=(-0.06, 1.26))
        axes.axis("off")
        least, most = metric.format(min(values)), metric.format(max(values))
        return canvas.finish(
            say(
                "alt-trials",
                trials=count_drawn(len(reached)),
                metric=metric.title,
                least=least,
                most=most,
                best=str(shown[0].number),
                settings=", ".join(_describe_settings(shown[0], labels)),
            )
        )


@memoize
def draw_importances(name: str, found: SearchFindings, labels: Mapping[str, str]) -> Drawing:
    """Bars of the share of the variance that each axis explains alone; a line marks what chance would reach."""
    names = [name_axis(axis.path, labels) for axis in found.importances]
    with drawing(name, COLUMN, 0.75 + 0.24 * len(names)) as canvas:
        axes = canvas.axes
        text: list[str] = []
        label: str | None = say("legend-chance")
        for place, (axis, title) in enumerate(zip(found.importances, names, strict=True)):
            if axis.share is None or axis.chance is None:
                axes.text(1, place, say("importance-none"), va="center", fontsize=7, color="#555555")
                text.append(f"{title}, {say('importance-none')}")
                continue
            axes.barh(place, 100 * axis.share, 0.6, color=COLOURS[0], alpha=0.75, edgecolor="black", lw=0.5)
            axes.plot([100 * axis.chance] * 2, [place - 0.38, place + 0.38], color=COLOURS[1], lw=1.6, label=label)
            label = None  # one entry in the legend
            shares = {"share": typography.percent(axis.share), "chance": typography.percent(axis.chance)}
            text.append(say("alt-importance-axis", axis=title, **shares))
        axes.set_yticks(range(len(names)), [break_label(shorten(title)) for title in names])
        axes.set(xlim=(0, 100), ylim=(len(names) - 0.4, -0.6), xlabel=say("axis-importance"))
        axes.grid(axis="y", visible=False)
        canvas.legend(axes)
        return canvas.finish(say("alt-importance", axes="; ".join(text)))


def count_drawn(trials: int) -> str:
    """How many of so many trials are drawn, in words."""
    if trials > MOST_LINES:
        return say("trials-best", best=MOST_LINES, trials=say("count-trial", n=trials))
    return say("count-trial", n=trials)


def _describe_settings(trial: TrialFindings, labels: Mapping[str, str]) -> list[str]:
    return [f"{name_axis(path, labels)} {describe_value(value)}" for path, value in trial.settings.items()]


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


def _draw_scale(
    axes: Any, x: int, title: str, ticks: Sequence[tuple[int, str]], count: int, *, edge: bool = False
) -> None:
    """An upright axis with its title above and its values at the left, or at the right `edge` at the right."""
    axes.text(x, 1.09, title, ha="center", va="bottom", fontsize=8)
    axes.plot([x, x], [0, 1], color="black", lw=0.7, zorder=6)
    for place, word in ticks:
        y = _height(place, 0, count)
        axes.plot([x - 0.012, x + 0.012], [y, y], color="black", lw=0.7, zorder=6)
        axes.text(
            x + 0.03 if edge else x - 0.03, y, shorten(word, 14), ha="left" if edge else "right", va="center",
            fontsize=7, zorder=7, bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
        )  # fmt: skip
