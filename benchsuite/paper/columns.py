"""A quick imitation of how WeasyPrint fills columns, so that placement can try hundreds of arrangements at no cost.

Works on the measures of each block, taken once from a layout in a single endless column. Lines, orphans, widows and
headings kept with what follows are imitated; the last page's balance is not, since nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchsuite.paper.placement import Arrangement, Fragment, Layout

FEWEST_LINES = 2
"""Orphans and widows."""
ROUNDING = 0.1
"""Pixels by which sums of measures may differ from WeasyPrint's own."""


@dataclass(frozen=True)
class Measure:
    """A block in pixels: the space before it, its own height, and its lines' height when it may be broken.

    `top` and `bottom` are its own margins, which WeasyPrint keeps at the head and at the foot of a column.
    """

    before: float
    height: float
    line: float | None
    heading: bool = False
    top: float = 0.0
    bottom: float = 0.0


@dataclass(frozen=True)
class Sheet:
    """The text area: `height` of a column in pixels, what the front matter takes of the first page, and the blocks
    before (`head`) and after (`tail`) the body that share its columns."""

    height: float
    front: float
    head: tuple[int, ...]
    tail: tuple[int, ...]
    columns: int = 2


def fill(arrangement: Arrangement, measures: Mapping[int, Measure], sheet: Sheet) -> Layout:
    """Lay out an arrangement column by column, as Layout says."""
    filler = _Filler(arrangement, measures, sheet)
    flow = [*sheet.head, *arrangement.order, *sheet.tail]
    for position, index in enumerate(flow):
        filler.set(index, flow[position + 1 :])
    bottoms = tuple(sheet.height for _ in range(filler.page))
    return Layout(bottoms, sheet.height, tuple(filler.fragments))


class _Filler:
    """The column being filled."""

    def __init__(self, arrangement: Arrangement, measures: Mapping[int, Measure], sheet: Sheet) -> None:
        self.arrangement = arrangement
        self.measures = measures
        self.sheet = sheet
        self.page, self.column = 1, 0
        self.start = sheet.front
        self.y = self.start
        self.fragments: list[Fragment] = []

    def set(self, index: int, following: Sequence[int]) -> None:
        if index in self.arrangement.heads:
            self._put(index, 0.0)
            return
        measure = self.measures[index]
        before = measure.before if self.y > self.start else measure.top
        room = self.sheet.height - self.y - before
        needed = measure.height + (self._least(following) if measure.heading else measure.bottom)
        if measure.line is None and room < needed and self.y > self.start:
            self._turn()
            before, room = measure.top, self.sheet.height - self.y - measure.top
        if measure.line is None or room >= measure.height:
            self.y += before
            self._put(index, measure.height)
        else:
            self._break(index, measure, before, room)

    def _break(self, index: int, measure: Measure, before: float, room: float) -> None:
        """Set as many lines as fit, leaving enough for both sides."""
        line = measure.line or measure.height
        left = max(1, round(measure.height / line))
        while left:
            here = min(int((room + ROUNDING) // line), left)
            if 0 < left - here < FEWEST_LINES:
                here = left - FEWEST_LINES
            if here >= min(FEWEST_LINES, left):
                self.y += before
                self._put(index, here * line)
                left -= here
            elif self.y <= self.start:
                self._put(index, left * line)
                return
            if left:
                self._turn()
                before, room = 0.0, self.sheet.height - self.y

    def _least(self, following: Sequence[int]) -> float:
        """What must stand below a heading: further headings, and the beginning of what they head."""
        need = 0.0
        for index in following:
            if index in self.arrangement.heads:
                continue
            measure = self.measures[index]
            if measure.line is None or measure.heading:
                need += measure.before + measure.height + (0.0 if measure.heading else measure.bottom)
            else:
                need += measure.before + min(measure.height, FEWEST_LINES * measure.line)
            if not measure.heading:
                break
        return need

    def _put(self, index: int, height: float) -> None:
        self.fragments.append(Fragment(index, self.page, self.column, self.y, self.y + height))
        self.y += height

    def _turn(self) -> None:
        self.column = (self.column + 1) % self.sheet.columns
        if self.column == 0:
            self.page += 1
            self.start = self.arrangement.reserved(self.page)
        self.y = self.start
