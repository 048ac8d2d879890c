"""Points with intervals, one place a case: accuracies by configuration, the overfitting gap, test accuracy.

Cases stand side by side; where their names are long, one below the other with the names at the left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchsuite.analysis.findings import CaseFindings, Estimate
from benchsuite.paper.concurrency.memo import memoize
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.axes import name_rows, set_numerals
from benchsuite.paper.figures.canvas import Canvas, drawing, mark
from benchsuite.paper.figures.style import COLOURS, COLUMN, Look, look, shorten_all
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import METRICS

ABREAST = 45
"""Characters that names of cases may take side by side below an axis."""


@memoize
def draw_accuracies(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Training and validation accuracy of each case at its best epoch."""
    with _places(name, cases, factor, 1.85, say("axis-accuracy")) as places:
        places.draw_means("train_accuracy", -0.12, look(0), say("column-split-train"))
        places.draw_means("validation_accuracy", 0.12, look(1), say("column-split-validation"))
        places.canvas.legend(places.axes)
        return places.finish("alt-accuracies", "train_accuracy", "validation_accuracy")


@memoize
def draw_gap(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Training minus validation accuracy at the best epoch, in percentage points."""
    with _places(name, cases, factor, 1.85, say("axis-gap")) as places:
        bar = places.axes.barh if places.stacked else places.axes.bar
        for index, case, estimate in places.estimates("overfitting_gap"):
            drawn = bar(index, 100 * estimate.mean, 0.6, color=COLOURS[0], alpha=0.25, edgecolor=COLOURS[0], lw=0.7)
            mark(drawn, case.case.name)
        places.draw_means("overfitting_gap", 0, look(0))
        (places.axes.axvline if places.stacked else places.axes.axhline)(0, color="black", lw=0.6)
        return places.finish("alt-gap", "overfitting_gap")


@memoize
def draw_test_accuracy(name: str, cases: Sequence[CaseFindings], factor: str, seeds: Mapping[str, int]) -> Drawing:
    """Test accuracy: every run, by its key one of `seeds`, as a small mark; the mean and its interval beside them."""
    with _places(name, cases, factor, 2.0, say("axis-test-accuracy")) as places:
        for index, case, estimate in places.estimates("test_accuracy"):
            for k, (run, value) in enumerate(zip(estimate.runs, estimate.values, strict=True)):
                if estimate.n > 1:
                    places.draw_run(case, index - 0.26 + 0.16 * (k / (estimate.n - 1)), 100 * value, seeds[run])
        places.draw_means("test_accuracy", 0.08, look(0))
        return places.finish("alt-test", "test_accuracy")


@dataclass(frozen=True)
class _Places:
    """A place for each case: from left to right, or `stacked` from top to bottom."""

    canvas: Canvas
    cases: Sequence[CaseFindings]
    stacked: bool

    @property
    def axes(self) -> Any:
        return self.canvas.axes

    def estimates(self, metric: str) -> Iterator[tuple[int, CaseFindings, Estimate]]:
        """The place, the case and its estimate, of each that has one."""
        for index, case in enumerate(self.cases):
            if metric in case.estimates:
                yield index, case, case.estimates[metric]

    def turn(self, place: Any, value: Any) -> tuple[Any, Any]:
        return (value, place) if self.stacked else (place, value)

    def draw_means(self, metric: str, shift: float, style: Look, title: str | None = None) -> None:
        """Means with their intervals in percent, `shift` beside the middle of each place."""
        for index, case, estimate in self.estimates(metric):
            low, high = METRICS[metric].bounds(estimate) or (estimate.mean, estimate.mean)
            mean, place = 100 * estimate.mean, index + shift
            reach = [[max(0.0, mean - 100 * low)], [max(0.0, 100 * high - mean)]]
            drawn = self.axes.errorbar(
                *self.turn([place], [mean]), **{"xerr" if self.stacked else "yerr": reach},
                fmt=style.marker, color=style.colour, ms=4.5, mec="black", mew=0.4, elinewidth=0.9, capsize=2.2,
                capthick=0.8, label=title, zorder=4,
            )  # fmt: skip
            title = None  # one entry in the legend
            text = f"{METRICS[metric].title} {METRICS[metric].quote(estimate)}"
            self.canvas.show(case, drawn, self.axes, [(*self.turn(place, mean), text)])

    def draw_run(self, case: CaseFindings, place: float, value: float, seed: int) -> None:
        """A single run, in percent."""
        drawn = self.axes.plot(*self.turn([place], [value]), "o", ms=2, mfc="none", mec="#777777", mew=0.5)
        text = say("value-of-seed", seed=str(seed), value=typography.measure(value, "%", 1))
        self.canvas.show(case, drawn, self.axes, [(*self.turn(place, value), text)], seed=seed)

    def finish(self, message: str, *metrics: str) -> Drawing:
        """The drawing; the message for its alternative text takes the means of each case."""
        text = "; ".join(
            f"{case.label}, {say('alt-and').join(_mean(case, metric) for metric in metrics)}" for case in self.cases
        )
        return self.canvas.finish(say(message, cases=text))


@contextmanager
def _places(name: str, cases: Sequence[CaseFindings], factor: str, height: float, title: str) -> Iterator[_Places]:
    """Axes with the names of the cases and of the values."""
    stacked = max((len(case.label) for case in cases), default=0) * len(cases) > ABREAST
    labels = shorten_all([case.label for case in cases])
    with drawing(name, COLUMN, 0.45 + 0.175 * len(cases) if stacked else height, factor=factor) as canvas:
        axes = canvas.axes
        if stacked:
            name_rows(axes, labels)
            axes.set(xlabel=title)
            axes.margins(x=0.06)
            set_numerals(axes.xaxis)
        else:
            axes.set_xticks(range(len(cases)), labels)
            axes.set(xlim=(-0.6, len(cases) - 0.4), xlabel=factor, ylabel=title)
            axes.grid(axis="x", visible=False)
            axes.margins(y=0.12)
            set_numerals(axes.yaxis)
        yield _Places(canvas, cases, stacked)


def _mean(case: CaseFindings, metric: str) -> str:
    estimate = case.estimates.get(metric)
    return say("alt-none") if estimate is None else METRICS[metric].format(estimate.mean)
