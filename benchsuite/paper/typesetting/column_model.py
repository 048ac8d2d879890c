"""A quick imitation of how WeasyPrint fills columns, so that placement can try thousands of arrangements at no cost.

Works on the measures of each block, taken once from a layout in a single endless column. Lines, orphans, widows,
rows with repeated heads and headings kept with what follows are imitated; the last page's balance is not, since
nothing depends on it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

ROUNDING = 0.1
"""Pixels by which sums of measures may differ from WeasyPrint's own."""
A_LINE = 16.0
"""Pixels by which balanced columns may be taken to be longer than their mean: no line is cut."""


@dataclass(frozen=True)
class Measure:
    """A block in pixels. `above` and `below` are its margins, of which the larger of two neighbours' counts.

    `tops` and `bottoms` are those of its pieces (lines, rows), from its own top. It may be broken after so many of
    them as `cuts` says; `again` is what repeats at the head of each further part. Without cuts it stays whole. At the
    foot of a column there must be room for the margin below, too, unless it `collapses` with that of what is around it.
    What `leads` may not be parted from what follows: a heading, or a text that a list or an equation goes on.
    """

    height: float
    above: float = 0.0
    below: float = 0.0
    tops: tuple[float, ...] = ()
    bottoms: tuple[float, ...] = ()
    cuts: tuple[int, ...] = ()
    again: float = 0.0
    leads: bool = False
    collapses: bool = False

    @property
    def least(self) -> float:
        """The least that may stand of it at the foot of a column."""
        return self.bottoms[self.cuts[0] - 1] if self.cuts else self.height

    @property
    def foot(self) -> float:
        """The room that must stay below it in its column."""
        return 0.0 if self.collapses else self.below


@dataclass(frozen=True)
class Sheet:
    """The text area: `height` of a column in pixels, what the front matter takes of the first page, the blocks before
    (`head`) and after (`tail`) the body that share its columns, and how many columns there are."""

    height: float
    front: float
    head: tuple[int, ...]
    tail: tuple[int, ...]
    columns: int = 2


class Reserve(NamedTuple):
    """Pixels that wide blocks take at the head and at the foot of a page."""

    head: float = 0.0
    foot: float = 0.0


Reserves = Mapping[int, Reserve]
"""By page."""


class Cursor(NamedTuple):
    """How far the columns are filled: `y` is where the last block ends, `margin` what it keeps free below, negative at
    a column's head; the page's columns reach from `start` to `limit`. Pixels from the top of the text area."""

    page: int
    column: int
    y: float
    margin: float
    start: float
    limit: float


class Part(NamedTuple):
    """A block, or as much of it as a column holds."""

    page: int
    column: int
    top: float
    bottom: float


class Hole(NamedTuple):
    """What stays empty at the foot of a column; negative where a block is taller than its column."""

    page: int
    column: int
    room: float


def begin(sheet: Sheet, reserves: Reserves) -> Cursor:
    """The head of the first column."""
    return Cursor(1, 0, sheet.front, -1.0, sheet.front, sheet.height - reserves.get(1, Reserve()).foot)


def start(page: int, sheet: Sheet, reserves: Reserves) -> float:
    """Where the columns of a page begin, but for those below what spans them."""
    return sheet.front if page == 1 else reserves.get(page, Reserve()).head


def advance(
    cursor: Cursor, measure: Measure, keep: float, sheet: Sheet, reserves: Reserves
) -> tuple[Cursor, list[Part], list[Hole]]:
    """Set a block. `keep` is what must stand below it in the same column, if it leads: where there is no room for that,
    the last lines of a text go to the next column, or all of it.

    At a column's head a block loses its margin, unless without it the block would fit into the column before.
    """
    parts: list[Part] = []
    holes: list[Hole] = []
    done, count = 0, len(measure.tops)
    whole = measure.height + (keep if measure.leads else measure.foot)
    gap = max(cursor.margin, measure.above)
    while True:
        fresh = cursor.margin < 0 and cursor.start <= start(cursor.page, sheet, reserves)
        top = cursor.y + gap
        room = cursor.limit - top + ROUNDING
        if not measure.cuts:
            if room >= whole or fresh:
                parts.append(Part(cursor.page, cursor.column, top, top + measure.height))
                break
        else:
            offset = measure.tops[done] - measure.again if done else 0.0
            here = _fitting(measure, room + offset, done, fresh)
            if here == count and measure.leads and room + offset < whole:
                here = _parted(measure, done, fresh)
            elif here == count and not fresh and room + offset < whole:
                here = _fitting(measure, room + offset - measure.foot, done, fresh)
            if here == count:
                parts.append(Part(cursor.page, cursor.column, top, top + measure.height - offset))
                break
            if here:
                bottom = top + measure.bottoms[here - 1] - offset
                parts.append(Part(cursor.page, cursor.column, top, bottom))
                cursor = cursor._replace(y=bottom)
                done = here
        holes.append(Hole(cursor.page, cursor.column, cursor.limit - cursor.y))
        # A heading that fits goes with what must stand below it: the break before it is looked for afterwards.
        alone = measure.least if measure.cuts else measure.height if measure.leads else whole
        closer = room < alone <= room + gap - max(cursor.margin, 0.0)
        gap = measure.above if closer and not done else 0.0
        cursor = turn(cursor, sheet, reserves)
    return cursor._replace(y=parts[-1].bottom, margin=measure.below), parts, holes


def _fitting(measure: Measure, room: float, done: int, forced: bool) -> int:
    """After how many pieces to break so that no more than `room` is used, or 0; all of them where that is possible."""
    count = len(measure.bottoms)
    if measure.bottoms[-1] <= room and measure.height <= room:
        return count
    fits = bisect_right(measure.bottoms, room)
    at = bisect_right(measure.cuts, min(fits, count - 1))
    if at and measure.cuts[at - 1] > done:
        return measure.cuts[at - 1]
    if not forced:
        return 0
    return next((cut for cut in measure.cuts if cut > done), count)


def _parted(measure: Measure, done: int, fresh: bool) -> int:
    """After how many pieces to break so that the last go with what follows: as few of those as may stand alone; all or
    none where that leaves too few here. What has begun in the column before, or at this one's head, ends here then."""
    last = measure.cuts[-1]
    if last > done and last - done >= measure.cuts[0]:
        return last
    return len(measure.bottoms) if done or fresh else 0


def turn(cursor: Cursor, sheet: Sheet, reserves: Reserves) -> Cursor:
    """The head of the next column."""
    if cursor.column + 1 < sheet.columns:
        return cursor._replace(column=cursor.column + 1, y=cursor.start, margin=-1.0)
    reserve = reserves.get(cursor.page + 1, Reserve())
    return Cursor(cursor.page + 1, 0, reserve.head, -1.0, reserve.head, sheet.height - reserve.foot)


def span(cursor: Cursor, measure: Measure, sheet: Sheet, reserves: Reserves) -> tuple[Cursor, Part, list[Hole]]:
    """Set a block across all columns, on the next page if there is no room. What stands above it on the page is
    balanced, to a line, since no more depends on it than where the references begin."""
    filled = cursor.column * (cursor.limit - cursor.start) + cursor.y - cursor.start
    empty = cursor.margin < 0 and not cursor.column
    above = max(cursor.margin, 0.0) + measure.above  # which do not collapse
    top = cursor.start + (0.0 if empty else filled / sheet.columns + A_LINE + above)
    holes = []
    if not (empty and cursor.start <= start(cursor.page, sheet, reserves)) and top + measure.height > cursor.limit:
        rest = cursor.limit - cursor.start - filled / sheet.columns
        holes = [Hole(cursor.page, column, rest) for column in range(sheet.columns)]
        cursor = turn(cursor._replace(column=sheet.columns - 1), sheet, reserves)
        top = cursor.start
    bottom = top + measure.height
    below = bottom + measure.below
    return cursor._replace(column=0, y=below, start=below, margin=-1.0), Part(cursor.page, 0, top, bottom), holes


def balanced(parts: Sequence[tuple[int, Part]], spanning: Collection[int]) -> set[int]:
    """The pages on which WeasyPrint makes columns end together: above what spans them, and the last after it."""
    above = {before.page for (_, before), (index, _) in pairwise(parts) if index in spanning}
    return above | {parts[-1][1].page} if spanning else set()


def keeps(order: Sequence[int], measures: Mapping[int, Measure]) -> dict[int, float]:
    """For each block of a run of text that leads, what must stand below it: what follows, if that leads too with what
    follows it, or as much of it as may stand alone."""
    found: dict[int, float] = {}
    for index, following in zip(reversed(order[:-1]), reversed(order[1:]), strict=True):
        leading, next_ = measures[index], measures[following]
        if leading.leads:
            tied = next_.least if next_.cuts else next_.height + found.get(following, next_.foot)
            found[index] = max(leading.below, next_.above) + tied
    return found


def fill(
    order: Sequence[int],
    measures: Mapping[int, Measure],
    sheet: Sheet,
    reserves: Reserves,
    spanning: Collection[int] = (),
) -> Iterator[tuple[int, Part]]:
    """Every part of the blocks in `order`, as they are set one after the other, the `spanning` across all columns."""
    kept = keeps(order, measures)
    cursor = begin(sheet, reserves)
    for index in order:
        if index in spanning:
            cursor, part, _ = span(cursor, measures[index], sheet, reserves)
            yield index, part
            continue
        cursor, parts, _ = advance(cursor, measures[index], kept.get(index, 0.0), sheet, reserves)
        yield from ((index, part) for part in parts)
