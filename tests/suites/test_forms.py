"""The Spanish of composed papers, as an editor wants it: one form for one thing, and agreement whatever the numbers."""

# ruff: noqa: E501
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from benchsuite.analysis.findings import Findings
from benchsuite.analysis.intervals import mean_estimate
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Document, Table, texts
from benchsuite.paper.rendering import templates
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.tables.configuration import cases_table, configuration_table
from benchsuite.registry import registry
from benchsuite.suite import read_suite
from support.paper_material import make_material
from support.paper_studies import SKETCHES, make_study
from support.shipped import STUDIES, SUITES
from support.synthetic_study import make_unstudied_material

NAMES = [file.stem for file in STUDIES]
CLAIMS: list[dict[str, Any]] = [
    {"id": f"c{number}", "text": f"Afirmación {number}", "cases": [number], "better_than": 0} for number in (1, 2)
]
IDENTIFIER = re.compile(
    r"(?:imagenet1k_v1|stem|layer\d|head|conv\d|hidden|features|tf_\w+|[\w.-]+\.pth|\w+_pytorch_model|"
    r"\S*/\S*|[\da-f]{16}|\d[\d., ]*)"
)
"""Values that are names: of weights, of their packages, of stages, of architectures, of places, of files by their digest."""
FOREIGN = {
    "un número en cifras donde va en letras": r"(?<![\w,.;:/–−-])[2-9] (?:semillas|configuraciones|ejecuciones|clases|"
    r"comparaciones|afirmaciones|etapas|ensayos|modelos|tipos de|entornos)\b",
    "un singular con número": r"\b(?:los|las|De los|De las) 1 \w+s\b|(?<![\d,.])1 (?:semillas|épocas|ejecuciones|errores)\b",
    "p de uno": r"p = 1,0+\b",
    "exactitud de test": r"exactitud de test|exactitud en validación|exactitud en entrenamiento",
    "una forma abandonada": r"se lleva a|pesos en cambio|hablan de otr|recoge lo que costó|cuesta usarla|de Student, el de|"
    r"sin concluir|pareados|pareadas(?<!emparejadas)|descenso por gradiente|ninguna otra acierta|invirtiendo los signos",
    "un signo sin espacio": r"\d%|\d+(?:MB|ms|min)\b",
    "un espacio de más": r" [,.;:)»]|[(«¿¡] | {2}",
    "una coma decimal inglesa": r"(?<![\w./-])\d+\.\d+ ?(?:%|s|min|puntos)",
    "un caso sin nombre como sujeto": r"\bla obtienen? [a-záéíóúñ ]+ = ",
    "una frase con minúscula": r"(?<![.\w])[a-záéíóúñ)»]{2,}\. [a-záéíóúñ]{3,} ",
    "comillas inglesas": r"[“”\"]",
}


def said(document: Document) -> str:
    parts = [document.abstract, *document.highlights, *document.notices]
    parts += [text for block in document.body for text in texts(block)]
    named = [re.sub(r"\{\{[^{}]+\}\}|\[\[[^\[\]]+\]\]", "«esto»", part) for part in parts]
    return " ".join(templates.plain(document, part) for part in named if part).replace("\u00a0", " ")


def came_out(material: PaperMaterial, p: Sequence[float | None], seconds: Sequence[float] = ()) -> str:
    """The paper's text if its comparisons had these adjusted p, and its cases had trained for so long."""
    findings: Findings = material.findings
    changed = replace(material)
    comparisons = [replace(one, p_adjusted=value) for one, value in zip(findings.comparisons, p, strict=True)]
    cases = findings.cases
    if seconds:
        timed = zip(cases, seconds, strict=True)
        cases = tuple(
            replace(
                case,
                estimates={
                    **case.estimates,
                    "training_seconds": mean_estimate([time + 0.01 * i for i in range(5)], ["r"] * 5),
                },
            )
            for case, time in timed
        )
    changed.__dict__["findings"] = replace(findings, comparisons=tuple(comparisons), cases=cases)
    return said(compose(changed, files={}))


def test_cases_are_subjects_of_sentences_by_what_they_have() -> None:
    text = said(compose(make_material(), files={}))
    found = re.search(r"la mayor exactitud media en test la obtienen? (las? configuraci(?:ón|ones) con [a-z ]+),", text)
    assert found is not None
    assert "bloque" in found[1]
    assert re.search(r"La más rápida es la configuración con|Las más rápidas son las configuraciones con", text)


def test_a_factor_without_a_noun_is_no_subject_either() -> None:
    labels = {"recipe.freeze.blocks": "Bloques", **{f"recipe.freeze.blocks={n}": f"n{n}" for n in range(5)}}
    text = said(compose(make_material({"labels": labels}), files={}))
    assert re.search(r"la obtienen? las? configuraci(?:ón|ones) con bloques = n\d", text)


def test_comparisons_that_are_inconclusive_are_told_in_one_sentence_with_their_seeds() -> None:
    text = said(compose(make_material(seeds=5), files={}))
    assert "Ninguna de las cuatro comparaciones con la referencia es concluyente con las semillas disponibles: " in text
    assert re.search(r"harían falta al menos (?:ocho|nueve|\d\d) semillas emparejadas", text)


def test_many_differences_are_counted_with_the_largest() -> None:
    text = came_out(make_material(seeds=10), [0.001, 0.039, 0.02, 0.03])
    assert "Las cuatro configuraciones comparadas difieren significativamente de la referencia (" in text
    assert "(p ≤ 0,039); la mayor diferencia es la de " in text
    some = came_out(make_material(seeds=10), [0.001, 0.039, 0.02, 0.4])
    assert "Tres configuraciones difieren significativamente de la referencia (" in some
    assert "es estadísticamente significativa en tres de las cuatro comparaciones del «esto» (p ≤ 0,039)" in some


def test_a_single_difference_is_told_with_its_case() -> None:
    text = came_out(make_material(cases=3, seeds=10), [0.01, 0.4])
    assert "Una configuración difiere significativamente de la referencia (bloques congelados = 0) en exactitud" in text


def test_a_p_next_to_one_is_a_bound() -> None:
    text = came_out(make_material(cases=3, seeds=10), [0.9999, 0.4])
    assert "> 0,99" in text
    assert "1,000" not in text


def test_what_intervals_over_seeds_mean_is_said() -> None:
    text = said(compose(make_material(seeds=10), files={}))
    assert "describen qué se obtendría con otras semillas y las mismas imágenes de test" in text
    assert "Los intervalos al 95 % son de la t de Student" in text


def test_few_seeds_have_no_interval_in_the_method_either() -> None:
    text = said(compose(make_material(seeds=3), files={}))
    assert "de los valores mínimo y máximo observados" in text
    assert "Student" not in text
    assert "diferencias emparejadas" not in text


def test_training_accuracy_is_measured_while_the_weights_change() -> None:
    assert "mientras los pesos cambian" in said(compose(make_material(), files={}))


def test_times_that_are_alike_are_told_as_one() -> None:
    text = came_out(make_material(cases=3, seeds=10), [None, None], [26.0, 26.1, 26.3])
    assert "tiempo de entrenamiento es prácticamente el mismo en todas las configuraciones" in text


def test_several_cases_at_an_end_agree_with_their_article_and_verb() -> None:
    text = said(compose(make_study("optimizadores"), files={}))
    assert not re.search(r"la más (?:rápida|lenta),? [^,.]*» y «", text)


def test_ends_whose_intervals_overlap_are_not_ordered() -> None:
    text = said(compose(make_material(cases=2, seeds=5), files={}))
    assert ", sin que los datos permitan ordenarlas" in text


def test_cost_is_summed_up_and_times_are_told_as_people_say_them() -> None:
    text = came_out(make_material(cases=3, seeds=10), [None, None], [20.0, 30.0, 40.0])
    assert "resume el coste del entrenamiento" in text
    assert "tarda el doble en entrenarse, sin contar la extracción previa de rasgos" in text
    assert "tarda 3,0 veces lo que ella en entrenarse" in came_out(
        make_material(cases=3, seeds=10), [None, None], [20.0, 30.0, 60.0]
    )


def test_the_front_is_named() -> None:
    assert "forman la frontera de Pareto" in said(compose(make_material(), files={}))


def test_claims_are_set_against_the_data_and_counted_in_words() -> None:
    text = said(compose(make_material(seeds=3, claims=CLAIMS), files={}))
    assert "contrasta con los datos las dos afirmaciones del estudio; ninguna puede decidirse. " in text
    assert "prueba unilateral de permutación de signos, al nivel del 2,5 %" in text
    one = said(compose(make_material(seeds=3, claims=CLAIMS[:1]), files={}))
    assert "contrasta con los datos la única afirmación del estudio, que queda sin decidir. " in one
    assert "Para decidirla harían falta al menos" in one


def test_data_are_described_once_and_images_are_resized() -> None:
    text = said(compose(make_study("aves"), files={}))
    assert "Cada imagen se redimensiona a 256 × 256 píxeles" in text
    text = said(compose(make_material(), files={}))
    assert len(re.findall("copia no oficial|datos son los oficiales|Procedencia", text)) == 1


def test_the_cost_of_inference_is_in_operations() -> None:
    assert "coste de inferencia (1 MAC = 2 FLOP)" in said(compose(make_study("convolucionales"), files={}))


def test_the_first_points_are_percentage_points() -> None:
    text = said(compose(make_material({"abstract": "Difieren en {{difference 3}} y en {{difference 4}}."}), files={}))
    assert re.match(r"Difieren en \S+ puntos porcentuales \[[^]]*\] y en \S+ puntos \[", text)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_and_value_of_a_suite_has_spanish_words(name: str) -> None:
    study = PaperContext(make_unstudied_material(read_suite(SUITES / f"{name}.yaml", registry())))
    tables = [configuration_table(study), cases_table(study)]
    cells = [cell.text for table in tables if isinstance(table, Table) for row in table.rows for cell in row]
    heads = [column.title for table in tables if isinstance(table, Table) for column in table.columns]
    coded = [code for text in [*cells, *heads] for code in re.findall(r"`([^`]*)`", text)]
    components = {entry.name for entry in registry().components}
    assert [code for code in coded if code not in components and not IDENTIFIER.fullmatch(code)] == []
    assert "registro" not in " ".join(cells).lower()


def faults(text: str) -> list[str]:
    """What an editor would mend, with the words around it."""
    return [
        f"{fault}: {text[max(0, found.start() - 40) : found.end() + 20]}"
        for fault, pattern in FOREIGN.items()
        for found in re.finditer(pattern, text)
    ]


@pytest.mark.parametrize("name", sorted(SKETCHES))
def test_no_paper_has_a_form_that_an_editor_mends(name: str) -> None:
    assert faults(said(compose(make_study(name), files={}))) == []


@pytest.mark.parametrize("seeds", [1, 2, 5, 10])
@pytest.mark.parametrize("cases", [1, 2, 5])
def test_sentences_agree_with_their_numbers(cases: int, seeds: int) -> None:
    paper = {"sections": [], "abstract": "Se estudia con {{seeds}}."}
    text = said(compose(make_material(paper, cases=cases, seeds=seeds, claims=CLAIMS[: max(0, cases - 2)]), files={}))
    assert faults(text) == []
