"""What other works publish beside what the study has measured, and whether the one lies within the interval of the
other."""

from __future__ import annotations

import math

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Cell, Column, Facet, Paragraph, Table
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import PrintedMetric, spread_of
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.tables import cells
from benchsuite.suite.schema.published import Published

DIGITS = 10
"""Significant digits of a published figure: more than works print, fewer than the arithmetic of its unit brings in."""


def published_blocks(study: PaperContext) -> list[Block]:
    """The table of published figures, and whose they are; nothing where the suite gives none."""
    figures = study.material.suite.published
    if not figures:
        return []
    works = [study.works.unify_citations(f"[[{key}]]") for key in dict.fromkeys(one.source for one in figures)]
    text = say("published", n=len(works), works=listing(works))
    if any(study.metrics[one.metric].of_machine for one in figures):
        text += f" {say('published-machine')}"
    return [Paragraph(text), published_table(study)]


def published_table(study: PaperContext) -> Table:
    """A row for each published figure and case."""
    figures = study.material.suite.published
    several = len({one.source for one in figures}) > 1
    rows, facets, ours = [], [], []
    for one in figures:
        metric = study.metrics[one.metric]
        for case in map(study.find_case, one.cases):
            cited = study.works.unify_citations(f" [[{one.source}]]") if several else ""
            value = metric.scale * one.value if one.value is not None else None
            measured = cells.estimate(metric, case)
            rows.append(
                (
                    Cell(typography.upper_first(metric.title) if metric.unit.recorded else metric.heading),
                    cells.case(case),
                    Cell(_told(one, metric) + cited, value),
                    measured,
                    Cell(_place(one, metric, case), None, measured.runs),
                )
            )
            facets.append(Facet(case.case.name))
            ours += [case.estimates[metric.name]] if metric.name in case.estimates else []
    columns = (
        Column(say("column-measure")),
        cells.case_column(study),
        *cells.numeric_columns(say("column-published-theirs"), say("column-published-ours")),
        Column(say("column-published-place")),
    )
    spread = spread_of(ours)
    note = say(f"note-spread-{spread}") if spread else None
    return Table(
        "tab-published", say("title-published"), columns, tuple(rows), note, wide=True, facets=tuple(facets),
        long=cells.is_long(rows),
    )  # fmt: skip


def _told(one: Published, metric: PrintedMetric) -> str:
    """The figure as the work has it, in the unit that the row's measure names."""

    def shown(value: float) -> str:
        if metric.unit.recorded:
            return metric.format(value)
        return typography.number(float(f"{metric.unit.scale * value:.{DIGITS}g}"))

    low, high = one.bounds
    if low == high:
        return shown(low)
    if math.isinf(high):
        return say("condition-at-least", value=shown(low))
    if math.isinf(low):
        return say("condition-at-most", value=shown(high))
    return say("span", least=shown(low), most=shown(high))


def _place(one: Published, metric: PrintedMetric, case: CaseFindings) -> str:
    """Where the figure lies, seen from the interval here."""
    estimate = case.estimates.get(metric.name)
    bounds = metric.bounds(estimate) if estimate is not None else None
    if bounds is None:
        return cells.EMPTY.text
    low, high = one.bounds
    if low > bounds[1]:
        return say("published-above")
    if high < bounds[0]:
        return say("published-below")
    return say("published-within" if bounds[0] <= low and high <= bounds[1] else "published-overlapping")
