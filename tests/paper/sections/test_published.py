"""Published figures stand beside those of the study, with where they lie as seen from its interval."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Paragraph, Table
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.published import published_blocks
from benchsuite.suite.schema.published import Published
from support.paper_material import make_material


def context(*figures: dict[str, Any], seeds: int = 10) -> PaperContext:
    made = make_material(cases=2, seeds=seeds)
    published = tuple(Published.model_validate_json(json.dumps({"source": "alfa", **one})) for one in figures)
    suite = made.suite.model_copy(update={"published": published})
    return PaperContext(replace(made, results=replace(made.results, suite=suite)))


def rows(*figures: dict[str, Any], seeds: int = 10) -> list[list[str]]:
    table = published_blocks(context(*figures, seeds=seeds))[1]
    assert isinstance(table, Table)
    return [[cell.text.replace("\u00a0", " ") for cell in row] for row in table.rows]


def around(case: int = 0) -> tuple[float, float]:
    """The interval of a case's test accuracy."""
    study = context()
    bounds = study.metrics["test_accuracy"].bounds(study.findings.cases[case].estimates["test_accuracy"])
    assert bounds is not None
    return bounds


def test_a_figure_is_within_the_interval_above_or_below_it_or_overlaps() -> None:
    low, high = around()
    told = rows(
        {"cases": [0], "value": (low + high) / 2},
        {"cases": [0], "value": high + 0.001},
        {"cases": [0], "value": low - 0.001},
        {"cases": [0], "between": [low - 0.01, (low + high) / 2]},
        {"cases": [0], "between": [low, high]},
        {"cases": [0], "at_least": low},
        {"cases": [0], "at_least": high + 0.001},
        {"cases": [0], "at_most": low - 0.001},
    )
    places = ["dentro", "por encima", "por debajo", "se solapan", "dentro", "se solapan", "por encima", "por debajo"]
    assert [row[-1] for row in told] == places


def test_figures_are_printed_as_they_were_published_and_ours_with_their_interval() -> None:
    told = rows(
        {"cases": [0, 1], "value": 0.87415},
        {"cases": [0], "at_least": 0.95},
        {"cases": [0], "metric": "best_epoch", "between": [10, 12]},
        {"cases": [0], "metric": "training_seconds", "at_most": 2400},
    )
    assert [row[2] for row in told] == ["87,415", "87,415", "≥ 95", "10 a 12", "≤ 40,0 min"]
    assert [row[0] for row in told][::3] == ["Exactitud en test (%)", "Mejor época"]
    assert told[-1][0] == "Tiempo de entrenamiento"
    study = context()
    estimate = study.findings.cases[1].estimates["test_accuracy"]
    ours = study.metrics["test_accuracy"].quote_in_column(estimate)
    assert told[1][3].replace("\\", "") == ours.replace("\u00a0", " ")


def test_one_run_has_no_interval_to_lie_in() -> None:
    assert rows({"cases": [0], "value": 0.9}, seeds=1)[0][-1] == "—"


def test_works_are_cited_once_or_by_figure_where_they_are_several() -> None:
    one = published_blocks(context({"cases": [0], "value": 0.9}))[0]
    assert isinstance(one, Paragraph)
    assert "publica [[alfa]] junto" in one.text
    assert "equipo" not in one.text
    both = {"cases": [0], "value": 0.9}, {"cases": [0], "metric": "training_seconds", "value": 60, "source": "media"}
    several = published_blocks(context(*both))[0]
    assert isinstance(several, Paragraph)
    assert "publican [[alfa]] y\u00a0[[media]] junto" in several.text
    assert several.text.endswith("Los tiempos dependen, además, del equipo.")
    assert [row[2] for row in rows(*both)] == ["90 [[alfa]]", "60,0 s [[media]]"]


def test_the_table_stands_after_the_results_and_only_where_figures_are_given() -> None:
    names = [getattr(block, "id", "") for block in compose(context({"cases": [0], "value": 0.9}).material).body]
    assert names.index("fig-test") < names.index("tab-published") < names.index("sec-reproducibility")
    assert published_blocks(context()) == []
