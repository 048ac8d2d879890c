"""How a metric ranges over the cases of a study, in words that quote its smallest and its largest means."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.case_groups import find_extremes, rank_cases
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import PrintedMetric

ALIKE = 1.02
"""Times and the like that differ by less are practically the same."""


@dataclass(frozen=True)
class End:
    """The cases at one end of the range; both ends have the same ones where all cases print alike."""

    study: PaperContext = field(compare=False)
    metric: PrintedMetric
    cases: list[CaseFindings]

    def quote(self) -> str:
        """The estimate there."""
        return self.study.quotes.estimate(self.metric, self.cases[0], self._means)

    @property
    def reach(self) -> tuple[float, float]:
        """Its interval, or the values observed; the mean alone where nothing is known of the spread."""
        estimate = self.cases[0].estimates[self.metric.name]
        return self.metric.bounds(estimate) or (estimate.mean, estimate.mean)

    def quote_mean(self) -> str:
        return self.study.quotes.mean(self.metric, self.cases[0], self._means)

    @property
    def _means(self) -> list[float]:
        """Those of all cases, among which the table of costs has it in a column."""
        return [case.estimates[self.metric.name].mean for case in rank_cases(self.study.done, self.metric.name)]

    def subject(self) -> str:
        """The cases there, as the subject of a sentence."""
        return self.study.names.subject(*self.cases)

    def mention(self) -> str:
        """The cases there."""
        return self.study.names.mention(*self.cases)


def find_ends(study: PaperContext, metric: str) -> tuple[End, End]:
    """Where the metric is smallest, and where it is largest."""
    lowest, highest = find_extremes(study.findings.cases, known := study.metrics[metric])
    return End(study, known, lowest), End(study, known, highest)


def _mean(end: End) -> float:
    return end.cases[0].estimates[end.metric.name].mean


def describe_range(study: PaperContext, metric: str) -> str:
    """«la exactitud en test va de X (a) a Y (b)», or that it is the same everywhere, or the only one there is."""
    low, high = find_ends(study, metric)
    known = low.metric
    if low != high and known.of_machine and _mean(high) < ALIKE * _mean(low):
        ends = {"lowest": low.quote_mean(), "highest": high.quote_mean()}
        return say("range-alike", context=known.gender, metric=known.the, **ends)
    if low != high:
        ends = {"lowest": low.quote(), "least": low.mention(), "highest": high.quote(), "most": high.mention()}
        return say("range", metric=known.the, **ends)
    if len(high.cases) == 1:
        return say("range-of-one", metric=known.the, value=high.quote())
    return say("range-equal", context=known.gender, metric=known.the, value=high.quote_mean())
