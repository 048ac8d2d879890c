"""What runs are called: plan, run, show and why mean the same by a name, whatever the study was called before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchsuite import file_stamps
from benchsuite.api import WeightsRequest
from benchsuite.commands.options import StudyOptions
from benchsuite.commands.session import open_study
from benchsuite.commands.verify import _finished, find_pairs
from benchsuite.store.run_store import Store
from support.large_study import make_done
from support.plugins import SUITE
from support.program import Program

NAMED = SUITE.replace(
    "vary:\n  model.width: [2, 4]\n",
    "cases:\n  - {name: narrow, set: {model.width: 2}}\n  - {name: wide, set: {model.width: 4}}\n",
).replace("factor: model.width, baseline: 2", "baseline: narrow")
DATA = ("--data", "data")


@pytest.fixture
def study(program: Program) -> Program:
    """A study of four runs on data of its own, all of which are done."""
    assert program.run("plan", "squares_width", "--policy", "sample").code == 0
    (sample,) = (program.cache / "samples").iterdir()
    shutil.copytree(sample / "squares", program.folder / "data" / "squares")
    program.suite(NAMED)
    make_all(program)
    return program


def make_all(program: Program) -> None:
    make_done(open_study("squares_width", StudyOptions(data=Path("data")), download=False).preparation.tasks)


def statuses(program: Program, suite: str) -> list[str]:
    """What `plan` and `why` say of each run, which is one truth."""
    planned = program.planned(suite, *DATA)["runs"]
    explained = json.loads(program.run("why", suite, *DATA, "--json").out)
    assert [run["key"] for run in planned] == [run["key"] for run in explained]
    assert [run["status"] == "done" for run in planned] == [not run["due"] for run in explained]
    return [run["status"] for run in planned]


def shown(program: Program, run: str, *options: str) -> list[tuple[str, str, int]]:
    """Suite, case and seed of each record that `show` means by a name."""
    outcome = program.run("show", run, "--json", *(options or DATA))
    assert outcome.code == 0, outcome.err
    specs = [record["spec"] for record in json.loads(outcome.out)]
    return [(spec["suite"], spec["case"]["name"], spec["seed"]) for spec in specs]


def runs(suite: str, *cases: str) -> list[tuple[str, str, int]]:
    return [(suite, case, seed) for case in cases for seed in (0, 1)]


def test_a_study_that_was_renamed_is_shown_under_its_new_name(study: Program) -> None:
    study.suite(NAMED.replace("name: squares_width", "name: pajaros"), "pajaros")
    assert statuses(study, "pajaros") == ["done"] * 4
    for name in ("pajaros", "suites/pajaros.yaml"):
        assert shown(study, name) == runs("pajaros", "narrow", "wide")
    assert shown(study, "pajaros/wide/1") == [("pajaros", "wide", 1)]
    (study.folder / "suites" / "squares_width.yaml").unlink()
    assert shown(study, "squares_width") == runs("squares_width", "narrow", "wide")


def test_a_file_may_be_called_otherwise_than_its_study(study: Program) -> None:
    (study.folder / "suites" / "squares_width.yaml").rename(study.folder / "suites" / "aves3.yaml")
    for name in ("aves3", "suites/aves3.yaml", str(study.folder / "suites" / "aves3.yaml")):
        assert statuses(study, name) == ["done"] * 4
        assert shown(study, name) == runs("squares_width", "narrow", "wide")


def test_a_case_that_was_renamed_is_called_by_either_name(study: Program) -> None:
    study.suite(NAMED.replace("name: wide", "name: ancha/2"[:11]))
    assert statuses(study, "squares_width") == ["done"] * 4
    assert shown(study, "squares_width") == runs("squares_width", "narrow", "ancha")
    for name in ("ancha", "wide"):
        assert shown(study, f"squares_width/{name}") == runs("squares_width", "ancha")
        assert shown(study, f"squares_width/{name}/1") == [("squares_width", "ancha", 1)]
        assert "ancha, seed 1" in study.run("why", f"squares_width/{name}/1", *DATA).out
    key = json.loads(study.run("show", "squares_width/ancha/1", "--json", *DATA).out)[0]["key"]
    assert study.run("why", key, *DATA).out == f"ancha, seed 1 ({key[:12]}): done\n"


def test_records_of_a_study_as_it_was_are_shown_and_told_as_such(study: Program) -> None:
    study.suite(NAMED.replace("max_epochs: 3", "max_epochs: 2"))
    assert statuses(study, "squares_width") == ["due"] * 4
    outcome = study.run("show", "squares_width", *DATA)
    assert "4 runs" in outcome.out
    assert "as it was" in outcome.err
    changed = study.run("why", "squares_width/wide/0", *DATA).out
    assert "changed: recipe.max_epochs: 3 -> 2" in changed


def test_without_the_data_the_records_are_still_shown(study: Program) -> None:
    shutil.rmtree(study.folder / "data")
    assert shown(study, "squares_width", "--policy", "auto") == runs("squares_width", "narrow", "wide")


def test_a_key_whose_study_is_gone_says_so(study: Program) -> None:
    key = json.loads(study.run("show", "squares_width/wide/0", "--json", *DATA).out)[0]["key"]
    (study.folder / "suites" / "squares_width.yaml").unlink()
    study.run("why", key[:8], *DATA).refused("made for the suite 'squares_width'", "name the suite as it is called now")
    assert shown(study, key[:8]) == [("squares_width", "wide", 0)]


def test_a_suite_that_cannot_be_read_says_why_where_it_has_no_records(study: Program) -> None:
    study.suite(NAMED.replace("squares_width", "nueva").replace("max_epochs", "max_epoch"), "nueva")
    study.run("show", "nueva", *DATA).refused("max_epoch")
    study.run("show", "ninguna", *DATA).refused("no record of 'ninguna'", "squares_width")


def test_weights_that_cannot_be_had_are_one_truth_for_all_commands(
    study: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network two models start from random weights; only `run` finds that out, and it must not matter."""
    from tiny_squares import Speck  # type: ignore[import-not-found]

    def weights(self: object, params: object) -> WeightsRequest:
        width = params.width  # type: ignore[attr-defined]
        return WeightsRequest(f"ancho{width}", f"ancho{width}.pth", url="https://127.0.0.1:9/weights.pth")

    monkeypatch.setattr(Speck, "weights", weights)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert statuses(study, "squares_width") == ["done"] * 4
    assert len(shown(study, "squares_width")) == 4
    outcome = study.run("run", "squares_width", *DATA, "--no-paper")
    assert "Everything is done already" in outcome.err
    for width in (2, 4):
        assert f"weights: ancho{width}, random" in outcome.err


def test_a_damaged_record_is_not_said_to_be_none(study: Program) -> None:
    key = json.loads(study.run("show", "squares_width/wide/0", "--json", *DATA).out)[0]["key"]
    (study.results / "runs" / key / "record.json").write_text("")
    study.run("show", key[:8]).refused("not JSON", "run the suite again")
    study.run("show", "squares_width/wide/0", *DATA).refused("1 record there cannot be read", "benchsuite doctor")
    assert len(shown(study, "squares_width")) == 3


@pytest.fixture
def read(study: Program, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the records that are read from now on, where all have been looked at before."""
    monkeypatch.setattr(file_stamps, "SETTLED_NS", -(10**18))  # they are new
    assert statuses(study, "squares_width") == ["done"] * 4
    keys: list[str] = []
    load = Store.load

    def noted(store: Store, key: str, *given: Any, **named: Any) -> Any:
        keys.append(key)
        return load(store, key, *given, **named)

    monkeypatch.setattr(Store, "load", noted)
    return keys


def test_who_asks_for_a_run_has_no_other_read(study: Program, read: list[str]) -> None:
    assert shown(study, "squares_width/wide/1") == [("squares_width", "wide", 1)]
    (key,) = read
    assert shown(study, key[:8]) == [("squares_width", "wide", 1)]
    assert read == [key, key]
    assert "done" in study.run("why", "squares_width/wide/1", *DATA).out
    assert statuses(study, "squares_width") == ["done"] * 4
    assert read == [key, key], "why a run is done is known without its record"
    study.suite(NAMED.replace("max_epochs: 3", "max_epochs: 2"))
    changed = study.run("why", "squares_width/wide/1", *DATA).out
    assert "changed: recipe.max_epochs: 3 -> 2" in changed
    assert read == [key, key, key]
    assert shown(study, "squares_width/wide/1") == [("squares_width", "wide", 1)]
    assert read == [key] * 4


@pytest.mark.parametrize("changed", [False, True])
def test_verify_reads_as_many_records_as_it_repeats(study: Program, read: list[str], changed: bool) -> None:
    options = StudyOptions(data=Path("data"), threads=2 if changed else None)
    opened = open_study("squares_width", options, download=False)
    tasks, store = opened.preparation.tasks, Store(opened.preparation.runs_folder)
    known, every = opened.survey().outcomes, tuple(store.records())
    read.clear()
    for runs in (1, 2, 99):
        found = find_pairs(tasks, _finished(tasks, store, known, runs))[:runs]
        assert found == find_pairs(tasks, every)[:runs]
        assert len(found) == min(runs, len(tasks))
        assert len(read) == (len(tasks) if changed else len(found)), "of others only what may be the closest"
        read.clear()
