"""Papers of studies of every shape: named cases, many classes, models without freezing, phases, a single case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchsuite.analysis.intervals import mean_estimate
from benchsuite.paper.document.blocks import Document, Figure, Photos, Table, texts
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering import templates
from benchsuite.paper.sections.compose import compose
from support.paper_material import make_material
from support.paper_studies import SKETCHES, make_study

Composed = dict[str, Document]


@pytest.fixture(scope="module")
def composed() -> Composed:
    return {name: compose(make_study(name)) for name in SKETCHES}


def floats(document: Document) -> dict[str, Any]:
    return {block.id: block for block in document.body if isinstance(block, Figure | Photos | Table)}


def said(document: Document) -> str:
    return " ".join(templates.plain(document, text) for block in document.body for text in texts(block))


def column(table: Table, title: str) -> list[str]:
    at = next(i for i, column in enumerate(table.columns) if column.title == title)
    return [row[at].text for row in table.rows]


@pytest.mark.parametrize("name", sorted(SKETCHES))
def test_every_shape_of_study_makes_a_numbered_paper_of_vector_figures(composed: Composed, name: str) -> None:
    document = composed[name]
    number(document)
    for block in floats(document).values():
        if isinstance(block, Figure):
            assert "<image" not in block.drawing.svg
            assert len(block.drawing.alt) < 4000


def test_the_same_study_gives_the_same_figures(composed: Composed) -> None:
    once, again = (
        [block.drawing for block in document.body if isinstance(block, Figure)]
        for document in (composed["doscientas"], compose(make_study("doscientas")))
    )
    assert once == again
    assert len(once) > 3


def test_a_study_of_one_case_compares_nothing(composed: Composed) -> None:
    document = composed["doscientas"]
    assert {"fig-accuracies", "fig-gap", "fig-test", "fig-cost", "tab-cases"}.isdisjoint(floats(document))
    assert len(floats(document)["tab-results"].columns) == 2
    assert not floats(document)["fig-loss"].wide
    for word in ("configuraciones", "emparejados", "referencia"):
        assert word not in said(document)


@pytest.mark.parametrize(
    ("name", "what"),
    [("aves", "Matrices de confusión"), ("densas", "porcentajes de la clase real"), ("doscientas", "Pares de clases")],
)
def test_confusions_are_shown_as_the_number_of_classes_allows(composed: Composed, name: str, what: str) -> None:
    figure = floats(composed[name])["fig-confusion"]
    assert what in figure.caption
    assert figure.drawing.svg.count("<path") < 2000


def test_classes_that_differ_in_size_are_drawn_and_equal_ones_are_said(composed: Composed) -> None:
    assert "fig-classes" in floats(composed["aves"])
    assert "fig-classes" not in floats(composed["densas"])
    assert "Todas las clases tienen el mismo número de imágenes, 6000." in said(composed["densas"])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("aves", "miden de media 388 × 470 píxeles (alto por ancho). Cada imagen se redimensiona a 256 × 256 píxeles."),
        ("doscientas", "Cada imagen tiene 256 × 256 píxeles."),
        ("densas", "Cada imagen se redimensiona a 256 × 256 píxeles."),
    ],
)
def test_the_size_of_the_photos_is_told_where_the_records_know_it(composed: Composed, name: str, what: str) -> None:
    assert what in said(composed[name]).replace("\N{NO-BREAK SPACE}", " ")


def test_accuracy_by_class_comes_from_the_confusions_of_the_reference_and_the_best_case(composed: Composed) -> None:
    alt = floats(composed["aves"])["fig-class-accuracy"].drawing.alt
    assert "estándar: de " in alt
    assert "Black-footed Albatross" in floats(composed["aves"])["fig-class-accuracy"].drawing.svg
    assert "fig-class-accuracy" not in floats(composed["fases"])


def test_the_table_of_cases_sets_apart_what_differs_from_the_reference(composed: Composed) -> None:
    table = floats(composed["aves"])["tab-cases"]
    assert [c.title for c in table.columns[1:]] == [
        "Decaimiento de pesos", "Optimizador", "Momento", "Lado del núcleo", "Canales",
    ]  # fmt: skip
    strong = {(row[0].text, i) for row in table.rows for i, cell in enumerate(row) if cell.strong}
    assert strong == {
        ("ajuste 1 (weight decay 0.01)", 1), ("ajuste 2 (SGD y momentum)", 2), ("ajuste 2 (SGD y momentum)", 3),
        ("ajuste 3 (kernel 6)", 4), ("ajuste 4 (dos convoluciones)", 5),
    }  # fmt: skip
    shared = column(floats(composed["aves"])["tab-configuration"], "Parámetro")
    assert {"Tasa de aprendizaje", "Tamaño de lote"} <= set(shared)
    assert not {"Optimizador", "Penalización L1"} & set(shared)


def test_models_of_their_own_have_a_table_and_are_cited(composed: Composed) -> None:
    assert column(floats(composed["convolucionales"])["tab-models"], "Modelo") == [
        "CNN pequeña", "LeNet-5", "ResNet18 (32 píxeles)", "VGG16 (32 píxeles)",
    ]  # fmt: skip
    assert len(composed["convolucionales"].bibtex) == 4
    assert "fig-stages" not in floats(composed["convolucionales"])


def test_devices_that_differ_have_a_column_and_one_device_a_note(composed: Composed) -> None:
    assert "NVIDIA H100 80GB HBM3" in column(floats(composed["convolucionales"])["tab-cost"], "Dispositivo")
    assert "Dispositivo: Intel" in templates.plain(composed["aves"], floats(composed["aves"])["tab-cost"].note)


def test_phases_are_listed_and_marked_in_the_curves(composed: Composed) -> None:
    document = composed["fases"]
    assert "comienzo de una fase" in floats(document)["fig-loss"].caption
    assert column(floats(document)["tab-phases"], "Fase")[:4] == ["cabeza", "red entera", "cabeza", "red entera"]
    assert "tab-phases" not in floats(composed["aves"])


def test_cases_of_a_grid_are_called_by_their_values_in_the_words_of_the_suite_or_in_ours(composed: Composed) -> None:
    names = column(floats(composed["fases"])["tab-results"], "Configuración")
    assert names[:2] == ["solo la cabeza, 50", "todo a la vez, 50"]


def test_no_folder_of_somebodys_machine_is_printed(composed: Composed) -> None:
    material = make_study("fases")
    plan = material.results.plan.model_copy(update={"changes": ("model.weights=/home/ada/resnet18.pth",)})
    text = said(compose(replace(material, results=replace(material.results, plan=plan))))
    assert "model.weights=resnet18.pth" in text
    assert "/root" not in text


def test_accuracy_is_drawn_against_each_cost_in_which_the_cases_differ(composed: Composed) -> None:
    time, both = (floats(composed[name])["fig-cost"].caption for name in ("optimizadores", "densas"))
    assert "frente al tiempo de entrenamiento; la línea escalonada es la frontera de Pareto" in time
    assert "frente a los parámetros entrenables y al tiempo de entrenamiento;" in both


def test_prose_that_points_at_what_a_finished_study_never_has_is_an_error(composed: Composed) -> None:
    assert not composed["aves"].expected


def asking(name: str, *further: str) -> Document:
    material = make_study(name)
    paper = material.suite.paper.model_copy(update={"further": further})
    suite = material.suite.model_copy(update={"paper": paper})
    return compose(replace(material, results=replace(material.results, suite=suite)))


def test_what_a_suite_asks_for_is_added_and_nothing_else(composed: Composed) -> None:
    asked = ("fig-curves", "fig-gap-epochs", "fig-size-time", "fig-class-panels", "tab-losses", "fig-listing")
    usual, more = floats(composed["aves"]), floats(asking("aves", *asked))
    assert more.keys() - usual.keys() == {*asked} - {"fig-listing"}
    assert usual.keys() - more.keys() == {"fig-class-accuracy"}
    number(asking("aves", *asked))


def test_classes_of_every_case_are_drawn_and_their_ends_told(composed: Composed) -> None:
    document = asking("aves", "fig-class-panels")
    assert len(floats(document)["fig-class-panels"].drawing.series) == 5
    assert "en todas las configuraciones. En la media de ellas, la clase que mejor se reconoce es «" in said(document)


def test_few_classes_have_panels_where_asked_for_and_too_many_never_have() -> None:
    assert "fig-class-panels" in floats(asking("fases", "fig-class-panels"))
    assert "fig-class-panels" not in floats(asking("doscientas", "fig-class-panels"))


def test_losses_and_accuracies_of_each_case_are_a_table_of_both_sides() -> None:
    table = floats(asking("densas", "tab-losses"))["tab-losses"]
    assert [c.title for c in table.columns[1:]] == [
        "Época", "Val. (%)", "Entr. (%)", "Pérd. val.", "Pérd. entr.",
    ]  # fmt: skip
    assert len(table.rows) == 7
    assert all(cell.value is not None and cell.runs for row in table.rows for cell in row[1:])


@pytest.mark.parametrize(
    ("epochs", "told"), [(3, "necesitan tres épocas"), (1, "necesitan una época"), (12, "12 épocas")]
)
def test_epochs_that_are_alike_and_few_are_in_words(epochs: int, told: str) -> None:
    material = make_material(cases=2, seeds=3)
    findings, same = material.findings, mean_estimate([epochs] * 3, ["run"] * 3)
    cases = tuple(replace(case, estimates={**case.estimates, "epochs_to_95": same}) for case in findings.cases)
    material.__dict__["findings"] = replace(findings, cases=cases)
    assert told in said(compose(material)).replace("\u00a0", " ")
