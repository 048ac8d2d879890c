"""Points with intervals, one place a case: accuracies by configuration, the overfitting gap, test accuracy.

Cases stand side by side; where their names are long, one below the other with the names at the left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.concurrency.memo import kept
from benchsuite.paper.document.blocks import Drawing, Facet
from benchsuite.paper.figures.style import (
    COLOURS,
    COLUMN,
    Look,
    Trace,
    brief,
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

ABREAST = 45
"""Characters that names of cases may take side by side below an axis."""


@kept
def accuracies(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Training and validation accuracy of each case at its best epoch."""
    with drawing(name):
        chart = _Chart(cases, factor, 1.85)
        sides = (
            ("train_accuracy", "Entrenamiento", -0.12, look(0)),
            ("validation_accuracy", "Validación", 0.12, look(1)),
        )
        for metric, title, shift, style in sides:
            chart.points(metric, shift, style, title)
        chart.label("Exactitud (%)")
        legend(chart.made, chart.axes)
        said = "; ".join(
            f"{case.label}, {_mean(case, 'train_accuracy')} y {_mean(case, 'validation_accuracy')}" for case in cases
        )
        alt = f"Exactitud de entrenamiento y de validación por configuración: {said}."
        return finish(chart.made, name, alt, chart.traces)


@kept
def gap(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Training minus validation accuracy at the best epoch, in percentage points."""
    with drawing(name):
        chart = _Chart(cases, factor, 1.85)
        for index, case in enumerate(cases):
            estimate = case.estimates.get("overfitting_gap")
            if estimate is None:
                continue
            bar = chart.axes.barh if chart.stacked else chart.axes.bar
            drawn = bar(index, 100 * estimate.mean, 0.6, color=COLOURS[0], alpha=0.25, edgecolor=COLOURS[0], lw=0.7)
            mark(drawn, case.case.name)
        chart.points("overfitting_gap", 0, look(0), None)
        chart.zero()
        chart.label("Brecha (puntos)")
        said = "; ".join(f"{case.label}, {_mean(case, 'overfitting_gap', 'puntos')}" for case in cases)
        return finish(chart.made, name, f"Exactitud de entrenamiento menos la de validación: {said}.", chart.traces)


@kept
def test_accuracy(name: str, cases: Sequence[CaseFindings], factor: str, seeds: Mapping[str, int]) -> Drawing:
    """Test accuracy: every run, by its key one of `seeds`, as a small mark; the mean and its interval beside them."""
    with drawing(name):
        chart = _Chart(cases, factor, 2.0)
        for index, case in enumerate(cases):
            estimate = case.estimates.get("test_accuracy")
            if estimate is None or estimate.n < 2:
                continue
            for k, (run, value) in enumerate(zip(estimate.runs, estimate.values, strict=True)):
                chart.run(case, index - 0.26 + 0.16 * (k / (estimate.n - 1)), 100 * value, seeds[run])
        chart.points("test_accuracy", 0.08, look(0), None)
        chart.label("Exactitud en test (%)")
        said = "; ".join(f"{case.label}, {_mean(case, 'test_accuracy')}" for case in cases)
        return finish(chart.made, name, f"Exactitud en el conjunto de test: {said}.", chart.traces)


test_accuracy.__test__ = False  # type: ignore[attr-defined]


class _Chart:
    """Axes with a place for each case: from left to right, or `stacked` from top to bottom."""

    def __init__(self, cases: Sequence[CaseFindings], factor: str, height: float) -> None:
        self.cases, self.factor = cases, factor
        longest = max((len(case.label) for case in cases), default=0)
        self.stacked = longest * len(cases) > ABREAST
        self.names = brief([case.label for case in cases])
        if self.stacked:
            height = 0.45 + 0.175 * len(cases)
        self.made, self.axes = figure(COLUMN, height)
        self.traces: list[Trace] = []

    def turned(self, places: Any, values: Any) -> tuple[Any, Any]:
        return (values, places) if self.stacked else (places, values)

    def points(self, metric: str, shift: float, style: Look, title: str | None) -> None:
        """Means with their intervals in percent, `shift` beside the middle of each place."""
        known = METRICS[metric]
        for index, case in enumerate(self.cases):
            estimate = case.estimates.get(metric)
            if estimate is None:
                continue
            low, high = known.bounds(estimate) or (estimate.mean, estimate.mean)
            mean, place = 100 * estimate.mean, index + shift
            reach = [[max(0.0, mean - 100 * low)], [max(0.0, 100 * high - mean)]]
            drawn = self.axes.errorbar(
                *self.turned([place], [mean]), **{"xerr" if self.stacked else "yerr": reach},
                fmt=style.marker, color=style.colour, ms=4.5, mec="black", mew=0.4, elinewidth=0.9, capsize=2.2,
                capthick=0.8, label=title, zorder=4,
            )  # fmt: skip
            title = None
            mark(drawn, case.case.name)
            self._trace(case, place, mean, f"{known.title} {known.quote(estimate)}")

    def run(self, case: CaseFindings, place: float, value: float, seed: int) -> None:
        """A single run, in percent."""
        drawn = self.axes.plot(*self.turned([place], [value]), "o", ms=2, mfc="none", mec="#777777", mew=0.5)
        mark(drawn, case.case.name, seed)
        self._trace(case, place, value, f"semilla {seed}: {spanish.measure(value, '%', 1)}", seed)

    def _trace(self, case: CaseFindings, place: float, value: float, said: str, seed: int | None = None) -> None:
        x, y = self.turned(place, value)
        facet = Facet(case.case.name, seed)
        self.traces.append(Trace(self.axes, named(self.factor, case.label), [(x, y, said)], facet))

    def zero(self) -> None:
        (self.axes.axvline if self.stacked else self.axes.axhline)(0, color="black", lw=0.6)

    def label(self, title: str) -> None:
        """Name the places and the values."""
        places, ends = range(len(self.cases)), (-0.6, len(self.cases) - 0.4)
        if self.stacked:
            self.axes.set_yticks(places, self.names, fontsize=6.5)
            self.axes.set(ylim=ends[::-1], xlabel=title)
            self.axes.grid(axis="y", visible=False)
            self.axes.tick_params(axis="y", length=0)
            self.axes.margins(x=0.06)
            numerals(self.axes.xaxis)
            return
        self.axes.set_xticks(places, self.names)
        self.axes.set(xlim=ends, xlabel=self.factor, ylabel=title)
        self.axes.grid(axis="x", visible=False)
        self.axes.margins(y=0.12)
        numerals(self.axes.yaxis)


def _mean(case: CaseFindings, metric: str, unit: str = "%") -> str:
    estimate = case.estimates.get(metric)
    return "sin datos" if estimate is None else spanish.measure(100 * estimate.mean, unit, 1)
