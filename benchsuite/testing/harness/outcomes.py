"""How a check ends: kept, broken with its numbers, or inapplicable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchsuite.errors import on_one_line

SHOWN = 6


class Broken(Exception):
    """The rule is not kept; the message says what was found, with the numbers."""


class Inapplicable(Exception):
    """The rule says nothing about this component; the message says why."""


def check(kept: bool, otherwise: str) -> None:
    """Raise Broken unless `kept`."""
    if not kept:
        raise Broken(otherwise)


def one_line(error: Exception) -> str:
    """What an error says, in one line that is not too long."""
    return on_one_line(error) or type(error).__name__


def join_some(values: Iterable[Any]) -> str:
    """A few values in words: a, b, c and 12 more."""
    listed = [str(value) for value in values]
    more = len(listed) - SHOWN
    return ", ".join(listed[:SHOWN]) + (f" and {more} more" if more > 0 else "")
