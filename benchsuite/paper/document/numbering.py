"""Numbering: sections, figures, tables and equations in reading order, works by their first citation.

Takes the document as composed, before placement moves floats, so that numbers follow the argument.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from benchsuite.errors import PaperError
from benchsuite.paper.document.blocks import (
    Block,
    Document,
    Equation,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Photos,
    Table,
    texts,
)
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.language.typography import NBSP
from benchsuite.suite.prose.references import CITATION


@dataclass(frozen=True)
class Numbering:
    """`numbers[i]` is the number of block i (empty for plain text); `labels` says how the text calls an identifier;
    `citations` numbers the works cited, from 1, in order."""

    numbers: tuple[str, ...]
    labels: Mapping[str, str]
    citations: Mapping[str, int]


def number(document: Document) -> Numbering:
    """Number a document. Raises PaperError for repeated identifiers and for works that the suite does not list."""
    with speaking(document.form.language):
        return _number(document)


def _number(document: Document) -> Numbering:
    form = document.form
    section = subsection = lead = figure = table = equation = 0
    numbers: list[str] = []
    labels: dict[str, str] = {}
    citations: dict[str, int] = {}

    def cite(text: str) -> None:
        for key in CITATION.findall(text):
            if key.strip() not in document.references:
                near = difflib.get_close_matches(key.strip(), document.references, 1)
                raise PaperError(
                    f"the text cites [[{key}]], which is not among the references",
                    where=f"suite, paper, «{text[:60]}…»",
                    expected=", ".join(document.references) or "a bibliography",
                    remedy=f"did you mean [[{near[0]}]]?" if near else "add the work to paper.bibliography",
                )
            citations.setdefault(key.strip(), len(citations) + 1)

    def name(block: Block, label: str) -> None:
        identifier = getattr(block, "id", "")
        if identifier in labels:
            raise PaperError(f"two blocks of the paper are called «{identifier}»", remedy="rename one section")
        labels[identifier] = label

    for text in (document.abstract, *document.highlights):
        cite(text)
    for block in document.body:
        value = ""
        match block:
            case Heading(level=1):
                section, subsection, lead = section + 1, 0, 0
                value = form.section(section)
                name(block, say("ref-section", number=value))
            case Heading():
                subsection, lead = subsection + 1, 0
                value = form.section(section, subsection)
                name(block, say("ref-section", number=value))
            case Paragraph(lead=str()):
                lead += 1
                value = form.lead(section, subsection, lead)
            case Figure() | Photos() | Listing():
                figure += 1
                value = str(figure)
                name(block, say("ref-figure", number=value))
            case Table():
                table += 1
                value = form.table_number(table)
                name(block, f"{form.table}{NBSP}{value}")
            case Equation():
                equation += 1
                value = str(equation)
                name(block, f"({value})")
            case _:
                pass
        numbers.append(value)
        for text in texts(block):
            cite(text)
    return Numbering(tuple(numbers), labels, citations)
