"""Placement: where floats go, because WeasyPrint has no top floats and leaves holes under figures that do not fit.

Wide blocks go to the head of the page that first mentions them (page 2 at the earliest), where the page gets a
larger margin and the block is positioned into it. A column float that leaves a hole at the foot of the column before
it is delayed past the text that fills the hole. Pure logic: the caller lays out arrangements (`columns` imitates it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

GAP = 12.0
"""Pixels between stacked heads, and between a head and the columns."""
HOLE = 48.0
"""Pixels of three lines: smaller holes are let be."""
PAGE_PRICE = 300.0
CARRY_PRICE = 5.0
CROSS_PRICE = 60.0
"""What a page, a float's step away from its place, and its leaving its section weigh against pixels of holes."""
FULLEST = 0.5
"""Largest share of a page's height that several heads may take: the tallest figures must fit into what is left."""


@dataclass(frozen=True)
class Fragment:
    """A part of block `index` as laid out; `column` is 0 or 1; lengths in pixels from the top of the page."""

    index: int
    page: int
    column: int
    top: float
    bottom: float


@dataclass(frozen=True)
class Layout:
    """Pages from 1; `bottom[p - 1]` is where the columns of page p end, `height` the text height without heads."""

    bottom: tuple[float, ...]
    height: float
    fragments: tuple[Fragment, ...]

    @property
    def pages(self) -> int:
        return len(self.bottom)

    def page_of(self, index: int) -> int | None:
        return next((f.page for f in self.fragments if f.index == index), None)

    def holes(self) -> tuple[tuple[float, Fragment], ...]:
        """Empty room at the foot of each column but the last page's, with the fragment above it, in order."""
        last: dict[tuple[int, int], Fragment] = {}
        for fragment in self.fragments:
            spot = (fragment.page, fragment.column)
            if fragment.page < self.pages and (spot not in last or fragment.bottom > last[spot].bottom):
                last[spot] = fragment
        found = ((self.bottom[page - 1] - f.bottom, f) for (page, _), f in sorted(last.items()))
        return tuple((room, fragment) for room, fragment in found if room > HOLE)


@dataclass(frozen=True)
class Arrangement:
    """Blocks in the order they are set. `heads` maps a wide block to its page; `heights` are pixels."""

    order: tuple[int, ...]
    heads: Mapping[int, int]
    heights: Mapping[int, float]

    def reserved(self, page: int) -> float:
        """How much the heads of a page take from its columns."""
        return sum(self.heights[index] + GAP for index, at in self.heads.items() if at == page)

    def offset(self, index: int) -> float:
        """How far above the columns a head begins."""
        page = self.heads[index]
        before = (i for i, at in self.heads.items() if at == page and i < index)
        return self.reserved(page) - sum(self.heights[i] + GAP for i in before)


@dataclass(frozen=True)
class Content:
    """What placement needs to know of the blocks: which are `wide`, which `floats` stay in a column, which are
    `headings` (kept with what follows), `barriers` (which floats had better not pass) or `glued` to the block before
    them, and the block that `mentions` each."""

    count: int
    wide: frozenset[int]
    floats: frozenset[int]
    headings: frozenset[int]
    barriers: frozenset[int]
    glued: frozenset[int]
    mentions: Mapping[int, int]


Compose = Callable[[Arrangement], Layout]


def place(content: Content, heights: Mapping[int, float], compose: Compose, passes: int = 200) -> Arrangement:
    """Arrange the blocks. A wide block that finds no head stays in the flow, across both columns."""
    flow = tuple(i for i in range(content.count) if i not in content.wide)
    arrangement = Arrangement(flow, {}, heights)
    # Page 1 has no heads: what fills it is found best before there are any elsewhere.
    arrangement, layout = _fill(content, arrangement, compose(arrangement), compose, passes)
    for _ in range(3):
        arrangement, layout = _head(content, arrangement, layout, compose)
        arrangement, layout = _fill(content, arrangement, layout, compose, passes)
        if _pages(content, heights, layout, {}) == dict(arrangement.heads):
            break
    return rescue(content, arrangement, layout, compose)


def _head(content: Content, arrangement: Arrangement, layout: Layout, compose: Compose) -> tuple[Arrangement, Layout]:
    """Give the wide blocks their pages, again and again, as the room they take moves their mentions."""
    floor: dict[int, int] = {}
    for attempt in range(6):
        wanted = _pages(content, arrangement.heights, layout, floor)
        if attempt and wanted == dict(arrangement.heads) and settled(arrangement, layout):
            break
        flow = tuple(i for i in arrangement.order if i not in content.wide)
        arrangement = _anchor(content, Arrangement(flow, wanted, arrangement.heights), layout)
        layout = compose(arrangement)
        if attempt >= 2:
            floor = dict(arrangement.heads)
    return arrangement, layout


def _bare(content: Content, arrangement: Arrangement) -> Arrangement:
    """The same without the wide blocks in the flow, but with their pages."""
    return replace(arrangement, order=tuple(i for i in arrangement.order if i not in content.wide))


def _pages(content: Content, heights: Mapping[int, float], layout: Layout, floor: Mapping[int, int]) -> dict[int, int]:
    """The page each wide block should head: its mention's, in order, as far as the pages have room."""
    taken: dict[int, float] = {}
    wanted: dict[int, int] = {}
    page = 2
    for index in sorted(content.wide):
        mention = layout.page_of(content.mentions.get(index, index)) or layout.pages
        page = max(page, mention, floor.get(index, 2))
        need = heights[index] + GAP
        while taken.get(page, 0.0) and taken[page] + need > FULLEST * layout.height and page < layout.pages:
            page += 1
        if page > layout.pages:
            continue
        taken[page] = taken.get(page, 0.0) + need
        wanted[index] = page
    return wanted


def settled(arrangement: Arrangement, layout: Layout) -> bool:
    """Whether every head is on the page that made room for it."""
    return all(layout.page_of(index) == page for index, page in arrangement.heads.items())


def _anchor(content: Content, arrangement: Arrangement, layout: Layout) -> Arrangement:
    """Set each head before a text block that begins about the middle of its page, so that later moves leave it."""
    order = list(arrangement.order)
    heads = dict(arrangement.heads)
    for index, page in arrangement.heads.items():
        begins = [i for i in order if i not in content.wide and layout.page_of(i) == page]
        texts = [i for i in begins if i not in content.floats and _may_precede(content, order, i)]
        if not texts:
            del heads[index]
            order.insert(_after_mention(content, order, index), index)
            continue
        order.insert(order.index(texts[len(texts) // 2]), index)
    return replace(arrangement, order=tuple(order), heads=heads)


def _may_precede(content: Content, order: Sequence[int], index: int) -> bool:
    at = order.index(index)
    return index not in content.glued and not (at and order[at - 1] in content.headings)


def _after_mention(content: Content, order: Sequence[int], index: int) -> int:
    mention = content.mentions.get(index, index)
    return next((at + 1 for at, i in enumerate(order) if i == mention), len(order))


def _fill(
    content: Content, arrangement: Arrangement, layout: Layout, compose: Compose, passes: int
) -> tuple[Arrangement, Layout]:
    """Delay column floats that leave holes, the best move first, as long as the pages get fuller by it."""
    for _ in range(20):
        best: tuple[Arrangement, Layout] | None = None
        for index, after in _delays(content, arrangement, layout):
            if passes <= 0:
                break
            passes -= 1
            moved = _moved(content, arrangement, index, after)
            trial = compose(moved)
            if not settled(moved, trial):
                moved = _anchor(content, _bare(content, moved), trial)
                trial = compose(moved)
            lead = _cost(content, *(best or (arrangement, layout)))
            if _cost(content, moved, trial) < lead and settled(moved, trial):
                best = moved, trial
        if best is None:
            break
        arrangement, layout = best
    return arrangement, layout


def _cost(content: Content, arrangement: Arrangement, layout: Layout) -> float:
    """Pixels of holes, with a price on pages and on carrying floats away from their place or out of their section."""
    flow = [index for index in arrangement.order if index not in arrangement.heads]
    carried = sum(max(0, place - rank) for rank, place in enumerate(sorted(range(len(flow)), key=flow.__getitem__)))
    crossed = sum(
        block in content.floats and block < barrier
        for at, barrier in enumerate(flow)
        if barrier in content.barriers
        for block in flow[at:]
    )
    holes = sum(room for room, _ in layout.holes())
    return PAGE_PRICE * layout.pages + holes + CARRY_PRICE * carried + CROSS_PRICE * crossed


def _delays(content: Content, arrangement: Arrangement, layout: Layout) -> list[tuple[int, int]]:
    """Moves (float, block to set it after) that may close a hole: past the blocks below it."""
    order = [i for i in arrangement.order if i not in arrangement.heads]
    moves: list[tuple[int, int]] = []
    for _, above in layout.holes():
        at = order.index(above.index) + 1 if above.index in order else len(order)
        while at < len(order) and order[at] in content.headings:
            at += 1
        if at >= len(order) or order[at] not in content.floats:
            continue
        for end in range(at + 1, min(at + 6, len(order))):
            follower = order[end + 1] if end + 1 < len(order) else None
            if order[end] in content.headings or order[end] in content.floats:
                continue
            if follower not in content.glued:
                moves.append((order[at], order[end]))
    return moves


def _moved(content: Content, arrangement: Arrangement, index: int, after: int) -> Arrangement:
    """Set float `index` after the block `after`; floats in between go with it, so that their order stays."""
    order = list(arrangement.order)
    start, end = order.index(index), order.index(after)
    between = order[start : end + 1]
    floats = [i for i in between if i in content.floats]
    order[start : end + 1] = [i for i in between if i not in content.floats] + floats
    return replace(arrangement, order=tuple(order))


def rescue(content: Content, arrangement: Arrangement, layout: Layout, compose: Compose) -> Arrangement:
    """Let nothing be lost or overprinted: heads that slipped to another page return to the flow."""
    for _ in range(3):
        slipped = {i for i, page in arrangement.heads.items() if layout.page_of(i) != page}
        lost = content.wide - set(arrangement.order)
        if not slipped and not lost:
            break
        order = list(arrangement.order)
        for index in sorted(lost):
            order.insert(_after_mention(content, order, index), index)
        heads = {i: page for i, page in arrangement.heads.items() if i not in slipped}
        arrangement = replace(arrangement, order=tuple(order), heads=heads)
        layout = compose(arrangement)
    return arrangement
