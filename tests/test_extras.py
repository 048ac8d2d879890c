"""Extras: the table is that of the project, and whoever needs one that is missing is told before the work begins."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchsuite.errors import BenchsuiteError, SetupError
from benchsuite.extras import EXTRAS, missing, require
from benchsuite.registry import discover
from benchsuite.sources.download import HttpDownloader
from support.program import Program, make_program

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OPTIONAL = PROJECT["optional-dependencies"]
SEARCH = """
name: searched
title: Una búsqueda
size: {cases: 1, seeds: 1, trials: 2}
dataset: {name: squares}
model: {name: speck}
recipe: {name: finetune, max_epochs: 1, batch_size: 4}
search:
  space: {recipe.learning_rate: [0.001, 0.01, 0.1]}
  sampler: tpe
  budget: 2
seeds: 1
paper: {authors: [{name: Ada Ejemplo}]}
"""

Hide = Callable[..., None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    yield from make_program(tmp_path, monkeypatch, capsys)


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Hide:
    """Makes modules as good as not installed."""

    def hide(*names: str) -> None:
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)

    return hide


def names(requirements: Iterable[str]) -> set[str]:
    found = (re.split(r"[\[<>=~! ;]", requirement)[0] for requirement in requirements)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def test_the_table_is_that_of_the_project() -> None:
    assert set(EXTRAS) == set(OPTIONAL) - {"all", "dev", "docs"}
    assert OPTIONAL["all"] == [f"benchsuite[{','.join(sorted(EXTRAS))}]"]
    assert {"benchsuite[all]", "benchsuite[docs]"} <= set(OPTIONAL["dev"])
    owners = metadata.packages_distributions()
    for extra, modules in EXTRAS.items():
        brought = names(owner for module in modules for owner in owners[module])
        assert brought <= names(OPTIONAL[extra]), extra
        assert not brought & names(PROJECT["dependencies"]), extra


def test_what_is_there_is_enough_and_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "optuna", raising=False)
    require("the sampler tpe", "optuna")
    assert "optuna" not in sys.modules


def test_what_is_missing_is_named_with_the_command_that_installs_it(hide: Hide) -> None:
    hide("onnx", "onnxscript")
    with pytest.raises(SetupError) as caught:
        require("the format onnx", "onnx", "onnxruntime", "onnxscript", where="here", otherwise="take another")
    assert caught.value.what == "the format onnx needs onnx and onnxscript, which are not installed"
    assert caught.value.where == "here"
    assert caught.value.remedy == "pip install 'benchsuite[onnx]', or take another"


def test_a_folder_that_only_bears_the_name_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leftover_of_a_package" / "__pycache__").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert missing(("leftover_of_a_package", "json")) == ["leftover_of_a_package"]


def test_a_search_by_tpe_is_refused_when_it_is_planned(program: Program, hide: Hide) -> None:
    program.suite(SEARCH, "searched")
    hide("optuna")
    for command in ("plan", "run"):
        refused = program.run(command, "searched", "--policy", "sample")
        refused.refused("the sampler tpe needs optuna", "pip install 'benchsuite[search]'", "random or grid")
    assert not program.results.exists()
    assert "searched" in program.run("list", "suites").out
    program.suite(SEARCH.replace("tpe", "random"), "searched")
    assert program.run("plan", "searched", "--policy", "sample").code == 0


def test_check_plugin_is_refused_before_the_first_rule(program: Program, hide: Hide) -> None:
    hide("jsonschema")
    refused = program.run("check-plugin", "speck")
    refused.refused("check-plugin needs jsonschema", "pip install 'benchsuite[check-plugin]'")
    assert "✓" not in refused.err


@pytest.mark.parametrize(
    ("module", "options", "words"),
    [
        ("onnxruntime", ["--format", "onnx"], ["the format onnx needs onnxruntime", "'benchsuite[onnx]'"]),
        ("huggingface_hub", ["--hub", "ada/x"], ["--hub needs huggingface_hub", "'benchsuite[huggingface]'"]),
    ],
)
def test_an_export_is_refused_before_it_looks_for_the_run(
    program: Program, hide: Hide, module: str, options: list[str], words: list[str]
) -> None:
    hide(module)
    program.run("export", "squares_width", "-o", "out", *options).refused(*words)
    assert not (program.folder / "out").exists()


def test_a_data_set_of_the_hub_is_refused_with_its_name(hide: Hide) -> None:
    hide("huggingface_hub")
    with pytest.raises(BenchsuiteError, match=r"the data set ada/leaves of the Hugging Face Hub needs huggingface_hub"):
        HttpDownloader(lambda _: None).huggingface("ada/leaves", "a.parquet", "main")


def test_without_tensorboard_there_is_no_such_observer_and_nothing_is_set_aside(
    hide: Hide, monkeypatch: pytest.MonkeyPatch
) -> None:
    def observers() -> list[str]:
        monkeypatch.delitem(sys.modules, "benchsuite_plugins.observers.tensorboard", raising=False)
        found = discover()
        assert found.quarantined == ()
        return [type(observer).__name__ for _, observer in found.observers]

    assert "TensorBoard" in observers()
    hide("tensorboard")
    assert "TensorBoard" not in observers()
    folder = ModuleSpec("tensorboard", None)  # as a run has one
    monkeypatch.setattr("importlib.util.find_spec", lambda name: folder if name == "tensorboard" else find_spec(name))
    assert "TensorBoard" not in observers()


def test_doctor_tells_which_extras_there_are(program: Program, hide: Hide) -> None:
    hide("optuna", "jsonschema")
    told = program.run("doctor", "--json").out
    assert "check-plugin, search" in told
    assert "pip install 'benchsuite[check-plugin,search]'" in told
