"""Curves by epoch: loss and accuracy during training, how fast each case converges, and where a phase begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchsuite.analysis.findings import CaseFindings, Curve
from benchsuite.paper.concurrency.memo import kept
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.axes import set_numerals
from benchsuite.paper.figures.canvas import Canvas, drawing, mark
from benchsuite.paper.figures.style import COLUMN, PAGE, look
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.language.spanish import CONFIDENCE

Seeds = Mapping[str, int]
"""The seed of every run, by its key."""

SIDES = (("train", "Entrenamiento"), ("validation", "Validación"))
TITLES = {"loss": ("Pérdida", "Pérdida"), "accuracy": ("Exactitud", "Exactitud (%)")}
CUT = 3.0
"""A loss so many times above the usual ones would flatten every other curve: it is cut off."""
MOST_LINES = 60
"""More runs in one panel are a thicket: the band alone tells of them."""


@kept
def loss(name: str, cases: Sequence[CaseFindings], factor: str, seeds: Seeds) -> Drawing:
    """Training and validation loss by epoch, mean over seeds, every run and their range; page wide."""
    if len(cases) == 1:
        return _draw_both_sides(name, cases[0], "loss", seeds)
    with drawing(name, PAGE, 2.1, factor=factor, ncols=2, sharey=True) as canvas:
        left, right = canvas.axes
        for axes, (side, title) in zip(canvas.axes, SIDES, strict=True):
            for index, case in enumerate(cases):
                _draw(canvas, axes, case, f"{side}_loss", index, seeds if have_lines(cases) else {})
            axes.set(title=title)
            _count_epochs(axes)
        left.set(ylabel="Pérdida", ylim=(0, _top(cases)))
        set_numerals(left.yaxis)
        canvas.legend(right, factor)
        said = "; ".join(_ends(case, "validation_loss", case.label) for case in cases)
        return canvas.finish(f"Pérdida por época en entrenamiento y validación. Validación: {said}.")


@kept
def convergence(name: str, cases: Sequence[CaseFindings], factor: str, seeds: Seeds) -> Drawing:
    """Validation accuracy by epoch, with a mark where the mean run reaches 95 % of its own best."""
    if len(cases) == 1:
        return _draw_both_sides(name, cases[0], "accuracy", seeds)
    with drawing(name, COLUMN, 2.0 if len(cases) < 6 else 2.4, factor=factor) as canvas:
        said: list[str] = []
        for index, case in enumerate(cases):
            _draw(canvas, canvas.axes, case, "validation_accuracy", index, seeds if have_lines(cases) else {})
            reached = _mark_convergence(canvas.axes, case, index)
            if reached is not None:
                said.append(f"{case.label}, {spanish.number(reached, 1)} épocas")
        canvas.axes.set(ylabel="Exactitud de validación (%)")
        _count_epochs(canvas.axes)
        set_numerals(canvas.axes.yaxis)
        canvas.legend(canvas.axes, factor)
        reached_by = f"Épocas hasta el {CONFIDENCE} de la mejor propia: {'; '.join(said)}."
        return canvas.finish(f"Exactitud de validación por época. {reached_by}")


def _draw_both_sides(name: str, case: CaseFindings, quantity: str, seeds: Seeds) -> Drawing:
    """The training and the validation curve of the only case in one panel."""
    title, ylabel = TITLES[quantity]
    with drawing(name, COLUMN, 1.9) as canvas:
        axes = canvas.axes
        for index, (side, label) in enumerate(SIDES):
            _draw(canvas, axes, case, f"{side}_{quantity}", index, seeds if have_lines([case]) else {}, label)
        if quantity == "loss":
            axes.set(ylim=(0, _top([case])))
        else:
            _mark_convergence(axes, case, 1)
        axes.set(ylabel=ylabel)
        _count_epochs(axes)
        set_numerals(axes.yaxis)
        canvas.legend(axes)
        ends = "; ".join(_ends(case, f"{side}_{quantity}", label.lower()) for side, label in SIDES)
        return canvas.finish(f"{title} por época: {ends}.")


def is_cut(cases: Sequence[CaseFindings]) -> bool:
    """Whether the loss figure leaves out the highest losses."""
    return _top(cases) is not None


def have_lines(cases: Sequence[CaseFindings]) -> bool:
    """Whether every run has a line of its own."""
    return max((case.done for case in cases), default=0) > 1 and sum(case.done for case in cases) <= MOST_LINES


def _count_epochs(axes: Any) -> None:
    axes.set(xlabel="Época")
    set_numerals(axes.xaxis, whole=True)


def _draw(
    canvas: Canvas, axes: Any, case: CaseFindings, metric: str, index: int, lines: Seeds, label: str | None = None
) -> None:
    """The mean curve of a case over the band of its runs, phases marked; runs in `lines` have a faint line each."""
    curve, known, style = case.curves.get(metric), METRICS[metric], look(index)
    if curve is None or not curve.epochs:
        return
    if len(curve.runs) > 1 and lines:
        for run, each in zip(curve.runs, curve.each, strict=True):
            values = [known.scale * value for value in each]
            drawn = axes.plot(curve.epochs[: len(values)], values, color=style.colour, lw=0.4, alpha=0.4, zorder=1.5)
            mark(drawn, case.case.name, lines[run])
    every = max(1, len(curve.epochs) // 6)
    means, lows, highs = ([known.scale * value for value in side] for side in (curve.mean, curve.low, curve.high))
    drawn = axes.plot(
        curve.epochs, means, color=style.colour, ls=style.dash, marker=style.marker,
        markevery=(index % every, every), label=label or case.label,
    )  # fmt: skip
    if max(curve.n) > 1:
        drawn.append(axes.fill_between(curve.epochs, lows, highs, color=style.colour, alpha=0.15, lw=0))
    for phase in case.phases[1:]:
        at = _nearest(curve, phase.first_epoch)
        drawn += axes.plot([curve.epochs[at]], [means[at]], "|", ms=16, mew=1.5, color=style.colour, zorder=4)
    mark(drawn, case.case.name)
    points = []
    for epoch, value, mean, low, high, n in zip(
        curve.epochs, means, curve.mean, curve.low, curve.high, curve.n, strict=True
    ):
        said = f"época {spanish.number(epoch)}: {known.format(mean)}"
        if n > 1:
            said += f", de {known.bare(low)} a {known.bare(high)} en {spanish.number(n)} ejecuciones"
        points.append((epoch, value, said))
    canvas.trace_case(axes, case, points, known.title)


def _mark_convergence(axes: Any, case: CaseFindings, index: int) -> float | None:
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


def _nearest(curve: Curve, epoch: float) -> int:
    return min(range(len(curve.epochs)), key=lambda i: abs(curve.epochs[i] - epoch))


def _top(cases: Sequence[CaseFindings]) -> float | None:
    """Where the loss axis ends, when not at the highest loss."""
    curves = [case.curves[f"{side}_loss"] for case in cases for side, _ in SIDES if f"{side}_loss" in case.curves]
    values = sorted(value for curve in curves for value in curve.mean)
    if not values:
        return None
    first = sorted(curve.mean[0] for curve in curves if curve.mean)
    usual = max(values[int(0.95 * (len(values) - 1))], first[len(first) // 2])
    return 1.2 * usual if usual > 0 and values[-1] > CUT * usual else None


def _ends(case: CaseFindings, metric: str, who: str) -> str:
    curve = case.curves.get(metric)
    if curve is None or not curve.mean:
        return f"{who}, sin datos"
    return f"{who}, de {spanish.number(curve.mean[0], 3)} a {spanish.number(curve.mean[-1], 3)}"
