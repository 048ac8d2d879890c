"""Points with intervals, one place a case: accuracies by configuration, the overfitting gap, test accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper import spanish
from benchsuite.paper.figures.style import (
    COLOURS,
    COLUMN,
    Drawing,
    Look,
    drawing,
    figure,
    finish,
    look,
    numerals,
    short,
)
from benchsuite.paper.metrics import METRICS


def accuracies(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Training and validation accuracy of each case at its best epoch."""
    with drawing(name):
        made, axes = figure(COLUMN, 2.0)
        sides = (
            ("train_accuracy", "Entrenamiento", -0.12, look(0)),
            ("validation_accuracy", "Validación", 0.12, look(1)),
        )
        for metric, title, shift, style in sides:
            _points(axes, cases, metric, shift, style, title)
        _by_case(axes, cases, factor, "Exactitud (%)")
        axes.legend(loc="best", ncols=2)
        said = "; ".join(
            f"{case.label}, {_mean(case, 'train_accuracy')} y {_mean(case, 'validation_accuracy')}" for case in cases
        )
        return finish(made, name, f"Exactitud de entrenamiento y de validación por configuración: {said}.")


def gap(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Training minus validation accuracy at the best epoch, in percentage points."""
    with drawing(name):
        made, axes = figure(COLUMN, 1.85)
        for index, case in enumerate(cases):
            estimate = case.estimates.get("overfitting_gap")
            if estimate is None:
                continue
            axes.bar(index, 100 * estimate.mean, 0.6, color=COLOURS[0], alpha=0.25, edgecolor=COLOURS[0], lw=0.7)
        _points(axes, cases, "overfitting_gap", 0, look(0), None)
        axes.axhline(0, color="black", lw=0.6)
        _by_case(axes, cases, factor, "Brecha (puntos)")
        said = "; ".join(f"{case.label}, {_mean(case, 'overfitting_gap', 'puntos')}" for case in cases)
        return finish(made, name, f"Exactitud de entrenamiento menos la de validación: {said}.")


def test_accuracy(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Test accuracy: every run as a small mark, the mean and its interval beside them."""
    with drawing(name):
        made, axes = figure(COLUMN, 2.0)
        for index, case in enumerate(cases):
            estimate = case.estimates.get("test_accuracy")
            if estimate is None or estimate.n < 2:
                continue
            spread = [index - 0.26 + 0.16 * (k / max(1, estimate.n - 1)) for k in range(estimate.n)]
            axes.plot(spread, [100 * v for v in estimate.values], "o", ms=2, mfc="none", mec="#777777", mew=0.5)
        _points(axes, cases, "test_accuracy", 0.08, look(0), None)
        _by_case(axes, cases, factor, "Exactitud en test (%)")
        said = "; ".join(f"{case.label}, {_mean(case, 'test_accuracy')}" for case in cases)
        return finish(made, name, f"Exactitud en el conjunto de test: {said}.")


test_accuracy.__test__ = False  # type: ignore[attr-defined]


def _points(
    axes: Any, cases: Sequence[CaseFindings], metric: str, shift: float, style: Look, title: str | None
) -> None:
    found = [(i + shift, case.estimates[metric]) for i, case in enumerate(cases) if metric in case.estimates]
    if not found:
        return
    spans = [METRICS[metric].bounds(e) or (e.mean, e.mean) for _, e in found]
    means = [100 * e.mean for _, e in found]
    below = [max(0.0, mean - 100 * low) for mean, (low, _) in zip(means, spans, strict=True)]
    above = [max(0.0, 100 * high - mean) for mean, (_, high) in zip(means, spans, strict=True)]
    axes.errorbar(
        [place for place, _ in found], means, yerr=[below, above], fmt=style.marker, color=style.colour, ms=4.5,
        mec="black", mew=0.4, elinewidth=0.9, capsize=2.2, capthick=0.8, label=title, zorder=4,
    )  # fmt: skip


def _by_case(axes: Any, cases: Sequence[CaseFindings], factor: str, title: str) -> None:
    crowded = max((len(case.label) for case in cases), default=0) * len(cases) > 45
    axes.set_xticks(range(len(cases)), [short(case.label, 16) for case in cases])
    if crowded:
        axes.tick_params(axis="x", labelrotation=30)
        for tick in axes.get_xticklabels():
            tick.set_horizontalalignment("right")
    axes.set(xlim=(-0.6, len(cases) - 0.4), xlabel=factor, ylabel=title)
    axes.grid(axis="x", visible=False)
    axes.margins(y=0.12)
    numerals(axes.yaxis)


def _mean(case: CaseFindings, metric: str, unit: str = "%") -> str:
    estimate = case.estimates.get(metric)
    return "sin datos" if estimate is None else spanish.measure(100 * estimate.mean, unit, 1)
