"""The runner: whatever a component does to its process, its check fails by name and the rest go on."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchsuite.errors import PluginError
from benchsuite.testing.harness.component_source import UNPUBLISHED, Announced, Declared
from benchsuite.testing.rules.catalogue import rules_of
from benchsuite.testing.rules.rule import Rule
from benchsuite.testing.runner.conformance_cards import Check
from benchsuite.testing.runner.runner import Runner
from support.contract import Dots
from support.plugins import TINY, install

pytestmark = pytest.mark.slow


LIMIT = 100.0


class Exiting(Dots):
    def card(self, params: Any) -> Any:
        print("so long")
        os._exit(7)


class Leaving(Dots):
    def card(self, params: Any) -> Any:
        sys.exit(3)


class Killed(Dots):
    def card(self, params: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


class Sleeping(Dots):
    def card(self, params: Any) -> Any:
        time.sleep(LIMIT)


class Raising(Dots):
    def card(self, params: Any) -> Any:
        print("what it printed")
        raise ZeroDivisionError("in the card")


def rules(*names: str) -> tuple[Rule, ...]:
    known = {rule.id: rule for rule in rules_of("dataset")}
    return tuple(known[name] for name in names)


@pytest.fixture
def checked() -> Iterator[Any]:
    """Checks one rule, which asks for the card, and one that does not."""
    made: list[Runner] = []

    def check(component: type, limit: float = LIMIT) -> tuple[Check, Check]:
        made.append(Runner(Declared.of(component), {}, limit))
        first, second = map(made[-1].check, rules("bibtex-reads", "smoke-valid"))
        return first, second

    yield check
    for runner in made:
        runner.close()


@pytest.mark.parametrize(
    ("component", "words"),
    [
        (Exiting, "the process ended: exit code 7"),
        (Killed, "the process ended: killed by SIGKILL"),
        (Leaving, "it left the process by SystemExit(3)"),
        (Raising, "it raised ZeroDivisionError: in the card, at unpublished 0, tests.testing.runner.test_runner"),
    ],
)
def test_what_ends_a_process_fails_one_check(checked: Any, component: type, words: str) -> None:
    first, second = checked(component)
    assert first.status == "failed"
    assert words in first.detail
    assert (second.id, second.status) == ("smoke-valid", "passed")


def test_a_check_that_hangs_is_ended(checked: Any) -> None:
    runner = Runner(Declared.of(Sleeping), {}, LIMIT)
    with runner:
        assert runner.check(*rules("smoke-valid")).status == "passed"
        runner._limit = 0.5
        hung = runner.check(*rules("bibtex-reads"))
        assert (hung.status, hung.detail) == ("failed", "it did not finish within 0.5 s")
        runner._limit = LIMIT
        assert runner.check(*rules("smoke-valid")).status == "passed"


def test_what_is_printed_is_kept_for_failures_only(checked: Any) -> None:
    first, second = checked(Raising)
    assert "what it printed" in first.printed
    assert "ZeroDivisionError" in first.printed
    assert second.printed == ""


def test_a_component_that_cannot_be_loaded_fails_every_check(checked: Any, tmp_path: Path) -> None:
    with Runner(Declared("no_such_module", "", "Digits"), {}, LIMIT) as runner:
        found = [runner.check(rule) for rule in rules("bibtex-reads", "smoke-valid")]
    assert [check.status for check in found] == ["failed", "failed"]
    assert all("it cannot be loaded: it raised ModuleNotFoundError" in check.detail for check in found)


def test_nothing_is_left_behind(checked: Any) -> None:
    with Runner(Declared.of(Dots), {}, LIMIT) as runner:
        runner.check(*rules("bibtex-reads"))
        process, home = runner._process, runner._home
        assert process is not None
    assert not process.alive
    assert not home.exists()


def test_a_class_is_loaded_by_its_file_where_its_module_is_unknown(tmp_path: Path) -> None:
    file = tmp_path / "loose_dots.py"
    file.write_text("from support.contract import Dots\nclass Loose(Dots):\n    name = 'loose'\n")
    entry = Declared("loose_dots", str(file), "Loose").load()
    assert (entry.name, entry.kind, entry.distribution) == ("loose", "dataset", UNPUBLISHED)
    sys.modules.pop("loose_dots")


def test_a_class_that_is_no_component_is_refused() -> None:
    with pytest.raises(PluginError, match="no component that another process"):
        Declared.of(Runner).load()


def test_a_component_is_loaded_without_the_plugins_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "tiny-squares", TINY)
    install(tmp_path, "bad-thing", "raise SystemExit")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert Announced("dataset", "squares", "tiny-squares").load().qualified_name == "tiny-squares:squares"
    with pytest.raises(PluginError, match="importing it raised SystemExit"):
        Announced("dataset", "squares", "bad-thing").load()
