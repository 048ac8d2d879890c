"""The tables of a report: what each step of the chain chose, what of it the next one has, and the studies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from benchsuite.analysis.chain import CHOSEN_BY, ChainStep, Handed
from benchsuite.paper.context.parameter_words import name_axis, name_value
from benchsuite.paper.context.report_context import ReportContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import METRICS, spread_of
from benchsuite.paper.language.phrases import date
from benchsuite.paper.tables import cells
from benchsuite.registry import CASE_PARTS

MOST_VALUES = 4
"""Values that a cell lists."""


def chain_table(report: ReportContext) -> Table:
    """A row for each step: what it varied, what it hands on with its accuracies, and what validation ranks first."""
    rows = tuple(
        (
            Cell(markup.jump(report.label(step.study), f"sec-{step.study}", "studies")),
            cells.number(len(step.findings.cases)),
            cells.case(step.chosen),
            cells.estimate(METRICS[CHOSEN_BY], step.chosen),
            cells.estimate(METRICS["test_accuracy"], step.chosen),
            cells.number(step.chosen.done),
            Cell("; ".join(markup.literal(case.label) for case in step.first)),
        )
        for step in report.chain
    )
    heads = cells.numeric_columns(*(say(f"column-chain-{name}") for name in ("validation", "test", "seeds")))
    columns = (
        Column(say("column-chain-step")),
        *cells.numeric_columns(say("column-chain-cases")),
        Column(say("column-chain-chosen")),
        *heads,
        Column(say("column-chain-first")),
    )
    tested = (
        step.chosen.estimates["test_accuracy"] for step in report.chain if "test_accuracy" in step.chosen.estimates
    )
    spread = spread_of(tested)
    note = " ".join([say("note-chain"), *([say(f"note-spread-{spread}")] if spread else [])])
    return Table("tab-chain", say("title-chain-table"), columns, rows, note, wide=True)


def carried_table(report: ReportContext) -> Table:
    """A row for each setting that a step hands on: its value there and in the next study."""
    rows = tuple(row for step, after in pairwise(report.chain) for row in _rows_of(report, step, after))
    names = ("from", "parameter", "chosen", "next", "kept", "begin")
    columns = tuple(Column(say(f"column-carried-{name}")) for name in names)
    return Table("tab-carried", say("title-carried"), columns, rows, say("note-carried"), wide=True, row_headers=False)


def _rows_of(report: ReportContext, step: ChainStep, after: ChainStep) -> Iterator[tuple[Cell, ...]]:
    title = say("carried-step", one=report.label(step.study), next=report.label(after.study))
    models = _model_titles(report, step, after)
    begin = say("carried-begin", begin=step.begin, cases=step.cases)
    for number, handed in enumerate(step.handed):
        first = (Cell(markup.literal(title)), Cell(markup.literal(begin))) if number == 0 else (Cell(""), Cell(""))
        yield (
            first[0],
            Cell(markup.literal(name_axis(_named(handed.path), report.of(step.study).names.labels))),
            Cell(_value(handed, handed.value, models)),
            Cell(_values_next(handed, models)),
            Cell(say("value-yes" if handed.kept else "value-no")),
            first[1],
        )


def _named(path: str) -> str:
    """The path that names a parameter: that of a component is the component's own."""
    whole = path.removesuffix(".name")
    return whole if whole in CASE_PARTS else path


def _model_titles(report: ReportContext, step: ChainStep, after: ChainStep) -> dict[str, str]:
    """What models are called, by their names; none of those that both studies together call by several titles."""
    titles: dict[str, set[str]] = {}
    for study in (report.of(step.study), report.of(after.study)):
        for case in study.findings.cases:
            titles.setdefault(case.case.model.name, set()).add(study.model_title(case))
    return {name: title for name, (title, *others) in titles.items() if not others}


def _value(handed: Handed, value: Any, models: Mapping[str, str]) -> str:
    path = _named(handed.path)
    title = models.get(str(value)) if path == "model" else None
    return markup.literal(title or name_value(path, value))


def _values_next(handed: Handed, models: Mapping[str, str]) -> str:
    """The values that the next study has, or that it has no such parameter."""
    if not handed.next:
        return say("carried-absent")
    more = [say("and-more", count=len(handed.next) - MOST_VALUES)] if handed.next[MOST_VALUES:] else []
    return " / ".join([*(_value(handed, value, models) for value in handed.next[:MOST_VALUES]), *more])


def sources_table(report: ReportContext) -> Table:
    """A row for each study: what it is, its data and its runs."""
    rows = []
    for name, study in report.studies.items():
        findings, facts = study.findings, study.findings.dataset
        runs = findings.done + (findings.search.done if findings.search is not None else 0)
        rows.append(
            (
                Cell(markup.code(name, "study")),
                cells.text(facts.title if facts is not None else "—", "dataset title"),
                Cell(f"`{facts.fingerprint[:16]}`" if facts is not None else "—"),
                Cell(typography.number(len(findings.cases)), len(findings.cases)),
                Cell(typography.number(len(findings.seeds)), len(findings.seeds)),
                Cell(typography.number(runs), runs, tuple(key for key, *_ in findings.runs)),
                Cell(date(findings.finished)) if findings.finished else cells.EMPTY,
            )
        )
    left = ("study", "data", "fingerprint")
    columns = (
        *(Column(say(f"column-sources-{one}")) for one in left),
        *cells.numeric_columns(*(say(f"column-sources-{one}") for one in ("cases", "seeds", "runs"))),
        Column(say("column-sources-finished")),
    )
    return Table("tab-sources", say("title-sources-table"), columns, tuple(rows), wide=True)
