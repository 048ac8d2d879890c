"""Every suite that ships goes from its file to its paper on the synthetic sample, each case once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchsuite.registry import registry
from benchsuite.suite import expand, read_suite
from support.program import Program
from support.shipped import STUDIES


@pytest.mark.slow
@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_it_makes_its_paper_from_the_sample(file: Path, program: Program) -> None:
    plan = expand(read_suite(file, registry()), registry())
    done = program.run("run", str(file), "--policy", "sample", "--seeds", "1", "--no-estimate")
    assert done.code == 0, done.err
    folder = program.results / f"{file.stem}@sample"
    records = [json.loads(record.read_text()) for record in folder.glob("runs/*/record.json")]
    names = sorted(record["spec"]["case"]["name"] for record in records)
    assert [name for name in names if not name.startswith("trial ")] == sorted(case.name for case in plan.cases)
    assert any(name.startswith("trial ") for name in names) == (plan.search is not None)
    assert {record["status"] for record in records} == {"done"}
    paper = (folder / "paper.html").read_text(encoding="utf-8")
    assert "MUESTRA SINTÉTICA" in paper
    assert "(sin resultados todavía)" not in paper
    assert "pendiente)" not in paper
    assert (folder / "paper.pdf").read_bytes().startswith(b"%PDF")
