"""The command line: puts the commands together, and turns errors into one screen and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from gc import set_threshold
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TextIO, cast

import typer

from benchsuite import __version__
from benchsuite.commands.completion import asked_command, join_assignments
from benchsuite.commands.console import Output, end_with, messages, speech
from benchsuite.commands.crash_report import describe_crash
from benchsuite.commands.options import Quiet, Verbose, expand_options, with_speech
from benchsuite.errors import BenchsuiteError, StoreError
from benchsuite.legible import let_pillow_remark, let_streams_escape, open_closed_streams

INTERRUPTED = 130

COMMANDS = (
    "list",
    "inspect",
    "plan",
    "run",
    "paper",
    "check",
    "check-plugin",
    "reproduce",
    "references",
    "show",
    "site",
    "predict",
    "export",
    "why",
    "verify",
    "merge",
    "schema",
    "gc",
    "cache",
    "doctor",
    "new",
)
"""In the order of the help; each is a function of the module that is called as it is."""


def _version(asked: bool) -> None:
    if asked:
        print(f"benchsuite {__version__}")
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Options before the command."""


def program(asked: str | None = None) -> typer.Typer:
    """The command line: the command `asked` alone, the bare names of all where there is none of that name, or (None)
    all of it. To read every command and its options takes longer than most commands do."""
    made = typer.Typer(
        name="benchsuite",
        help="Declare an image-classification study in one YAML file, run it bit for bit, read its paper.\n\n"
        "Start with: benchsuite list, then benchsuite run beans_freeze.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},  # commands inherit it
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    made.callback()(options)
    for name in (asked,) if asked in COMMANDS else COMMANDS:
        command = _command(name)
        made.command(name)(with_speech(expand_options(command)) if asked in (None, name) else _bare(command))
    return made


def _command(name: str) -> Callable[..., None]:
    word = name.replace("-", "_")
    module = vars(import_module(f"benchsuite.commands.{word}"))
    found: Callable[..., None] = module.get(word) or module[f"{word}_"]  # Python has a `list`
    return found


def _bare(command: Callable[..., None]) -> Callable[[], None]:
    """What help says of a command."""

    def named() -> None:
        pass

    named.__doc__ = command.__doc__
    return named


def __getattr__(name: str) -> Any:
    """All of the command line is made when it is asked for as `app`."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return program()


def main() -> None:
    """The `benchsuite` program.

    Exit codes: 0 all done, 1 some runs failed or their paper could not be made, 2 nothing could be started, 130
    interrupted.
    """
    open_closed_streams()
    join_assignments()
    speech.begin()
    let_streams_escape()
    let_pillow_remark()
    # What notebooks and builds set for other programs: drawing goes by it, and papers must not.
    os.environ["MPLBACKEND"] = "agg"
    os.environ.pop("SOURCE_DATE_EPOCH", None)
    # What is planned stays, and is much: to look through it for cycles every now and then takes a third of the time.
    set_threshold(50_000)
    try:
        _check_current_folder()
        _invoke()
    except BenchsuiteError as error:
        end_with(error)
        sys.exit(error.exit_code)
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:  # what typer makes of Ctrl-C
            messages.print("interrupted; what is done is kept, and the same command goes on from there", style="bold")
        raise
    except Exception as error:
        end_with(describe_crash(error))
        sys.exit(BenchsuiteError.exit_code)


def _check_current_folder() -> None:
    """Raise StoreError where the current folder was deleted: no path means anything there, and libraries fail oddly."""
    try:
        Path.cwd()
    except OSError as error:
        raise StoreError(
            f"the current folder is gone or cannot be read: {error.strerror}",
            expected="a folder that exists",
            remedy="change to another folder (cd), and start the command again",
        ) from error


def _invoke() -> None:
    """The command, and the last of its output, which Python would else write when nobody can tell of it any more."""
    with redirect_stdout(cast("TextIO", Output(sys.stdout))):
        try:
            program(asked_command())()
        finally:
            sys.stdout.flush()
