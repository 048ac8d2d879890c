"""`benchsuite list`: what it says of each component is a whole sentence."""

from __future__ import annotations

import json

from support.program import Program


def test_the_executor_that_is_taken_unless_told_otherwise_is_listed_first(program: Program) -> None:
    done = program.run("list", "executors", "--json")
    assert done.code == 0, done.err
    first = json.loads(done.out)["executors"][0]
    assert first["name"] == "local"
    assert first["provided by"].startswith("benchsuite ")
    assert "unless told otherwise" in first["about"]
    assert "local" in program.run("list", "executors").out


def test_every_component_is_described_by_a_whole_sentence(program: Program) -> None:
    for kind in ("datasets", "models", "recipes", "executors"):
        done = program.run("list", kind, "--json")
        assert done.code == 0, done.err
        for row in json.loads(done.out)[kind]:
            if row["provided by"].startswith("benchsuite "):
                assert row["about"].endswith("."), row
                assert "\n" not in row["about"]
