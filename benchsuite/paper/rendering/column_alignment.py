"""Columns of numbers that stand below each other by their decimal sign, whatever follows it: decimals, a unit, an
interval. HTML aligns by the edges of cells alone, so what follows takes the same room in all cells of a column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchsuite.paper.document.blocks import Table
from benchsuite.paper.language.typography import MINUS, NARROW, NBSP

_NUMBER = re.compile(
    rf"(?P<whole>(?:[<>]{NBSP})?[+{MINUS}]?\d+(?:{NARROW}\d+)*(?P<fraction>[,.]\d+)?)(?P<rest>[†‡%]|{NBSP}[^ \\]+)?"
    r"(?: (?P<interval>\\\[.*\\\]))?"
)
_WIDTHS = {**dict.fromkeys(f" ,.{NBSP}{NARROW}", 0.25), ";": 0.28, **dict.fromkeys("[]", 0.34)}
DIGIT, LETTER = 0.5, 0.7
"""Ems of a figure, which all have one width, and of what is no wider than a sign."""


@dataclass(frozen=True)
class Aligned:
    """A cell in parts, in the mini grammar: `head` ends where the column is aligned; `tail` follows it in so many ems,
    at their left or, an `interval`, at their right."""

    head: str
    tail: str = ""
    ems: float = 0.0
    interval: bool = False


def align(table: Table) -> list[list[Aligned]]:
    """The cells of a table, row by row; those of columns that need no help, and words, are heads alone."""
    columns = [[row[place].text for row in table.rows] for place in range(len(table.columns))]
    aligned = [
        _align(texts) if column.align == "right" else [Aligned(text) for text in texts]
        for column, texts in zip(table.columns, columns, strict=True)
    ]
    return [list(row) for row in zip(*aligned, strict=True)]


def _align(texts: Sequence[str]) -> list[Aligned]:
    found = [_NUMBER.fullmatch(text) for text in texts]
    interval = any(one is not None and one["interval"] for one in found)
    parts = [_split(text, one, interval=interval) for text, one in zip(texts, found, strict=True)]
    widths = [_width(part.tail) for part in parts if part.interval or part.tail or (interval and part.head == "—")]
    if len(set(widths)) < 2:
        return [Aligned(text) for text in texts]
    ems = round(max(widths), 2)
    return [
        Aligned(part.head, part.tail, ems, interval) if one is not None or (interval and part.head == "—") else part
        for part, one in zip(parts, found, strict=True)
    ]


def _split(text: str, found: re.Match[str] | None, *, interval: bool) -> Aligned:
    if found is None:
        return Aligned(text, interval=False)
    if interval:
        return Aligned(found["whole"] + (found["rest"] or ""), found["interval"] or "", interval=True)
    fraction, rest = found["fraction"] or "", found["rest"] or ""
    return Aligned(found["whole"].removesuffix(fraction), fraction + rest)


def _width(text: str) -> float:
    """About how wide a text is, and never less than it is."""
    return sum(_WIDTHS.get(sign, DIGIT if sign.isdigit() else LETTER) for sign in text.replace("\\", ""))
