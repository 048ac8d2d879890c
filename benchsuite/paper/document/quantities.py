"""Quoted results: every number that a paper's text prints, with the runs it comes from.

A text holds a token of private-use characters, which no foreign text can contain (`text.clean` removes them); the
renderer exchanges it for the number, and the HTML says by which runs it is backed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OPEN, CLOSE = "\ue000", "\ue001"
TOKEN = re.compile(f"{OPEN}(\\d+){CLOSE}")


@dataclass(frozen=True)
class Quantity:
    """A printed number: its Spanish text, its value, and the keys of the runs behind it."""

    text: str
    value: float | None
    runs: tuple[str, ...]


class Quotes:
    """Collects the quantities of a document while it is composed."""

    def __init__(self) -> None:
        self._quantities: list[Quantity] = []

    def put(self, text: str, value: float | None = None, runs: tuple[str, ...] = ()) -> str:
        """Keep a quantity; returns the token that stands for it in a text."""
        self._quantities.append(Quantity(text, value, runs))
        return f"{OPEN}{len(self._quantities) - 1}{CLOSE}"

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return tuple(self._quantities)
