"""`benchsuite check-plugin`: what it finds by which name, what it says, what it keeps and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchsuite.registry import registry
from benchsuite.scaffold import Package, write_package
from benchsuite.testing.rules import catalogue, component
from benchsuite.testing.runner import conformance_cards
from support.program import Program

pytestmark = pytest.mark.slow


BAD = "raise RuntimeError('no bolt')"
FEW = ("smoke-valid", "bibtex-reads", "parameters-bounded")


@pytest.fixture(autouse=True)
def _few_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rules that need no run; one of them is broken by the tiny plugin, whose parameters have no bounds."""
    few = tuple(rule for rule in component.RULES if rule.id in FEW)
    monkeypatch.setattr(catalogue, "rules_of", lambda kind: few)
    monkeypatch.setenv("BENCHSUITE_CARDS", str(tmp_path / "cards"))


def test_a_component_that_keeps_the_rules_passes(program: Program) -> None:
    done = program.run("check-plugin", "finetune")
    assert done.code == 0, done.err
    assert "recipe finetune, benchsuite 0.1.0: 2 of 2 checks" in done.out
    assert "✓ the changes for a smoke run are parameters of its own" in done.err
    assert "its BibTeX can be read" in done.out


def test_a_broken_rule_is_explained_and_kept(program: Program) -> None:
    done = program.run("check-plugin", "tiny-squares:speck")
    assert done.code == 1, done.err
    assert "model speck, tiny-squares 1.0: 2 of 3 checks" in done.out
    assert "✗ every number has a bound and every text a limit" in done.err
    assert "without one: SpeckParameters.width (a number)" in done.err
    assert "remedy: Field(ge=..., le=...)" in done.err
    assert "speck does not keep its contract: parameters-bounded" in done.err
    entry = registry().model("speck")
    card = conformance_cards.find("tiny-squares", "model", "speck", cards_fingerprint(entry.module))
    assert card is not None
    assert card.summary == "2 of 3 checks"


def cards_fingerprint(module: str) -> str:
    from benchsuite.identity.source_fingerprint import component_fingerprint

    return component_fingerprint(module)


def test_a_distribution_is_checked_whole(program: Program) -> None:
    done = program.run("check-plugin", "Tiny_Squares", "--json")
    assert done.code == 1
    found = json.loads(done.out)
    assert [(card["kind"], card["name"]) for card in found] == [("dataset", "squares"), ("model", "speck")]
    assert {check["id"] for card in found for check in card["checks"]} == set(FEW)


def test_parameters_are_set_and_said(program: Program) -> None:
    done = program.run("check-plugin", "speck", "--set", "width=8", "--set", "fault=none", "--json")
    assert json.loads(done.out)[0]["parameters"] == {"width": 8, "fault": "none"}
    assert registry().model("speck") is not None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["speckk"], ["no component, distribution or file is called 'speckk'", "did you mean 'speck'?"]),
        (["speck", "--set", "widht=8"], ["--set widht=8", "no such parameter", "did you mean 'width'?"]),
        (["speck", "--set", "width=broad"], ["width", "an integer"]),
        (["speck", "--set", "width"], ["this is no change"]),
        (["image_folder"], ["folder"]),
        (["bad-thing"], ["the plugin bad_thing cannot be used", "no bolt"]),
        (["nowhere/plugin.py"], ["there is no such file or folder"]),
    ],
)
def test_what_cannot_be_checked_is_refused(program: Program, arguments: list[str], words: list[str]) -> None:
    program.install("bad-thing", BAD)
    program.run("check-plugin", *arguments).refused(*words)


@pytest.mark.parametrize("whole_folder", [False, True])
def test_a_file_is_checked(program: Program, whole_folder: bool) -> None:
    from support.plugins import TINY

    file = program.folder / "mine" / f"my_squares_{int(whole_folder)}.py"  # a process knows one module of a name
    file.parent.mkdir()
    file.write_text(TINY)
    done = program.run("check-plugin", str(file.parent if whole_folder else file), "--json")
    found: list[dict[str, Any]] = json.loads(done.out)
    assert [(card["distribution"], card["name"]) for card in found] == [("local", "squares"), ("local", "speck")]


def test_an_executor_has_a_card_like_every_component(program: Program) -> None:
    package = Package("executor", "far_lanes", program.folder / "benchsuite-far-lanes", 2026)
    write_package(package)
    done = program.run("check-plugin", str(package.folder), "--json")
    assert done.code == 0, done.err
    (found,) = json.loads(done.out)
    assert (found["kind"], found["name"]) == ("executor", "far_lanes")
    assert {check["id"]: check["status"] for check in found["checks"]} == {
        "parameters-bounded": "passed",
        "smoke-valid": "skipped",
        "bibtex-reads": "skipped",
    }
    assert [path.name for path in conformance_cards.cards_root().rglob("*.json")] == ["executor-far_lanes.json"]


def test_a_file_without_components_is_refused(program: Program) -> None:
    file = program.folder / "empty.py"
    file.write_text("")
    program.run("check-plugin", str(file)).refused("the plugin empty cannot be used")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os\nos._exit(3)\n", "importing leaving ended the process (exit code 3)"),
        ("import signal, os\nos.kill(os.getpid(), signal.SIGKILL)\n", "importing leaving ended the process (SIGKILL)"),
    ],
)
def test_a_file_that_ends_its_process_does_not_end_the_command(
    program: Program, tmp_path: Path, source: str, said: str
) -> None:
    (tmp_path / "leaving.py").write_text(source)
    program.run("check-plugin", str(tmp_path / "leaving.py")).refused(said, "define when it is imported")


def test_a_folder_written_with_its_dot_is_the_folder_and_is_told_as_it_was_typed(program: Program) -> None:
    folder = program.folder / "speck"  # as a component is called
    folder.mkdir()
    (folder / "notes.py").write_text("VALUE = 1\n")
    program.patch.chdir(program.folder)
    program.run("check-plugin", "./speck").refused(
        "there is no component to check in notes.py", "where:    ./speck", "install the package and give its name"
    )
