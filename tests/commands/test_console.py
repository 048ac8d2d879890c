"""The terminal: what is printed means itself, and a stream that takes nothing more is no defect of the program."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchsuite import cli
from benchsuite.commands import console
from benchsuite.errors import BenchsuiteError
from support.program import Program

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
COMMANDS = ("list", "list --json", "schema", "--version", "--help", "doctor --json", "cache", "list --help")


@needs_full
@pytest.mark.parametrize("unbuffered", ["", pytest.param("1", marks=pytest.mark.slow)])
@pytest.mark.parametrize("command", COMMANDS)
def test_output_that_cannot_be_written_is_told(command: str, unbuffered: str, tmp_path: Path) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "benchsuite", *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered, "BENCHSUITE_CACHE": str(tmp_path)},
        )
    assert done.returncode == 2
    assert "error: what this command prints cannot be written: No space left on device" in done.stderr
    assert "remedy:" in done.stderr
    assert "defect" not in done.stderr
    assert "Exception ignored" not in done.stderr


@needs_full
@pytest.mark.parametrize("unbuffered", ["", pytest.param("1", marks=pytest.mark.slow)])
def test_messages_that_cannot_be_written_change_nothing(unbuffered: str) -> None:
    program = "from benchsuite.commands import console; console.say('a' * 9999); console.announce('b'); print('done')"
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "benchsuite", "list"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


STEERING = "\x1b[2J \x07 \x9b1m \u202e [bold]á[/bold] \udced\nñ\t«»\u00a0%"
SHOWN = "\\x1b[2J \\x07 \\x9b1m \\u202e [bold]á[/bold] \\udced\nñ\t«»\u00a0%"


def test_texts_mean_themselves_and_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console.say(STEERING)
    console.announce(STEERING)
    console.complain(BenchsuiteError("x", where=STEERING))
    assert capsys.readouterr().err.expandtabs().count(SHOWN.expandtabs()) >= 2
    shown = console.table(STEERING, "a", "b")
    shown.add_row(STEERING, "[red]x[/red]")
    console.out.print(shown)
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "[bold]á[/bold]" in told
    assert "[red]x[/red]" in told


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_change_nothing(closed: str, tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m benchsuite plan beans_freeze --policy sample {closed}"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, env={**os.environ, "BENCHSUITE_CACHE": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    assert "Exception" not in done.stderr


def test_children_have_streams_where_this_process_had_none() -> None:
    program = (
        "import os, subprocess, sys; from benchsuite.legible import open_closed_streams; open_closed_streams();"
        "file = open(sys.argv[1], 'w'); print('for nobody', flush=True);"
        "subprocess.run([sys.executable, '-c', 'print(1)'], check=True)"
    )
    subprocess.run(["sh", "-c", f"'{sys.executable}' -c \"{program}\" /dev/null >&-"], check=True)


def test_a_current_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"rmdir '{gone}'; '{sys.executable}' -c 'from benchsuite.cli import main; main()' list"
    done = subprocess.run(["sh", "-c", command], cwd=gone, capture_output=True, text=True)
    assert done.returncode == 2
    assert "error: the current folder is gone" in done.stderr
    assert "remedy:" in done.stderr


@pytest.mark.parametrize("place", ["before", "after"])
def test_quiet_leaves_results_warnings_and_errors(program: Program, place: str) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        outcome = program.run(*(("-q", *arguments) if place == "before" else (*arguments, "-q")))
        return outcome.code, outcome.out, outcome.err

    loud = program.run("plan", "squares_width", "--policy", "sample")
    code, out, err = run("plan", "squares_width", "--policy", "sample")
    assert (code, out) == (0, loud.out)
    assert "SYNTHETIC SAMPLE" in err, "what must not be overlooked is said"
    assert "data:" in loud.err
    assert "data:" not in err
    code, _, err = run("plan", "nothing")
    assert code == 2
    assert err.startswith("error: ")


def test_quiet_is_over_with_its_command(program: Program) -> None:
    program.run("-q", "list")
    assert "data:" in program.run("plan", "squares_width", "--policy", "sample").err


@pytest.mark.parametrize(
    ("arguments", "lowest"),
    [((), "WARNING"), (("-v",), "INFO"), (("-vv",), "DEBUG"), (("-v", "-v"), "DEBUG"), (("-vvv",), "DEBUG")],
)
@pytest.mark.parametrize("place", ["before", "after"])
def test_verbose_shows_what_loggers_note(program: Program, arguments: tuple[str, ...], lowest: str, place: str) -> None:
    command = ("plan", "squares_width", "--policy", "sample")
    err = program.run(*((*arguments, *command) if place == "before" else (*command, *arguments))).err
    assert logging.getLevelName(logging.getLogger("benchsuite").level) == lowest
    assert ("info: execution.preparation: data set squares: synthetic sample" in err) == (lowest != "WARNING")
    assert ("debug: suite.reader: reads" in err) == (lowest == "DEBUG")


def test_verbose_before_and_after_adds_up(program: Program) -> None:
    assert "debug: " in program.run("-v", "plan", "squares_width", "--policy", "sample", "-v").err


def test_every_command_takes_them() -> None:
    from typer.main import get_command

    group = get_command(cli.app)
    commands = group.commands  # type: ignore[attr-defined]
    assert set(commands) == set(cli.COMMANDS)
    for one in (group, *commands.values()):
        options = {name for given in one.params for name in given.opts}
        assert {"-q", "--quiet", "-v", "--verbose"} <= options, one.name


LISTING = set(cli.COMMANDS) - {"schema", "new"}
"""Commands whose results programs may want; a schema is JSON by itself."""


def test_every_command_with_results_has_json() -> None:
    from typer.main import get_command

    for name, command in get_command(cli.app).commands.items():  # type: ignore[attr-defined]
        options = {option for given in command.params for option in given.opts}
        assert ("--json" in options) == (name in LISTING), name


@pytest.mark.parametrize(
    "command",
    ["plan nothing", "show nothing", "why nothing/a/0", "merge nowhere", "check nothing.pdf", "verify nothing",
     "gc nowhere", "references nothing", "inspect data nowhere", "predict nothing a.png", "paper nothing",
     "export nothing -o out", "run nothing --no-paper", "check-plugin nothing"],
)  # fmt: skip
def test_with_json_an_error_is_a_document_too(program: Program, command: str) -> None:
    outcome = program.run(*command.split(), "--json")
    assert outcome.code == 2
    told = json.loads(outcome.out)["error"]
    assert told.keys() == {"kind", "what", "where", "expected", "remedy"}
    assert told["what"] in " ".join(outcome.err.split()) or told["what"] in outcome.err
    assert told["remedy"] or told["kind"] == "suite"


def test_without_json_standard_output_stays_empty_where_a_command_fails(program: Program) -> None:
    assert program.run("plan", "nothing").out == ""


@pytest.mark.slow
def test_a_quiet_run_says_only_what_must_not_be_overlooked(program: Program) -> None:
    outcome = program.run("run", "squares_width", *("--policy", "sample", "--no-paper", "--no-estimate"), "-q")
    assert outcome.code == 0
    assert outcome.out == ""
    assert all("SAMPLE" in line or "CPU" in line for line in outcome.err.splitlines()), outcome.err


def test_a_command_of_a_notebook_writes_plain_lines_though_it_has_a_terminal() -> None:
    program = (
        "from benchsuite.commands.console import announce, messages; from benchsuite.commands.progress import display;"
        "announce('careful'); print(messages.is_terminal, type(display(1, 0)).__name__)"
    )
    plain = {name: value for name, value in os.environ.items() if name not in ("JPY_PARENT_PID", "GIT_PAGER", "TERM")}
    assert said_on_a_terminal(program, {**plain, "TERM": "xterm"}).endswith("True Bars")
    for notebook in (
        {"JPY_PARENT_PID": "1", "TERM": "xterm", "FORCE_COLOR": "1"},
        {"TERM": "xterm-color", "GIT_PAGER": "cat", "CLICOLOR": "1"},
    ):
        assert said_on_a_terminal(program, {**plain, **notebook}) == "careful\r\nFalse Lines"


def said_on_a_terminal(program: str, environment: dict[str, str]) -> str:
    """What a program writes to the terminal that it has."""
    import pty

    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=theirs, stderr=theirs)
        os.close(theirs)
        said = b""
        try:
            while part := terminal.read(1000):
                said += part
        except OSError:  # how Linux tells that nobody holds the other end
            pass
        assert process.wait(60) == 0, said
    return said.decode().strip()
