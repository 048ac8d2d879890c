"""Placement: where floats go, because WeasyPrint has no top floats and leaves holes under figures that do not fit.

Text keeps its order, and so do figures among themselves and tables among themselves. A beam search sets text
after text on imitated columns (`column_model`), and before each one any of the next figures and tables
(`placement_moves`). What it makes small is holes in columns and the way from where a float is first mentioned. Pure
logic, the same at every call.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from benchsuite.paper.typesetting.arrangement import HOLE, Arrangement, Block
from benchsuite.paper.typesetting.column_model import Measure, Reserve, Sheet, balanced, fill
from benchsuite.paper.typesetting.placement_moves import FARTHER, PAGE, Moves, State
from benchsuite.paper.typesetting.spacing import spaced

BEAMS = (120, 8), (400, 12), (800, 12)
"""How many states are kept before each text, and of them how many that have set the same floats; the next are tried
where those before leave a flaw."""
MOST_WORK = 140_000
"""Largest product of states and blocks that is tried after the first search: what some twenty pages need for all."""


def place(
    content: Sequence[Block], measures: Mapping[int, Measure], heights: Mapping[int, float], sheet: Sheet
) -> Arrangement:
    """Arrange the blocks; `heights` are those of wide blocks, in pixels."""
    search = _Search(content, measures, heights, sheet)
    found: list[tuple[bool, float, Arrangement]] = []
    for beam, alike in BEAMS:
        if found and beam * len(content) > MOST_WORK:
            continue
        arranged, cost = search.best(beam, alike)
        flawed = not search.flawless(arranged) or cost >= PAGE * arranged.last + FARTHER
        found.append((flawed, cost, arranged))
        if not flawed:
            break
    return min(found, key=itemgetter(0, 1))[2]


Ranked = list[tuple[float, State]]
"""States, each with what it promises to cost."""


class _Search:
    def __init__(
        self, content: Sequence[Block], measures: Mapping[int, Measure], heights: Mapping[int, float], sheet: Sheet
    ) -> None:
        self.content, self.measures, self.heights, self.sheet = content, measures, heights, sheet
        self.moves = Moves(content, measures, heights, sheet)

    def best(self, beam: int, alike: int) -> tuple[Arrangement, float]:
        """The best that is found keeping `beam` states before each text, of those with the same floats `alike`; and
        what it costs."""
        moves = self.moves
        states = self._ranked([moves.begin()])
        for text in range(len(moves.texts) + 1):
            if text:
                states = self._ranked(after for _, state in states if (after := moves.with_text(state)) is not None)
            states = _kept(self._with_floats(states, beam, alike, all_placed=text >= moves.last), beam, alike)
        ended = sorted(((moves.ended(state), state) for _, state in states), key=itemgetter(0))
        plain = Arrangement(tuple(range(len(self.content))), heights=self.heights)
        arranged = ((found, cost) for cost, state in ended if (found := self._arrangement(state)) is not None)
        return next(arranged, (plain, math.inf))

    def _with_floats(self, states: Ranked, beam: int, alike: int, *, all_placed: bool) -> Ranked:
        """The states, and the best of what any number of floats more leads to; if `all_placed`, those that wait for no
        float."""
        best, reached = states, states
        while reached:
            reached = self._ranked(after for _, state in reached for after in self.moves.with_float(state))
            if all_placed:
                reached = _kept(reached, beam, alike)
                best = best + reached
            else:
                # What is not among the best now will hardly lead to them.
                new = {id(state) for _, state in reached}
                best = _kept(best + reached, beam, alike)
                reached = [one for one in best if id(one[1]) in new]
        return [one for one in best if self.moves.placed(one[1])] if all_placed else best

    def _ranked(self, states: Iterable[State]) -> Ranked:
        return [(self.moves.promise(state), state) for state in states]

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

    def _arrangement(self, state: State) -> Arrangement | None:
        """What a path has done; None when a page that wide blocks were booked for is never begun by a block."""
        done = [*state.done()][::-1]
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


def _kept(states: Ranked, beam: int, alike: int) -> Ranked:
    """The best states, of those that have set the same blocks only a few."""
    same: dict[object, int] = {}
    seen: set[object] = set()
    kept = []
    for promise, state in sorted(states, key=itemgetter(0)):
        done = state.taken, state.ahead
        if same.get(done, 0) >= alike or (key := state.set_and_room) in seen:
            continue
        seen.add(key)
        same[done] = same.get(done, 0) + 1
        kept.append((promise, state))
        if len(kept) == beam:
            break
    return kept
