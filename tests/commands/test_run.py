"""`benchsuite run`: what is stored is looked at before it is believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchsuite.errors import PaperError
from benchsuite.store.run_store import Store, keeps_weights
from support.program import Program

TRIAL = ("squares_width", "--policy", "sample")


def _hashes(program: Program) -> dict[str, tuple[str, str]]:
    records = [json.loads(path.read_text()) for path in program.smoke_runs.glob("*/record.json")]
    return {record["key"]: (record["weights_hash"], record["predictions_hash"]) for record in records}


@pytest.mark.slow
def test_runs_whose_files_are_not_theirs_are_told_and_made_again(program: Program) -> None:
    assert program.run("run", *TRIAL, "--no-paper", "--no-estimate").code == 0
    before = _hashes(program)
    first, second, third, fourth = sorted(program.smoke_runs.iterdir())
    swapped = [folder / "predictions.safetensors" for folder in (first, second)]
    contents = [path.read_bytes() for path in swapped]
    for path, content in zip(swapped, reversed(contents), strict=True):
        path.write_bytes(content)
    weights = third / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    (fourth / "weights.safetensors").unlink()

    told = program.run("plan", *TRIAL)
    assert told.err.count("damaged record") == 4
    assert {run["status"] for run in program.planned(*TRIAL)["runs"]} == {"due"}
    program.run("paper", *TRIAL).refused(
        "no run of squares_width is done", "benchsuite run squares_width", "damaged record"
    )

    again = program.run("run", *TRIAL, "--no-paper", "--no-estimate")
    assert again.code == 0, again.err
    assert again.err.count("a damaged record counts as not done") == 4
    for path in (*swapped, weights, fourth / "weights.safetensors"):
        assert str(path.relative_to(program.folder)) in "".join(again.err.split())
    assert _hashes(program) == before
    assert [path.read_bytes() for path in swapped] == contents
    assert _leftovers(program.folder) == []


@pytest.mark.slow
def test_a_paper_that_cannot_be_made_costs_no_run(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise PaperError("the process that sets the paper ended with SIGKILL", remedy="shorten the prose")

    with monkeypatch.context() as patch:
        patch.setattr("benchsuite.commands.paper.write_paper", killed)
        outcome = program.run("run", *TRIAL, "--no-estimate")
    outcome.refused("SIGKILL", "all runs are kept", "benchsuite paper squares_width", code=1)
    assert len(_hashes(program)) == 4
    again = program.run("run", *TRIAL)
    assert again.code == 0
    assert "nothing to train" in again.err
    assert "paper.pdf" in again.err


def _leftovers(folder: Path) -> list[Path]:
    return [*folder.rglob(".tmp-*"), *folder.rglob("checkpoint.pt")]


@pytest.mark.slow
def test_threads_above_the_cores_are_told_with_what_to_do(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchsuite.commands.run.usable_cores", lambda: 1)
    done = program.run("run", "squares_width", "--policy", "sample", "--no-paper", "--no-estimate", "--threads", "2")
    assert done.code == 0
    assert "2 threads wait for one another on 1 core; fewer are faster (--threads)" in " ".join(done.err.split())


@pytest.mark.slow
def test_weights_that_are_not_kept_are_missed_by_nobody(program: Program) -> None:
    kept = program.run("run", *TRIAL, "--no-paper", "--no-estimate", "--results", "kept")
    assert kept.code == 0, kept.err
    slim = program.run("run", *TRIAL, "--no-estimate", "--weights", "none")
    assert slim.code == 0, slim.err
    assert not list(program.smoke_runs.rglob("weights.safetensors"))
    store = Store(program.smoke_runs.parent)
    assert {record.key: (record.weights_hash, record.predictions_hash) for record in store.records()} == {
        record.key: (record.weights_hash, record.predictions_hash)
        for record in Store(program.folder / "kept" / store.root.name).records()
    }
    again = program.run("run", *TRIAL, "--no-paper")
    assert "Everything is done already" in again.out + again.err
    verified = program.run("verify", *TRIAL)
    assert verified.code == 0, verified.out
    assert "the same bits" in verified.out
    assert program.run("doctor", "--results", "results").code == 0
    paper = str(store.root / "paper.pdf")
    assert program.run("check", paper).code == 0
    assert program.run("reproduce", paper).code == 0
    assert program.run("merge", "kept").code == 0
    assert len(list(program.smoke_runs.rglob("weights.safetensors"))) == 4


@pytest.mark.slow
def test_more_weights_than_anybody_expects_are_asked_about(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchsuite.commands.run.MOST_WEIGHTS", 400)
    program.run("run", *TRIAL, "--no-paper").refused("weights of these 4 runs take about", "--weights cases")
    assert not list(program.results.rglob("record.json"))
    made = program.run("run", *TRIAL, "--no-paper", "--weights", "cases")
    assert made.code == 0, made.err
    records = tuple(Store(program.smoke_runs.parent).records())
    assert {(record.spec.case.name, record.spec.seed) for record in records if keeps_weights(record)} == {
        (record.spec.case.name, 0) for record in records
    }
