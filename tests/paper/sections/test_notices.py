"""Whatever is not as the suite declares is told at the head of the paper, on every page, and on the web."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Bullets, texts
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering import templates
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.notices import paper_notices, running_head
from benchsuite.store.record import Deviation
from support.paper_material import make_material


def changed(*changes: str, seeds: int = 10, left_out: bool = False) -> PaperMaterial:
    material = make_material(seeds=seeds, changes=changes)
    if left_out:
        findings = replace(material.findings, deviations=(Deviation(kind="left out", detail="a.jpg"),))
        material = replace(material)
        material.__dict__["findings"] = findings
    return material


def told(material: PaperMaterial) -> str:
    return " / ".join(paper_notices(PaperContext(material))).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("change", "notice"),
    [
        ("recipe.max_epochs = 3 (suite: 20)", "ESTUDIO REDUCIDO: 3 épocas (declaradas: 20)"),
        ("dataset.train_images = 1000 (suite: null)", "1000 imágenes de entrenamiento (declaradas: todas)"),
        ("recipe.max_epochs = 40 (suite: 20)", "ESTUDIO MODIFICADO: 40 épocas (declaradas: 20)"),
        ("recipe.max_epochs = 2 (smoke; suite: 20)", "ESTUDIO REDUCIDO: 2 épocas (declaradas: 20)"),
        ("search.budget = 4 (smoke; suite: 32)", "4 ensayos (declarados: 32)"),
        ("recipe.learning_rate = 0.01 (suite: 0.001)", "tasa de aprendizaje: 0,01 (declarado: 0,001)"),
        ("recipe.optimizer = sgd (suite: adam)", "optimizador: SGD (declarado: Adam)"),
        ("recipe.optimizer = Lion (suite: adam, not given)", "optimizador: `Lion` (declarado: Adam; sin valor)"),
        ("recipe.learning_rate = 0.01 (suite: 0.1, 0.001)", "tasa de aprendizaje: 0,01 (declarado: 0,1; 0,001)"),
        ("recipe.l1 = 0.1 (suite: not given)", "penalización L1: 0,1 (declarado: sin valor)"),
        ("model.weights = none (smoke; suite: imagenet)", "pesos iniciales: aleatorios (declarado: "),
        ("search.halving.rungs = [1, 2] (smoke; suite: [3, 9])", "épocas de cada escalón: 1; 2 (declarado: 3; 9)"),
        ("folds = 2 (smoke; suite: 5)", "2 pliegues (declarados: 5)"),
        (
            "search.space without recipe.l1 (smoke; suite: 3 values)",
            "ESTUDIO REDUCIDO: la búsqueda no varía penalización L1 (declarados: tres valores)",
        ),
    ],
)
def test_every_parameter_that_was_changed_is_told(change: str, notice: str) -> None:
    assert notice in told(changed(change))


def test_changes_have_the_same_words_among_the_deviations() -> None:
    document = compose(changed("recipe.max_epochs = 3 (smoke; suite: 30)", "recipe.optimizer = sgd (suite: adam)"))
    (listed,) = (block for block in document.body if isinstance(block, Bullets) and "épocas" in block.items[0])
    assert [item.replace("\u00a0", " ") for item in listed.items] == [
        "3 épocas (declaradas: 30)",
        "optimizador: SGD (declarado: Adam)",
    ]


def test_fewer_seeds_are_told_with_those_declared() -> None:
    material = changed("seeds = 0 to 2 (suite: 0 to 9)", seeds=3)
    declared = len(material.suite.seed_values)
    assert f"ESTUDIO REDUCIDO: tres semillas (declaradas: {declared})" in told(material)


def test_many_changes_are_told_up_to_a_length() -> None:
    text = told(changed(*(f"recipe.p{i} = 1 (suite: 2)" for i in range(9))))
    assert "y 3 más" in text.split(" / ")[0] or "más" in text


def test_images_that_were_left_out_are_told() -> None:
    assert "IMÁGENES EXCLUIDAS" in told(changed(left_out=True))


def test_a_study_as_declared_has_no_notice() -> None:
    assert paper_notices(PaperContext(changed())) == ()
    assert running_head(PaperContext(changed())) is None


def test_the_notice_is_in_the_abstract_the_running_head_and_on_the_page() -> None:
    document = compose(changed("recipe.max_epochs = 3 (suite: 20)"))
    assert document.watermark == "ESTUDIO REDUCIDO"
    printed = templates.render(document, number(document), (), "paper", "", lambda *_: "")
    assert 'data-notice="ESTUDIO REDUCIDO"' in printed
    assert printed.index("ESTUDIO REDUCIDO: 3 épocas") > printed.index('class="abstract"')
    page = render_html(document, number(document))
    assert '<p class="notice" role="note">ESTUDIO REDUCIDO: 3 épocas (declaradas: 20)</p>' in page


def test_a_synthetic_sample_is_the_gravest() -> None:
    material = make_material(cases=2, seeds=2, sample=True, changes=("recipe.max_epochs = 3 (suite: 20)",))
    assert running_head(PaperContext(material)) == "MUESTRA SINTÉTICA"
    assert told(material).index("MUESTRA") < told(material).index("ESTUDIO REDUCIDO")


def test_who_has_only_the_paper_is_told_how_to_make_it_again() -> None:
    document = compose(changed())
    assert "`benchsuite reproduce paper.pdf`" in " ".join(text for block in document.body for text in texts(block))
