"""The terminal: messages go to standard error, results to standard output."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchsuite.errors import BenchsuiteError

out = Console(highlight=False, soft_wrap=True)
messages = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Tell the user something, once."""
    messages.print(text, markup=False)


def announce(text: str) -> None:
    """Tell the user something that must not be overlooked."""
    messages.print(text, style="bold yellow", markup=False)


def complain(error: BenchsuiteError) -> None:
    """Show an error: what is wrong, where, what was expected, what to do."""
    first, _, rest = str(error).partition("\n")
    messages.print(f"error: {first}", style="bold red", markup=False)
    if rest:
        messages.print(rest, markup=False)


def print_json(value: Any) -> None:
    """Print a value for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Table:
    """A plain table; the columns named in `right` hold numbers."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def literal(text: str) -> Text:
    """A cell of a table in which brackets are no markup."""
    return Text(text)


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
