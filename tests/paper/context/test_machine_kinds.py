"""Papers of studies that several kinds of machine made say which made what, and what that means; others say nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from benchsuite.analysis.findings import KindFindings, RefusedPair
from benchsuite.paper.bundle.attachments import pack, unpack
from benchsuite.paper.context.machine_kinds import describe_refused, kind_titles, mention_seeds
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.blocks import Document, Table, texts
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering import templates
from benchsuite.paper.sections.comparison import compose_comparison
from benchsuite.paper.sections.compose import compose
from benchsuite.store.record import RunRecord
from support.paper_material import make_material
from support.synthetic import make_environment, make_numerics

GPU = make_environment(device="cuda", device_name="NVIDIA A100", driver="580.1", cuda="13.0")


def made_on(material: PaperMaterial, another: Callable[[RunRecord], bool]) -> PaperMaterial:
    """The material with those runs made on a GPU."""
    records = {
        key: record.model_copy(update={"environment": GPU}) if another(record) else record
        for key, record in material.results.records.items()
    }
    return replace(material, results=replace(material.results, records=records))


def said(document: Document) -> str:
    return " ".join(templates.plain(document, text) for block in document.body for text in texts(block))


def table(document: Document, name: str) -> Table:
    return next(block for block in document.body if isinstance(block, Table) and block.id == name)


@pytest.fixture(scope="module")
def mixed() -> PaperMaterial:
    return made_on(make_material(cases=2, seeds=5), lambda record: record.spec.seed in (1, 3))


def test_the_paper_says_which_kind_made_which_seeds_and_what_it_means(mixed: PaperMaterial) -> None:
    document = compose(mixed)
    number(document)
    words = said(document)
    for told in (
        "Las semillas se repartieron entre dos tipos de máquina",
        "Intel(R) Xeon(R) Processor @ 2.50GHz, las semillas 0, 2 y 4; NVIDIA A100, las semillas 1 y 3",
        "lo que varía entre tipos de máquina",
        "grados de libertad de Satterthwaite",
        "Todas las configuraciones de una semilla se hicieron en el mismo tipo",
        "solo se comparan dentro de uno",
        "proceden de las seis ejecuciones hechas en Intel(R) Xeon(R) Processor @ 2.50GHz",
    ):
        assert told in words.replace("\u00a0", " "), told


def test_costs_have_a_row_for_each_kind(mixed: PaperMaterial) -> None:
    costs = table(compose(mixed), "tab-cost")
    assert [(row[0].text, row[-1].text) for row in costs.rows] == [
        ("0", "Intel(R) Xeon(R) Processor @ 2.50GHz"), ("1", "Intel(R) Xeon(R) Processor @ 2.50GHz"),
        ("0", "NVIDIA A100"), ("1", "NVIDIA A100"),
    ]  # fmt: skip
    assert len(costs.facets) == 4
    runs = [{run for cell in row for run in cell.runs} for row in costs.rows]
    assert [len(one) for one in runs] == [3, 3, 2, 2]


def test_a_paper_of_one_kind_says_nothing_of_kinds_and_carries_what_it_did() -> None:
    material = make_material(cases=2, seeds=5)
    assert "tipos de máquina" not in said(compose(material))
    assert len(table(compose(material), "tab-cost").rows) == 2
    files = pack(material)
    assert "devices" not in json.loads(files["results.json"])["suite"]
    by_seed = material.suite.model_copy(update={"devices": "by_seed"})
    carried = pack(replace(material, results=replace(material.results, suite=by_seed)))
    assert unpack(carried).suite.devices == "by_seed"
    assert unpack(files).suite.devices == "one"


def test_pairs_that_span_kinds_are_told_and_not_computed() -> None:
    material = make_material(cases=2, seeds=5, claims=[{"id": "c", "text": "Algo.", "cases": [1], "better_than": 0}])
    broken = made_on(material, lambda record: record.spec.seed == 3 and record.spec.case.name == "freeze_blocks=1")
    words = said(compose(broken))
    assert words.count("No se comparan las ejecuciones de la semilla\u00a03 que se hicieron en tipos de máquina") == 2
    assert "se hicieron en el mismo tipo" not in words


def test_two_sets_of_results_compare_costs_within_one_pair_of_kinds(mixed: PaperMaterial) -> None:
    plain = make_material(cases=2, seeds=5)
    document = compose_comparison(plain, mixed)
    told = "El coste es el de las ejecuciones que se hicieron en Intel(R) Xeon(R) Processor @ 2.50GHz en A y en Intel"
    assert told in said(document)
    assert {len(cell.runs) for row in table(document, "tab-cost").rows for cell in row if cell.runs} == {6}
    assert {len(cell.runs) for row in table(document, "tab-quality").rows for cell in row if cell.runs} == {10}
    assert "El coste es el de las ejecuciones" not in said(compose_comparison(plain, plain))


def kind(seeds: tuple[int, ...] = (0,), **numerics: Any) -> KindFindings:
    return KindFindings(make_numerics(**numerics), seeds, ())


def test_kinds_of_one_name_are_told_apart_by_what_differs() -> None:
    card = {"device": "cuda", "device_name": "NVIDIA A100"}
    kinds = [kind(**card, driver="580.1"), kind(**card, driver="590.2"), kind(device_name="A processor")]
    assert kind_titles(kinds) == ["NVIDIA A100, controlador 580.1", "NVIDIA A100, controlador 590.2", "A processor"]
    assert kind_titles([kind(capability="AVX2"), kind(capability="AVX512", precision="bf16")])[0].endswith(
        ", instrucciones AVX2"
    )


def test_seeds_are_named_while_they_are_few() -> None:
    assert mention_seeds(kind((3,))) == "la semilla\u00a03"
    assert mention_seeds(kind(tuple(range(30)))).replace("\u00a0", " ") == "30 semillas"
    assert describe_refused([]) == ""
    assert "las semillas 1 y\u00a04" in describe_refused([RefusedPair(4), RefusedPair(1), RefusedPair(4)])
