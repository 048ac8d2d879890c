"""A paper on folds tells how they were drawn, how large they are, and what its intervals and tests allow for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchsuite.paper.bundle.attachments import RESULTS, pack, unpack
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.blocks import Document, Table, texts
from benchsuite.paper.rendering import templates
from benchsuite.paper.sections.compose import compose
from benchsuite.suite.schema.folds import Folds
from benchsuite.suite.schema.suite import Compare
from support.paper_material import make_material

CLAIMS: list[dict[str, Any]] = [
    {
        "id": "alta",
        "text": "Sin congelar supera el 90 %",
        "cases": [0],
        "at_least": 0.9,
        "metric": "validation_accuracy",
    }
]


def folded(seeds: int = 10, k: int = 5, language: str = "es") -> PaperMaterial:
    material = make_material({"language": language}, cases=2, seeds=seeds, claims=CLAIMS)
    results, folds = material.results, Folds(k=k)
    compared = Compare(factor="recipe.freeze.blocks", baseline=0, metric="validation_accuracy")
    suite = results.suite.model_copy(update={"folds": k, "compare": compared})
    records = {
        key: record.model_copy(update={"spec": record.spec.model_copy(update={"fold": folds.fold(record.spec.seed)})})
        for key, record in results.records.items()
    }
    plan = results.plan.model_copy(update={"folds": folds})
    return replace(material, results=replace(results, suite=suite, plan=plan, records=records))


def said(document: Document) -> str:
    every = " ".join(templates.plain(document, text) for block in document.body for text in texts(block))
    return every.replace("\u00a0", " ").replace("\u2060", "")


def table(document: Document, name: str) -> Table:
    (found,) = (block for block in document.body if isinstance(block, Table) and block.id == name)
    return found


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "es",
            ("La validación es cruzada", "se reparten en cinco pliegues, en dos rondas con un reparto nuevo",
             "se valida en el pliegue n mód 5", "El conjunto de test queda fuera de él", "1/J + 1/4",
             "prueba t bilateral, corregida por lo que los pliegues comparten",
             "prueba t unilateral, corregida por lo que los pliegues comparten", "algo optimistas"),
        ),
        (
            "en",
            ("Validation is crossed", "divided into five folds, in two rounds, anew in each",
             "validated on fold n mod 5", "The test split takes no part in it", "1/J + 1/4",
             "two-sided t test, corrected for what folds share", "one-sided t test, corrected for what folds share",
             "somewhat optimistic"),
        ),
    ],
)  # fmt: skip
def test_the_method_tells_how_folds_were_drawn_and_what_the_interval_is(language: str, words: tuple[str, ...]) -> None:
    document = compose(folded(language=language))
    text = said(document)
    for word in words:
        assert word in text
    assert "sign" not in text.lower().replace("signific", "")
    assert any("Nadeau" in reference for reference in document.references.values())
    assert len(table(document, "tab-folds").rows) == 5


def test_of_a_study_without_folds_nothing_of_it_is_said() -> None:
    document = compose(make_material(cases=2, claims=CLAIMS))
    text = said(document)
    assert "permutación de signos" in text
    assert "pliegue" not in text
    assert not any("Nadeau" in reference for reference in document.references.values())


def test_training_and_validation_are_told_together() -> None:
    document = compose(folded())
    heads = [column.title for column in table(document, "tab-dataset").columns]
    assert "Entr. y val." in heads
    assert "de entrenamiento y validación" in said(document)
    assert "no emplea una división fija entre entrenamiento y validación" in said(document)


@pytest.mark.parametrize(
    ("language", "aside", "told"),
    [
        ("es", "Se aparta un 10 % para validación.", "no emplea una división fija entre entrenamiento y validación"),
        ("en", "Of these, 10% are set aside.", "uses no fixed division into training and validation"),
    ],
)
def test_what_the_data_set_sets_aside_is_not_told_where_folds_join_it_again(
    language: str, aside: str, told: str
) -> None:
    """Neither in words nor as a share of the training images, which the table of the configuration tells otherwise."""

    def of(material: PaperMaterial) -> tuple[str, str]:
        cases = tuple(
            case.model_copy(update={"dataset": case.dataset.model_copy(update={"parameters": {"validation": 0.1}})})
            for case in material.results.plan.cases
        )
        plan = material.results.plan.model_copy(update={"cases": cases})
        card = replace(material.card, validation=aside)
        document = compose(replace(material, card=card, results=replace(material.results, plan=plan)))
        rows = (cell.text for row in table(document, "tab-configuration").rows for cell in row)
        return said(document).replace("\u202f", " "), " ".join(rows)

    share = {"es": "Fracción de validación", "en": "Validation share"}[language]
    text, rows = of(folded(language=language))
    assert told in text
    assert aside not in text
    assert share not in rows
    text, rows = of(make_material({"language": language}, cases=2))
    assert told not in text
    assert aside in text
    assert share in rows


def test_the_table_of_results_says_that_its_intervals_are_corrected() -> None:
    corrected = "Intervalos y pruebas están corregidos por lo que los pliegues comparten."
    assert corrected in (table(compose(folded()), "tab-results").note or "")
    plain = make_material(seeds=10, cases=2, claims=CLAIMS)
    assert corrected not in (table(compose(plain), "tab-results").note or "")


def test_one_round_is_told_as_one() -> None:
    text = said(compose(folded(seeds=5)))
    assert "se reparten en cinco pliegues, con cada clase" in text
    assert "rondas" not in text.replace("de la ronda", "")


def test_folds_are_in_the_papers_results_and_come_back_out() -> None:
    material = folded()
    packed = pack(material)
    again = unpack(packed)
    assert isinstance(again, PaperMaterial)
    assert again.results.plan == material.results.plan
    assert again.results.findings() == material.results.findings()
    plain = pack(make_material(cases=2))[RESULTS]
    assert b'"fold' not in plain
