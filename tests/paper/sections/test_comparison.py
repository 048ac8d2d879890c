"""Two sets of results of one study beside each other: what is equal bit for bit, and how far the rest differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchsuite.paper.build import build_comparison
from benchsuite.paper.bundle.attachments import attached, read_paper
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.blocks import Bullets, Document, Table
from benchsuite.paper.sections.comparison import compose_comparison
from support.paper_material import make_material
from support.synthetic import make_environment

CLAIMS: list[dict[str, Any]] = [{"id": "uno", "text": "Supera el 90 %", "at_least": 0.9, "cases": [0]}]


def elsewhere(material: PaperMaterial, changed: int, **test: float) -> PaperMaterial:
    """The same study on another machine, on which the first `changed` runs have other bits and measures."""
    records = {}
    for number, (key, record) in enumerate(material.results.records.items()):
        record = record.model_copy(update={"environment": make_environment(device_name="NVIDIA H100", device="cuda")})
        if number < changed:
            fields = {**record.key_fields, "numerics": {**record.key_fields["numerics"], "device": "cuda"}}
            assert record.test is not None
            accuracy = record.test.accuracy + test.get("shift", 0.0)
            record = record.model_copy(
                update={
                    "key_fields": fields,
                    "weights_hash": "0" * 64,
                    "test": record.test.model_copy(update={"accuracy": accuracy}),
                }
            )
        records[key] = record
    return replace(material, results=replace(material.results, records=records))


def cells(document: Document, identifier: str) -> list[list[str]]:
    found = next(block for block in document.body if isinstance(block, Table) and block.id == identifier)
    return [[cell.text for cell in row] for row in found.rows]


def test_equal_runs_are_said_to_be_equal() -> None:
    material = make_material(cases=2, seeds=2, claims=CLAIMS)
    document = compose_comparison(material, elsewhere(material, 0))
    assert document.abstract.endswith("Todas tienen, bit a bit, los mismos pesos y las mismas predicciones.")
    assert cells(document, "tab-identity") == [["0", "2", "2", "2", "2"], ["1", "2", "2", "2", "2"]]
    assert ["Dispositivo", "Intel(R) Xeon(R) Processor @ 2.50GHz", "NVIDIA H100"] in cells(document, "tab-environments")
    assert not any(isinstance(block, Bullets) for block in document.body)


def test_differences_are_told_with_their_size_and_their_causes() -> None:
    material = make_material(cases=2, seeds=2, claims=CLAIMS)
    document = compose_comparison(material, elsewhere(material, 2, shift=-0.02))
    assert "Coinciden bit a bit dos de ellas" in document.abstract
    assert [row[3] for row in cells(document, "tab-identity")] == ["1", "1"]
    causes = next(block for block in document.body if isinstance(block, Bullets)).items
    assert any("numerics.device" in cause for cause in causes)
    first = next(row for row in cells(document, "tab-quality") if row[:2] == ["0", "exactitud en test"])
    assert first[4].startswith("−1,0")
    assert [row[1:] for row in cells(document, "tab-claims")] == [["no concluyente", "no concluyente"]]


def test_studies_without_a_common_run_are_said_to_have_none() -> None:
    document = compose_comparison(make_material(cases=2, seeds=2, done=0), make_material(cases=2, seeds=2))
    assert "no tienen ninguna ejecución en común" in document.abstract


@pytest.mark.parametrize("changed", [1])
def test_the_files_carry_both_sides(changed: int, tmp_path: Path) -> None:
    material = make_material(cases=2, seeds=2)
    files = build_comparison(material, elsewhere(material, changed), tmp_path)
    assert {"a-results.json", "b-results.json"} <= attached(read_paper(files.pdf)).keys()
    assert "Dos juegos de resultados de un mismo estudio" in files.html.read_text()


def test_runs_beside_others_are_told_where_times_are_compared() -> None:
    material = make_material(cases=2, seeds=2)
    records = {
        key: record.model_copy(update={"cost": record.cost.model_copy(update={"at_once": 2})})
        for key, record in material.results.records.items()
        if record.cost is not None
    }
    beside = replace(material, results=replace(material.results, records=records))
    title = "Ejecuciones a la vez"
    assert title not in [row[0] for row in cells(compose_comparison(material, material), "tab-environments")]
    assert [title, "1", "2"] in cells(compose_comparison(material, beside), "tab-environments")
