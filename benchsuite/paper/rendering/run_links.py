"""The runs behind a number, as the web page tells them: a link to where a table tells of the first of them.

The page's script makes of the link a list of all of them; without scripts it leads to the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from benchsuite.paper.document.blocks import Cell, Document, Table
from benchsuite.paper.language.catalogue import say

SHOWN = 12
"""Characters of a run's key that the page shows, and by which it names places."""


class Backing:
    """What the tables of a document tell of its runs."""

    def __init__(self, document: Document) -> None:
        tables = (block for block in document.body if isinstance(block, Table))
        # Of several cells that tell of a run, as one of the search may, the last is in the table of the runs.
        self._told: Mapping[str, Cell] = {
            cell.of: cell for table in tables for row in table.rows for cell in row if cell.of is not None
        }

    def anchor(self, cell: Cell) -> str:
        """The name of the cell as a place in the page; empty for one that readers are not led to."""
        return _place(cell.of) if cell.of is not None and self._told[cell.of] is cell else ""

    def number(self, printed: Markup, runs: Sequence[str]) -> Markup:
        """A printed number with the way to its runs: by a tooltip where no table tells of them."""
        if not runs or "<a " in printed:
            return printed
        known = [run for run in runs if run in self._told]
        if not known:
            return Markup('<span class="q" title="{}">{}</span>').format(_tooltip(runs), printed)
        keys = " ".join(run[:SHOWN] for run in dict.fromkeys(runs))
        return Markup('<a class="q" href="#{}" data-runs="{}">{}</a>').format(_place(known[0]), keys, printed)

    def cell(self, printed: Markup, cell: Cell) -> Markup:
        """What a cell of a table prints, with the way to its runs unless it tells of one itself."""
        return printed if cell.of is not None else self.number(printed, cell.runs)


def _place(run: str) -> str:
    return f"run-{run[:SHOWN]}"


def _tooltip(runs: Sequence[str]) -> str:
    shown = ", ".join(run[:SHOWN] for run in runs[:12])
    if len(runs) > 12:
        shown = say("web-more-runs", runs=shown, count=str(len(runs) - 12))
    return say("web-runs" if len(runs) > 1 else "web-run", runs=shown)
