"""What is wrong with a layout: the rules of composition, checked on where the blocks ended up.

Takes what placement knows of the blocks and a layout, WeasyPrint's own or the imitation's, and gives every fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from benchsuite.paper.typesetting.arrangement import HOLE, Arrangement, Block, Fragment, Layout

ROUNDING = 1.0
"""Pixels."""
FEWEST_LINES = 2
UNEVEN = 160.0
"""Pixels of ten lines, by which the columns of the last page may differ; by more where a float that is taller than that
ends the longer one."""


@dataclass(frozen=True)
class Fault:
    """`amount` is in pixels for holes, overlaps and unequal columns, in lines for widows and orphans, in pages for
    floats far from their mention."""

    kind: Literal[
        "hole",
        "lead at foot",
        "short part",
        "far",
        "out of order",
        "lost",
        "moved",
        "overlap",
        "unequal",
        "after references",
    ]
    page: int
    index: int
    amount: float = 0.0


def faults(content: Sequence[Block], arrangement: Arrangement, layout: Layout) -> tuple[Fault, ...]:
    """Everything that is wrong, in no order of weight."""
    return (
        *_lost(content, arrangement, layout),
        *_holes(content, arrangement, layout),
        *_torn(layout),
        *_far(content, layout),
        *_unordered(content, layout),
        *_overlaps(arrangement, layout),
        *_late(content, arrangement, layout),
    )


def _lost(content: Sequence[Block], arrangement: Arrangement, layout: Layout) -> Iterator[Fault]:
    """Blocks that are nowhere, and wide ones on another page than the one that made room for them."""
    for index in range(len(content)):
        page = layout.page_of(index)
        if page is None:
            yield Fault("lost", 0, index)
        elif index in arrangement.booked and arrangement.booked[index] != page:
            yield Fault("moved", page, index)


def _holes(content: Sequence[Block], arrangement: Arrangement, layout: Layout) -> Iterator[Fault]:
    """Holes at the foot of columns, what leads to the next block there, and unequal columns of the last page."""
    columns = 1 + max((fragment.column for fragment in layout.fragments), default=0)
    ends = _ends(arrangement, content, layout, columns)
    last_parts = {fragment.index: fragment for fragment in layout.fragments}
    for (page, column), fragment in ends.items():
        room = layout.areas[page - 1][1] - fragment.bottom
        if page < layout.pages and room > HOLE + ROUNDING:
            yield Fault("hole", page, fragment.index, room)
        if page < layout.pages and column + 1 < columns and (page, column + 1) not in ends:
            yield Fault("hole", page, fragment.index, layout.areas[page - 1][1] - layout.areas[page - 1][0])
        if room < -ROUNDING:
            yield Fault("overlap", page, fragment.index, -room)
        ended = last_parts[fragment.index] is fragment
        if ended and 0 <= fragment.index < len(content) and content[fragment.index].leads:
            yield Fault("lead at foot", page, fragment.index)
        shorter, longer = sorted((ends.get((page, 0), fragment), fragment), key=lambda end: end.bottom)
        uneven = longer.bottom - shorter.bottom
        whole = longer.bottom - longer.top if _is(content, longer.index, "figure", "table") else 0.0
        if page == layout.pages and uneven > max(UNEVEN, whole):
            yield Fault("unequal", page, fragment.index, uneven)


def _ends(
    arrangement: Arrangement, content: Sequence[Block], layout: Layout, columns: int
) -> dict[tuple[int, int], Fragment]:
    """The last fragment of each column, by page and column; what spans the columns is in all of them."""
    last: dict[tuple[int, int], Fragment] = {}
    for fragment in layout.fragments:
        if fragment.index in arrangement.booked:
            continue
        spans = 0 <= fragment.index < len(content) and content[fragment.index].wide
        for column in range(columns) if spans else (fragment.column,):
            spot = fragment.page, column
            if spot not in last or fragment.bottom > last[spot].bottom:
                last[spot] = fragment
    return last


def _is(content: Sequence[Block], index: int, *kinds: str) -> bool:
    return 0 <= index < len(content) and content[index].kind in kinds


def _torn(layout: Layout) -> Iterator[Fault]:
    """Paragraphs of which a single line stands alone."""
    pages = [fragment.index for fragment in layout.fragments]
    for fragment in layout.fragments:
        if fragment.lines is not None and fragment.lines < FEWEST_LINES and pages.count(fragment.index) > 1:
            yield Fault("short part", fragment.page, fragment.index, fragment.lines)


def _far(content: Sequence[Block], layout: Layout) -> Iterator[Fault]:
    for index, block in enumerate(content):
        page = layout.page_of(index)
        if block.floats and block.mention is not None and page is not None:
            mentions = [f.page for f in layout.fragments if f.index == block.mention]
            away = max(page - max(mentions), min(mentions) - page) if mentions else 0
            if away > 1:
                yield Fault("far", page, index, away)


def _unordered(content: Sequence[Block], layout: Layout) -> Iterator[Fault]:
    """Figures, and tables, whose page comes before that of one with a smaller number; in a column, those above one."""
    for kind in ("figure", "table"):
        found = [fragment for fragment in layout.fragments if _is(content, fragment.index, kind)]
        for one in found:
            for other in found:
                both_narrow = not (content[one.index].wide or content[other.index].wide)
                spots = [(f.page, *((f.column, f.top) if both_narrow else ())) for f in (one, other)]
                if one.index < other.index and spots[0] > spots[1]:
                    yield Fault("out of order", one.page, one.index)


def _late(content: Sequence[Block], arrangement: Arrangement, layout: Layout) -> Iterator[Fault]:
    """Floats across the columns that come after what follows the body."""
    closing = [(fragment.page, fragment.top) for fragment in layout.fragments if fragment.index >= len(content)]
    for fragment in layout.fragments:
        spans = 0 <= fragment.index < len(content) and content[fragment.index].wide
        after = bool(closing) and (fragment.page, fragment.top) > max(closing)
        if after and spans and fragment.index not in arrangement.booked:
            yield Fault("after references", fragment.page, fragment.index)


def _overlaps(arrangement: Arrangement, layout: Layout) -> Iterator[Fault]:
    """Blocks printed one over the other, or over the page's edge."""
    by_page: dict[int, list[Fragment]] = {}
    for fragment in layout.fragments:
        by_page.setdefault(fragment.page, []).append(fragment)
    for page, found in by_page.items():
        for at, one in enumerate(found):
            for other in found[:at]:
                beside = one.right <= other.left + ROUNDING or other.right <= one.left + ROUNDING
                shared = min(one.bottom, other.bottom) - max(one.top, other.top)
                if not beside and shared > ROUNDING:
                    yield Fault("overlap", page, one.index, shared)
        head, foot = arrangement.reserve(page)
        for fragment in found:
            top, bottom = layout.areas[page - 1]
            out = max(top - head - fragment.top, fragment.bottom - bottom - foot)
            if out > ROUNDING:
                yield Fault("overlap", page, fragment.index, out)
