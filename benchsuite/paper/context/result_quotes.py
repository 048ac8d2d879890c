"""Numbers of the findings as a paper's text quotes them: each a token, backed by the runs that it comes from."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.analysis.findings import CaseFindings, Comparison
from benchsuite.paper.document.quantities import Quotes
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.language.typography import number


class ResultQuotes(Quotes):
    """The quantities of a document, with ways to quote findings; what is not known yet is said to be pending."""

    def estimate(self, metric: str, case: CaseFindings) -> str:
        """The mean of a metric of a case, with its interval."""
        estimate = case.estimates.get(metric)
        if estimate is None:
            return say("pending")
        return self.put(METRICS[metric].quote(estimate), estimate.mean, estimate.runs)

    def mean(self, metric: str, case: CaseFindings) -> str:
        """The mean alone."""
        estimate = case.estimates.get(metric)
        if estimate is None:
            return say("pending")
        return self.put(METRICS[metric].format(estimate.mean), estimate.mean, estimate.runs)

    def difference(self, comparison: Comparison | None) -> str:
        if comparison is None or comparison.difference is None:
            return say("pending")
        difference = comparison.difference
        return self.put(METRICS[comparison.metric].difference(difference), difference.mean, difference.runs)

    def number(self, value: float, words: str | None = None, runs: Sequence[str] = ()) -> str:
        """A number that is no metric: sizes, counts, parameters."""
        return self.put(words or number(value), value, tuple(runs))
