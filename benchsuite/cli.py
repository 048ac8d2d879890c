"""The command line: puts the commands together, and turns errors into one screen and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from gc import set_threshold
from pathlib import Path
from typing import Annotated, TextIO, cast

import typer

from benchsuite import __version__
from benchsuite.commands import (
    cache,
    check,
    check_plugin,
    doctor,
    export,
    gc,
    inspect,
    list,
    merge,
    new,
    paper,
    plan,
    predict,
    references,
    reproduce,
    run,
    schema,
    show,
    site,
    verify,
    why,
)
from benchsuite.commands.completion import join_assignments
from benchsuite.commands.console import Output, end_with, messages, speech
from benchsuite.commands.crash_report import describe_crash
from benchsuite.commands.options import Quiet, Verbose, expand_options, with_speech
from benchsuite.errors import BenchsuiteError, StoreError
from benchsuite.legible import let_pillow_remark, let_streams_escape, open_closed_streams

INTERRUPTED = 130

app = typer.Typer(
    name="benchsuite",
    help="Declare an image-classification study in one YAML file, run it bit for bit, read its paper.\n\n"
    "Start with: benchsuite list, then benchsuite run beans_freeze.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},  # commands inherit it
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
COMMANDS: dict[str, Callable[..., None]] = {
    "list": list.list_,
    "inspect": inspect.inspect,
    "plan": plan.plan,
    "run": run.run,
    "paper": paper.paper,
    "check": check.check,
    "check-plugin": check_plugin.check_plugin,
    "reproduce": reproduce.reproduce,
    "references": references.references,
    "show": show.show,
    "site": site.site,
    "predict": predict.predict,
    "export": export.export,
    "why": why.why,
    "verify": verify.verify,
    "merge": merge.merge,
    "schema": schema.schema,
    "gc": gc.gc,
    "cache": cache.cache,
    "doctor": doctor.doctor,
    "new": new.new,
}
for _name, _command in COMMANDS.items():
    app.command(_name)(with_speech(expand_options(_command)))


def _version(asked: bool) -> None:
    if asked:
        print(f"benchsuite {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Options before the command."""


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
            app()
        finally:
            sys.stdout.flush()
