"""A paper without any prose has a title and an abstract of its own; one with prose keeps what its author wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchsuite.analysis.results import Results
from benchsuite.paper.bundle.attachments import pack, unpack
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.quantities import TOKEN
from benchsuite.paper.language.typography import NARROW
from benchsuite.paper.sections.front import paper_abstract, paper_title
from benchsuite.suite.schema.suite import PaperSection, Section
from support.paper_material import make_material
from support.paper_studies import SKETCHES, make_study


def bare(material: PaperMaterial, **paper: Any) -> PaperMaterial:
    """The material of the same study, its prose left out but for `paper`."""
    results = material.results
    kept = PaperSection(labels=results.suite.paper.labels, **paper)
    suite = results.suite.model_copy(update={"title": "", "paper": kept})
    return replace(material, results=Results(suite, results.plan, results.keys, results.records, results.outcomes))


def words(material: PaperMaterial) -> tuple[str, str]:
    """Title and abstract as they are printed."""
    study = PaperContext(material)
    said = []
    for text in (paper_title(study), paper_abstract(study)):
        quoted = study.quotes.quantities
        said.append(markup.plain(TOKEN.sub(lambda found, q=quoted: q[int(found[1])].text, text)).replace("\u00a0", " "))
    return said[0], said[1]


def test_one_factor_is_the_title_and_the_results_are_the_abstract() -> None:
    title, abstract = words(bare(make_material(cases=5, seeds=10)))
    assert title == "Bloques congelados: comparación de cinco configuraciones en el conjunto Beans"
    assert abstract.startswith("Se comparan cinco configuraciones de ResNet18, que difieren en el parámetro «bloques ")
    assert "parámetro «bloques congelados», en la clasificación" in abstract
    assert "imágenes de tres clases del conjunto Beans, con 10 semillas." in abstract
    assert "La exactitud en test va de " in abstract
    assert "Frente a la referencia" in abstract or "con la referencia" in abstract


def test_few_named_cases_are_named_and_many_are_counted() -> None:
    title, abstract = words(bare(make_study("convolucionales")))
    assert title == "Comparación de cnn_lessvalues, CNN_LeNet-5, CNN_ResNet-18 y CNN_VGG16 en el conjunto CIFAR-10"
    assert abstract.startswith(
        "Se comparan cuatro configuraciones (cnn_lessvalues, CNN_LeNet-5, CNN_ResNet-18 y CNN_VGG16)"
    )
    title, _ = words(bare(make_study("optimizadores")))
    assert title == "Comparación de 11 configuraciones en el conjunto CIFAR-10"


def test_two_factors_are_joined_and_a_single_case_is_its_model() -> None:
    title, abstract = words(bare(make_study("fases")))
    assert title == "Estrategia y profundidad: comparación de ocho configuraciones en el conjunto CIFAR-10"
    assert "que difieren en los parámetros «estrategia» y «profundidad»," in abstract
    title, abstract = words(bare(make_study("doscientas")))
    assert title == "Clasificación de imágenes con BirdCNN en el conjunto CUB-200-2011"
    assert abstract.startswith("Se estudia BirdCNN en la clasificación de ")


@pytest.mark.parametrize("name", SKETCHES)
def test_whatever_the_study_nothing_in_it_is_empty_or_odd(name: str) -> None:
    title, abstract = words(bare(make_study(name)))
    for text in (title, abstract):
        assert text.replace(NARROW, "") == " ".join(text.replace(NARROW, "").split())
        assert not any(odd in text for odd in ("  ", " .", " ,", ",,", "()", "«»", "None", "{", "}", "[[", "``"))
    assert abstract.endswith(".")
    assert abstract.count("La exactitud en test ") == 1


def test_what_is_not_finished_is_said() -> None:
    _, begun = words(bare(make_material(cases=3, seeds=3, done=8)))
    assert "Han terminado ocho ejecuciones de las nueve previstas." in begun
    _, abstract = words(bare(make_material(cases=3, seeds=3, done=0)))
    assert abstract.endswith("Todavía no hay ninguna ejecución terminada.")
    assert "de las imágenes del conjunto Beans" in abstract


CLAIM = {"id": "alta", "text": "La exactitud supera el 1 %.", "at_least": 0.01}


def test_claims_are_told_with_what_became_of_them() -> None:
    _, abstract = words(bare(make_material(seeds=10, claims=[CLAIM])))
    assert "La afirmación contrastada, «La exactitud supera el 1 %», se sostiene." in abstract
    _, abstract = words(bare(make_material(seeds=10, claims=[CLAIM, {**CLAIM, "id": "otra", "at_least": 0.9999}])))
    assert "De las dos afirmaciones contrastadas, una se sostiene y una no se sostiene." in abstract


def test_numbers_of_the_abstract_name_their_runs() -> None:
    study = PaperContext(bare(make_material()))
    paper_abstract(study)
    assert sum(bool(quantity.runs) for quantity in study.quotes.quantities) >= 2


def test_prose_of_the_author_is_left_alone() -> None:
    title, abstract = words(make_material())
    assert title == "Un estudio de prueba"
    assert abstract.startswith("Se estudia el congelamiento con ")
    assert words(bare(make_material(), sections=(Section(title="Introducción", text="Hola."),)))[1] == ""


def test_a_paper_without_prose_can_be_made_again_from_what_it_carries() -> None:
    material = bare(make_material())
    assert words(unpack(pack(material))) == words(material)
