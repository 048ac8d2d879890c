"""The terminal: messages go to standard error, results to standard output."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TextIO, cast
from unicodedata import category

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from benchsuite.errors import BenchsuiteError, StoreError
from benchsuite.legible import in_kernel, in_notebook

LOGGER = "benchsuite"
"""Above all loggers of benchsuite, which are called by their modules."""


class _Messages:
    """Standard error; in a kernel standard output, since notebooks show the other as something that went wrong. Its
    loss (a full disk, a terminal that is gone) ends nothing: the work goes on without words."""

    @property
    def _stream(self) -> TextIO:
        return sys.stdout if in_kernel() else sys.stderr

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            _give_up(self._stream)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            _give_up(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Output:
    """Standard output. What it does not take is a StoreError; a reader that has had enough is Python's to deal with."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with self._told():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._told():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            _give_up(self._stream)
            raise StoreError(
                f"what this command prints cannot be written: {error.strerror}",
                where="standard output",
                expected="a file, a program or a terminal that takes it",
                remedy="free space there, or send the output elsewhere; what was done before is kept",
            ) from error


def _give_up(stream: TextIO) -> None:
    """Let what is left for a stream go nowhere: else Python tries again when it leaves, and fails."""
    with suppress(OSError, ValueError), Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _console(**where: Any) -> Console:
    plain = False if in_notebook() else None
    return Console(**where, highlight=False, soft_wrap=True, force_terminal=plain, force_jupyter=False)


out = _console()
messages = _console(file=cast("IO[str]", _Messages()), stderr=True)
alarms = _console(file=cast("IO[str]", _Messages()), stderr=True)
"""As `messages`, for what is said where these are not wanted."""


class _LogLines(logging.Handler):
    """Log records of benchsuite as lines among the messages."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            style = "yellow" if record.levelno >= logging.WARNING else "dim"
            where = record.name.removeprefix(f"{LOGGER}.")
            line = f"{record.levelname.lower()}: {where}: {self.format(record)}"
            (alarms if messages.quiet else messages).print(literal(line), style=style)
        except Exception:
            self.handleError(record)


_LOG_LINES = _LogLines()


class Speech:
    """How much this process tells, and whether programs listen."""

    json_asked = json_printed = False

    def begin(self) -> None:
        """As a command begins before its options are read: messages, and what loggers warn of."""
        self.json_asked = self.json_printed = messages.quiet = False
        logging.getLogger(LOGGER).addHandler(_LOG_LINES)  # once, however often
        logging.getLogger(LOGGER).setLevel(logging.WARNING)

    def be_quiet(self) -> None:
        """Say nothing but warnings and errors."""
        messages.quiet = True

    def be_verbose(self, times: int) -> None:
        """Also say what loggers note or, asked twice, all that they tell; before and after the command it adds up."""
        logger = logging.getLogger(LOGGER)
        logger.setLevel(max(logger.level - 10 * times, logging.DEBUG))


speech = Speech()


class PlainTable(Table):
    """A table whose texts mean themselves."""

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        super().add_row(*(literal(cell) if isinstance(cell, str) else cell for cell in cells), **options)


def say(text: str) -> None:
    """Tell the user something, once."""
    messages.print(literal(text))


def announce(text: str) -> None:
    """Tell the user something that must not be overlooked."""
    (alarms if messages.quiet else messages).print(literal(text), style="bold yellow")


def complain(error: BenchsuiteError) -> None:
    """Show an error: what is wrong, where, what was expected, what to do."""
    first, _, rest = str(error).partition("\n")
    console = alarms if messages.quiet else messages
    console.print(literal(f"error: {first}"), style="bold red")
    if rest:
        console.print(literal(rest))


def end_with(error: BenchsuiteError) -> None:
    """Show the error that a command ends with; where JSON was asked for and none was printed, as JSON, too."""
    complain(error)
    if speech.json_asked and not speech.json_printed:
        print_json({"error": error_as_json(error)})


def error_as_json(error: BenchsuiteError) -> dict[str, str | None]:
    """An error for programs."""
    return {"kind": error.kind, **{part: getattr(error, part) for part in ("what", "where", "expected", "remedy")}}


def print_json(value: Any) -> None:
    """Print a value for programs: the one document of a command."""
    speech.json_printed = True
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2, default=str)
    print(text)


def table(title: str, *columns: str, right: tuple[str, ...] = ()) -> PlainTable:
    """A plain table; the columns named in `right` hold numbers."""
    made = PlainTable(title=literal(title), title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def literal(text: str) -> Text:
    """Text, or a cell of a table, in which brackets are no markup and nothing steers the terminal."""
    steering = {c for c in text if category(c).startswith("C") and c not in "\n\t"}
    return Text(text.translate({ord(c): c.encode("unicode_escape").decode() for c in steering}))


def count(number: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    """A time as people say it: 8 s, 3 min, 2.5 h, 4.1 days."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def size(count: float) -> str:
    """A number of bytes: 812 MB, 2.3 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit in ("B", "kB", "MB") else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError
