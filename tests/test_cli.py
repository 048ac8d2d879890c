"""How the command line is put together: of what is not asked for only the names, and nothing of it is missed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import typer
from typer.main import get_command

from benchsuite import cli
from benchsuite.commands.completion import asked_command


def test_help_tells_of_the_commands_what_the_whole_program_tells(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for made in (cli.program(""), cli.app):
        made(["--help"], standalone_mode=False)
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert all(f" {name} " in told[0] for name in cli.COMMANDS)


def test_a_command_alone_is_the_one_of_the_whole_program() -> None:
    whole = get_command(cli.app).commands  # type: ignore[attr-defined]
    assert tuple(whole) == cli.COMMANDS
    for name in cli.COMMANDS:
        alone = get_command(cli.program(name)).commands  # type: ignore[attr-defined]
        assert tuple(alone) == (name,)
        assert alone[name].help == whole[name].help
        assert [(one.opts, one.name, one.required) for one in alone[name].params] == [
            (one.opts, one.name, one.required) for one in whole[name].params
        ]


def test_a_command_that_there_is_not_is_told_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    for made in (cli.program("lst"), cli.app):
        with pytest.raises(SystemExit) as left:
            made(["lst", "--json"])
        assert left.value.code == 2
        assert "'list'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "asked"),
    [((), ""), (("list",), "list"), (("-q", "--verbose", "run", "plan"), "run"), (("--help",), ""), (("-",), "")],
)
def test_the_command_is_the_first_word_that_is_no_option(
    monkeypatch: pytest.MonkeyPatch, words: Sequence[str], asked: str
) -> None:
    monkeypatch.delenv("_BENCHSUITE_COMPLETE", raising=False)
    monkeypatch.setattr("sys.argv", ["benchsuite", *words])
    assert asked_command() == asked


@pytest.mark.parametrize(
    ("line", "asked"),
    [("benchsuite ", ""), ("benchsuite check", ""), ("benchsuite check ", "check"), ("benchsuite -q run 'a b", "")],
)
def test_a_shell_asks_for_the_command_whose_word_is_whole(
    monkeypatch: pytest.MonkeyPatch, line: str, asked: str
) -> None:
    monkeypatch.setattr("sys.argv", ["benchsuite"])
    monkeypatch.delenv("COMP_WORDS", raising=False)
    monkeypatch.setenv("_BENCHSUITE_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
    assert asked_command() == asked
    if "'" not in line:
        monkeypatch.setenv("_BENCHSUITE_COMPLETE", "complete_bash")
        words = line.split(" ")
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        assert asked_command() == asked


def test_the_whole_program_is_made_when_it_is_asked_for() -> None:
    assert isinstance(cli.app, typer.Typer)
    with pytest.raises(AttributeError, match="no attribute 'ap'"):
        _ = cli.ap
