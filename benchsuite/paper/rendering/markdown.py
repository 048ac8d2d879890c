"""Tables and words of papers in Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence

from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Table

MARKS = {"left": "---", "right": "--:", "center": ":-:"}


def escaped(text: str) -> str:
    """Foreign text that means itself in Markdown."""
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", html.escape(markup.line(text, "Markdown"), quote=False))


def markdown(table: Table, plain: Callable[[str], str] = markup.plain) -> Iterator[str]:
    """A table of the paper in Markdown, without its links; `plain` gives the words of a text."""

    def words(text: str) -> str:
        return escaped(plain(text))

    yield f"**{words(table.title)}**\n"
    yield _row([words(column.title) for column in table.columns])
    yield _row([MARKS[column.align] for column in table.columns])
    yield from (_row([f"**{words(c.text)}**" if c.strong else words(c.text) for c in row]) for row in table.rows)
    yield f"\n{words(table.note)}\n" if table.note else ""


def _row(parts: Sequence[str]) -> str:
    return f"| {' | '.join(parts)} |"
