"""`benchsuite.run`: the command's own way, from Python, with exceptions for what the command says on its way out."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import benchsuite
from benchsuite.errors import BenchsuiteError, DataError, PaperError, SetupError
from benchsuite.suite import SuiteError
from support.plugins import SUITE
from support.program import Program

QUICK: dict[str, Any] = {"policy": "sample", "estimate": False, "paper": False}
TINY_NETWORK = """
from benchsuite.api import Model, Parameters


class TinyParameters(Parameters):
    width: int = 4


class Tiny(Model[TinyParameters]):
    name = "tiny"
    Parameters = TinyParameters

    def title(self, params):
        return "Tiny"

    def bibtex(self, params):
        return "@misc{tiny, title={Tiny}}"

    def build(self, params, task):
        from torch import nn
        stem = nn.Conv2d(task.channels, params.width, 3)
        head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(params.width, task.classes))
        return nn.Sequential(stem, head)

    def stages(self, module):
        return {"stem": module[0], "head": module[1]}
"""


def hashes(study: benchsuite.Study) -> dict[str, bytes]:
    return {run.key: (run.folder / "predictions.safetensors").read_bytes() for run in study.runs}


@pytest.mark.slow
def test_a_call_makes_what_the_command_would_and_neither_makes_it_again(program: Program) -> None:
    study = benchsuite.run("squares_width", seeds=2, set={"recipe.max_epochs": 2}, **QUICK)
    assert (study.name, study.sample, len(study.done), study.failed) == ("squares_width", True, 4, ())
    assert [(run.case, run.seed) for run in study.runs] == [
        ("width=2", 0), ("width=4", 0), ("width=2", 1), ("width=4", 1),
    ]  # fmt: skip
    assert all(len(run.epochs) <= 2 for run in study.runs)
    assert study.frame()["test_accuracy"].null_count == 0
    options = ("--policy", "sample", "--no-paper", "--seeds", "2", "--set", "recipe.max_epochs=2")
    told = program.run("run", "squares_width", *options)
    assert told.code == 0
    assert "nothing to train" in told.err
    apart = program.run("run", "squares_width", *options, "--results", "apart", "--no-estimate")
    assert apart.code == 0
    assert hashes(benchsuite.load("apart", "squares_width")) == hashes(study)
    again = benchsuite.run("squares_width", seeds=[0, 1], set=["recipe.max_epochs=2"], **QUICK)
    assert [run.finished for run in again.runs] == [run.finished for run in study.runs]


@pytest.mark.slow
def test_runs_that_fail_are_an_error_that_has_the_others(program: Program) -> None:
    program.suite(
        SUITE.replace("vary:\n  model.width: [2, 4]", "vary:\n  model.fault: [none, build]").replace(
            "compare: {factor: model.width, baseline: 2}", "compare: {factor: model.fault, baseline: none}"
        )
    )
    with pytest.raises(benchsuite.RunsFailed) as told:
        benchsuite.run("squares_width", **QUICK)
    assert "2 of 4 runs failed" in str(told.value)
    assert "the bolt is loose" in str(told.value)
    assert told.value.remedy
    assert len(told.value.study.done) == 2
    assert {run.failure is None for run in told.value.study.done} == {True}
    assert all(run.failure and "the bolt is loose" in run.failure for run in told.value.study.failed)


@pytest.mark.slow
def test_a_paper_that_cannot_be_made_is_an_error_and_costs_no_run(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise PaperError("the process that sets the paper ended", remedy="shorten the prose")

    monkeypatch.setattr("benchsuite.commands.paper.write_paper", killed)
    with pytest.raises(PaperError) as told:
        benchsuite.run("squares_width", policy="sample", estimate=False)
    assert "all runs are kept" in "".join(told.value.__notes__)
    assert len(benchsuite.load("results", "squares_width").done) == 4


@pytest.mark.slow
def test_a_call_in_a_thread_and_two_at_once_share_the_work(program: Program) -> None:
    program.suite(SUITE.replace("{name: speck}", "{name: speck, fault: slow}"))
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(benchsuite.run, "squares_width", **QUICK) for _ in range(2)]
        first, second = (one.result(timeout=300) for one in both)
    assert hashes(first) == hashes(second)
    assert len(first.done) == len(second.done) == 4
    assert [run.finished for run in first.runs] == [run.finished for run in second.runs]
    assert not [path for path in program.results.rglob("*") if path.suffix == ".pt" or path.name.startswith(".tmp-")]
    assert not [one for one in threading.enumerate() if one.name.startswith("benchsuite")]


@pytest.mark.slow
def test_a_plugin_that_is_edited_between_two_calls_is_read_again(program: Program) -> None:
    program.suite(SUITE.replace("{name: speck}", "{name: tiny}"))
    file = program.folder / "my_network.py"
    file.write_text(TINY_NETWORK)
    before = benchsuite.run("squares_width", plugins="my_network.py", **QUICK)
    file.write_text(
        TINY_NETWORK.replace("width: int = 4", "width: int = 4\n    bias: bool = False").replace(
            "params.width, 3)", "params.width, 3, bias=params.bias)"
        )
    )
    after = benchsuite.run("squares_width", **QUICK)
    assert {run.key for run in before.runs}.isdisjoint(run.key for run in after.runs)
    assert len(benchsuite.run("squares_width", set={"model.bias": True}, **QUICK).done) == 4


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"suite": "beans_freez"}, SuiteError, "beans_freeze"),
        ({"suite": "nowhere.yaml"}, SuiteError, "does not exist"),
        ({"suite": ""}, SuiteError, "no suite"),
        ({"suite": None}, SetupError, "suite is None"),
        ({"suite": Path("nowhere.yaml")}, SuiteError, "does not exist"),
        ({"set": {"recipe.max_epoch": 2}}, SuiteError, "max_epochs"),
        ({"set": {"recipe.max_epochs": "many"}}, SuiteError, "recipe.max_epochs"),
        ({"set": {"model.width": 3}}, SuiteError, "model.width"),
        ({"set": {3: 3}}, SuiteError, "3"),
        ({"set": {"recipe.max_epochs": object()}}, SetupError, "recipe.max_epochs"),
        ({"set": 3}, SetupError, "set is 3"),
        ({"cases": "width=3"}, SetupError, "width=4"),
        ({"seeds": 0}, SuiteError, "seeds"),
        ({"seeds": -1}, SuiteError, "seeds"),
        ({"seeds": [1, 1]}, SuiteError, "twice"),
        ({"seeds": 0.5}, SetupError, "seeds is 0.5"),
        ({"policy": "fake"}, SetupError, "'sample'"),
        ({"device": "tpu"}, SetupError, "'cuda'"),
        ({"policy": "real", "data": "nowhere"}, DataError, "nowhere"),
        ({"workers": 0}, SetupError, "workers is 0"),
        ({"threads": 1.5}, SetupError, "threads is 1.5"),
        ({"weights": "some"}, SetupError, "'cases'"),
        ({"template": "poster"}, SetupError, "'ieee'"),
        ({"page": "a5"}, SetupError, "'a4'"),
        ({"executor": "nobody"}, SetupError, "nobody"),
        ({"executor_options": {"address": "x"}}, SetupError, "local"),
        ({"plugins": "nowhere.py"}, BenchsuiteError, "nowhere.py"),
        ({"results": ""}, SetupError, "results is ''"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(
    program: Program, arguments: dict[str, Any], kind: type[BenchsuiteError], words: str
) -> None:
    with pytest.raises(BenchsuiteError) as told:
        benchsuite.run(**{"suite": "squares_width", **QUICK, **arguments})
    assert isinstance(told.value, kind)
    assert words in str(told.value)
    assert not list(program.folder.rglob("record.json"))


def test_what_the_environment_names_counts_as_for_the_command(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCHSUITE_DATA", "not-there")
    with pytest.raises(DataError, match="not-there"):
        benchsuite.run("squares_width", policy="real", paper=False)
    monkeypatch.setenv("BENCHSUITE_EXECUTOR", "nobody")
    with pytest.raises(SetupError, match="nobody"):
        benchsuite.run("squares_width", **QUICK)


def test_a_defect_is_an_error_of_the_family(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the core divides by zero")

    monkeypatch.setattr("benchsuite.commands.run.make_study", broken)
    monkeypatch.setattr("tempfile.tempdir", str(program.folder))
    with pytest.raises(BenchsuiteError, match="a defect of benchsuite: ZeroDivisionError"):
        benchsuite.run("squares_width", **QUICK)


def test_nothing_of_this_process_is_changed(program: Program) -> None:
    before = dict(os.environ)
    with pytest.raises(SuiteError):
        benchsuite.run("nothing")
    assert dict(os.environ) == before
