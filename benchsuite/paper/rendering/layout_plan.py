"""The plan of a print: every block measured in draft layouts, and the floats placed by those measures."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from itertools import accumulate

from benchsuite.paper.concurrency.fork import run_jobs
from benchsuite.paper.document.blocks import (
    Bullets,
    Document,
    Equation,
    Figure,
    Heading,
    Listing,
    Photos,
    Table,
    texts,
)
from benchsuite.paper.document.numbering import Numbering
from benchsuite.paper.document.page import PIXEL
from benchsuite.paper.language.current import speaking
from benchsuite.paper.rendering import weasyprint_boxes
from benchsuite.paper.rendering.print_page import Asset, collect_assets, is_wide, lay_out, print_html
from benchsuite.paper.typesetting import float_placement
from benchsuite.paper.typesetting.arrangement import Arrangement, Block, Kind
from benchsuite.paper.typesetting.column_model import Measure, Sheet
from benchsuite.suite.prose.references import REFERENCE


def without_drawing(name: str, asset: Asset) -> Asset:
    """The same size without the drawing: what draft layouts need, in a fraction of the time."""
    if not name.startswith("figure/"):
        return asset
    return Asset(re.sub(rb"(<svg[^>]*>).*</svg>", rb"\1</svg>", asset.content, flags=re.DOTALL), asset.media_type)


def layout_blocks(document: Document) -> tuple[Block, ...]:
    mentions = _mentions(document)
    body = document.body
    return tuple(
        Block(
            kind=_kind(block),
            wide=is_wide(document, index),
            glued=isinstance(block, Equation | Bullets) or (index > 0 and isinstance(body[index - 1], Equation)),
            leads=isinstance(block, Heading) or isinstance(next(iter(body[index + 1 :]), None), Equation | Bullets),
            barrier=isinstance(block, Heading) and block.level == 1,
            mention=mentions.get(index),
        )
        for index, block in enumerate(body)
    )


def _kind(block: object) -> Kind:
    match block:
        case Figure() | Photos() | Listing():
            return "figure"
        case Table():
            return "table"
        case Heading():
            return "heading"
        case _:
            return "text"


def arrange(document: Document, numbering: Numbering) -> Arrangement:
    """Place the floats on the imitation of columns, from measures of every block.

    Under a WeasyPrint that is not known all follows in the order it is written, wide blocks across the columns.
    """
    with speaking(document.form.language):
        return _arrange(document, numbering)


def _arrange(document: Document, numbering: Numbering) -> Arrangement:
    geometry = document.form.geometry
    content = layout_blocks(document)
    if not weasyprint_boxes.is_known():
        return Arrangement(tuple(range(len(content))))
    (measures, front), (more, _) = measure_blocks(document, numbering, content)
    measures |= more
    heights = {i: measures[i].height for i, block in enumerate(content) if block.wide}
    head = tuple(sorted(index for index in measures if index < 0))
    tail = tuple(sorted(index for index in measures if index >= weasyprint_boxes.TAIL))
    sheet = Sheet(geometry.text_height / PIXEL, front, head, tail, geometry.columns)
    return float_placement.place(content, measures, heights, sheet)


def measure_blocks(
    document: Document, numbering: Numbering, content: Sequence[Block]
) -> list[tuple[dict[int, Measure], float]]:
    """The measures of the blocks, and the height of the title block, from draft layouts of the paper's halves."""
    assets = {name: without_drawing(name, asset) for name, asset in collect_assets(document).items()}
    lengths = list(accumulate(sum(map(len, texts(block))) for block in document.body))
    cited = sum(len(document.references[key]) for key in numbering.citations)
    half = bisect_right(lengths, (lengths[-1] + cited) / 2) if lengths else 0
    half = next((i for i in range(half, len(content)) if not content[i].glued), len(content))

    def measured(blocks: range, left_out: str) -> tuple[dict[int, Measure], float]:
        rules = f"{document.form.geometry.endless}.matter,{left_out}{{display:none}}"
        return weasyprint_boxes.measures(
            lay_out(print_html(document, numbering, Arrangement(tuple(blocks)), rules), assets),
            columns=document.form.geometry.columns,
        )

    first, second = range(half), range(half, len(content))
    return run_jobs([partial(measured, first, _AFTER), partial(measured, second, _BEFORE)])


_BEFORE, _AFTER = '[data-b^="-"]', '[data-b="1000000"],.references'
"""Selectors of what stands before the body and after it."""


def _mentions(document: Document) -> dict[int, int]:
    """For each identified block, the first block whose text refers to it."""
    first: dict[str, int] = {}
    for index, block in enumerate(document.body):
        for text in texts(block):
            for name in REFERENCE.findall(text):
                first.setdefault(name.strip(), index)
    names = {index: getattr(block, "id", "") for index, block in enumerate(document.body)}
    return {index: first[name] for index, name in names.items() if name in first}
