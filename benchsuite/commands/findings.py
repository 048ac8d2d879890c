"""What `benchsuite doctor` and `benchsuite inspect` find: how each part is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rich.text import Text

from benchsuite.commands.console import PlainTable, table

Verdict = Literal["good", "note", "bad"]
STYLES: dict[Verdict, str] = {"good": "green", "note": "yellow", "bad": "bold red"}


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    part: str
    verdict: Verdict
    found: str
    remedy: str = ""


def findings_table(title: str, findings: Iterable[Finding]) -> PlainTable:
    """A line for each finding."""
    shown = table(title, "part", "", "found", "what to do")
    for one in findings:
        shown.add_row(one.part, Text(one.verdict, style=STYLES[one.verdict]), one.found, one.remedy)
    return shown
