"""Numbers of the findings as a paper's text quotes them: each a token, backed by the runs that it comes from."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.analysis.findings import CaseFindings, Comparison
from benchsuite.paper.document.quantities import Quotes
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import PrintedMetric


class ResultQuotes(Quotes):
    """The quantities of a document, with ways to quote findings; what is not known yet is said to be pending.

    The first points that are quoted are percentage points; later ones, points.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told_points = False

    def put(self, text: str, value: float | None = None, runs: tuple[str, ...] = ()) -> str:
        return super().put(self._in_full(text), value, runs)

    def estimate(
        self, metric: PrintedMetric, case: CaseFindings, among: Sequence[float] = (), *, whole: bool = True
    ) -> str:
        """The mean of a metric of a case, with its interval; a duration in one unit with those `among` which it is;
        with decimals, unless it may be `whole`."""
        estimate = case.estimates.get(metric.name)
        if estimate is None:
            return say("pending")
        return self.put(metric.quote(estimate, among, whole=whole), estimate.mean, estimate.runs)

    def mean(self, metric: PrintedMetric, case: CaseFindings, among: Sequence[float] = ()) -> str:
        """The mean alone."""
        estimate = case.estimates.get(metric.name)
        if estimate is None:
            return say("pending")
        return self.put(metric.format(estimate.mean, among=among), estimate.mean, estimate.runs)

    def difference(self, metric: PrintedMetric, comparison: Comparison | None) -> str:
        """The difference of a comparison in this metric."""
        if comparison is None or comparison.difference is None:
            return say("pending")
        difference = comparison.difference
        return self.put(metric.difference(difference), difference.mean, difference.runs)

    def _in_full(self, text: str) -> str:
        points = typography.NBSP + say("unit-points")
        if self._told_points or points not in text:
            return text
        self._told_points = True
        return text.replace(points, typography.NBSP + say("unit-percentage-points"), 1)

    def number(self, value: float, words: str | None = None, runs: Sequence[str] = ()) -> str:
        """A number that is no metric: sizes, counts, parameters."""
        return self.put(words or typography.number(value), value, tuple(runs))
