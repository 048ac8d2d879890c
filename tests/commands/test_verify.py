"""What `verify` says of a repetition."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchsuite.commands.verify import _compare
from benchsuite.store.record import RunRecord
from support.program import Program
from support.synthetic import make_plan, make_records


def record(weights: str, data: str) -> RunRecord:
    made = next(iter(make_records(make_plan(1, 1)).values()))
    return made.model_copy(update={"weights_hash": weights, "key_fields": {**made.key_fields, "data": data}})


def test_runs_on_other_images_are_not_compared_image_by_image() -> None:
    no_store: Any = None  # whose predictions must not be read
    verdict = _compare(record("a", "then"), record("b", "now"), no_store, no_store)
    assert "other images" in verdict.text
    assert not verdict.broken
    assert any("data" in reason for reason in verdict.reasons)


def test_a_run_that_is_not_there_is_told_by_its_name(program: Program) -> None:
    refused = program.run("verify", "squares_width/no such case/0", "--policy", "sample")
    refused.refused("no finished run called no such case/0 to verify", "benchsuite run squares_width")


@pytest.mark.slow
def test_for_programs_verdicts_are_a_document(program: Program) -> None:
    smoke = ("squares_width", "--policy", "sample")
    made = program.run("run", *smoke, "--no-paper", "--no-estimate", "--seeds", "1", "--case", "width=2")
    assert made.code == 0, made.err
    done = program.run("verify", *smoke, "--seeds", "1", "--json")
    assert done.code == 0, done.err
    (verdict,) = json.loads(done.out)
    assert (verdict["weights"], verdict["predictions"], verdict["broken"]) == ("equal", "equal", False)
