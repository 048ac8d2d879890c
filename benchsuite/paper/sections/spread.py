"""How a metric ranges over the cases of a study, in words that quote its smallest and its largest means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.case_groups import find_extremes, rank_cases
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.language.metrics import METRICS


@dataclass(frozen=True)
class Spread:
    """`low` and `high` quote the estimates at the ends, `lowest` and `highest` name their cases.

    Every reading of one that quotes adds to the paper's quantities: read those alone that the text prints.
    """

    study: PaperContext
    metric: str

    @cached_property
    def _ends(self) -> tuple[list[CaseFindings], list[CaseFindings]]:
        return find_extremes(self.study.findings.cases, self.metric)

    @property
    def is_single(self) -> bool:
        """Whether only one case has the metric."""
        return len(rank_cases(self.study.findings.cases, self.metric)) == 1

    @property
    def is_flat(self) -> bool:
        """Whether all cases print alike."""
        return self._ends[0] == self._ends[1]

    @property
    def bottom(self) -> CaseFindings:
        return self._ends[0][0]

    @property
    def top(self) -> CaseFindings:
        return self._ends[1][0]

    @property
    def mean(self) -> str:
        return self.study.quotes.mean(self.metric, self.top)

    @property
    def low(self) -> str:
        return self.study.quotes.estimate(self.metric, self.bottom)

    @property
    def high(self) -> str:
        return self.study.quotes.estimate(self.metric, self.top)

    @property
    def lowest(self) -> str:
        return self.study.names.mention(*self._ends[0])

    @property
    def highest(self) -> str:
        return self.study.names.mention(*self._ends[1])

    def describe(self) -> str:
        """«la exactitud en test va de X (a) a Y (b)», or that it is the same everywhere, or the only one there is."""
        metric = METRICS[self.metric]
        title = f"{metric.article} {metric.title}"
        if self.is_single:
            return f"{title} es de {self.high}"
        if self.is_flat:
            return (
                f"{title} es {'la misma' if metric.feminine else 'el mismo'} en todas las configuraciones, {self.mean}"
            )
        return f"{title} va de {self.low} ({self.lowest}) a {self.high} ({self.highest})"
