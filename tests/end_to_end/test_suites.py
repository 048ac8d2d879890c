"""Every suite that ships goes from its file to its paper on the synthetic sample, each case once and very short."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchsuite.registry import registry
from benchsuite.suite import Plan, expand, read_suite
from benchsuite.suite.document import parse_bytes
from benchsuite.suite.expand import value_at
from support.program import Program

FILES = sorted((Path(__file__).resolve().parents[2] / "suites").glob("*.yaml"))
SMALL: Mapping[str, int] = {"recipe.max_epochs": 1, "dataset.train_images": 60}


def in_small(file: Path) -> dict[str, Any]:
    """A suite that sets what makes a run long in some cases only: the smallest values that still tell them apart."""
    declared: dict[str, Any] = parse_bytes(file.read_bytes(), file.name)[0].plain()
    owners = [case["set"] for case in declared.get("cases", []) if "set" in case]
    axes = declared.get("vary", {})
    for path, least in SMALL.items():
        setting = [own for own in owners if path in own]
        kind, name = path.split(".")
        base = {declared[kind][name]} if name in declared[kind] else set()
        values = sorted({own[path] for own in setting} | set(axes.get(path, ())) | (base if setting else set()))
        small = {value: least + rank for rank, value in enumerate(values)}
        for own in setting:
            own[path] = small[own[path]]
        if path in axes:
            axes[path] = [small[value] for value in axes[path]]
        if setting and base:
            declared[kind][name] = small[declared[kind][name]]
    return declared


def changes(plan: Plan) -> list[str]:
    """The `--set` that make small what all cases of a suite share."""
    own = {path for case in plan.cases for path in case.settings}
    common = [path for path in SMALL if path not in own and all(value_at(case, path)[0] for case in plan.cases)]
    return [word for path in common for word in ("--set", f"{path}={SMALL[path]}")]


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_makes_its_paper_from_the_sample(file: Path, program: Program) -> None:
    path = program.suite(json.dumps(in_small(file)), file.stem)
    plan = expand(read_suite(path, registry()), registry())
    done = program.run(
        "run", file.stem, "--policy", "sample", "--seeds", "1", "--no-estimate", *changes(plan),
    )  # fmt: skip
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
