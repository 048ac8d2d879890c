"""Cells and columns that several tables share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Facet
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import PrintedMetric

EMPTY = Cell("—")
LONG_LABEL = 14
"""Characters of a case's name that still fit beside numbers in a column."""
LONG_FACTOR = 20
LONG_TABLE = 40


def number(value: float | None, decimals: int | None = None, runs: tuple[str, ...] = ()) -> Cell:
    return EMPTY if value is None else Cell(typography.number(value, decimals), value, runs)


def text(text: str, where: str) -> Cell:
    """Foreign text as it is."""
    return Cell(markup.literal(markup.line(text, where)))


def case(case: CaseFindings) -> Cell:
    return Cell(markup.literal(case.label))


def estimate(metric: PrintedMetric, case: CaseFindings, *, strong: bool = False) -> Cell:
    """The mean of a metric with its interval, without the unit."""
    estimate = case.estimates.get(metric.name)
    if estimate is None:
        return EMPTY
    bounds = metric.bounds(estimate)
    shown = metric.quote_in_column(estimate)
    interval = (metric.scale * bounds[0], metric.scale * bounds[1]) if bounds else None
    return Cell(markup.literal(shown), metric.scale * estimate.mean, estimate.runs, strong, interval)


def mean(metric: PrintedMetric, case: CaseFindings, column: Sequence[CaseFindings] = ()) -> Cell:
    """The mean alone, with its unit where the head of the column does not say it: one unit for all cases of the
    column."""
    estimate = case.estimates.get(metric.name)
    if estimate is None:
        return EMPTY
    among = [other.estimates[metric.name].mean for other in column if metric.name in other.estimates]
    return Cell(markup.literal(metric.in_column(estimate.mean, among)), metric.scale * estimate.mean, estimate.runs)


def numeric_columns(*titles: str) -> list[Column]:
    return [Column(title, "right") for title in titles]


def case_column(study: PaperContext) -> Column:
    """The head of the labels of cases."""
    factor = study.names.factor
    return Column(factor if len(factor) < LONG_FACTOR else say("column-case"))


def case_facets(cases: Iterable[CaseFindings]) -> tuple[Facet, ...]:
    """What the rows of a table with a row for each case are about."""
    return tuple(Facet(case.case.name) for case in cases)


def labels_are_long(cases: Sequence[CaseFindings]) -> bool:
    """Whether the cases have names that need room of their own."""
    return max((len(case.label) for case in cases), default=0) > LONG_LABEL


def is_long(rows: Sequence[object]) -> bool:
    """Whether a table of these rows may break across columns."""
    return len(rows) > LONG_TABLE
