"""A student's file beside the suite: its components are listed, planned and run, workers included."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from support.plugins import TINY
from support.program import Program

SUITE = """
name: own_parts
title: Con piezas propias
size: {cases: 1, seeds: 1}
plugins: [student_parts.py]
dataset: {name: dots}
model: {name: dash}
recipe: {name: finetune, max_epochs: 1, batch_size: 4}
seeds: 1
"""


@pytest.fixture
def beside(program: Program) -> Path:
    """The file, whose data set and model have other names than those of the installed plugin."""
    program.suite(SUITE, "own_parts")
    program.patch.setattr(sys, "path", list(sys.path))
    file = program.folder / "suites" / "student_parts.py"
    file.write_text(TINY.replace('name = "squares"', 'name = "dots"').replace('name = "speck"', 'name = "dash"'))
    program.patch.delitem(sys.modules, "student_parts", raising=False)
    return file


def test_a_suite_runs_with_the_file_that_it_names(program: Program, beside: Path) -> None:
    done = program.run("run", "own_parts", "--policy", "sample", "--no-paper", "--no-estimate")
    assert done.code == 0, done.err
    (record,) = (program.results / "own_parts@sample" / "runs").glob("*/record.json")
    case = json.loads(record.read_text())["spec"]["case"]
    assert (case["model"]["distribution"], case["model"]["name"]) == ("local", "dash")
    beside.write_text(beside.read_text().replace("padding=1", "padding=2"))
    program.patch.delitem(sys.modules, "student_parts")
    due = program.planned("own_parts", "--policy", "sample")["runs"]
    assert [run["status"] for run in due] == ["due"]  # for its source has changed


def test_a_file_is_named_on_the_command_line(program: Program, beside: Path) -> None:
    listed = json.loads(program.run("list", "models", "--json", "--plugins", str(beside)).out)["models"]
    assert any(row["name"] == "dash" and row["provided by"].startswith("local ") for row in listed)


def test_a_file_that_is_not_there_is_refused(program: Program, beside: Path) -> None:
    program.run("plan", "own_parts", "--plugins", "nowhere.py").refused("nothing at this place", "nowhere.py")
    beside.unlink()
    program.run("plan", "own_parts", "--policy", "sample").refused("nothing at this place", "student_parts.py")
    listed = program.run("list", "suites")
    assert listed.code == 0
    assert "INVALID" in listed.out
