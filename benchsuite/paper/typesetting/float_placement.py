"""Placement: where floats go, because WeasyPrint has no top floats and leaves holes under figures that do not fit.

Text keeps its order, and so do figures among themselves and tables among themselves. A beam search sets text
after text on imitated columns (`columns`), and before each one any of the next figures and tables; wide ones are booked
for the head of the next page or the foot of the present one, whose margin makes room for them, and those that no page
has room for span the columns between body and references. What it makes small is holes in columns and the way from
where a float is first mentioned. Pure logic, the same at every call.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from benchsuite.paper.concurrency.fork import run_jobs
from benchsuite.paper.typesetting.arrangement import GAP, HOLE, Arrangement, Block
from benchsuite.paper.typesetting.column_model import (
    Cursor,
    Hole,
    Measure,
    Part,
    Reserve,
    Sheet,
    advance,
    balanced,
    begin,
    fill,
    keeps,
    span,
)
from benchsuite.paper.typesetting.spacing import spaced

FULLEST = 0.8
"""Largest share of a page's height that heads and feet may take."""
BEAMS = ((60, 4, 0),), ((120, 5, 0), (120, 5, 4)), ((400, 12, 0), (400, 12, 4)), ((400, 40, 0),)
"""How many states are kept before each text, of them how many that have set the same floats, and how many narrow floats
a wide one may come before; the next are tried where those before leave a flaw."""
MOST_WORK = 50_000
"""Largest product of states and blocks that is tried after the first search: what a dozen pages need for all."""
A_PAGE = 12
"""How many texts before the one that mentions it a wide float may be booked before narrow ones."""
SOONEST = {False: 2, True: 30}
"""How many texts before the one that mentions it a float may come, or a wide one be booked."""

SMALL_HOLE, ANY_HOLE, LARGE_HOLE, OVERFLOW = 0.4, 600.0, 6.0, 20_000.0
"""Prices of a pixel of hole, of a hole beyond HOLE and of its pixels beyond it, of a block too tall for its column."""
WARY = 4.0
"""Pixels by which holes had better be smaller than HOLE."""
COLUMN, BEFORE, FARTHER, BARRIER, LAST_FOOT, SPANNING, PAGE = 12.0, 40.0, 2500.0, 60.0, 100.0, 400.0, 200.0
"""Prices of a column between a float and its mention, of coming before it, of a page more than one between them, of
leaving its section, of a foot under the short columns of the last page, of spanning the columns, and
of a page."""


def copies() -> int:
    """How often `place` copies its process, at most: once for each round that tries several beams."""
    return sum(len(beams) > 1 for beams in BEAMS)


class _State(NamedTuple):
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
    begun: int
    """The last page on which a block begins before which wide ones can be written."""
    path: tuple[object, tuple[str, int, int]] | None
    """Linked list of what was done: (what, block, page)."""


def place(
    content: Sequence[Block], measures: Mapping[int, Measure], heights: Mapping[int, float], sheet: Sheet
) -> Arrangement:
    """Arrange the blocks; `heights` are those of wide blocks, in pixels."""
    search = _Search(content, measures, heights, sheet)

    def tried(beam: tuple[int, int, int]) -> tuple[bool, float, Arrangement]:
        arranged, cost = search.best(*beam)
        return not search.flawless(arranged) or cost >= PAGE * arranged.last + FARTHER, cost, arranged

    found: list[tuple[bool, float, Arrangement]] = []
    for beams in BEAMS:
        affordable = [beam for beam in beams if beam[0] * len(content) <= MOST_WORK or not found]
        affordable = [beam for beam in affordable if heights or not beam[2]]
        found += run_jobs([partial(tried, beam) for beam in affordable])
        flawed, _, best = min(found, key=lambda one: one[:2])
        if not flawed:
            break
    return best


class _Search:
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
        self.due: dict[object, Sequence[int]] = {}

    def _mention(self, index: int) -> int:
        """The text that mentions a float; the one before it where none does, or where only another float does."""
        found = self.content[index].mention
        if found is not None and not self.content[found].floats:
            return found
        before = [i for i in range(index) if not self.content[i].floats]
        return before[-1] if before else (self.texts[0] if self.texts else -1)

    def best(self, beam: int, alike: int, few: int) -> tuple[Arrangement, float]:
        """The best that is found keeping `beam` states before each text, of those with the same floats `alike`, where
        wide floats come before so many narrow ones as `few`; and what it costs."""
        reserves: Mapping[int, Reserve] = {}
        first = _State(0.0, begin(self.sheet, reserves), (0, 0, 0), (), (1, 1), reserves, {}, (), 0.0, 0, None)
        states = self._ranked([first])
        for text in range(len(self.texts) + 1):
            if text:
                states = self._ranked(filter(self._in_order, (self._text(state) for _, state in states)))
            reached = states
            while reached := self._ranked(after for _, state in reached for after in self._floated(state, few)):
                reached = self._kept(reached, beam, alike)
                states = states + reached
            states = self._kept([one for one in states if text < self.last or self._placed(one[1])], beam, alike)
        ended = sorted((self._ended(state) for _, state in states), key=lambda state: state.cost)
        plain = Arrangement(tuple(range(len(self.content))), heights=self.heights)
        arranged = ((found, state.cost) for state in ended if (found := self._arrangement(state)) is not None)
        return next(arranged, (plain, math.inf))

    def flawless(self, arrangement: Arrangement) -> bool:
        """Whether no column has a hole."""
        body, spanning = arrangement.flow(self.content)
        flow = [*self.sheet.head, *body, *self.sheet.tail]
        reserves = {page: arrangement.reserve(page) for page in {*arrangement.booked.values(), arrangement.last}}
        ends: dict[tuple[int, int], float] = {}
        grown: dict[tuple[int, int], float] = {}
        parts = list(fill(flow, self.measures, self.sheet, reserves, spanning))
        even = balanced(parts, spanning) - {part.page for index, part in parts if index in spanning}
        for index, part in parts:
            if index in spanning:
                ends |= {(part.page, column): part.bottom for column in range(self.sheet.columns)}
                continue
            spot = part.page, part.column
            if spot in ends and index in arrangement.margins:
                grown[spot] = grown.get(spot, 0.0) + arrangement.margins[index] - (part.top - ends[spot])
            ends[spot] = part.bottom
        rooms: dict[int, list[float]] = {}
        for (page, column), end in ends.items():
            foot = reserves.get(page, Reserve()).foot
            rooms.setdefault(page, []).append(self.sheet.height - foot - end - grown.get((page, column), 0.0))
        return all(
            (sum(room) / len(room) if page in even else max(room)) <= HOLE
            for page, room in rooms.items()
            if page < arrangement.last
        )

    def _ranked(self, states: Iterable[_State]) -> list[tuple[float, _State]]:
        """The states, each with what it promises to cost."""
        return [(self._promise(state), state) for state in states]

    def _kept(self, states: list[tuple[float, _State]], beam: int, alike: int) -> list[tuple[float, _State]]:
        """The best states, of those that have set the same blocks only a few."""
        same: dict[object, int] = {}
        seen: set[object] = set()
        kept = []
        for promise, state in sorted(states, key=lambda ranked: ranked[0]):
            done = (state.taken, state.ahead)
            key = (done, state.cursor, tuple(state.reserves.items()))
            if key in seen or same.get(done, 0) >= alike:
                continue
            seen.add(key)
            same[done] = same.get(done, 0) + 1
            kept.append((promise, state))
            if len(kept) == beam:
                break
        return kept

    def _promise(self, state: _State) -> float:
        """The cost, and about what the floats that wait will cost, set one after the other from here."""
        cursor = state.cursor
        at = cursor.page * self.sheet.columns + cursor.column
        filled = at + (cursor.y - cursor.start) / max(1.0, cursor.limit - cursor.start)
        late = 0.0
        for index in self._due(state):
            page, column = divmod(int(filled), self.sheet.columns)
            late += _distance(state.spots[self.mention[index]], (page, column))
            late += FARTHER * (page > self._ceiling(state, index))
            filled += self.share[index]
        if self._unbegun(state):
            late += OVERFLOW if self._placed(state) else 3 * SPANNING
        return state.cost + late

    def _waiting(self, state: _State) -> Iterator[int]:
        """The floats that have not been set."""
        ahead = [index for index, _ in state.ahead]
        for queue, done in zip(self.queues, state.taken[1:], strict=True):
            yield from (index for index in queue[done:] if index not in ahead)

    def _due(self, state: _State) -> Sequence[int]:
        """The floats that have been mentioned and wait, in their order."""
        key = state.taken, state.ahead
        if key not in self.due:
            self.due[key] = sorted(i for i in self._waiting(state) if self.rank[i] < state.taken[0])
        return self.due[key]

    def _ceiling(self, state: _State, index: int) -> float:
        """The last page on which a float may stand: that of the next of its kind which is set."""
        kind = self.content[index].kind
        later = (page for i, page in state.ahead if i > index and self.content[i].kind == kind)
        return min(later, default=math.inf)

    def _in_order(self, state: _State) -> bool:
        """Whether no float waits for a page that is over."""
        return all(state.cursor.page <= page for _, page in state.ahead)

    def _unbegun(self, state: _State) -> bool:
        """Whether the body has ended, but for floats, before any of it begins on a page that wide blocks were booked
        for."""
        return state.taken[0] >= self.last and max(state.reserves, default=0) > state.begun

    def _placed(self, state: _State) -> bool:
        """Whether no float waits."""
        return all(taken == len(queue) for queue, taken in zip(self.queues, state.taken[1:], strict=True))

    def _floated(self, state: _State, few: int) -> Iterator[_State]:
        """Every state that one more float leads to."""
        text = state.taken[0]
        if text < self.first or text > self.last:
            return
        between = self._between(text)
        for kind, queue in enumerate(self.queues):
            ahead = [index for index, _ in state.ahead]
            left = queue[state.taken[1 + kind] :][: 1 + few + len(ahead)]
            for index in left[:1]:
                if not self.content[index].wide and between and self._soon(index, text):
                    yield from self._float(state, kind, index)
            for index in [one for one in left if self.content[one].wide and one not in ahead][:1]:
                if self._soon(index, text) and (index == left[0] or self.rank[index] <= text + A_PAGE):
                    yield from self._booked(state, kind, index)
                    if text >= self.last and index == left[0]:
                        yield self._spanned(state, kind, index)

    def _soon(self, index: int, text: int) -> bool:
        """Whether a float may be set before this text."""
        return text >= min(self.rank[index] + 1 - SOONEST[self.content[index].wide], self.last)

    def _between(self, text: int) -> bool:
        """Whether a float may stand before this text."""
        if text >= len(self.texts):
            return True
        before = self.content[self.texts[text - 1]] if text > self.first else None
        follows = text < self.last and self.content[self.texts[text]].glued
        return not follows and (before is None or before.kind != "heading")

    def _text(self, state: _State) -> _State:
        index = self.texts[state.taken[0]]
        after, parts = self._set(state, index, self.keep.get(index, 0.0))
        cost = after.cost
        early, spots = after.early, after.spots
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
        taken = (state.taken[0] + 1, *state.taken[1:])
        return after._replace(cost=cost, taken=taken, early=early, spots=spots)

    def _float(self, state: _State, kind: int, index: int) -> Iterator[_State]:
        after, parts = self._set(state, index, 0.0)
        page, column = parts[0].page, parts[0].column
        if state.floors[kind] <= page <= self._ceiling(state, index):
            yield self._counted(after, kind, index, page, column, page)

    def _booked(self, state: _State, kind: int, index: int) -> Iterator[_State]:
        """The wide block at the head of the next page, or at the foot of this one while its columns are low enough."""
        need = self.heights[index] + GAP
        page = state.cursor.page
        present, coming = (state.reserves.get(at, Reserve()) for at in (page, page + 1))
        if state.taken[0] < self.last and sum(coming) + need <= FULLEST * self.sheet.height:
            reserves = {**state.reserves, page + 1: coming._replace(head=coming.head + need)}
            path = (state.path, ("head", index, page + 1))
            after = state._replace(reserves=reserves, path=path)
            yield self._counted(after, kind, index, page + 1, 0, page + 1)
        cursor = state.cursor
        # With its margin or what a heading keeps below it, without which nothing would stand where this room ends.
        kept = self.keep.get(self.texts[state.taken[0] - 1], 0.0) if state.taken[0] else 0.0
        low = cursor.column == 0 and cursor.y + max(cursor.margin, kept) <= cursor.limit - need
        passed = max(state.floors[kind], *(at for i, at in state.ahead if i in self.queues[kind]), 0)
        if low and sum(present) + need <= FULLEST * self.sheet.height and page >= passed:
            reserves = {**state.reserves, page: present._replace(foot=present.foot + need)}
            path = (state.path, ("foot", index, page))
            after = state._replace(reserves=reserves, path=path, cursor=cursor._replace(limit=cursor.limit - need))
            yield self._counted(after, kind, index, page, self.sheet.columns - 1, page + 1)

    def _spanned(self, state: _State, kind: int, index: int) -> _State:
        """The wide block across the columns, when no page has room for it."""
        cursor, part, holes = span(state.cursor, self.measures[index], self.sheet, state.reserves)
        passed = range(state.cursor.page, cursor.page)
        unheld = any(page in state.reserves and page != state.begun for page in passed)
        cost = state.cost - state.charged + SPANNING + sum(map(_price, holes)) + OVERFLOW * unheld
        after = state._replace(cost=cost, cursor=cursor, charged=0.0, path=(state.path, ("span", index, part.page)))
        return self._counted(after, kind, index, part.page, 0, part.page)

    def _set(self, state: _State, index: int, keep: float) -> tuple[_State, list[Part]]:
        cursor, parts, holes = advance(state.cursor, self.measures[index], keep, self.sheet, state.reserves)
        charged = 0.0 if cursor.page > state.cursor.page else state.charged
        charged += sum(_price(hole) for hole in holes if hole.page == cursor.page)
        overflow = any(part.bottom > cursor.limit + 1 for part in parts if part.page == cursor.page)
        # Before the first block of a page it would still be on the page before.
        held = parts[0].page if parts[0].page == state.cursor.page or parts[0].column else 0
        begun = held if held and self._anchors(state, index) else state.begun
        passed = range(state.cursor.page, cursor.page)
        unheld = any(page in state.reserves and page not in (state.begun, begun) for page in passed)
        cost = state.cost + sum(map(_price, holes)) + OVERFLOW * (overflow + unheld)
        path = (state.path, ("flow", index, held))
        return state._replace(cost=cost, cursor=cursor, charged=charged, begun=begun, path=path), parts

    def _anchors(self, state: _State, index: int) -> bool:
        """Whether a wide block can be written before this one: it is not tied to the one before it."""
        if not 0 <= index < len(self.content) or self.content[index].glued:
            return False
        before = self.texts[state.taken[0] - 1] if state.taken[0] > self.first else -1
        return self.content[index].floats or before < 0 or self.content[before].kind != "heading"

    def _counted(self, state: _State, kind: int, index: int, page: int, column: int, floor: int) -> _State:
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

    def _ended(self, state: _State) -> _State:
        cursor = state.cursor
        foot = LAST_FOOT if state.reserves.get(cursor.page, Reserve()).foot else 0.0
        unheld = cursor.page in state.reserves and state.begun != cursor.page
        cost = state.cost - state.charged + foot + PAGE * cursor.page + OVERFLOW * unheld
        return state._replace(cost=cost)

    def _arrangement(self, state: _State) -> Arrangement | None:
        """What a path has done; None when a page that wide blocks were booked for is never begun by a block."""
        done = [*_done(state)][::-1]
        flow = [index for what, index, _ in done if what in ("flow", "span")]
        heads = {index: page for what, index, page in done if what == "head"}
        feet = {index: page for what, index, page in done if what == "foot"}
        for index, page in {**heads, **feet}.items():
            anchors = [i for what, i, at in done if what == "flow" and at == page and self._detached(flow, i)]
            if not anchors:
                return None
            flow.insert(flow.index(anchors[len(anchors) // 2]), index)
        order = tuple(index for index in flow if 0 <= index < len(self.content))
        return spaced(Arrangement(order, heads, feet, self.heights), self.content, self.measures, self.sheet)

    def _detached(self, flow: Sequence[int], index: int) -> bool:
        """Whether something may stand before a block."""
        if not 0 <= index < len(self.content) or self.content[index].glued:
            return False
        at = flow.index(index)
        return not at or flow[at - 1] < 0 or self.content[flow[at - 1]].kind != "heading"


def _done(state: _State) -> Iterator[tuple[str, int, int]]:
    """What a path has done (what, block, page), the last first."""
    node = state.path
    while node is not None:
        yield node[1]
        node = node[0]  # type: ignore[assignment]


def _price(hole: Hole) -> float:
    _, _, room = hole
    if room < 0:
        return OVERFLOW
    beyond = room - HOLE + WARY
    return SMALL_HOLE * room + (ANY_HOLE + LARGE_HOLE * beyond if beyond > 0 else 0.0)


def _distance(mention: tuple[int, int], spot: tuple[int, int]) -> float:
    """The price of a float at `spot` (page, column) whose mention is elsewhere."""
    pages = abs(spot[0] - mention[0])
    columns = 2 * (spot[0] - mention[0]) + spot[1] - mention[1]
    return COLUMN * abs(columns) + FARTHER * max(0, pages - 1)
