"""Cells that tables share: what is printed, and the numbers and runs behind it."""

from __future__ import annotations

from dataclasses import replace

from benchsuite.paper.document.blocks import Facet
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.tables import cells
from support.synthetic import make_findings


def test_an_estimate_has_its_scaled_value_its_interval_and_its_runs() -> None:
    case = make_findings(cases=1, seeds=5).cases[0]
    estimate = case.estimates["test_accuracy"]
    cell = cells.estimate(METRICS["test_accuracy"], case, strong=True)
    assert (cell.value, cell.runs, cell.strong) == (100 * estimate.mean, estimate.runs, True)
    assert cell.interval == (100 * (estimate.low or 0), 100 * min(1, estimate.high or 0))
    assert cells.mean(METRICS["test_accuracy"], case).interval is None


def test_units_stand_only_where_they_follow_from_the_value() -> None:
    assert METRICS["test_accuracy"].in_column(0.5) == "50,0"
    assert METRICS["training_seconds"].in_column(300).replace("\u00a0", " ") == "5,0 min"


def test_what_is_not_known_is_a_dash() -> None:
    case = replace(make_findings(cases=1, seeds=1).cases[0], estimates={})
    assert (
        cells.estimate(METRICS["test_loss"], case)
        == cells.mean(METRICS["test_loss"], case)
        == cells.number(None)
        == cells.EMPTY
    )


def test_foreign_text_and_labels_are_literal() -> None:
    case = replace(make_findings(cases=1, seeds=1).cases[0], label="*a*")
    assert cells.case(case).text == cells.text(" *a*\n", "here").text == "\\*a\\*"
    assert cells.case_facets([case]) == (Facet(case.case.name),)
