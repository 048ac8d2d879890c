"""The moves of placement: room for wide blocks is booked when it no longer could be later, and not before."""

from __future__ import annotations

import pytest

from benchsuite.paper.typesetting.arrangement import Block
from benchsuite.paper.typesetting.column_model import Measure, Sheet
from benchsuite.paper.typesetting.placement_moves import DOUBT, Moves, State

SHEET = Sheet(height=800, front=100, head=(), tail=())
TEXT, WIDE, HEIGHT = Block("text"), Block("figure", wide=True, mention=0), 200.0


def paragraph(lines: int) -> Measure:
    tops = tuple(16.0 * line for line in range(lines))
    return Measure(16.0 * lines, tops=tops, bottoms=tuple(top + 16 for top in tops), cuts=tuple(range(2, lines - 1)))


def make_moves(*lines: int) -> Moves:
    """Paragraphs of so many lines, the first of which mentions a wide figure."""
    measures = {at: paragraph(count) for at, count in enumerate(lines)} | {len(lines): Measure(HEIGHT)}
    return Moves([*[TEXT] * len(lines), WIDE], measures, {len(lines): HEIGHT}, SHEET)


def walked(moves: Moves) -> list[tuple[State, list[State]]]:
    """The state before each text when no float is set, with what a float more would lead to."""
    state, found = moves.begin(), []
    for _ in moves.texts:
        found.append((state, list(moves.with_float(state))))
        after = moves.with_text(state)
        assert after is not None
        state = after
    return found


def test_the_foot_and_the_head_are_booked_before_the_text_that_makes_it_too_late() -> None:
    """The foot while the first column is low enough, here after one text of three; the head before the page ends."""
    booked = {
        text: [done for after in reached for done in [next(after.done())[0]]]
        for text, (_, reached) in enumerate(walked(make_moves(*[20] * 12)))
    }
    assert {text: done for text, done in booked.items() if done} == {
        1: ["foot"],
        4: ["head"],
        6: ["foot"],
        9: ["head"],
        11: ["head", "foot"],
    }


def test_before_the_last_text_the_next_page_is_booked_although_that_text_ends_on_this_one() -> None:
    """A narrow float may still come to stand there."""
    *_, (_, reached) = walked(make_moves(3, 3))
    assert [next(after.done())[:1] for after in reached] == [("head",)]


def test_a_booking_changes_nothing_of_what_stands_already() -> None:
    for state, reached in walked(make_moves(*[20] * 12)):
        for after in reached:
            assert after.cursor[:4] == state.cursor[:4]
            assert after.taken == (state.taken[0], 1, 0)


@pytest.mark.parametrize(("height", "doubtful"), [(804.0, False), (800.05, True), (800.0, True), (799.95, True)])
def test_a_column_whose_last_line_rounding_decides_costs(height: float, doubtful: bool) -> None:
    """Fifty lines are 800 pixels, which WeasyPrint may find one line too many where they are counted as room enough."""
    moves = Moves([TEXT], {0: paragraph(50)}, {}, Sheet(height=height, front=0, head=(), tail=(), columns=1))
    after = moves.with_text(moves.begin())
    assert after is not None
    assert after.cursor.page == 1
    assert (after.cost >= DOUBT) == doubtful
