"""A paper on sequential seeds says so: its looks, how the level was spent, and what stopping early does to numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchsuite.paper.bundle.attachments import RESULTS, pack, unpack
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.blocks import Document, Table, texts
from benchsuite.paper.rendering import templates
from benchsuite.paper.sections.compose import compose
from benchsuite.suite.schema.sequential import Sequential
from support.paper_material import make_material

CLAIMS: list[dict[str, Any]] = [
    {"id": "alta", "text": "Sin congelar supera el 90 %", "cases": [0], "at_least": 0.9},
    {"id": "igual", "text": "Un bloque es mejor", "cases": [1], "better_than": 0},
]


def sequential(seeds: int, language: str = "es", **facts: Any) -> PaperMaterial:
    material = make_material({"language": language}, cases=2, seeds=seeds, claims=CLAIMS)
    design = Sequential(**{"at_least": 6, "at_most": 30, "until": "decided", "every": 3} | facts)
    plan = material.results.plan.model_copy(update={"sequential": design})
    return replace(material, results=replace(material.results, plan=plan))


def said(document: Document) -> str:
    every = " ".join(templates.plain(document, text) for block in document.body for text in texts(block))
    return every.replace("\u00a0", " ")


def rows(document: Document) -> list[list[str]]:
    (table,) = (block for block in document.body if isinstance(block, Table) and block.id == "tab-claims")
    return [[templates.plain(document, cell.text).replace("\u00a0", " ") for cell in row] for row in table.rows]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "es",
            ("el diseño es secuencial", "con 12, 15, 18, …, 30 semillas, en siete análisis previstos",
             "a más tardar, con 30 semillas", "del tipo de O’Brien y Fleming", "Se ha hecho un análisis de los siete",
             "inferior a 0,00039", "tiende a sobrestimar las diferencias", "los posteriores no lo revisan"),
        ),
        (
            "en",
            ("the design is sequential", "with 12, 15, 18, …, 30 seeds, in seven planned analyses",
             "at the latest, with 30 seeds", "of the O’Brien–Fleming type",
             "One of the seven planned analyses was made",
             "below 0.00039", "tends to overestimate differences", "later ones do not revise it"),
        ),
    ],
)  # fmt: skip
def test_the_method_tells_the_design_and_what_it_does_to_the_numbers(language: str, words: tuple[str, ...]) -> None:
    document = compose(sequential(12, language))
    text = said(document)
    for word in words:
        assert word in text
    assert any("Lan" in reference and "Biometrika" in reference for reference in document.references.values())


def test_the_table_of_claims_has_the_seeds_and_the_p_over_all_looks() -> None:
    found = rows(compose(sequential(13)))
    assert [len(row) for row in found] == [6, 6]
    assert found[0][3:] == ["12", "0,020", "se sostiene"]
    assert found[1][3] == "—"
    assert found[1][5] == "no concluyente"


def test_before_the_first_look_nothing_is_tested() -> None:
    document = compose(sequential(8))
    assert "Todavía no hay semillas suficientes" in said(document)
    assert [row[3:] for row in rows(document)] == [["—", "—", "no concluyente"]] * 2


def test_of_a_single_look_nothing_is_said_that_only_several_have() -> None:
    document = compose(sequential(12, at_most=12, at_least=12))
    text = said(document)
    assert not any("Biometrika" in reference for reference in document.references.values())
    assert "se contrastan una sola vez, con 12 semillas" in text
    for word in ("análisis previstos", "se reparte entre los análisis", "sobrestimar"):
        assert word not in text


def test_fixed_seeds_say_nothing_of_it() -> None:
    material = make_material(cases=2, seeds=12, claims=CLAIMS)
    document = compose(material)
    assert "secuencial" not in said(document)
    assert [len(row) for row in rows(document)] == [4, 4]
    assert b"sequential" not in pack(material)[RESULTS]


def test_the_design_is_inside_the_paper() -> None:
    again = unpack(pack(sequential(12)))
    assert isinstance(again, PaperMaterial)
    assert again.results.plan.sequential == sequential(12).results.plan.sequential
    assert again.results.findings() == sequential(12).results.findings()
