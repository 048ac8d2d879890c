"""Metrics of plugins stand in papers beside those that every paper has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchsuite.paper.bundle.attachments import pack, unpack_study
from benchsuite.paper.bundle.json_texts import parsed
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import RESULTS, Paragraph, Table
from benchsuite.paper.document.markup import plain
from benchsuite.paper.document.numbering import number
from benchsuite.paper.document.quantities import TOKEN
from benchsuite.paper.language.current import speaking
from benchsuite.paper.rendering import templates
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.claims import claims_table
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.metric_range import describe_range
from benchsuite.paper.sections.prose import resolve_prose
from benchsuite.paper.tables.results import metrics_table, results_table
from support.metrics import Marked, Mistakes, measured, planned
from support.paper_material import make_material

NBSP = "\N{NO-BREAK SPACE}"
ASKED = planned("sureness"), planned("errors", Mistakes)


def material(cases: int = 2, **made: Any) -> PaperMaterial:
    return measured(make_material(cases=cases, seeds=6, **made), *ASKED)


def said(study: PaperContext, text: str) -> str:
    """A text with the numbers that its tokens stand for."""
    found = resolve_prose(study, text, "here")
    return TOKEN.sub(lambda match: study.quotes.quantities[int(match[1])].text, found)


def text_of(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_the_table_has_a_row_for_each_metric_and_case_with_both_splits() -> None:
    study = PaperContext(material())
    table = metrics_table(study)
    assert [column.title for column in table.columns][-2:] == ["Validación", "Test"]
    assert [row[0] for row in text_of(table)] == ["Seguridad media (%)"] * 2 + ["Tasa de error"] * 2
    first = study.done[0]
    shown = table.rows[0][3]
    assert shown.value == pytest.approx(100 * first.estimates["test_sureness"].mean)
    assert shown.runs == first.estimates["test_sureness"].runs
    assert len(shown.runs) == 6
    with speaking("en"):
        assert text_of(metrics_table(study))[2][0] == "Error rate"


def test_the_paper_tells_of_them_and_cites_who_defined_them() -> None:
    document = compose(material())
    tables = {block.id: block for block in document.body if isinstance(block, Table)}
    assert "tab-metrics" in tables
    assert any("tukey1977" in str(key) for key in document.references)
    without = compose(make_material(cases=2, seeds=6))
    assert "tab-metrics" not in {block.id for block in without.body if isinstance(block, Table)}


def test_a_print_says_the_name_of_each_once_and_a_page_in_every_row() -> None:
    document = compose(material())
    (table,) = (block for block in document.body if isinstance(block, Table) and block.id == "tab-metrics")
    names = [plain(row[0].text) for row in table.rows]
    assert [row[0].again for row in table.rows] == [False, True] * len(ASKED)
    numbering = number(document)
    entries = tuple(templates.Entry(block, at, "", "") for at, block in enumerate(document.body))
    printed = templates.render(document, numbering, entries, "paper", "", lambda *_: "")
    page = render_html(document, numbering)
    for name in set(names):
        heads = [text.count(f'<th scope="row" class="left">{name}</th>') for text in (printed, page)]
        assert heads == [1, 2]
    assert printed.count('<tr class="begins">') == len(ASKED) - 1


def test_prose_may_name_their_table_before_there_is_any_run() -> None:
    none = make_material({"abstract": "Todo está en {{tab-metrics}}."}, cases=2, seeds=6, done=0)
    assert "tab-metrics" in compose(measured(none, *ASKED)).expected
    assert "tab-metrics" not in compose(material()).expected


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_title_means_itself_whatever_it_is_made_of(language: Any) -> None:
    asked = planned("errors", Marked)
    claims = [{"id": "few", "text": "Pocos.", "metric": "test_errors", "at_most": 0.9}]
    given = measured(make_material({"language": language}, cases=2, seeds=6, claims=claims), asked)
    compared = given.results.suite.compare
    assert compared is not None
    suite = given.results.suite.model_copy(update={"compare": compared.model_copy(update={"metric": "test_errors"})})
    document = compose(replace(given, results=replace(given.results, suite=suite)))
    tables = {block.id: block for block in document.body if isinstance(block, Table)}
    assert plain(tables["tab-metrics"].rows[0][0].text) == Marked.TITLE
    assert Marked.TITLE in plain(tables["tab-claims"].rows[0][1].text)
    assert Marked.TITLE in plain(tables["tab-results"].note or "")
    told = [plain(block.text) for block in document.body if isinstance(block, Paragraph)]
    assert len([text for text in told if text.count(Marked.TITLE) >= 2]) == 1  # the name, and the range


def test_the_difference_in_the_table_of_results_says_of_what_it_is() -> None:
    assert "Diferencia: configuración menos" in (results_table(PaperContext(material())).note or "")
    given = material()
    compared = given.results.suite.compare
    assert compared is not None
    suite = given.results.suite.model_copy(update={"compare": compared.model_copy(update={"metric": "test_errors"})})
    study = PaperContext(replace(given, results=replace(given.results, suite=suite)))
    assert "Diferencia de tasa de error en test: configuración menos" in (results_table(study).note or "")


def test_prose_quotes_them_in_the_language_of_the_paper() -> None:
    study = PaperContext(material())
    best = study.findings.cases[0].estimates["test_sureness"].mean
    number = f"{100 * best:.1f}".replace(".", ",")
    assert number in said(study, "{{best test_sureness}}")
    assert describe_range(study, "test_errors").startswith("la tasa de error en test va de")
    with speaking("en"):
        assert describe_range(study, "validation_errors").startswith("the validation error rate ")


def test_the_lower_is_the_best_where_the_plugin_says_so() -> None:
    study = PaperContext(material())
    most, least = (study.subject(case.case.name) for case in study.findings.cases)
    assert most in said(study, "{{best test_sureness}}")
    assert least in said(study, "{{best test_errors}}")


def test_claims_are_judged_by_them() -> None:
    claims = [
        {"id": "sure", "text": "Seguro.", "metric": "test_sureness", "at_least": 0.4},
        {"id": "surer", "text": "Mejor.", "metric": "test_sureness", "cases": [0], "better_than": 4},
        {"id": "wrong", "text": "Mejor.", "metric": "test_errors", "cases": [0], "better_than": 4},
    ]
    study = PaperContext(material(cases=5, claims=claims))
    assert [found.verdict for found in study.findings.claims] == ["holds", "holds", "fails"]
    rows = text_of(claims_table(study))
    assert f"seguridad media en test ≥{NBSP}40,0{NBSP}%" in rows[0][1]


def test_a_paper_carries_the_values_so_that_it_can_be_checked_without_the_plugin() -> None:
    given = material()
    again = unpack_study(pack(given))
    assert again.results.plan == given.results.plan
    assert {key: dict(one.measured) for key, one in again.results.records.items()} == {
        key: dict(one.measured) for key, one in given.results.records.items()
    }
    assert again.findings.cases[0].estimates == given.findings.cases[0].estimates
    assert pack(again) == pack(given)


def test_a_paper_without_them_carries_nothing_of_them() -> None:
    content = parsed(pack(make_material(cases=2, seeds=2))[RESULTS].decode())
    assert "measured" not in content
    assert "metrics" not in content["plan"]
    assert "metrics" not in content["suite"]
