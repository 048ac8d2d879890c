"""What is wrong with the lines and the letters of a print, by the rules of composition.

Lines are read from WeasyPrint's boxes, sizes of letters and the outline from the finished PDF. A fault is a sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from pypdf import PdfReader
from pypdf.generic import ContentStream, StreamObject

from benchsuite.paper.language.catalogue import say
from benchsuite.paper.rendering.line_breaks import LONGEST_TIE, is_name

UNSEEN = " \u200b\u2060"
"""What ends a line without being seen; a non-breaking space does not."""
ROUNDING = 1.0
"""Pixels by which a justified line may miss the margin."""
LEAST_SLACK = 6.0
"""Pixels that a space takes, and a little more."""
UNEVEN = 1.2
"""By how much a word may be wider than its share of a text's letters."""
SMALLEST = 7.0
"""Points of the smallest letters."""


@dataclass
class Paragraph:
    """The lines of one element, in whatever columns they stand."""

    tag: str
    kinds: frozenset[str]
    justified: bool
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """`indent` is how far the ink begins right of the column, `gap` how far it ends left of it, and `head` how far
    the first word reaches into it, in pixels."""

    text: str
    page: int
    indent: float
    gap: float
    head: float


def paragraphs(laid_out: Any) -> list[Paragraph]:
    """Every element that has lines, in reading order."""
    found: dict[int, Paragraph] = {}

    def walk(box: Any, page: int) -> None:
        inner = getattr(box, "_box", box)
        children = [getattr(child, "_box", child) for child in getattr(inner, "children", ()) or ()]
        lines = [child for child in children if type(child).__name__ == "LineBox"]
        if lines and inner.element is not None and "::" not in inner.element_tag:
            element = inner.element
            justified = lines[0].style["text_align_all"] == "justify"
            kinds = frozenset(str(element.get("class", "")).split())
            its = found.setdefault(id(element), Paragraph(element.tag, kinds, justified))
            left, right = inner.content_box_x(), inner.content_box_x() + inner.width
            for line in lines:
                texts = [box for box in _texts(line) if box.text.strip(UNSEEN)]
                if texts:
                    text = "".join(box.text for box in _texts(line))
                    gap = right - texts[-1].position_x - texts[-1].width
                    its.lines.append(Line(text, page, texts[0].position_x - left, gap, _first_space(texts) - left))
        for child in children:
            walk(child, page)

    for number, page in enumerate(laid_out.pages, 1):
        walk(page._page_box, number)
    return list(found.values())


def _texts(box: Any) -> Iterator[Any]:
    inner = getattr(box, "_box", box)
    if type(inner).__name__ == "TextBox":
        yield inner
    for child in getattr(inner, "children", ()) or ():
        yield from _texts(child)


def _first_space(texts: list[Any]) -> float:
    """Where the first space of a line is, its letters taken to be equally wide; the end where it has none."""
    for box in texts:
        place = box.text.find(" ", 1 if box is texts[0] else 0)
        if place >= 0:
            return float(box.position_x + box.width * place / len(box.text))
    return float(texts[-1].position_x + texts[-1].width)


def pulled_lines(laid_out: Any) -> list[str]:
    """Lines of a document whose text is ragged that end although the first word of the next one has room on them:
    justified, their words would be pulled apart."""
    return [
        f"page {above.page}: «{above.text[-40:]}» leaves room for «{below.text[:20]}»"
        for paragraph in paragraphs(laid_out)
        for above, below in pairwise(paragraph.lines)
        if above.gap > LEAST_SLACK + UNEVEN * below.head
    ]


def line_faults(laid_out: Any) -> list[str]:
    """Names that are divided, citations at the start of a line, lines that end before the margin, and titles whose
    lines end with a small word, or with one word alone."""
    found: list[str] = []
    for paragraph in paragraphs(laid_out):
        for above, below in pairwise(paragraph.lines):
            found += _between(paragraph, above, below)
        if paragraph.tag in ("h1", "h2", "h3") or (paragraph.tag == "figcaption" and not paragraph.justified):
            found += _title_faults([line.text.strip() for line in paragraph.lines])
    return found


def _between(paragraph: Paragraph, above: Line, below: Line) -> Iterator[str]:
    start = re.search(r"[\w.-]+-$", above.text)
    end = re.match(r"[\w.-]+", below.text.lstrip(UNSEEN))
    if start and end and is_name(start[0][:-1] + end[0]):
        yield f"page {above.page}: {start[0]} / {end[0]} is a name"
    if re.match(r"\[\d+\]", below.text.lstrip(UNSEEN)):
        yield f"page {below.page}: {below.text[:20]} begins a line with a citation"
    forced = paragraph.tag != "p" and "led" not in paragraph.kinds
    if paragraph.justified and not forced and _ends_early(above):
        yield f"page {above.page}: «{above.text[-40:]}» ends {above.gap:.1f} pixels before the margin"


def _ends_early(line: Line) -> bool:
    hidden = line.text.rstrip(UNSEEN) != line.text and " " in line.text[len(line.text.rstrip(UNSEEN)) :]
    return hidden or line.gap > ROUNDING


def _title_faults(lines: list[str]) -> Iterator[str]:
    small = re.compile(rf"(?i)(?:{say('title-small-words')})")
    for above, below in pairwise(lines):
        if small.fullmatch(above.rpartition(" ")[2]):
            yield f"«{above}» ends a line of a title"
        last = above.split()[-1:]
        alone = len(below.split()) == 1 and below is lines[-1]
        if alone and len(lines) > 1 and len(last[0]) + len(below) < LONGEST_TIE and not re.search(r"[IVX\d]$", above):
            yield f"«{below}» is the only word of a title's last line"


def indents(laid_out: Any) -> set[float]:
    """How far first lines of paragraphs of the body begin from the left, in pixels."""
    body = [one for one in paragraphs(laid_out) if (one.tag == "p" and not one.kinds) or "led" in one.kinds]
    return {round(one.lines[0].indent, 1) for one in body if one.justified and one.lines}


def letter_sizes(reader: PdfReader) -> dict[float, str]:
    """Every size of letters on the pages, in points, with some of the text that has it."""
    found: dict[float, str] = {}
    for page in reader.pages:
        contents = page.get_contents()
        if contents is not None:
            resources = page["/Resources"]
            _sizes(ContentStream(contents, reader), resources, np.eye(3), reader, found)
    return found


def _sizes(stream: Any, resources: Any, matrix: Any, reader: PdfReader, found: dict[float, str]) -> None:
    stack: list[Any] = []
    text, size = np.eye(3), 0.0
    for operands, operator in stream.operations:
        match operator:
            case b"q":
                stack.append((matrix, size))
            case b"Q":
                matrix, size = stack.pop()
            case b"cm":
                matrix = _matrix(operands) @ matrix
            case b"BT":
                text = np.eye(3)
            case b"Tm":
                text = _matrix(operands)
            case b"Tf":
                size = float(operands[1])
            case b"Tj" | b"TJ" | b"'" | b'"':
                scale = math.sqrt(abs(np.linalg.det((text @ matrix)[:2, :2])))
                found.setdefault(round(size * scale, 2), f"page {reader.pages[0].indirect_reference}: {operands}"[:120])
            case b"Do":
                drawn = resources["/XObject"][operands[0]].get_object()
                if isinstance(drawn, StreamObject) and drawn.get("/Subtype") == "/Form":
                    inner = _matrix(drawn.get("/Matrix", (1, 0, 0, 1, 0, 0))) @ matrix
                    below = drawn.get("/Resources", resources)
                    _sizes(ContentStream(drawn, reader), below, inner, reader, found)
            case _:
                pass


def _matrix(numbers: Any) -> Any:
    a, b, c, d, e, f = (float(number) for number in numbers)
    return np.array([[a, b, 0], [c, d, 0], [e, f, 1]])


def small_letters(reader: PdfReader) -> list[str]:
    """Sizes below the smallest."""
    return [f"{size} pt: {text}" for size, text in sorted(letter_sizes(reader).items()) if size < SMALLEST - 0.05]


def outline(reader: PdfReader) -> list[str]:
    """The titles of the bookmarks, in order."""

    def walk(items: Any) -> Iterator[str]:
        for item in items:
            if isinstance(item, list):
                yield from walk(item)
            else:
                yield str(item.title)

    return list(walk(reader.outline))
