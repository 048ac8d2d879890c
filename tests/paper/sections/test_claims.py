"""What papers say of claims, and of differences when the test images count as a sample."""

from __future__ import annotations

from typing import Any

import pytest

from benchsuite.paper.document.blocks import Document, Paragraph, Table
from benchsuite.paper.document.numbering import number
from benchsuite.paper.language.typography import NBSP
from benchsuite.paper.rendering import templates
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from support.paper_material import make_material

CLAIMS: list[dict[str, Any]] = [
    {"id": "tres", "text": "Con tres bloques supera el 95 %", "source": "alfa", "cases": [0, 3], "at_least": 0.95},
    {"id": "peor", "text": "Cuatro bloques es lo peor", "cases": [0, 1, 2, 3], "better_than": 4},
    {"id": "falsa", "text": "Cuatro bloques es lo mejor", "cases": [4], "best_of": "all"},
    {"id": "abierta", "text": "Un bloque no empeora", "cases": [1], "no_worse_than": 0, "margin": 0.005},
    {"id": "tiempo", "text": "Tardan lo mismo", "metric": "training_seconds", "within": 0.2, "relative": True},
]


@pytest.fixture(scope="module")
def document() -> Document:
    abstract = "Dice: {{claim tres}}. Y además: {{verdict falsa}}."
    return compose(make_material({"abstract": abstract}, claims=CLAIMS))


def table(document: Document, identifier: str) -> Table:
    return next(block for block in document.body if isinstance(block, Table) and block.id == identifier)


def said(document: Document) -> str:
    return " ".join(templates.plain(document, b.text) for b in document.body if isinstance(b, Paragraph))


def test_every_claim_has_a_row_with_its_condition_its_numbers_and_its_verdict(document: Document) -> None:
    rows = [[templates.plain(document, cell.text) for cell in row] for row in table(document, "tab-claims").rows]
    assert [row[3] for row in rows] == [
        f"se{NBSP}sostiene", f"se{NBSP}sostiene", f"no{NBSP}se{NBSP}sostiene", f"no{NBSP}concluyente",
        f"no{NBSP}se{NBSP}sostiene",
    ]  # fmt: skip
    assert rows[0][1] == f"exactitud en test (bloques congelados{NBSP}={NBSP}0 y{NBSP}3) ≥{NBSP}95,0{NBSP}%"
    assert rows[0][2].startswith(f"bloques congelados{NBSP}={NBSP}3: 97,1{NBSP}% [96,1;")
    assert f"frente a bloques congelados{NBSP}={NBSP}1" in rows[2][2]
    assert f"con un margen de 0,5{NBSP}puntos" in rows[3][1]
    assert rows[1][1].endswith(f") mayor que la de bloques congelados{NBSP}={NBSP}4")
    assert rows[4][1] == f"tiempo de entrenamiento con diferencias <{NBSP}20{NBSP}%"


def test_the_verdicts_are_counted_in_the_text(document: Document) -> None:
    assert "las cinco afirmaciones del estudio; dos se sostienen, dos no se sostienen y" in said(document)


def test_prose_quotes_a_claim_with_its_source_verdict_and_numbers(document: Document) -> None:
    quoted = templates.plain(document, document.abstract)
    assert quoted.startswith("Dice: «Con tres bloques supera el 95 %»  se sostiene (bloques congelados")
    assert quoted.endswith("Y además: no se sostiene.")
    html = render_html(document, number(document))
    assert '» <a class="cite" id="cite-alfa-1" href="#ref-alfa">[1]</a> <b><a class="q" href="#run-' in html


def test_with_few_seeds_it_is_said_how_many_are_needed() -> None:
    document = compose(make_material(seeds=3, claims=CLAIMS))
    verdicts = [templates.plain(document, row[3].text) for row in table(document, "tab-claims").rows]
    assert set(verdicts) == {f"no{NBSP}concluyente"}
    assert "harían falta al menos 10 semillas" in said(document)


def test_before_the_first_run_claims_are_open_and_have_no_numbers() -> None:
    document = compose(make_material({"abstract": "{{claim tres}}"}, done=0, claims=CLAIMS))
    assert [row[2].text for row in table(document, "tab-claims").rows] == ["—"] * 5
    assert templates.plain(document, document.abstract).endswith("no es concluyente")


def test_a_study_without_claims_says_nothing_of_them() -> None:
    document = compose(make_material())
    assert not any(getattr(block, "id", "") in ("tab-claims", "sec-claims") for block in document.body)


def test_hostile_claims_end_as_text() -> None:
    hostile = {"id": "x", "text": "<script>alert(1)</script> **a** {% x %}", "at_least": 0.5}
    document = compose(make_material(claims=[hostile]))
    html = render_html(document, number(document))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <b>a</b> {% x %}" in html


def test_differences_have_a_second_interval_that_counts_the_images() -> None:
    document = compose(make_material())
    images = table(document, "tab-images")
    assert [column.title for column in images.columns][2:] == ["Semillas", "Semillas e imágenes"]
    assert all(row[3].text.startswith("\\[") for row in images.rows)


def test_with_one_seed_the_images_are_counted_by_mcnemar() -> None:
    document = compose(make_material(seeds=1))
    images = table(document, "tab-images")
    assert [column.title for column in images.columns][2:] == ["Ganadas", "Perdidas", "p"]
    assert "McNemar" in said(document)


def test_what_is_better_is_said_as_higher_or_lower() -> None:
    faster = {"id": "antes", "text": "Antes", "metric": "training_seconds", "cases": [1], "better_than": 0}
    (row,) = table(compose(make_material(claims=[faster])), "tab-claims").rows
    assert f") menor que el de bloques congelados{NBSP}={NBSP}0" in row[1].text


def test_verdicts_are_counted_all_in_words_or_all_in_figures() -> None:
    many = [{**CLAIMS[0], "id": f"c{number}"} for number in range(9)]
    whole = said(compose(make_material(claims=[*many, CLAIMS[2], CLAIMS[2] | {"id": "otra"}])))
    assert "las 11 afirmaciones del estudio; 9 se sostienen y" in whole
    assert "2 no se sostienen." in whole
