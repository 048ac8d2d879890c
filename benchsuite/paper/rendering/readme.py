"""A paper in short, as the README that stands beside it: its abstract, what was found, the tables that tell it, and how
to make it again. All words and numbers are the paper's own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from benchsuite.paper.document.blocks import Bullets, Document, Heading, Paragraph, Table
from benchsuite.paper.document.numbering import Numbering
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.rendering.markdown import escaped, markdown
from benchsuite.paper.rendering.templates import plain

TABLES = ("tab-chain", "tab-results", "tab-claims", "tab-published")
_CITATIONS = re.compile(r"\s*\[\[[^\[\]]+\]\](?:,\s*\[\[[^\[\]]+\]\])*")
_REFERENCE = re.compile(r"\{\{([a-z]+-[\w-]+)\}\}")
_COMMAND = re.compile(r"`([^`]+)`(.*)", re.S)


def render_readme(document: Document, numbering: Numbering) -> str:
    """The README of a paper, in the paper's language, in Markdown."""

    def words(text: str) -> str:
        named = _REFERENCE.sub(lambda found: numbering.labels.get(found[1], ""), _CITATIONS.sub("", text))
        return plain(document, named)

    def lines() -> Iterator[str]:
        yield f"# {escaped(words(document.title))}\n"
        if document.authors:
            yield f"{escaped(', '.join(author.name for author in document.authors))}\n"
        yield from (f"**{escaped(words(notice))}**\n" for notice in document.notices)
        yield f"[HTML]({document.name}.html) · [PDF]({document.name}.pdf)\n"
        if document.abstract:
            yield f"{escaped(words(document.abstract))}\n"
        if document.highlights:
            yield f"## {say('highlights')}\n"
            yield from (f"- {escaped(words(sentence))}" for sentence in document.highlights)
            yield ""
        tables = {block.id: block for block in document.body if isinstance(block, Table)}
        if shown := [tables[name] for name in TABLES if name in tables]:
            yield f"## {say('card-results')}\n"
            for table in shown:
                yield from markdown(table, words)
        if closing := _repetition(document):
            yield f"## {say('title-repetition')}\n"
            for item in closing:
                command = _COMMAND.fullmatch(item)
                yield f"- `{command[1]}`{escaped(words(command[2]))}" if command else escaped(words(item))

    return "\n".join(lines()).rstrip("\n") + "\n"


def _repetition(document: Document) -> tuple[str, ...]:
    """What the last section ends with: the commands that make the paper again, or the sentence that has them."""
    for block in reversed(document.body):
        match block:
            case Bullets():
                return block.items
            case Paragraph():
                return (block.text,)
            case Heading():
                break
    return ()
