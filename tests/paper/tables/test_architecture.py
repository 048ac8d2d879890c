"""The table of the architecture: made from the records alone, folded to a readable length, with true sums."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.blocks import Document, Paragraph, Table
from benchsuite.paper.rendering import templates
from benchsuite.paper.sections.compose import compose
from support.paper_material import make_material
from support.synthetic_study import make_suite_material


@cache
def material(suite: str) -> PaperMaterial:
    return make_suite_material(suite)


def table(document: Document) -> Table | None:
    return next((block for block in document.body if isinstance(block, Table) and block.id == "tab-layers"), None)


def test_repeated_blocks_are_folded_and_what_follows_a_layer_is_told_with_it() -> None:
    shown = table(compose(material("beans_freeze")))
    assert shown is not None
    rows = [tuple(cell.text.replace("\u00a0", " ") for cell in row) for row in shown.rows]
    assert [row[:3] for row in rows] == [
        ("stem", "Convolución 7×7, 64, paso 2", "64×112×112"),
        ("", "Máximo 3×3, paso 2", "64×56×56"),
        ("layer1", "2 bloques residuales", "64×56×56"),
        ("layer2", "2 bloques residuales", "128×28×28"),
        ("layer3", "2 bloques residuales", "256×14×14"),
        ("layer4", "2 bloques residuales", "512×7×7"),
        ("head", "Promedio global", "512×1×1"),
        ("", "Capa densa, 3", "3"),
        ("Total", "", ""),
    ]
    assert rows[0][3:] == ("9536", "118,0")
    assert rows[1][3:] == ("—", "—")
    assert "normalización (`BatchNorm2d`) y" in (shown.note or "").replace("\u00a0", " ")


@pytest.mark.parametrize("suite", ["beans_freeze", "cifar10_cnn", "cub_x20"])
def test_the_sums_are_those_of_the_network(suite: str) -> None:
    found = material(suite)
    shown = table(compose(found))
    assert shown is not None
    case = found.findings.case(next(iter(found.findings.baselines), found.findings.cases[0].case.name))
    assert case.model is not None
    *rows, total = shown.rows
    assert total[3].value == sum(row[3].value or 0 for row in rows) == case.model.parameters_total
    assert total[4].value == pytest.approx(sum(row[4].value or 0 for row in rows))
    assert total[4].value == pytest.approx(case.model.forward_flops / 2e6)
    assert 4 <= len(rows) <= 20


def test_where_networks_differ_the_text_says_whose_layers_are_shown() -> None:
    document = compose(material("cifar10_cnn"))
    said = [templates.plain(document, block.text) for block in document.body if isinstance(block, Paragraph)]
    assert any("detalla las capas de la referencia («LeNet-5»)." in words for words in said)


def test_records_that_tell_no_layers_give_no_table() -> None:
    given = make_material(cases=2, seeds=2)
    assert all(case.model is not None and not case.model.layers for case in given.findings.cases)
    assert table(compose(given)) is None


def test_names_of_layers_are_data() -> None:
    found = material("beans_freeze")
    records = {}
    for key, record in found.results.records.items():
        assert record.model is not None
        first, *rest = record.model.layers
        hostile = first.model_copy(update={"kind": "`<b>**x**{{tab-runs}}", "stage": "*[[no]]*"})
        model = record.model.model_copy(update={"layers": (hostile, *rest)})
        records[key] = record.model_copy(update={"model": model})
    shown = table(compose(replace(found, results=replace(found.results, records=records))))
    assert shown is not None
    assert shown.rows[0][1].text == "`<b>**x**{{tab-runs}}`"
    assert shown.rows[0][0].text == r"\*\[\[no\]\]\*"


def test_layers_of_timm_are_called_as_those_they_are_variants_of() -> None:
    pytest.importorskip("timm")
    shown = table(compose(material("beans_timm")))
    assert shown is not None
    rows = [(row[0].text, row[1].text.replace("\u00a0", " ")) for row in shown.rows]
    assert rows[:2] == [("stem", "Convolución 3×3, 32, paso 2"), ("blocks0", "Bloque de convoluciones separables")]
    assert "BatchNormAct2d" in (shown.note or "")
    assert ("head", "Agrupación global") in rows
    assert "Conv2dSame" not in "".join(words for _, words in rows)
