"""What several machines have made becomes one study, and nothing else comes in."""

from __future__ import annotations

import json

import pytest

from benchsuite.store.run_store import Store, keeps_weights
from support.program import Program
from support.runs import put_run
from support.synthetic import make_record


def test_runs_of_two_machines_are_taken_and_then_known(program: Program) -> None:
    put_run(program.folder / "a")
    put_run(program.folder / "b", seed=1)
    dry = program.run("merge", "a", "b", "--dry-run", "--json")
    assert [row["outcome"] for row in json.loads(dry.out)] == ["taken", "taken"]
    assert not program.results.exists()
    for word in ("taken", "known"):
        done = program.run("merge", "a", "b", "--json")
        assert (done.code, [row["outcome"] for row in json.loads(done.out)]) == (0, [word, word])
    assert len(tuple(Store(program.results).records())) == 2


def test_the_folder_of_one_run_is_taken(program: Program) -> None:
    record = put_run(program.folder / "a")
    Store(program.folder / "a").folder(record.key).rename(program.folder / "one")
    assert program.run("merge", "one").code == 0
    assert Store(program.results).read(record.key) == record


def test_runs_on_the_sample_stay_apart(program: Program) -> None:
    record = put_run(program.folder / "a" / "beans_freeze@sample", sample=True)
    assert program.run("merge", "a").code == 0
    assert Store(program.results / "beans_freeze@sample").read(record.key) == record
    (program.folder / "a" / "beans_freeze@sample").rename(program.folder / "astray")
    program.run("merge", "astray").refused("synthetic sample", "@sample", code=1)


def test_other_bits_are_told_by_merge_show_and_doctor(program: Program) -> None:
    record = put_run(program.results)
    put_run(program.folder / "a", bits=1)
    program.run("merge", "a").refused("weights and predictions differ", "both are kept", code=1)
    assert "OTHER BITS" in program.run("show", record.key).out
    assert "other bits" in program.run("doctor", "--json", "--results", "results").out


@pytest.mark.parametrize("name", ["record.json", "weights.safetensors"])
def test_what_is_damaged_is_refused_and_the_rest_is_taken(program: Program, name: str) -> None:
    bad, good = put_run(program.folder / "a"), put_run(program.folder / "a", seed=1)
    (Store(program.folder / "a").folder(bad.key) / name).write_bytes(b"{")
    program.run("merge", "a").refused(name, code=1)
    assert tuple(Store(program.results).records()) == (good,)


def test_a_run_that_is_being_made_is_left_alone(program: Program) -> None:
    record = put_run(program.folder / "a")
    with Store(program.results).lock(record.key):
        program.run("merge", "a").refused("another process", "merge again", code=1)


def test_what_is_no_folder_of_results_is_refused(program: Program) -> None:
    put_run(program.results)
    program.run("merge", "results").refused("very results folder")
    program.run("merge", "nowhere").refused("not there")
    program.run("merge", "suites").refused("no results")


def test_a_failed_run_is_taken_where_nothing_better_is(program: Program) -> None:
    Store(program.folder / "a").write(make_record(failed=True))
    assert program.run("merge", "a").code == 0
    (found,) = Store(program.results).records()
    assert found.status == "failed"


@pytest.mark.slow
def test_a_study_made_in_halves_is_the_study_made_in_one(program: Program) -> None:
    given = ("run", "squares_width", "--policy", "sample", "--no-estimate")
    assert program.run(*given, "--results", "whole").code == 0
    for number in ("0", "1"):
        made = program.run(*given, "--seeds", f"{number}-{number}", "--no-paper", "--results", f"half{number}")
        assert made.code == 0, made.err
    assert program.run("merge", "half0", "half1").code == 0
    done = program.run(*given)
    assert "Everything is done already" in done.err

    def bits(results: str) -> list[tuple[str, str | None, str | None]]:
        records = Store(program.folder / results / "squares_width@sample").records()
        return [(record.key, record.weights_hash, record.predictions_hash) for record in records]

    assert bits("results") == bits("whole")
    assert (program.smoke_runs.parent / "paper.pdf").is_file()


@pytest.mark.parametrize(("weights", "seeds"), [("all", {3, 5, 7}), ("cases", {3}), ("none", set())])
def test_weights_are_taken_of_the_runs_that_are_named(program: Program, weights: str, seeds: set[int]) -> None:
    for folder, seed in (("a", 7), ("a", 3), ("b", 5)):
        put_run(program.folder / folder, seed=seed)
    assert program.run("merge", "a", "b", "--weights", weights).code == 0
    store = Store(program.results)
    assert {record.spec.seed for record in store.records() if keeps_weights(record)} == seeds
    assert {path.parent.name for path in program.results.rglob("weights.safetensors")} == {
        record.key for record in store.records() if keeps_weights(record)
    }
    assert store.damaged(thorough=True) == ()
    (first, *_) = store.records()
    shown = "".join(program.run("show", first.key).out.split())
    assert ("notkept" in shown) != keeps_weights(first)
    assert ("--weightsall" in shown) != keeps_weights(first)
    assert program.run("merge", "a", "b").code == 0
    assert all(keeps_weights(record) for record in store.records())
