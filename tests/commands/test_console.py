"""The terminal: what is printed means itself, and a stream that takes nothing more is no defect of the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchsuite.commands import console
from benchsuite.errors import BenchsuiteError

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
