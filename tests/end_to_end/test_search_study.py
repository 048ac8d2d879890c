"""A search from the suite to the paper: made, interrupted, resumed, failed and repeated, always the same trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.plugins import TINY
from support.program import Program

SUITE = """
name: squares_width
title: Búsqueda de anchura
size: {cases: 1, seeds: 1, trials: 4}
dataset: {name: squares}
model: {name: speck}
recipe: {name: finetune, max_epochs: 2, batch_size: 4}
seeds: 1
search:
  space:
    model.width: [2, 4, 8]
    recipe.weight_decay: [0.0, 0.1]
  sampler: tpe
  budget: 4
  batch: 2
  halving: {path: recipe.max_epochs, rungs: [1, 2], keep: 0.5}
  seed: 3
paper:
  authors: [{name: Ada Ejemplo}]
  abstract: Entre {{trials}}, el mejor tiene {{best_trial}} y {{best_trial validation_accuracy}}.
"""
STUDY = ("squares_width", "--policy", "sample")
PLAIN = (*STUDY, "--no-paper", "--no-estimate")
KNOT = """\
    a: bool = False
    b: bool = False
    c: bool = False

    @pydantic.model_validator(mode="after")
    def untied(self):
        if self.a and self.b and self.c:
            raise ValueError("a, b and c do not go together")
        return self


class Speck(Model"""


@pytest.fixture
def study(program: Program) -> Program:
    program.suite(SUITE)
    return program


def plan(program: Program) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(program.run("plan", *STUDY, "--json").out)
    return found


def statuses(program: Program) -> list[tuple[str, str]]:
    return [(run["case"], run["status"]) for run in plan(program)["runs"]]


def records(program: Program) -> dict[str, Path]:
    found = {path: json.loads(path.read_text()) for path in program.smoke_runs.glob("*/record.json")}
    return {record["spec"]["case"]["name"]: path for path, record in found.items()}


@pytest.mark.slow
def test_a_search_is_run_batch_by_batch_and_resumed_from_wherever_it_was(study: Program) -> None:
    before = plan(study)
    assert [trial["case"] for trial in before["search"]["trials"]] == [
        "trial 001, max_epochs=1",
        "trial 002, max_epochs=1",
    ]
    assert before["search"]["following"] == 4
    assert "search: tpe, 4 trials of 6 points" in study.run("plan", *STUDY).out

    first = study.run("run", *STUDY, "--no-estimate")
    assert first.code == 0, first.err
    assert "[7/7]" in first.err
    whole = plan(study)
    assert len(whole["runs"]) == 1 + 4 + 2
    assert {status for _, status in statuses(study)} == {"done"}
    assert whole["search"]["following"] == 0
    made = set(records(study))

    paper = (study.smoke_runs.parent / "paper.html").read_text()
    for word in ("Búsqueda de hiperparámetros", "fig-search", "fig-importance", "Entre cuatro", "estimador de Parzen"):
        assert word in paper.replace("\u00a0", " ")
    bytes_ = (study.smoke_runs.parent / "paper.pdf").read_bytes()

    again = study.run("run", *STUDY)
    assert "nothing to train" in again.err
    assert (study.smoke_runs.parent / "paper.pdf").read_bytes() == bytes_

    # Whatever is lost is made again, and is the same.
    lost = [path for name, path in records(study).items() if name.startswith(("trial 002", "trial 003"))]
    hashes = {path: json.loads(path.read_text())["weights_hash"] for path in lost}
    for path in lost:
        path.unlink()
    assert [name for name, status in statuses(study) if status == "due"] == ["trial 002, max_epochs=1"]
    assert study.run("run", *PLAIN).code == 0
    assert set(records(study)) == made
    assert {path: json.loads(path.read_text())["weights_hash"] for path in lost} == hashes

    assert study.run("why", "squares_width@sample/trial 003, max_epochs=1/3").out.endswith("done\n")
    study.run("why", "squares_width@sample/trial 009/3").refused("6 runs so far, trial 001, max_epochs=1 to")
    assert "trial 004, max_epochs=1" in study.run("show", "squares_width@sample").out
    verified = study.run("verify", *STUDY, "--runs", "3")
    assert verified.out.count("the same bits") == 3, verified.err


@pytest.mark.slow
def test_a_failed_trial_counts_as_worst_and_is_made_again_before_what_depends_on_it(study: Program) -> None:
    assert study.run("run", *PLAIN).code == 0
    done = statuses(study)
    path = records(study)["trial 001, max_epochs=1"]
    record = json.loads(path.read_text())
    failure = {"kind": "training", "what": "the loss became NaN"}
    path.write_text(json.dumps({**record, "status": "failed", "failure": failure, "best": None, "test": None}))
    after = statuses(study)
    assert ("trial 001, max_epochs=1", "failed") in after
    assert ("trial 001, max_epochs=2", "done") not in after

    outcome = study.run("run", *PLAIN)
    assert outcome.code == 0, outcome.err
    assert statuses(study) == done


@pytest.mark.slow
def test_trials_that_always_fail_end_the_search_and_lose_nothing_else(program: Program) -> None:
    faults = SUITE.replace("model.width: [2, 4, 8]", "model.fault: [build, stages, no memory]")
    program.suite(faults)
    outcome = program.run("run", *PLAIN)
    assert outcome.code == 1
    assert "4 runs FAILED" in outcome.err
    assert statuses(program)[0] == ("base", "done")
    assert [status for _, status in statuses(program)[1:]] == ["failed"] * 4
    assert plan(program)["search"]["following"] == 0


@pytest.mark.slow
def test_values_that_do_not_go_together_are_told_when_the_other_runs_have_ended(program: Program) -> None:
    """Only three of them contradict each other, so none is found before the third trial, which the first makes due."""
    knot = TINY.replace("class Speck(Model", KNOT).replace("import numpy", "import pydantic\nimport numpy")
    program.install("knot-squares", knot)
    text = SUITE.replace("squares}", "'knot-squares:squares'}").replace("speck}", "'knot-squares:speck'}")
    before, _, after = text.partition("    model.width")
    space = "".join(f"    model.{name}: [false, true]\n" for name in "abc")
    program.suite(f"{before}{space}  sampler: tpe\n  budget: 4\n  lag: 2\n  seed: 0\n" + after[after.index("paper:") :])

    outcome = program.run("run", *PLAIN, "--workers", "1")
    outcome.refused("search, trial 003: model", "a, b and c do not go together")
    made = {name: json.loads(path.read_text())["status"] for name, path in records(program).items()}
    assert made == {"base": "done", "trial 001": "done", "trial 002": "done"}
    assert "[3/5]" in outcome.err
    program.run("run", *PLAIN).refused("a, b and c do not go together")
