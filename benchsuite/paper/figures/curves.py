"""Curves by epoch: loss during training, and how fast each case converges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchsuite.analysis.findings import CaseFindings, Curve
from benchsuite.paper import spanish
from benchsuite.paper.figures.style import COLUMN, PAGE, Drawing, drawing, figure, finish, legend, look, numerals


def loss(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Training and validation loss by epoch, mean over seeds with the range of the runs; page wide."""
    with drawing(name):
        made, (left, right) = figure(PAGE, 2.25, ncols=2, sharey=True)
        for index, case in enumerate(cases):
            _plot(left, case.curves.get("train_loss"), index, case.label)
            _plot(right, case.curves.get("validation_loss"), index, case.label)
        left.set(title="Entrenamiento", xlabel="Época", ylabel="Pérdida", ylim=(0, None))
        right.set(title="Validación", xlabel="Época")
        for axes in (left, right):
            numerals(axes.xaxis)
        numerals(left.yaxis)
        legend(made, right, factor, ncols=min(len(cases), 5) if len(cases) > 4 else 2)
        said = "; ".join(_ends(case, "validation_loss") for case in cases)
        return finish(made, name, f"Pérdida por época en entrenamiento y validación. Validación: {said}.")


def convergence(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Validation accuracy by epoch, with a mark where the mean run reaches 95 % of its own best."""
    with drawing(name):
        made, axes = figure(COLUMN, 2.2)
        said: list[str] = []
        for index, case in enumerate(cases):
            curve = case.curves.get("validation_accuracy")
            _plot(axes, curve, index, case.label, 100)
            reached = case.estimates.get("epochs_to_95")
            if curve is None or reached is None:
                continue
            said.append(f"{case.label}, {spanish.number(reached.mean, 1)} épocas")
            at = min(range(len(curve.epochs)), key=lambda i: abs(curve.epochs[i] - reached.mean))
            axes.plot(
                [curve.epochs[at]], [100 * curve.mean[at]], look(index).marker, ms=7, mfc="none",
                mec=look(index).colour, mew=1.2, zorder=5,
            )  # fmt: skip
        axes.set(xlabel="Época", ylabel="Exactitud de validación (%)")
        numerals(axes.xaxis)
        numerals(axes.yaxis)
        legend(made, axes, factor, ncols=3, loc="lower right")
        alt = f"Exactitud de validación por época. Épocas hasta el 95 % de la mejor propia: {'; '.join(said)}."
        return finish(made, name, alt)


def _plot(axes: Any, curve: Curve | None, index: int, label: str, scale: float = 1) -> None:
    if curve is None or not curve.epochs:
        return
    style = look(index)
    every = max(1, len(curve.epochs) // 6)
    axes.plot(
        curve.epochs, [scale * value for value in curve.mean], color=style.colour, ls=style.dash,
        marker=style.marker, markevery=(index % every, every), label=label,
    )  # fmt: skip
    if max(curve.n) > 1:
        low, high = ([scale * value for value in side] for side in (curve.low, curve.high))
        axes.fill_between(curve.epochs, low, high, color=style.colour, alpha=0.15, lw=0)


def _ends(case: CaseFindings, metric: str) -> str:
    curve = case.curves.get(metric)
    if curve is None or not curve.mean:
        return f"{case.label}, sin datos"
    return f"{case.label}, de {spanish.number(curve.mean[0], 3)} a {spanish.number(curve.mean[-1], 3)}"
