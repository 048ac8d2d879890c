"""Forms: how sections and tables are numbered and called, and what a suite may ask for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from benchsuite.paper.document.blocks import Document, Heading, Paragraph, Table
from benchsuite.paper.document.numbering import number
from benchsuite.paper.document.page import GEOMETRIES
from benchsuite.paper.document.style import Form
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from support.paper_material import make_material

TABLE = Table("tab-a", "T", (), ())
BODY = (Heading("sec-a", 1, "A"), Heading("sec-b", 2, "B"), Paragraph("x", lead="L"), TABLE, Heading("sec-c", 1, "C"))
DOCUMENT = Document("t", (), "", (), BODY, {}, (), None)


def web(**paper: Any) -> str:
    document = compose(make_material(paper, cases=2, seeds=2))
    page = render_html(document, number(document)).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL)


def test_a_report_numbers_in_arabic_and_leaves_headings_in_the_line_without() -> None:
    found = number(replace(DOCUMENT, form=Form("report", table="Tabla")))
    assert found.numbers == ("1", "1.1", "", "1", "2")
    assert found.labels["sec-b"] == "sección\N{NO-BREAK SPACE}1.1"
    assert found.labels["tab-a"] == "Tabla\N{NO-BREAK SPACE}1"


def test_a_conference_paper_numbers_in_roman() -> None:
    found = number(DOCUMENT)
    assert found.numbers == ("I", "I-A", "I-A1", "I", "II")
    assert found.labels["tab-a"] == "Cuadro\N{NO-BREAK SPACE}I"


@pytest.mark.parametrize(
    ("table", "text", "said"),
    [
        ("Tabla", "El {{tab-a}}, del\n{{tab-a}} al {{ tab-a }}", "La {{tab-a}}, de la\n{{tab-a}} a la {{ tab-a }}"),
        ("Cuadro", "La {{tab-a}}, de la {{tab-a}} a la {{tab-a}}", "El {{tab-a}}, del {{tab-a}} al {{tab-a}}"),
        ("Tabla", "del {{fig-a}}, papel {{tab-a}} y la {{tab-a}}", "del {{fig-a}}, papel {{tab-a}} y la {{tab-a}}"),
        ("Cuadro", "De la {{tab-a}} y de la {{fig-a}}", "Del {{tab-a}} y de la {{fig-a}}"),
    ],
)
def test_articles_agree_with_what_a_table_is_called(table: Any, text: str, said: str) -> None:
    assert Form(table=table).agreeing(text) == said


@pytest.mark.parametrize(
    ("paper", "words", "absent"),
    [
        ({}, ["Resumen</i>—", "Palabras clave</i>—", "El <a", ">Cuadro II<", "Cuadro I<br>"], ["Tabla", "Abstract"]),
        ({"words": {"table": "Tabla"}}, ["La <a", ">Tabla II<", "Tabla I<br>"], ["Cuadro"]),
        ({"template": "report"}, ["La <a", ">Tabla 2<", "Tabla 1. Imágenes"], ["Cuadro"]),
        ({"template": "report", "words": {"table": "Cuadro"}}, ["El <a", ">Cuadro 2<"], ["Tabla"]),
        ({"words": {"abstract": "Abstract"}}, ['lang="en">Abstract</i>—', "Index Terms</i>—"], ["Resumen<"]),
    ],
)
def test_the_words_of_a_paper_are_those_its_suite_chooses(
    paper: dict[str, Any], words: list[str], absent: list[str]
) -> None:
    page = web(**paper)
    for word in words:
        assert word in page
    for word in absent:
        assert word not in page


@pytest.mark.parametrize("paper", [{"template": "thesis"}, {"page": "a5"}, {"words": {"table": "Lista"}}])
def test_forms_that_do_not_exist_are_refused(paper: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"Cuadro|ieee|letter"):
        make_material(paper, cases=1, seeds=1)


@pytest.mark.parametrize("page", ["a4", "letter"])
def test_conference_papers_have_the_text_area_of_ieeetran_on_every_page_size(page: Any) -> None:
    geometry = GEOMETRIES["ieee", page]
    assert geometry.text_width / 25.4 == pytest.approx(7.14, abs=0.001)
    assert geometry.text_height / 25.4 == pytest.approx(9.25, abs=0.005)
    assert geometry.column_width / 25.4 == pytest.approx(3.487, abs=0.001)
