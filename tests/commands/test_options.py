"""Options that belong together are one parameter of a command, and each an option of the command line."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchsuite.commands.options import DeviceName, FormOptions, PageName, StudyOptions, expand_options

seen: list[tuple[str, StudyOptions, FormOptions, int]] = []


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment names is not given here."""
    for name in ("BENCHSUITE_DATA", "BENCHSUITE_RESULTS"):
        monkeypatch.delenv(name, raising=False)


def command(suite: str, *, options: StudyOptions, times: int = 1, form: FormOptions) -> None:
    """What it does."""
    seen.append((suite, options, form, times))


def run(*arguments: str) -> tuple[str, StudyOptions, FormOptions, int]:
    app = typer.Typer()
    app.command()(expand_options(command))
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return seen.pop()


def test_every_field_becomes_an_option_where_its_group_stood() -> None:
    shown = list(inspect.signature(expand_options(command)).parameters)
    assert shown == ["suite", *(field.name for field in fields(StudyOptions)), "times", "template", "page", "language"]


def test_the_command_gets_its_groups_whole() -> None:
    given = ("beans", "--set", "a.b=1", "--device", "cpu", "--results", "there", "--times", "2", "--page", "letter")
    suite, options, form, times = run(*given)
    assert (suite, times) == ("beans", 2)
    assert options == StudyOptions(overrides=["a.b=1"], device=DeviceName.cpu, results=Path("there"))
    assert form == FormOptions(page=PageName.letter)


def test_what_is_not_given_has_the_defaults_of_the_group() -> None:
    assert run("beans") == ("beans", StudyOptions(), FormOptions(), 1)


def test_help_and_name_are_the_commands_own() -> None:
    made = expand_options(command)
    assert (made.__name__, made.__doc__) == ("command", "What it does.")
