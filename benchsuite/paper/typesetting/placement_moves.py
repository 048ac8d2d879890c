"""Moves of placement: what has been set so far, what may be set or booked next, and what that costs.

A text follows the text before it. A narrow float stands where the columns have got to; a wide one is booked for the
head of the next page or the foot of the present one, whose margin makes room for it, and when no page has room for it,
it spans the columns between body and references. A booking changes nothing of what stands already, so it makes no
difference when it is made as long as it can be; it is made at the last moment, and every arrangement is met once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from benchsuite.paper.typesetting.arrangement import GAP, HOLE, STRETCH, Block, is_loose
from benchsuite.paper.typesetting.column_model import (
    ROUNDING,
    Cursor,
    Hole,
    Measure,
    Part,
    Reserve,
    Sheet,
    advance,
    begin,
    keeps,
    span,
)

FULLEST = 0.9
"""Largest share of a page's height that heads and feet may take."""
PASSED = 4
"""How many narrow floats of its kind a wide one may be booked before."""
A_PAGE = 12
"""How many texts before the one that mentions it a wide float may be booked before narrow ones."""
SOONEST = {False: 2, True: 30}
"""How many texts before the one that mentions it a float may come, or a wide one be booked."""

SMALL_HOLE, ANY_HOLE, LARGE_HOLE, OVERFLOW = 0.4, 600.0, 6.0, 20_000.0
"""Prices of a pixel of hole, of a hole beyond HOLE and of its pixels beyond it, of a block too tall for its column."""
DOUBT = 300.0
"""Price of a column so full that WeasyPrint, which rounds otherwise, may take a line of it to the next."""
WARY = 4.0
"""Pixels by which holes had better be smaller than HOLE."""
COLUMN, BEFORE, FARTHER, BARRIER, LAST_FOOT, SPANNING, PAGE = 12.0, 40.0, 2500.0, 60.0, 100.0, 400.0, 200.0
"""Prices of a column between a float and its mention, of coming before it, of a page more than one between them, of
leaving its section, of a foot under the short columns of the last page, of spanning the columns, and
of a page."""


class State(NamedTuple):
    """What has been set so far, and what it costs."""

    cost: float
    cursor: Cursor
    taken: tuple[int, int, int]
    """How many texts, figures and tables."""
    ahead: tuple[tuple[int, int], ...]
    """Wide blocks that were booked before narrow ones of smaller numbers, with the page, which those may not pass."""
    floors: tuple[int, int]
    """The first page on which the next figure and the next table may stand."""
    reserves: Mapping[int, Reserve]
    spots: Mapping[int, tuple[int, int]]
    """Where (page, column) the texts begin that mention floats."""
    early: tuple[tuple[int, int, int], ...]
    """Floats set before their mention, with page and column."""
    charged: float
    """What the holes of this page have cost: forgiven if it turns out to be the last."""
    give: float
    """Pixels by which the spaces of this column may grow, which a hole at its foot is the smaller by."""
    begun: int
    """The last page on which a block begins before which wide ones can be written."""
    path: tuple[object, tuple[str, int, int]] | None
    """Linked list of what was done: (what, block, page)."""

    @property
    def set_and_room(self) -> object:
        """All that decides what may follow, but for what it will cost: what is set, and the room that there is."""
        page = self.cursor.page
        return self.taken, self.ahead, self.cursor, self.reserves.get(page), self.reserves.get(page + 1)

    def done(self) -> Iterator[tuple[str, int, int]]:
        """What was done (what, block, page), the last first."""
        node = self.path
        while node is not None:
            yield node[1]
            node = node[0]  # type: ignore[assignment]


class _Choice(NamedTuple):
    """The floats to choose from once so many blocks are taken."""

    due: tuple[tuple[int, float], ...]
    """Those that have been mentioned and wait, in their order, with the last page on which they may stand."""
    narrow: tuple[tuple[int, int], ...]
    """Those that may be set next in the columns, with their kinds."""
    wide: tuple[tuple[int, int], ...]
    """Those that may be booked."""
    spanning: tuple[tuple[int, int], ...]
    """Those that may span the columns."""


class Moves:
    """The moves for some blocks; `heights` are those of wide ones, in pixels."""

    def __init__(
        self, content: Sequence[Block], measures: Mapping[int, Measure], heights: Mapping[int, float], sheet: Sheet
    ) -> None:
        self.content, self.measures, self.heights, self.sheet = content, measures, heights, sheet
        body = [i for i, block in enumerate(content) if not block.floats]
        self.texts = [*sheet.head, *body, *sheet.tail]
        self.first, self.last = len(sheet.head), len(sheet.head) + len(body)
        self.queues = [[i for i, block in enumerate(content) if block.kind == kind] for kind in ("figure", "table")]
        self.keep = keeps(self.texts, measures)
        rank = {index: at for at, index in enumerate(self.texts)}
        self.mention = {i: self._mention(i) for queue in self.queues for i in queue}
        self.rank = {i: rank.get(text, self.first) for i, text in self.mention.items()}
        self.share = {
            i: heights[i] * sheet.columns / sheet.height if content[i].wide else measures[i].height / sheet.height
            for i in self.mention
        }
        """How many columns a float fills."""
        self.mentioned = frozenset(self.mention.values())
        self._choices: dict[object, _Choice] = {}
        self._advanced: dict[object, tuple[Cursor, list[Part], list[Hole]]] = {}

    def _mention(self, index: int) -> int:
        """The text that mentions a float; the one before it where none does, or where only another float does."""
        found = self.content[index].mention
        if found is not None and not self.content[found].floats:
            return found
        before = [i for i in range(index) if not self.content[i].floats]
        return before[-1] if before else (self.texts[0] if self.texts else -1)

    def begin(self) -> State:
        """Nothing is set."""
        return State(0.0, begin(self.sheet, {}), (0, 0, 0), (), (1, 1), {}, {}, (), 0.0, 0.0, 0, None)

    def promise(self, state: State) -> float:
        """The cost, and about what the floats that wait will cost, set one after the other from here."""
        cursor, columns = state.cursor, self.sheet.columns
        filled = float(cursor.page * columns + cursor.column)
        filled += (cursor.y - cursor.start) / max(1.0, cursor.limit - cursor.start)
        late = 0.0
        for index, ceiling in self._choice(state).due:
            spot = divmod(int(filled), columns)
            if (mention := state.spots.get(self.mention[index])) is not None:
                late += _distance(mention, spot)
            if spot[0] > ceiling:
                late += FARTHER
            filled += self.share[index]
        if self._unbegun(state):
            late += OVERFLOW if self.placed(state) else 3 * SPANNING
        return state.cost + late

    def placed(self, state: State) -> bool:
        """Whether no float waits."""
        return state.taken[1] == len(self.queues[0]) and state.taken[2] == len(self.queues[1])

    def with_text(self, state: State) -> State | None:
        """The next text is set; None where a float waits for a page that is over by then."""
        index = self.texts[state.taken[0]]
        after, parts = self._set(state, index)
        cost, early, spots = after.cost, after.early, after.spots
        if any(after.cursor.page > page for _, page in state.ahead):
            return None
        if index in self.mentioned:
            spot = (parts[0].page, parts[0].column)
            spots = {**spots, index: spot}
            cost += sum(
                _distance(spot, (page, column)) + (0.0 if self.content[i].wide else BEFORE)
                for i, page, column in early
                if self.mention[i] == index
            )
            early = tuple(entry for entry in early if self.mention[entry[0]] != index)
        if self.first <= state.taken[0] < self.last and self.content[index].barrier:
            cost += BARRIER * sum(i < index for i in self._waiting(state))
        taken = (state.taken[0] + 1, state.taken[1], state.taken[2])
        return after._replace(cost=cost, taken=taken, early=early, spots=spots)

    def with_float(self, state: State) -> Iterator[State]:
        """Every state that one more float leads to."""
        if not self.first <= state.taken[0] <= self.last:
            return
        choice = self._choice(state)
        for kind, index in choice.narrow:
            yield from self._float(state, kind, index)
        if choice.wide:
            coming = self._coming(state, choice.narrow)
            for kind, index in choice.wide:
                yield from self._booked(state, kind, index, coming)
        for kind, index in choice.spanning:
            yield self._spanned(state, kind, index)

    def ended(self, state: State) -> float:
        """What it costs if this is all."""
        cursor = state.cursor
        foot = LAST_FOOT if state.reserves.get(cursor.page, Reserve()).foot else 0.0
        unheld = cursor.page in state.reserves and state.begun != cursor.page
        return state.cost - state.charged + foot + PAGE * cursor.page + OVERFLOW * unheld

    def _choice(self, state: State) -> _Choice:
        key = state.taken, state.ahead
        if key not in self._choices:
            self._choices[key] = self._chosen(state)
        return self._choices[key]

    def _chosen(self, state: State) -> _Choice:
        text = state.taken[0]
        ceilings = [(i, self._ceiling(state, i)) for i in sorted(self._waiting(state))]
        due = tuple((i, page) for i, page in ceilings if self.rank[i] < text or page < math.inf)
        narrow, wide, spanning = [], [], []
        ahead = [index for index, _ in state.ahead]
        for kind, queue in enumerate(self.queues):
            left = queue[state.taken[1 + kind] :][: 1 + PASSED + len(ahead)]
            soon = [i for i in left if text >= min(self.rank[i] + 1 - SOONEST[self.content[i].wide], self.last)]
            if left[:1] == soon[:1] and left and not self.content[left[0]].wide and self._between(text):
                narrow.append((kind, left[0]))
            for index in [i for i in left if self.content[i].wide and i not in ahead][:1]:
                if index in soon and (index == left[0] or self.rank[index] <= text + A_PAGE):
                    wide.append((kind, index))
                    if text >= self.last and index == left[0]:
                        spanning.append((kind, index))
        return _Choice(due, tuple(narrow), tuple(wide), tuple(spanning))

    def _waiting(self, state: State) -> Iterator[int]:
        """The floats that have not been set."""
        ahead = [index for index, _ in state.ahead]
        for queue, done in zip(self.queues, state.taken[1:], strict=True):
            yield from (index for index in queue[done:] if index not in ahead)

    def _ceiling(self, state: State, index: int) -> float:
        """The last page on which a float may stand: that of the next of its kind which is set."""
        kind = self.content[index].kind
        later = (page for i, page in state.ahead if i > index and self.content[i].kind == kind)
        return min(later, default=math.inf)

    def _unbegun(self, state: State) -> bool:
        """Whether the body has ended, but for floats, before any of it begins on a page that wide blocks were booked
        for."""
        return state.taken[0] >= self.last and max(state.reserves, default=0) > state.begun

    def _between(self, text: int) -> bool:
        """Whether a float may stand before this text."""
        if text >= len(self.texts):
            return True
        before = self.content[self.texts[text - 1]] if text > self.first else None
        follows = text < self.last and self.content[self.texts[text]].glued
        return not follows and (before is None or before.kind != "heading")

    def _float(self, state: State, kind: int, index: int) -> Iterator[State]:
        after, parts = self._set(state, index)
        page, column = parts[0].page, parts[0].column
        if state.floors[kind] <= page <= self._ceiling(state, index):
            yield self._counted(after, kind, index, page, column, page)

    def _coming(self, state: State, narrow: Iterable[tuple[int, int]]) -> list[tuple[Cursor, float]]:
        """Where the columns have got to after each block that may be set next, with what must stand below it."""
        blocks = [*self.texts[state.taken[0] :][:1], *(index for _, index in narrow)]
        return [(self._advance(state, index)[0], self.keep.get(index, 0.0)) for index in blocks]

    def _booked(self, state: State, kind: int, index: int, coming: Sequence[tuple[Cursor, float]]) -> Iterator[State]:
        """The wide block at the head of the next page, or at the foot of this one while its columns are low enough, if
        after a block that is `coming` it would be too late."""
        text, cursor, page = state.taken[0], state.cursor, state.cursor.page
        need = self.heights[index] + GAP
        most = FULLEST * self.sheet.height - need
        here, ahead = (state.reserves.get(at, Reserve()) for at in (page, page + 1))
        late = text == self.last - 1 or any(after.page > page for after, _ in coming)
        if text < self.last and late and sum(ahead) <= most:
            reserves = {**state.reserves, page + 1: ahead._replace(head=ahead.head + need)}
            after = state._replace(reserves=reserves, path=(state.path, ("head", index, page + 1)))
            yield self._counted(after, kind, index, page + 1, 0, page + 1)

        def low(cursor: Cursor, keep: float) -> bool:
            # With its margin or what a heading keeps below it, without which nothing would stand where this room ends.
            return cursor[:2] == (page, 0) and cursor.y + max(cursor.margin, keep) <= state.cursor.limit - need

        late = text >= self.last or not all(low(*after) for after in coming)
        passed = max(state.floors[kind], *(at for i, at in state.ahead if i in self.queues[kind]), 0)
        kept = self.keep.get(self.texts[text - 1], 0.0) if text else 0.0
        if late and low(cursor, kept) and sum(here) <= most and page >= passed:
            reserves = {**state.reserves, page: here._replace(foot=here.foot + need)}
            lower = cursor._replace(limit=cursor.limit - need)
            after = state._replace(reserves=reserves, cursor=lower, path=(state.path, ("foot", index, page)))
            yield self._counted(after, kind, index, page, self.sheet.columns - 1, page + 1)

    def _spanned(self, state: State, kind: int, index: int) -> State:
        """The wide block across the columns, when no page has room for it."""
        cursor, part, holes = span(state.cursor, self.measures[index], self.sheet, state.reserves)
        passed = range(state.cursor.page, cursor.page)
        unheld = any(page in state.reserves and page != state.begun for page in passed)
        cost = state.cost - state.charged + SPANNING + sum(map(_price, holes)) + OVERFLOW * unheld
        after = state._replace(cost=cost, cursor=cursor, charged=0.0, path=(state.path, ("span", index, part.page)))
        return self._counted(after, kind, index, part.page, 0, part.page)

    def _advance(self, state: State, index: int) -> tuple[Cursor, list[Part], list[Hole]]:
        """Many states have the same columns before them, and set the same blocks there."""
        cursor = state.cursor
        key = index, cursor, state.reserves.get(cursor.page), state.reserves.get(cursor.page + 1)
        if key not in self._advanced:
            keep = self.keep.get(index, 0.0)
            self._advanced[key] = advance(cursor, self.measures[index], keep, self.sheet, state.reserves)
        return self._advanced[key]

    def _set(self, state: State, index: int) -> tuple[State, list[Part]]:
        cursor, parts, holes = self._advance(state, index)
        page = state.cursor.page
        # Before the first block of a page it would still be on the page before.
        held = parts[0].page if parts[0].page == page or parts[0].column else 0
        begun = held if held and self._anchors(state, index) else state.begun
        cost = state.cost
        charged = state.charged
        if cursor.page > page:
            charged = 0.0
            passed = range(page, cursor.page)
            cost += OVERFLOW * any(at in state.reserves and at not in (state.begun, begun) for at in passed)
        give = state.give + STRETCH * (parts[0][:2] == state.cursor[:2] and self._loose(state, index))
        for hole in holes:
            price = _price(hole, give if hole[:2] == state.cursor[:2] else 0.0)
            cost += price
            if hole.page == cursor.page:
                charged += price
        if any(part.bottom > cursor.limit + 1 for part in parts if part.page == cursor.page):
            cost += OVERFLOW
        limits = {page: state.cursor.limit, cursor.page: cursor.limit}
        cost += DOUBT * any(abs(part.bottom - limits.get(part.page, part.bottom + 1)) <= ROUNDING for part in parts)
        path = (state.path, ("flow", index, held))
        give = give if cursor[:2] == state.cursor[:2] else 0.0
        return state._replace(cost=cost, cursor=cursor, charged=charged, give=give, begun=begun, path=path), parts

    def _loose(self, state: State, index: int) -> bool:
        """Whether the space above a block that is set next in a column may grow."""
        before = next((i for what, i, _ in state.done() if what in ("flow", "span")), -1)
        return state.cursor.margin >= 0 and is_loose(self.content, before, index)

    def _anchors(self, state: State, index: int) -> bool:
        """Whether a wide block can be written before this one: it is not tied to the one before it."""
        if not 0 <= index < len(self.content) or self.content[index].glued:
            return False
        before = self.texts[state.taken[0] - 1] if state.taken[0] > self.first else -1
        return self.content[index].floats or before < 0 or self.content[before].kind != "heading"

    def _counted(self, state: State, kind: int, index: int, page: int, column: int, floor: int) -> State:
        """The state with a float counted among what is set, and its distance from its mention."""
        taken, floors, ahead = list(state.taken), list(state.floors), dict(state.ahead)
        queue = self.queues[kind]
        if index == queue[taken[1 + kind]]:
            taken[1 + kind] += 1
            floors[kind] = floor
            while queue[taken[1 + kind] :] and queue[taken[1 + kind]] in ahead:
                floors[kind] = max(floors[kind], ahead.pop(queue[taken[1 + kind]]))
                taken[1 + kind] += 1
        else:
            ahead[index] = page
        spot = state.spots.get(self.mention[index])
        return state._replace(
            cost=state.cost + (_distance(spot, (page, column)) if spot is not None else 0.0),
            taken=(taken[0], taken[1], taken[2]),
            ahead=tuple(ahead.items()),
            floors=(floors[0], floors[1]),
            early=state.early if spot is not None else (*state.early, (index, page, column)),
        )


def _price(hole: Hole, give: float = 0.0) -> float:
    _, _, room = hole
    if room < 0:
        return OVERFLOW
    beyond = room - give - HOLE + WARY
    return SMALL_HOLE * room + (ANY_HOLE + LARGE_HOLE * beyond if beyond > 0 else 0.0)


def _distance(mention: tuple[int, int], spot: tuple[int, int]) -> float:
    """The price of a float at `spot` (page, column) whose mention is elsewhere."""
    pages = abs(spot[0] - mention[0])
    columns = 2 * (spot[0] - mention[0]) + spot[1] - mention[1]
    return COLUMN * abs(columns) + FARTHER * max(0, pages - 1)
