"""The method in numbers: what is done to channels, how batches are made, and a drawing of every network."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from benchsuite.paper.bundle.attachments import pack, unpack
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.blocks import Document, Figure, texts
from benchsuite.paper.rendering import templates
from benchsuite.paper.sections.compose import compose
from support.paper_material import make_material
from support.paper_studies import SKETCHES, make_study
from support.synthetic_study import make_suite_material


def said(document: Document) -> str:
    every = " ".join(templates.plain(document, text) for block in document.body for text in texts(block))
    return every.replace("\u00a0", " ")


def test_normalisation_is_told_in_numbers() -> None:
    material = make_material(cases=2, seeds=2)
    told = "se resta la media (0,485; 0,456; 0,406) y se divide por la desviación típica (0,229; 0,224; 0,225)."
    assert told in said(compose(material))
    assert "desviación típica" not in said(compose(replace(material, normalisation=None)))


def test_loading_tells_batches_and_how_many_an_epoch_has() -> None:
    text = said(compose(make_material(cases=2, seeds=2)))
    assert "Los lotes son de 16 imágenes, 65 por época." in text, "1034 training images"
    assert "(workers: 0)" in text
    text = said(compose(make_study("optimizadores")))
    assert "Los lotes son de 32 a 256 imágenes, 157 a 1250 por época." in text


@pytest.mark.parametrize(
    ("steps", "words"),
    [(10, "y cada 10 pasos, la pérdida del lote,"), (1, "y de cada paso, la pérdida de su lote,"), (None, None)],
)
def test_what_a_run_writes_down_is_told_with_how_often(
    steps: int | None, words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sketch = SKETCHES["aves"]
    recipe = {**sketch.parameters["recipe"], "log_every": steps}
    monkeypatch.setitem(SKETCHES, "aves", replace(sketch, parameters={**sketch.parameters, "recipe": recipe}))
    text = said(compose(make_study("aves")))
    assert ("se registran" in text) == (words is not None)
    assert words is None or words in text


def drawn(material: PaperMaterial) -> Figure:
    return next(block for block in compose(material).body if isinstance(block, Figure) and block.id == "fig-networks")


@pytest.mark.parametrize(
    ("suite", "titles"),
    [
        ("cifar10_cnn", ["Red pequeña", "LeNet-5", "ResNet18", "VGG16"]),
        ("cub_x20", ["estándar, ajuste 1, ajuste 2", "ajuste 3", "ajuste 4"]),
        ("cifar10_optimizers", ["ResNet18"]),
    ],
)
def test_every_different_network_is_drawn_once(suite: str, titles: list[str]) -> None:
    figure = drawn(make_suite_material(suite))
    alt = figure.drawing.alt
    assert figure.wide
    assert alt.count(" head, ") == len(titles)
    for title in titles[1:]:
        assert f"{title}: " in alt


def test_small_networks_are_told_in_millions_of_operations() -> None:
    small, large = (said(compose(make_suite_material(name))) for name in ("cifar10_dense", "two_phase"))
    assert "MFLOP: coste de clasificar una imagen." in small
    assert "GFLOP: coste de clasificar una imagen." in large


@pytest.mark.parametrize("every", [True, False])
def test_mixing_and_augmentation_are_told_with_their_works_and_cases(
    monkeypatch: pytest.MonkeyPatch, every: bool
) -> None:
    sketch = SKETCHES["optimizadores"]
    assert "se mezclan" not in said(compose(make_study("optimizadores")))
    changes = ["horizontal_flip", {"name": "randaugment", "operations": 2, "magnitude": 5}]
    more = {"recipe.mixup": 0.2, "recipe.cutmix": 1.0, "dataset.augmentation": changes}
    name = sketch.cases[0][0]
    cases = tuple(
        (case[0], {**case[1], **more}, *case[2:]) if every or case[0] == name else case for case in sketch.cases
    )
    monkeypatch.setitem(SKETCHES, "optimizadores", replace(sketch, cases=cases))
    document = compose(make_study("optimizadores"))
    which = "" if every else r" \([^()]*SGD[^()]*\)"
    for told in (
        r"Los lotes de entrenamiento{} se mezclan consigo mismos .* \(mixup \)\.",
        r"En los lotes de entrenamiento{}, un rectángulo aleatorio .* \(CutMix \)\.",
        r"una imagen mezclada cuenta según la parte",
        r"de nuevo en cada época, en este orden: volteo horizontal, RandAugment {}\.",
    ):
        assert re.search(told.format(which), said(document)), told
    written = " ".join(str(text) for block in document.body for text in texts(block))
    assert all(f"[[{work}]]" in written for work in ("zhang2018", "yun2019", "cubuk2020"))


@pytest.mark.parametrize("every", [True, False])
def test_a_mean_of_weights_and_the_like_are_told_with_the_cases_that_have_them(
    monkeypatch: pytest.MonkeyPatch, every: bool
) -> None:
    sketch = SKETCHES["optimizadores"]
    more = {"recipe.ema": 0.999, "recipe.accumulate": 4, "recipe.class_weights": "balanced"}
    name = sketch.cases[0][0]
    cases = tuple(
        (case[0], {**case[1], **more}, *case[2:]) if every or case[0] == name else case for case in sketch.cases
    )
    assert "media móvil" not in said(compose(make_study("optimizadores")))
    monkeypatch.setitem(SKETCHES, "optimizadores", replace(sketch, cases=cases))
    text = said(compose(make_study("optimizadores")))
    which = "" if every else r" \([^()]*SGD[^()]*\)"
    for told in (
        "se evalúa en test{} es una media móvil exponencial de los pesos",
        "El gradiente de cada paso{} es la media del de varios lotes\\.",
        "La pérdida{} pondera cada imagen por la inversa de la frecuencia de su clase",
    ):
        assert re.search(told.format(which), text), told


def line(document: Document) -> str:
    """All that is said, with citations left out, and the space that they leave."""
    return " ".join(said(document).split())


WORK = "@inproceedings{foret2021, author={Foret, Pierre}, title={SAM}, booktitle={ICLR}, year={2021}}"


def test_a_recipe_is_told_by_its_title_its_works_and_its_own_sentences() -> None:
    material = make_material(cases=2, seeds=2)
    (recipe,) = {case.recipe.name for case in material.results.plan.cases}
    plain = line(compose(replace(material, recipes={recipe: WORK})))
    assert f"La receta {recipe} sigue los trabajos citados." in plain
    words = ("SAM [plano]", "El descenso busca mínimos *planos*.")
    told = {case.name: words for case in material.results.plan.cases}
    spoken = replace(material, recipes={recipe: WORK}, recipe_words=told)
    text = line(compose(spoken))
    assert "La receta SAM [plano] sigue los trabajos citados." in text
    assert text.count("sigue los trabajos citados. El descenso busca mínimos *planos*.") == 1
    assert line(compose(unpack(pack(spoken)))) == text
    assert pack(material).keys() == pack(spoken).keys()
    assert b"recipe_words" not in pack(material)["results.json"]


def test_recipes_of_cases_that_differ_have_each_their_sentence() -> None:
    material = make_material(cases=2, seeds=2)
    told = {case.name: ("", f"Se llama {case.name}.") for case in material.results.plan.cases}
    text = said(compose(replace(material, recipe_words=told)))
    assert [f"Se llama {name}." in text for name in told] == [True, True]


@pytest.mark.slow
def test_cases_that_train_on_fewer_images_have_fewer_batches_and_share_no_order_with_others() -> None:
    told = said(compose(make_suite_material("two_phase")))
    assert "102 para «dos fases con pocas, ResNet18» y «desde cero con pocas, ResNet18»; 1034 para las demás." in told
    assert "Los lotes son de 32 imágenes, 4 a 33 por época." in told
    assert "Las que entrenan con otras imágenes solo comparten la semilla." in told
    assert "solo comparten la semilla" not in said(compose(make_suite_material("beans_freeze")))
