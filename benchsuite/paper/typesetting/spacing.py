"""Spacing: the last touches to an arrangement, from how it fills the imitated columns.

Blocks that begin a column lose the margin above them. Small holes are shared out among the spaces around headings and
floats, and above the key words. The columns of the last page are made to end together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from benchsuite.paper.typesetting.arrangement import STRETCH, Arrangement, Block, is_loose
from benchsuite.paper.typesetting.column_model import (
    ROUNDING,
    Measure,
    Part,
    Reserve,
    Reserves,
    Sheet,
    balanced,
    fill,
    start,
)

STEP = 4.0
"""Pixels by which the columns of the last page are made longer until all fits."""
SAFE = 2.0
"""Pixels of a hole that are left, lest rounding push a line into the next column."""

Parts = Sequence[tuple[int, Part]]


def spaced(
    arrangement: Arrangement, content: Sequence[Block], measures: Mapping[int, Measure], sheet: Sheet
) -> Arrangement:
    """The arrangement with its `margins`, `last` and `spare`; no spare where wide blocks span the columns."""
    body, spanning = arrangement.flow(content)
    flow = [*sheet.head, *body, *sheet.tail]
    reserves: Reserves = {page: arrangement.reserve(page) for page in arrangement.booked.values()}
    parts = list(fill(flow, measures, sheet, reserves, spanning))
    last = max((part.page for _, part in parts), default=1)
    even = balanced(parts, spanning) | {part.page for index, part in parts if index in spanning}
    spare = 0.0
    if not spanning and sheet.columns > 1:
        spare = _spare(flow, parts, last, measures, sheet, reserves)
        reserves = {**reserves, last: _shorter(reserves, last, spare)}
        parts = list(fill(flow, measures, sheet, reserves))
    margins = _flush(parts, sheet, reserves, even)
    filled = [(index, part) for index, part in parts if part.page not in even]
    margins |= _stretched(filled, content, measures, sheet, reserves, last)
    return replace(arrangement, margins=margins, last=last, spare=spare)


def _shorter(reserves: Reserves, page: int, spare: float) -> Reserve:
    head, foot = reserves.get(page, Reserve())
    return Reserve(head, foot + spare)


def _spare(
    flow: Sequence[int], parts: Parts, last: int, measures: Mapping[int, Measure], sheet: Sheet, reserves: Reserves
) -> float:
    """The room below the columns of the last page with which they end together, as far as they can be cut."""
    top, limit = start(last, sheet, reserves), sheet.height - reserves.get(last, Reserve()).foot
    ends = [max((p.bottom for _, p in parts if p[:2] == (last, at)), default=top) for at in range(sheet.columns)]
    spare = limit - top - sum(end - top for end in ends) / sheet.columns
    while spare > 0:
        filled = list(fill(flow, measures, sheet, {**reserves, last: _shorter(reserves, last, spare)}))
        if all(p.page < last or (p.page == last and p.bottom <= limit - spare + ROUNDING) for _, p in filled):
            return max(0.0, spare - SAFE)
        spare -= STEP
    return 0.0


def _flush(parts: Parts, sheet: Sheet, reserves: Reserves, even: Collection[int]) -> dict[int, float]:
    """No margin above the blocks that begin a column, but for the first of all, and further columns of the pages on
    which WeasyPrint makes them end together."""
    first: dict[int, Part] = {}
    for index, part in parts:
        first.setdefault(index, part)
    return {
        index: 0.0
        for index, part in first.items()
        if part.top == start(part.page, sheet, reserves)
        and part[:2] != (1, 0)
        and not (part.page in even and part.column)
    }


def _stretched(
    parts: Parts,
    content: Sequence[Block],
    measures: Mapping[int, Measure],
    sheet: Sheet,
    reserves: Reserves,
    last: int,
) -> dict[int, float]:
    """Wider spaces around headings and floats, and in the front matter, where a column would else end early."""
    columns: dict[tuple[int, int], list[tuple[int, Part]]] = defaultdict(list)
    for index, part in parts:
        columns[part.page, part.column].append((index, part))

    margins: dict[int, float] = {}
    for (page, _), column in columns.items():
        spaces = [
            (index, part.top - above.bottom)
            for (before, above), (index, part) in pairwise(column)
            if is_loose(content, before, index)
        ]
        end = column[-1][1].bottom + measures[column[-1][0]].below
        room = sheet.height - reserves.get(page, Reserve()).foot - end - SAFE
        if page < last and room > 0 and spaces:
            margins |= {index: space + min(room / len(spaces), STRETCH) for index, space in spaces}
    return margins
