"""Listings have what was declared and what was written, however hostile, and are never too long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from benchsuite.contracts.recipe import Averaging, EarlyStopping, FreezePolicy, Optimizer, Phase, Scheduler
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Listing, Paragraph
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.listings import (
    DECLARED,
    LONG,
    MOST_LINES,
    algorithm_blocks,
    design_blocks,
    source_blocks,
)
from benchsuite.registry import registry
from benchsuite.suite.reader import read_suite
from support.paper_material import HOSTILE, make_material
from support.paper_studies import make_study
from support.shipped import SUITES
from support.synthetic_study import make_unstudied_material


def only(blocks: list[Block]) -> Listing:
    paragraph, listing = blocks
    assert isinstance(paragraph, Paragraph)
    assert isinstance(listing, Listing)
    assert f"{{{{{listing.id}}}}}" in paragraph.text
    return listing


def test_the_declaration_reads_back_as_it_was_declared() -> None:
    material = make_material({"further": ["fig-listing"]})
    listing = only(design_blocks(PaperContext(material)))
    read = yaml.safe_load(listing.source)
    declared = material.suite.model_dump(mode="json", exclude_unset=True)
    assert read == {name: declared[name] for name in DECLARED if name in declared}
    assert read["vary"] == {"recipe.freeze.blocks": [0, 1, 2, 3, 4]}
    assert "paper" not in read
    assert not listing.wide


@pytest.mark.parametrize(("length", "wide"), [(LONG, False), (LONG + 1, True)])
def test_code_with_long_lines_takes_the_width_of_the_page(length: int, wide: bool) -> None:
    material = replace(make_material({"further": ["fig-source"]}), source="x" * length)
    assert only(source_blocks(PaperContext(material))).wide is wide


def test_code_that_would_fill_a_page_is_cut() -> None:
    code = "\n".join(f"line_{number} = {number}" for number in range(500))
    material = replace(make_material({"further": ["fig-source"]}), source=code)
    lines = only(source_blocks(PaperContext(material))).source.split("\n")
    assert len(lines) == MOST_LINES
    assert lines[-1] == "…"


def test_code_is_set_as_it_is_and_means_nothing_to_the_page() -> None:
    material = replace(make_material({"further": ["fig-source"]}), source=f"{HOSTILE}\n    **b** `c` {{{{fig-x}}}}")
    document = compose(material)
    page = render_html(document, number(document))
    shown = page[page.index('<pre lang="en" tabindex="0">') :].split("</pre>")[0]
    assert "<script" not in shown
    assert "    **b** `c` {{fig-x}}" in shown
    assert "&lt;script&gt;" in shown
    assert "\u202e" not in shown


def test_listings_are_there_only_where_asked_for_and_known() -> None:
    assert design_blocks(PaperContext(make_material())) == []
    assert source_blocks(PaperContext(replace(make_material(), source="x"))) == []
    assert source_blocks(PaperContext(make_material({"further": ["fig-source"]}))) == []


def test_code_that_takes_pretrained_weights_says_what_is_loaded() -> None:
    asking = make_material({"further": ["fig-source"]})
    told, silent = (
        source_blocks(PaperContext(replace(asking, source=code)))[0]
        for code in ("def build(self): ...\n\ndef adapt(self): ...", "def build(self): ...  # def adapt(")
    )
    assert isinstance(told, Paragraph)
    assert isinstance(silent, Paragraph)
    assert told.text.startswith(silent.text)
    assert "los demás se cargan en la red" in told.text
    assert "se cargan" not in silent.text


def test_listings_are_numbered_with_the_figures() -> None:
    material = make_material({"further": ["fig-listing"]}, cases=2, seeds=2)
    document = compose(material)
    labels = number(document).labels
    order = [block.id for block in document.body if getattr(block, "kind", "") in ("figure", "photos", "listing")]
    assert [labels[name] for name in order] == [f"Figura\u00a0{place}" for place in range(1, len(order) + 1)]
    assert "fig-listing" in order


def test_the_changes_of_named_cases_are_in_the_declaration() -> None:
    material = make_study("aves")
    paper = material.suite.paper.model_copy(update={"further": ("fig-listing",)})
    suite = material.suite.model_copy(update={"paper": paper})
    study = PaperContext(replace(material, results=replace(material.results, suite=suite)))
    read = yaml.safe_load(only(design_blocks(study)).source)
    assert read["cases"][3] == {"name": "ajuste 3 (kernel 6)", "set": {"model.kernel_size": 6}}


@pytest.mark.parametrize("name", ["cub_x20", "cub_x200", "two_phase"])
def test_a_column_holds_the_lines_of_a_declaration(name: str) -> None:
    study = PaperContext(make_unstudied_material(read_suite(SUITES / f"{name}.yaml", registry())))
    lines = only(design_blocks(study)).source.split("\n")
    assert max(map(len, lines)) <= LONG


PLAIN = Phase("train", 5, 32, Optimizer("sgd", 0.1))


def steps_of(*phases: Phase) -> list[str]:
    material = replace(make_material({"further": ["fig-algorithm"]}), phases={"freeze_blocks=0": phases})
    return only(algorithm_blocks(PaperContext(material))).source.split("\n")


def test_an_algorithm_has_the_steps_of_plain_training_and_no_others() -> None:
    assert [line.strip() for line in steps_of(PLAIN)] == [
        "crear el optimizador", "mientras queden épocas:", "barajar las imágenes de entrenamiento",
        "para cada lote (x, y):", "p ← pérdida(red(x), y)", "acumular el gradiente de p",
        "dar un paso y poner el gradiente a cero", "medir pérdida y exactitud en validación",
        "si su pérdida es la menor hasta ahora:", "guardar los pesos", "recuperar los pesos guardados",
        "evaluar en test, una sola vez",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"freeze": FreezePolicy(train_last=1)}, "congelar lo que la fase no entrena"),
        ({"early_stopping": EarlyStopping(3)}, "mientras queden épocas y paciencia:"),
        ({"l1": 0.1}, "    p ← p + λ · norma L1 de los pesos"),
        ({"accumulate": 2}, "    si hay lotes bastantes o es el último:"),
        ({"gradient_clip": 1.0}, "    limitar la norma del gradiente"),
        ({"averaging": Averaging("ema")}, "    actualizar la media móvil de los pesos"),
        ({"averaging": Averaging("swa")}, "  añadir los pesos a su promedio"),
        ({"scheduler": Scheduler("cosine")}, "  mover la tasa de aprendizaje"),
        ({"scheduler": Scheduler("cosine", by_step=True)}, "    mover la tasa de aprendizaje"),
        ({"monitor": "validation_accuracy"}, "  si su exactitud es la mayor hasta ahora:"),
    ],
)
def test_what_a_phase_asks_for_is_a_step_where_the_engine_makes_it(changed: dict[str, Any], line: str) -> None:
    assert line in steps_of(replace(PLAIN, **changed))
    assert line not in steps_of(PLAIN)


def test_what_only_some_phases_ask_for_says_so_and_phases_are_a_loop() -> None:
    lines = steps_of(replace(PLAIN, name="head", freeze=FreezePolicy(train_last=1)), PLAIN)
    assert lines[:2] == ["para cada fase:", "  congelar lo que la fase no entrena (donde se pide)"]
    assert max(map(len, lines)) <= LONG


def test_patience_of_some_phases_alone_is_said_to_be_theirs() -> None:
    lines = steps_of(replace(PLAIN, name="head", early_stopping=EarlyStopping(2)), PLAIN)
    assert "  mientras queden épocas y paciencia (donde se pide):" in lines


def test_images_are_changed_only_where_some_case_asks_for_it() -> None:
    material = replace(make_material({"further": ["fig-algorithm"]}), phases={"freeze_blocks=0": (PLAIN,)})
    study = PaperContext(material)
    cases = study.findings.cases
    data = cases[0].case.dataset
    data = data.model_copy(update={"parameters": {**data.parameters, "augmentation": ["flip"]}})
    changed = replace(cases[0], case=cases[0].case.model_copy(update={"dataset": data}))
    study.__dict__["findings"] = replace(study.findings, cases=(changed, *cases[1:]))
    assert "    x ← aumento de datos de x (donde se pide)" in only(algorithm_blocks(study)).source.split("\n")


def test_without_declared_phases_there_is_no_algorithm() -> None:
    assert algorithm_blocks(PaperContext(make_material({"further": ["fig-algorithm"]}))) == []
