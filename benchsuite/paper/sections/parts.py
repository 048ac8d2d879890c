"""The parts of a paper: where the suite's prose goes, and the generated blocks that stand between it.

A section's `place` (or its `id`, when it is one of PARTS) says which part it belongs to; a section with neither
follows the one before it. The first section of a generated part lends its title and its text to it; subsections that
are called as generated ones are, such as `dataset`, likewise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from benchsuite.errors import PaperError
from benchsuite.paper.context.report_context import Context
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Author, Block, Bullets, Figure, Heading, Paragraph
from benchsuite.paper.document.page import INCH
from benchsuite.paper.document.style import Form
from benchsuite.paper.figures.canvas import draw_within
from benchsuite.paper.sections.prose import resolve_prose
from benchsuite.suite.prose.references import PARTS, section_name
from benchsuite.suite.schema.suite import PaperSection, Section

Subsections = Mapping[str, tuple[str, list[Block]]]
"""Generated subsections by the ids that the suite's own may have: title and blocks."""


def authors_of(paper: PaperSection) -> tuple[Author, ...]:
    """The authors, their words made safe to set."""
    return tuple(
        Author(*(markup.line(v or "", "paper.authors") for v in (a.name, a.affiliation, a.place, a.email)))
        for a in paper.authors
    )


def line_of(paper: PaperSection, name: str) -> str:
    """A field of one line that need not be given, made safe to set."""
    return markup.line(getattr(paper, name) or "", f"paper.{name}")


def keywords_of(paper: PaperSection) -> tuple[str, ...]:
    """The index terms, made safe to set."""
    return tuple(markup.line(word, "paper.keywords") for word in paper.keywords)


def fitting(blocks: Sequence[Block], form: Form) -> list[Block]:
    """The blocks, their figures drawn as wide as the text of the page at most."""
    width = form.geometry.text_width / INCH
    return [
        replace(block, draw=partial(draw_within, width, block.draw)) if isinstance(block, Figure) else block
        for block in blocks
    ]


def placed(sections: Sequence[Section]) -> dict[str, list[Section]]:
    """The sections of each part. Raises PaperError for a place that is none."""
    placed: dict[str, list[Section]] = {}
    part = PARTS[0]
    for section in sections:
        if section.place is not None and section.place not in PARTS:
            raise PaperError(
                f"the section «{section.title[:80]}» has the place «{section.place}»",
                where="paper.sections",
                expected=", ".join(PARTS),
                remedy="choose one of these places, or leave it out",
            )
        part = section.place or (section.id if section.id in PARTS else None) or part
        placed.setdefault(part, []).append(section)
    return placed


def merge(
    study: Context,
    given: Sequence[Section],
    part: str,
    title: str,
    generated: Subsections,
    closing: Sequence[Block] = (),
) -> list[Block]:
    """A generated part with the suite's own title, text and subsections, then the part's further sections."""
    own, foreign = (given[0], _foreign(study)) if given else (Section(title=title), "")
    identifier = f"sec-{own.id or part}"
    blocks: list[Block] = [_heading(identifier, 1, own.title, foreign), *_prose(study, own.text, identifier)]
    subsections = {section.id or section.title: section for section in own.sections}
    for name, (default, made) in generated.items():
        given_here = subsections.pop(name, None)
        section, lang = (given_here, _foreign(study)) if given_here else (Section(title=default), "")
        blocks += [_heading(f"sec-{name}", 2, section.title, lang), *_prose(study, section.text, name), *made]
    blocks += closing
    for section in subsections.values():
        blocks += section_blocks(study, section, 2)
    for section in given[1:]:
        blocks += section_blocks(study, section, 1)
    return blocks


def _foreign(study: Context) -> str:
    """The language of the prose, where it is not that of the paper."""
    return Form.of(study.material.suite.paper).foreign


def _heading(identifier: str, level: Literal[1, 2], title: str, lang: str = "") -> Heading:
    return Heading(identifier, level, markup.line(title, "section title"), lang)


def section_blocks(study: Context, section: Section, level: int) -> list[Block]:
    """A section of prose; what lies deeper than subsections opens its paragraph."""
    name = section_name(section)
    blocks = _prose(study, section.text, name)
    first = blocks[0] if blocks else None
    if level <= 2:
        blocks.insert(0, _heading(f"sec-{name}", 1 if level == 1 else 2, section.title, _foreign(study)))
    elif isinstance(first, Paragraph):
        blocks[0] = replace(first, lead=markup.line(section.title, "section title"))
    else:
        blocks.insert(0, Paragraph("", lead=markup.line(section.title, "section title"), lang=_foreign(study)))
    return blocks + [block for below in section.sections for block in section_blocks(study, below, level + 1)]


def _prose(study: Context, source: str, name: str) -> list[Block]:
    blocks = markup.blocks(resolve_prose(study, source, f"paper.sections, «{name}»"), name)
    foreign = _foreign(study)
    return [replace(block, lang=foreign) if isinstance(block, Paragraph | Bullets) else block for block in blocks]
