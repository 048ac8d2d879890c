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
    whole: bool = field(default=True, compare=False)
    """Whether the means of both ends are whole, and so may be written."""

    def quote(self) -> str:
        """The estimate there, with as many decimals as the one of the other end."""
        return self.study.quotes.estimate(self.metric, self.cases[0], self._means, whole=self.whole)

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
    whole = all(known.is_whole(end[0].estimates[known.name]) for end in (lowest, highest))
    return End(study, known, lowest, whole), End(study, known, highest, whole)


def describe_order(low: End, high: End) -> str:
    """That the data do not say which end is which, where that is so: by the paired difference of both, where it is one
    of the study's comparisons and so known better than either mean, else by whether their intervals overlap."""
    both = {low.cases[0].case.name, high.cases[0].case.name}
    paired = next(
        (
            one
            for one in low.study.findings.comparisons
            if one.metric == low.metric.name and {one.case, one.baseline} == both and one.difference is not None
        ),
        None,
    )
    ordered = low.reach[1] < high.reach[0] if paired is None else paired.sign != "open"
    return "" if ordered else say("ends-overlap")


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
