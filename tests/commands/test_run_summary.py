"""`benchsuite run --json`: one document, whatever became of the runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.program import Program

SMOKE = ("--policy", "sample", "--no-paper", "--no-estimate")


@pytest.mark.slow
def test_a_run_is_one_document_for_programs(program: Program) -> None:
    outcome = program.run("run", "squares_width", *SMOKE, "--json")
    assert outcome.code == 0, outcome.err
    told = json.loads(outcome.out)
    assert told["suite"] == "squares_width"
    assert told["counts"] == {"done": 4, "failed": 0, "due": 0, "made_now": 4}
    assert told["paper"] is None
    assert told["paper_error"] is None
    assert {(run["case"], run["seed"]) for run in told["runs"]} == {
        (c, s) for c in ("width=2", "width=4") for s in (0, 1)
    }
    for run in told["runs"]:
        assert run["status"] == "done"
        assert run["made_now"]
        assert 0 <= run["test"]["accuracy"] <= 1
        assert (Path(told["results"]) / "runs" / run["key"] / "record.json").is_file()
    again = json.loads(program.run("run", "squares_width", *SMOKE, "--json").out)
    assert again["counts"] == {"done": 4, "failed": 0, "due": 0, "made_now": 0}
    assert [run["key"] for run in again["runs"]] == [run["key"] for run in told["runs"]]


@pytest.mark.slow
def test_runs_that_failed_are_in_the_document_and_in_the_exit_code(program: Program) -> None:
    outcome = program.run("run", "squares_width", *SMOKE, "--json", "--set", "model.fault=build", "--seeds", "1")
    assert outcome.code == 1
    told = json.loads(outcome.out)
    assert told["counts"] == {"done": 0, "failed": 2, "due": 0, "made_now": 2}
    assert all("the bolt is loose" in run["failure"]["what"] for run in told["runs"])
    assert told["changes"]


@pytest.mark.slow
def test_only_the_runs_of_a_case_are_made_where_one_is_named(program: Program) -> None:
    outcome = program.run("run", "squares_width", *SMOKE, "--json", "--case", "width=4")
    assert outcome.code == 0, outcome.err
    told = json.loads(outcome.out)
    assert told["counts"] == {"done": 2, "failed": 0, "due": 2, "made_now": 2}
    assert {run["case"] for run in told["runs"] if run["made_now"]} == {"width=4"}
    program.run("run", "squares_width", *SMOKE, "--case", "width=3").refused("width=3", "width=2", "remedy")
