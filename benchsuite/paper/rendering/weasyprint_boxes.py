"""Reading WeasyPrint's boxes: where each block ended up, and the measures with which `columns` imitates it.

Templates number their blocks by `data-b`, which is all that ties a box to its block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import Any

from benchsuite.paper.typesetting.arrangement import Fragment, Layout
from benchsuite.paper.typesetting.column_model import Measure

FRONT, TAIL = -9, 1_000_000
"""Block numbers of the title block, and of the first block after the body."""
ORPHANS = WIDOWS = 2
"""Fewest lines of a paragraph before and after a break."""
RULE = 0.8 * 96 / 72
"""Pixels of the line that closes each part of a broken table."""
KNOWN = "70"
"""The WeasyPrint whose boxes these are: they are no interface, and another may call or measure them otherwise."""


@cache
def installed() -> str:
    """The version of WeasyPrint that is here."""
    return version("weasyprint")


def is_known() -> bool:
    """Whether that is one whose boxes are read here; papers of another are set plainly."""
    return installed().split(".")[0] == KNOWN


@contextmanager
def columns_set_once() -> Iterator[None]:
    """Within this, columns that are filled in order are set once. WeasyPrint sets those of every page twice: to see
    whether all fits, and is to be balanced or followed by what spans the columns, and then as they stay. Here nothing
    of that comes, so that it may as well be told that more follows."""
    from weasyprint.layout import block as engine

    if not is_known():
        yield
        return
    block: Any = engine
    set_block = block.block_box_layout

    def set_once(context: Any, box: Any, bottom: Any, skipped: Any, *given: Any, **named: Any) -> Any:
        *_, margins = given[:5]
        if box.is_column and margins is not None:  # only the first time it tells of margins
            return box.copy_with_children([]), {0: None}, {"break": "any", "page": None}, [], False, None
        return set_block(context, box, bottom, skipped, *given, **named)

    block.block_box_layout = set_once
    try:
        yield
    finally:
        block.block_box_layout = set_block


def blocks(laid_out: Any) -> Iterator[tuple[int, int, Any, Any]]:
    """(block number, page, box, page box) of every laid-out part of a block, in reading order."""

    def walk(box: Any) -> Iterator[tuple[int, Any]]:
        inner = _inner(box)
        element: Any = getattr(inner, "element", None)
        number = None if element is None else element.get("data-b")
        if number is not None and "::" not in getattr(inner, "element_tag", ""):
            yield int(number), inner
            return
        for child in _children(inner):
            yield from walk(child)

    for number, page in enumerate(laid_out.pages, 1):
        for index, box in walk(page._page_box):
            yield index, number, box, page


def layout(laid_out: Any) -> Layout:
    """Where each block ended up: pixels from the top of the text area, which heads of pages make lower."""
    found = list(blocks(laid_out))
    top = min(page._page_box.content_box_y() for page in laid_out.pages)
    fragments = tuple(
        Fragment(
            index,
            number,
            0 if box.position_x < page.width / 2 - 1 else 1,
            box.position_y + box.margin_top - top,
            _end(box) - top,
            box.position_x,
            box.position_x + box.margin_width(),
            None if box.element.tag in ("ul", "figure") else len(list(_lines(box))),
        )
        for index, number, box, page in found
    )
    boxes = [page._page_box for page in laid_out.pages]
    areas = tuple((box.content_box_y() - top, box.content_box_y() + box.height - top) for box in boxes)
    return Layout(areas, fragments)


def _end(box: Any) -> float:
    """Where the block's content ends: WeasyPrint stretches what it breaks to the foot of the column."""
    whole: float = box.position_y + box.margin_height() - box.margin_bottom
    if box.element.tag == "figure" and "long" not in str(box.element.get("class")):
        return whole
    ends = [part.position_y + part.height for part in _descendants(box) if type(part).__name__ in _INK]
    return min(whole, max(ends, default=whole))


_INK = ("LineBox", "TableRowBox")


def measures(laid_out: Any, *, columns: int) -> tuple[dict[int, Measure], float]:
    """The measures of every block of a paper of so many columns, laid out in an endless one, and the title block's
    height."""
    found: dict[int, Measure] = {}
    front = 0.0
    for index, _, box, page in blocks(laid_out):
        if index == FRONT:
            front = box.position_y + box.margin_height() - page._page_box.content_box_y()
        else:
            found[index] = _measure(box, collapses=columns == 1 or box.element.tag == "li")
    return found, front


def _measure(box: Any, *, collapses: bool) -> Measure:
    top = box.position_y + box.margin_top
    height = box.border_height()
    classes = str(box.element.get("class", "")).split()
    heading = box.element.tag in ("h2", "h3")
    pieces: list[tuple[float, float]] = []
    cuts: list[int] = []
    again = 0.0
    if "long" in classes:
        pieces, again = _rows(box)
        cuts = list(range(1, len(pieces)))
    elif box.element.tag != "figure" and "equation" not in classes and not heading:
        for group in _groups(box):
            at, count = len(pieces), len(group)
            pieces += [(line.position_y, line.position_y + line.height) for line in group]
            cuts += [*([at] if at else []), *range(at + ORPHANS, at + count - WIDOWS + 1)]
    return Measure(
        height=height,
        above=box.margin_top,
        below=box.margin_bottom,
        tops=tuple(y - top for y, _ in pieces),
        bottoms=tuple(y - top for _, y in pieces),
        cuts=tuple(cuts),
        again=again,
        leads=box.style["break_after"] == "avoid",
        collapses=collapses,
    )


def _rows(figure: Any) -> tuple[list[tuple[float, float]], float]:
    """Top and bottom of a long table's rows, and the height of its head; caption and head go with the first row, the
    note with the last."""
    groups = [box for box in _descendants(figure) if type(box).__name__ == "TableRowGroupBox"]
    heads = [row for group in groups if group.is_header for row in group.children]
    body = [row for group in groups if not group.is_header for row in group.children]
    spans = [(row.position_y, row.position_y + row.height + RULE) for row in body]
    end = figure.position_y + figure.margin_height() - figure.margin_bottom
    spans[0] = (figure.position_y + figure.margin_top, spans[0][1])
    spans[-1] = (spans[-1][0], end)
    return spans, sum(row.height for row in heads)


def _groups(box: Any) -> list[list[Any]]:
    """The lines of each item of a list, or of the one paragraph."""
    items = _children(box) if box.element.tag in ("ul", "ol") else [box]
    return [list(_lines(item)) for item in items]


def _lines(box: Any) -> Iterator[Any]:
    inner = _inner(box)
    if type(inner).__name__ == "LineBox":
        yield inner
        return
    if "::" in getattr(inner, "element_tag", ""):
        return  # an item's marker stands beside its lines
    for child in _children(inner):
        yield from _lines(child)


def _descendants(box: Any) -> Iterator[Any]:
    for child in _children(_inner(box)):
        yield _inner(child)
        yield from _descendants(child)


def _children(box: Any) -> Any:
    return getattr(box, "children", ()) or ()


def _inner(box: Any) -> Any:
    """The box itself, of one that is positioned."""
    return getattr(box, "_box", box)
