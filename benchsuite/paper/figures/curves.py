"""Curves by epoch: loss and accuracy during training, how fast each case converges, and where a phase begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchsuite.analysis.findings import CaseFindings, Curve
from benchsuite.paper.concurrency.memo import kept
from benchsuite.paper.document.blocks import Drawing, Facet
from benchsuite.paper.figures.style import (
    COLUMN,
    PAGE,
    Trace,
    drawing,
    figure,
    finish,
    legend,
    look,
    mark,
    named,
    numerals,
)
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS

Seeds = Mapping[str, int]
"""The seed of every run, by its key."""

CUT = 3.0
"""A loss so many times above the usual ones would flatten every other curve: it is cut off."""
MOST_LINES = 60
"""More runs in one panel are a thicket: the band alone tells of them."""


@kept
def loss(name: str, cases: Sequence[CaseFindings], factor: str, seeds: Seeds) -> Drawing:
    """Training and validation loss by epoch, mean over seeds, every run and their range; page wide."""
    if len(cases) == 1:
        return _both_sides(name, cases[0], "loss", "Pérdida", seeds)
    with drawing(name):
        made, (left, right) = figure(PAGE, 2.1, ncols=2, sharey=True)
        traces: list[Trace] = []
        for axes, metric in ((left, "train_loss"), (right, "validation_loss")):
            for index, case in enumerate(cases):
                _runs(axes, cases, case, metric, index, seeds)
                _plot(axes, case, metric, index)
                traces += _trace(axes, case, metric, factor)
        left.set(title="Entrenamiento", xlabel="Época", ylabel="Pérdida", ylim=(0, _top(cases)))
        right.set(title="Validación", xlabel="Época")
        for axes in (left, right):
            numerals(axes.xaxis, whole=True)
        numerals(left.yaxis)
        legend(made, right, factor)
        said = "; ".join(_ends(case, "validation_loss") for case in cases)
        return finish(made, name, f"Pérdida por época en entrenamiento y validación. Validación: {said}.", traces)


@kept
def convergence(name: str, cases: Sequence[CaseFindings], factor: str, seeds: Seeds) -> Drawing:
    """Validation accuracy by epoch, with a mark where the mean run reaches 95 % of its own best."""
    if len(cases) == 1:
        return _both_sides(name, cases[0], "accuracy", "Exactitud (%)", seeds)
    with drawing(name):
        made, axes = figure(COLUMN, 2.0 if len(cases) < 6 else 2.4)
        said: list[str] = []
        traces: list[Trace] = []
        for index, case in enumerate(cases):
            _runs(axes, cases, case, "validation_accuracy", index, seeds, scale=100)
            _plot(axes, case, "validation_accuracy", index, scale=100)
            traces += _trace(axes, case, "validation_accuracy", factor)
            reached = _mark(axes, case, index)
            if reached is not None:
                said.append(f"{case.label}, {spanish.number(reached, 1)} épocas")
        axes.set(xlabel="Época", ylabel="Exactitud de validación (%)")
        numerals(axes.xaxis, whole=True)
        numerals(axes.yaxis)
        legend(made, axes, factor)
        reached_by = f"Épocas hasta el 95{spanish.NBSP}% de la mejor propia: {'; '.join(said)}."
        alt = f"Exactitud de validación por época. {reached_by}"
        return finish(made, name, alt, traces)


def cut(cases: Sequence[CaseFindings]) -> bool:
    """Whether the loss figure leaves out the highest losses."""
    return _top(cases) is not None


def singly(cases: Sequence[CaseFindings]) -> bool:
    """Whether every run has a line of its own."""
    return max((case.done for case in cases), default=0) > 1 and sum(case.done for case in cases) <= MOST_LINES


def _both_sides(name: str, case: CaseFindings, metric: str, title: str, seeds: Seeds) -> Drawing:
    """The training and the validation curve of the only case in one panel."""
    scale = 1 if metric == "loss" else 100
    with drawing(name):
        made, axes = figure(COLUMN, 1.9)
        traces: list[Trace] = []
        for index, (side, said) in enumerate((("train", "Entrenamiento"), ("validation", "Validación"))):
            _runs(axes, [case], case, f"{side}_{metric}", index, seeds, scale)
            _plot(axes, case, f"{side}_{metric}", index, said, scale)
            traces += _trace(axes, case, f"{side}_{metric}")
        if metric == "loss":
            axes.set(ylim=(0, _top([case])))
        else:
            _mark(axes, case, 1)
        axes.set(xlabel="Época", ylabel=title)
        numerals(axes.xaxis, whole=True)
        numerals(axes.yaxis)
        legend(made, axes)
        ends = "; ".join(
            f"{said}{_ends(case, f'{side}_{metric}').removeprefix(case.label)}"
            for side, said in (("train", "entrenamiento"), ("validation", "validación"))
        )
        return finish(made, name, f"{'Pérdida' if metric == 'loss' else 'Exactitud'} por época: {ends}.", traces)


def _mark(axes: Any, case: CaseFindings, index: int) -> float | None:
    """Mark where the case converges; returns the epoch."""
    curve, reached = case.curves.get("validation_accuracy"), case.estimates.get("epochs_to_95")
    if curve is None or reached is None:
        return None
    at = _nearest(curve, reached.mean)
    drawn = axes.plot(
        [curve.epochs[at]], [100 * curve.mean[at]], look(index).marker, ms=7, mfc="none", mec=look(index).colour,
        mew=1.2, zorder=5,
    )  # fmt: skip
    mark(drawn, case.case.name)
    return reached.mean


def _runs(
    axes: Any,
    cases: Sequence[CaseFindings],
    case: CaseFindings,
    metric: str,
    index: int,
    seeds: Seeds,
    scale: float = 1,
) -> None:
    """A faint line for every run of `case`, under its mean."""
    curve = case.curves.get(metric)
    if curve is None or len(curve.runs) < 2 or not singly(cases):
        return
    for run, each in zip(curve.runs, curve.each, strict=True):
        values = [scale * value for value in each]
        drawn = axes.plot(curve.epochs[: len(values)], values, color=look(index).colour, lw=0.4, alpha=0.4, zorder=1.5)
        mark(drawn, case.case.name, seeds[run])


def _plot(axes: Any, case: CaseFindings, metric: str, index: int, label: str | None = None, scale: float = 1) -> None:
    curve = case.curves.get(metric)
    if curve is None or not curve.epochs:
        return
    style = look(index)
    every = max(1, len(curve.epochs) // 6)
    values = [scale * value for value in curve.mean]
    drawn = axes.plot(
        curve.epochs, values, color=style.colour, ls=style.dash, marker=style.marker,
        markevery=(index % every, every), label=label or case.label,
    )  # fmt: skip
    if max(curve.n) > 1:
        low, high = ([scale * value for value in side] for side in (curve.low, curve.high))
        drawn.append(axes.fill_between(curve.epochs, low, high, color=style.colour, alpha=0.15, lw=0))
    for phase in case.phases[1:]:
        at = _nearest(curve, phase.first_epoch)
        drawn += axes.plot([curve.epochs[at]], [values[at]], "|", ms=16, mew=1.5, color=style.colour, zorder=4)
    mark(drawn, case.case.name)


def _trace(axes: Any, case: CaseFindings, metric: str, factor: str = "") -> list[Trace]:
    """The values of a curve, at every epoch with what the runs range over."""
    curve, known = case.curves.get(metric), METRICS[metric]
    if curve is None:
        return []
    points = []
    for epoch, mean, low, high, n in zip(curve.epochs, curve.mean, curve.low, curve.high, curve.n, strict=True):
        said = f"época {spanish.number(epoch)}: {known.format(mean)}"
        if n > 1:
            said += f", de {known.bare(low)} a {known.bare(high)} en {spanish.number(n)} ejecuciones"
        points.append((epoch, known.scale * mean, said))
    return [Trace(axes, named(factor, case.label, known.title), points, Facet(case.case.name))]


def _nearest(curve: Curve, epoch: float) -> int:
    return min(range(len(curve.epochs)), key=lambda i: abs(curve.epochs[i] - epoch))


def _top(cases: Sequence[CaseFindings]) -> float | None:
    """Where the loss axis ends, when not at the highest loss."""
    sides = [case.curves[side] for case in cases for side in ("train_loss", "validation_loss") if side in case.curves]
    values = sorted(value for curve in sides for value in curve.mean)
    if not values:
        return None
    first = sorted(curve.mean[0] for curve in sides if curve.mean)
    usual = max(values[int(0.95 * (len(values) - 1))], first[len(first) // 2])
    return 1.2 * usual if usual > 0 and values[-1] > CUT * usual else None


def _ends(case: CaseFindings, metric: str) -> str:
    curve = case.curves.get(metric)
    if curve is None or not curve.mean:
        return f"{case.label}, sin datos"
    return f"{case.label}, de {spanish.number(curve.mean[0], 3)} a {spanish.number(curve.mean[-1], 3)}"
