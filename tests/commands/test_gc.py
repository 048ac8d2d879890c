"""What no suite asks for any more is listed, and goes when asked to; what is at work, asked for or unknown stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchsuite.atomic_files import temporary_path
from benchsuite.registry import registry
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import CHECKPOINT, LOG, PREDICTIONS, RECORD, WEIGHTS, Store
from benchsuite.suite import expand
from benchsuite.suite.reader import read_suite
from support.plugins import SUITE
from support.program import Outcome, Program
from support.runs import put_planned
from support.synthetic import make_record

DAY = 86_400
WIDER = SUITE.replace("[2, 4]", "[4, 8]").replace("baseline: 2", "baseline: 4")
"""The suite after a case was taken out and another put in."""


@pytest.fixture(autouse=True)
def _own_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other programs of this machine left among its temporary files is not of these tests."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))


def put_study(program: Program, **changes: Any) -> list[RunRecord]:
    """Every run of the suite as it stands, as done on real data."""
    known = registry()
    plan = expand(read_suite(program.folder / "suites" / "squares_width.yaml", known), known)
    return [put_planned(program.results, spec, known, **changes) for spec in plan.runs]


def listed(program: Program, *arguments: str, code: int = 0) -> dict[str, Any]:
    outcome = program.run("gc", "results", "--json", *arguments)
    assert outcome.code == code, outcome.err
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def keys(store: Path) -> set[str]:
    return set(Store(store).run_keys())


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_runs_that_a_suite_asks_for_are_no_garbage_whoever_made_them(program: Program) -> None:
    put_study(program)
    put_study(program, code={"benchsuite": "an older version"})
    found = listed(program)
    assert [one["key"] for one in found["garbage"] if one["kind"] == "run"] == []
    assert "squares_width" in found["suites"]


def test_a_case_that_left_its_suite_is_listed_with_the_reason_and_removed_only_when_asked(program: Program) -> None:
    records = put_study(program)
    program.suite(WIDER)
    before = everything(program.results)
    found = listed(program)
    gone = {record.key for record in records if record.spec.case.name == "width=2"}
    assert {one["key"] for one in found["garbage"]} == gone
    assert {one["outcome"] for one in found["garbage"]} == {"listed"}
    assert all("model.width: 2 -> 4" in one["why"] for one in found["garbage"]), found
    assert found["bytes"] == sum(one["bytes"] for one in found["garbage"]) > 0
    assert {one["run"] for one in found["garbage"]} == {f"squares_width/width=2/{seed}" for seed in (0, 1)}
    assert everything(program.results) == before, "looking changes nothing"
    told = program.run("gc", "results")
    assert told.code == 0
    assert "--delete" in told.err
    assert "becomes due" in told.err
    assert everything(program.results) == before
    assert {one["outcome"] for one in listed(program, "--delete")["garbage"]} == {"removed"}
    assert keys(program.results) == {record.key for record in records} - gone
    assert listed(program)["garbage"] == []


def test_a_seed_too_many_is_listed(program: Program) -> None:
    put_study(program)
    program.suite(SUITE.replace("seeds: 2}", "seeds: 1}").replace("\nseeds: 2", "\nseeds: 1"))
    found = listed(program)
    assert len(found["garbage"]) == 2
    assert all("no seed 1" in one["why"] for one in found["garbage"])


def test_a_run_that_another_suite_asks_for_stays(program: Program) -> None:
    put_study(program)
    program.suite(WIDER)
    program.suite(SUITE.replace("squares_width", "others"), "others")
    assert listed(program)["garbage"] == []


def test_a_suite_that_cannot_be_read_ends_it_and_nothing_goes(program: Program) -> None:
    put_study(program)
    program.suite(WIDER)
    program.suite(SUITE.replace("speck", "spek"), "broken")
    before = everything(program.results)
    program.run("gc", "results", "--delete").refused("broken.yaml", "cannot be read", "--suite", "nothing was removed")
    assert everything(program.results) == before
    named = listed(program, "--suite", "squares_width")
    assert len(named["garbage"]) == 2
    assert named["suites"] == ["squares_width"]
    program.run("gc", "results", "--suite", "broken").refused("broken.yaml", "cannot be read")


def test_the_runs_of_a_suite_that_is_gone_stay_until_it_is_given_up(program: Program) -> None:
    records = put_study(program)
    (program.folder / "suites" / "squares_width.yaml").unlink()
    found = listed(program)
    assert found["garbage"] == []
    assert [(one["suite"], one["runs"]) for one in found["kept"]] == [("squares_width", 4)]
    assert "--forget" in found["kept"][0]["why"]
    program.run("gc", "results", "--forget", "square").refused("no run here", "squares_width")
    assert len(listed(program, "--forget", "squares_width", "--delete")["garbage"]) == len(records)
    assert keys(program.results) == set()


def test_a_suite_that_asks_for_none_of_its_runs_was_changed_and_they_stay(program: Program) -> None:
    put_study(program)
    program.suite(SUITE.replace("batch_size: 4", "batch_size: 2"))
    found = listed(program)
    assert found["garbage"] == []
    assert "was changed" in found["kept"][0]["why"]
    assert len(listed(program, "--forget", "squares_width")["garbage"]) == 4


def test_a_suite_that_has_its_paper_there_is_found_wherever_its_file_lies(program: Program) -> None:
    put_study(program)
    elsewhere = program.folder / "elsewhere.yaml"
    (program.folder / "suites" / "squares_width.yaml").rename(elsewhere)
    assert listed(program)["kept"], "nothing says where it is"
    assert listed(program, "--suite", "elsewhere.yaml")["kept"] == []
    note = program.results / "squares_width" / ".suite"
    note.parent.mkdir()
    note.write_text(f"{elsewhere}\n")
    assert listed(program)["kept"] == []


def test_a_run_that_newer_code_made_again_is_listed_and_the_newest_stays(program: Program) -> None:
    old = put_study(program, code={"benchsuite": "an older version"})
    assert listed(program)["garbage"] == [], "there is no other result of them"
    new = put_study(program)
    found = listed(program, "--delete")
    assert {one["kind"] for one in found["garbage"]} == {"replaced"}
    assert {one["key"] for one in found["garbage"]} == {record.key for record in old}
    assert keys(program.results) == {record.key for record in new}


def test_smoke_runs_are_judged_by_the_smoke_plan(program: Program) -> None:
    made = program.run("run", "squares_width", "--policy", "sample", "--no-paper", "--no-estimate")
    assert made.code == 0, made.err
    assert listed(program)["garbage"] == []

    assert len(keys(program.results / "squares_width@sample")) == 4
    program.suite(WIDER)
    found = listed(program)
    assert {one["run"] for one in found["garbage"]} == {f"squares_width/width=2/{seed}" for seed in (0, 1)}


@pytest.mark.parametrize("name", ["notes.md", "plots/curve.png"])
def test_what_somebody_put_beside_a_run_keeps_it(program: Program, name: str) -> None:
    records = put_study(program)
    program.suite(WIDER)
    folder = Store(program.results).folder(next(r.key for r in records if r.spec.case.name == "width=2"))
    for path in folder.iterdir():
        os.utime(path, (time.time() - DAY,) * 2)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("mine")
    found = listed(program, "--delete")
    assert len(found["garbage"]) == 1
    assert any(Path(name).name in one["why"] for one in found["kept"])
    assert (folder / name).read_text() == "mine"


def test_what_an_observer_left_goes_with_its_run(program: Program) -> None:
    records = put_study(program)
    program.suite(WIDER)
    folder = Store(program.results).folder(next(r.key for r in records if r.spec.case.name == "width=2"))
    events = folder / "tensorboard" / "events"
    events.parent.mkdir()
    events.write_text("x")
    os.utime(events, (time.time() - DAY,) * 2)
    assert len(listed(program, "--delete")["garbage"]) == 2
    assert not folder.exists()


def test_files_that_benchsuite_does_not_know_stay(program: Program) -> None:
    put_study(program)
    for name in ("thesis.tex", "runs/README", "runs/backup/record.json", "squares_width/paper.pdf"):
        (program.results / name).parent.mkdir(exist_ok=True)
        (program.results / name).write_text("mine")
    program.suite(WIDER)
    listed(program, "--delete")
    for name in ("thesis.tex", "runs/README", "runs/backup/record.json", "squares_width/paper.pdf"):
        assert (program.results / name).read_text() == "mine"


def test_temporary_files_of_the_dead_and_checkpoints_of_the_done_go_and_those_of_the_living_stay(
    program: Program,
) -> None:
    record = put_study(program)[0]
    folder = Store(program.results).folder(record.key)
    living = temporary_path(folder / "weights.safetensors")
    pid, start = living.name.split("-")[2:4]
    dead = living.with_name(living.name.replace(f"-{pid}-{start}-", f"-{pid}-{int(start) - 1}-"))
    for path in (living, dead, folder / CHECKPOINT):
        path.write_bytes(b"x" * 10)
    assert {one["kind"] for one in listed(program, "--delete")["garbage"]} == {"temporary", "checkpoint"}
    assert living.exists()
    assert not dead.exists()
    assert not (folder / CHECKPOINT).exists()
    assert Store(program.results).read(record.key) == record


@pytest.mark.parametrize(("kept", "left"), [("all", 4), ("cases", 2), ("none", 0)])
def test_weights_that_were_not_asked_for_go_and_their_runs_stay_done(program: Program, kept: str, left: int) -> None:
    records = put_study(program)
    found = listed(program, "--weights", kept, "--delete")
    assert [one["kind"] for one in found["garbage"]] == ["weights"] * (4 - left)
    store = Store(program.results)
    assert [store.read(record.key) is not None for record in records] == [True] * 4, "none counts as damaged"
    assert len(list(program.results.glob(f"runs/*/{WEIGHTS}"))) == left
    assert len(list(program.results.glob(f"runs/*/{PREDICTIONS}"))) == 4
    if kept == "cases":
        assert {r.spec.seed for r in store.records() if WEIGHTS in r.files} == {0}
    assert listed(program, "--weights", kept)["garbage"] == []


def test_weights_of_a_record_that_lists_no_files_go_too(program: Program) -> None:
    record = put_study(program)[0]
    path = Store(program.results).folder(record.key) / RECORD
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": {}}))
    listed(program, "--weights", "none", "--delete")
    again = Store(program.results).read(record.key, thorough=True)
    assert again is not None
    assert set(again.files) == {PREDICTIONS}


def test_only_what_was_not_touched_for_long_goes(program: Program) -> None:
    records = put_study(program)
    program.suite(WIDER)
    old = next(record for record in records if record.spec.case.name == "width=2")
    for path in Store(program.results).folder(old.key).iterdir():
        os.utime(path, (time.time() - 40 * DAY,) * 2)
    assert [one["key"] for one in listed(program, "--older-than", "30d")["garbage"]] == [old.key]
    assert [one["key"] for one in listed(program, "--older-than", "5w", "--delete")["garbage"]] == [old.key]
    assert program.run("gc", "results", "--older-than", "a month").code == 2


def test_what_was_begun_goes_only_when_asked_and_is_said_to_begin_anew(program: Program) -> None:
    put_study(program)
    folder = Store(program.results).folder("f" * 32)
    folder.mkdir()
    (folder / LOG).write_text(f"2026-01-01T00:00:00Z run {'f' * 32}: squares_width, width=2, seed 7\n")
    (folder / CHECKPOINT).write_bytes(b"x")
    found = listed(program)
    assert found["garbage"] == []
    assert any("--unfinished" in one["why"] for one in found["kept"])
    with Store(program.results).lock("f" * 32):
        assert listed(program, "--unfinished")["garbage"] == [], "somebody is at it"
    (one,) = listed(program, "--unfinished", "--delete")["garbage"]
    assert one["run"] == "squares_width, width=2, seed 7"
    assert "anew" in one["due"]
    assert not folder.exists()


def test_a_run_that_another_process_holds_stays_and_the_exit_code_says_so(program: Program) -> None:
    records = put_study(program)
    program.suite(WIDER)
    held = next(record.key for record in records if record.spec.case.name == "width=2")
    code = (
        "import sys; from pathlib import Path; from benchsuite.store.run_store import Store\n"
        "with Store(Path('results')).lock(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, held], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        found = listed(program, "--delete", code=1)
        holder.communicate(timeout=60)
    outcomes = {one["key"]: one["outcome"] for one in found["garbage"]}
    assert outcomes.pop(held) == "stays"
    assert set(outcomes.values()) == {"removed"}
    assert Store(program.results).read(held) is not None
    assert listed(program, "--delete")["garbage"][0]["outcome"] == "removed"


def test_nothing_of_a_suite_goes_while_a_command_makes_its_runs(program: Program) -> None:
    put_study(program)
    program.suite(WIDER)
    with Store(program.results).making("squares_width"):
        found = listed(program, "--weights", "none", "--delete")
        assert found["garbage"] == []
        assert "makes runs of squares_width now" in found["kept"][0]["why"]
    assert len(listed(program)["garbage"]) == 2


@pytest.mark.slow
def test_gc_beside_a_study_that_is_being_made_takes_nothing_of_it(program: Program) -> None:
    """A real command makes runs that the suite does not ask for (--set), as long as gc looks and deletes."""
    made = program.run("run", "squares_width", "--policy", "sample", "--no-paper", "--no-estimate")
    assert made.code == 0, made.err
    arguments = ("run", "squares_width", "--policy", "sample", "--no-paper", "--no-estimate")
    change = ("--set", "model.fault=slow", "--set", "recipe.max_epochs=4", "--workers", "1")
    with program.start(*arguments, *change, TINY_SLOW_SECONDS="0.2") as process:
        limit = time.monotonic() + 300
        while len(list(program.smoke_runs.glob("*/record.json"))) < 6:  # two of its four are done
            assert process.poll() is None, "the study ended before two of its runs were seen"
            assert time.monotonic() < limit, "no run of the study came to an end in 300 s"
            time.sleep(0.05)
        arguments_of_gc = ("gc", "results", "--delete", "--unfinished", "--weights", "none", "--json")
        beside = [program.run(*arguments_of_gc) for _ in range(3)]
        assert process.poll() is None, "gc looked while runs were made"
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    for outcome in beside:
        assert outcome.code == 0, outcome.err
        assert [one for one in json.loads(outcome.out)["garbage"] if one["kind"] != "temporary"] == []
    records = list(Store(program.results / "squares_width@sample").records())
    assert len(records) == 8
    assert len([one for one in records if one.spec.case.model.parameters["fault"] == "slow"]) == 4
    assert not list(program.smoke_runs.glob(".tmp-*")), "the mark goes with the command"
    assert len(listed(program)["garbage"]) == 4, "now nobody makes them, and no suite asks for them"


def test_records_of_a_newer_version_end_it(program: Program) -> None:
    record = put_study(program)[0]
    path = Store(program.results).folder(record.key) / RECORD
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 99}))
    before = everything(program.results)
    outcome = program.run("gc", "results", "--delete", "--json")
    outcome.refused("schema version 99", "newer benchsuite")
    assert json.loads(outcome.out)["error"]["kind"] == "store"
    assert everything(program.results) == before


def test_damaged_records_stay_and_are_told(program: Program) -> None:
    record = put_study(program)[0]
    (Store(program.results).folder(record.key) / RECORD).write_text("{")
    assert any("damaged" in one["why"] for one in listed(program, "--delete")["kept"])
    assert Store(program.results).folder(record.key).is_dir()


def test_a_folder_without_results_is_refused(program: Program) -> None:
    program.run("gc", "nowhere").refused("not there", "nowhere", "remedy")
    (program.folder / "empty").mkdir()
    program.run("gc", "empty").refused("no results", "empty", "remedy")


def test_nothing_to_remove_is_said(program: Program) -> None:
    put_study(program)
    outcome: Outcome = program.run("gc", "results")
    assert outcome.code == 0
    assert "nothing to remove" in outcome.err


def test_a_failed_run_of_a_case_that_is_gone_goes_too(program: Program) -> None:
    put_study(program)
    known = registry()
    plan = expand(read_suite(program.folder / "suites" / "squares_width.yaml", known), known)
    failed = put_planned(program.results, plan.runs[0].model_copy(update={"seed": 9}), known)
    Store(program.results).remove(failed.key)
    Store(program.results).write(make_record(failed.spec, failed=True, key=failed.key, key_fields=failed.key_fields))
    (one,) = listed(program)["garbage"]
    assert one["why"] == "it failed, and squares_width has no seed 9"
