"""Placement on imitated columns: no holes where text can fill them, wide blocks at page heads, nothing lost."""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.paper import columns, placement
from benchsuite.paper.columns import Measure, Sheet
from benchsuite.paper.placement import Arrangement, Content, Layout

SHEET = Sheet(height=800, front=100, head=(), tail=())


NONE: frozenset[int] = frozenset()


def content(
    count: int, *, wide: Set[int] = NONE, floats: Set[int] = NONE, mentions: Mapping[int, int] = MappingProxyType({})
) -> Content:
    return Content(count, frozenset(wide), frozenset(floats), NONE, NONE, NONE, mentions)


def placed(what: Content, measures: dict[int, Measure]) -> tuple[Arrangement, Layout]:
    heights = {index: measures[index].height for index in what.wide}
    arrangement = placement.place(what, heights, lambda a: columns.fill(a, measures, SHEET))
    return arrangement, columns.fill(arrangement, measures, SHEET)


def paragraph(lines: int) -> Measure:
    return Measure(0, 16.0 * lines, 16.0)


def test_a_float_that_leaves_a_hole_is_delayed_past_the_text_that_fills_it() -> None:
    measures = {i: paragraph(20) for i in range(12)}
    measures[2] = Measure(10, 400, None)
    what = content(12, floats={2})
    before = columns.fill(Arrangement(tuple(range(12)), {}, {}), measures, SHEET)
    arrangement, after = placed(what, measures)
    assert before.holes()
    assert not after.holes()
    assert arrangement.order != tuple(range(12))


def test_floats_keep_their_order() -> None:
    measures = {i: paragraph(9) for i in range(20)}
    for index in (3, 5, 7):
        measures[index] = Measure(10, 330, None)
    arrangement, _ = placed(content(20, floats={3, 5, 7}), measures)
    assert [i for i in arrangement.order if i in (3, 5, 7)] == [3, 5, 7]


def test_a_wide_block_heads_the_page_that_mentions_it_or_the_next() -> None:
    measures = {i: paragraph(20) for i in range(20)}
    measures[9] = Measure(0, 200, None)
    arrangement, layout = placed(content(20, wide={9}, mentions={9: 8}), measures)
    page = layout.page_of(9)
    assert page == arrangement.heads[9]
    assert page - (layout.page_of(8) or 0) in (0, 1)
    assert min(f.top for f in layout.fragments if f.page == page and f.index != 9) == 200 + placement.GAP


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("pppfw"), st.integers(1, 30)), min_size=1, max_size=25))
def test_every_block_is_set_exactly_once_and_heads_stand_where_room_was_made(shape: list[tuple[str, int]]) -> None:
    measures = {
        i: paragraph(size) if kind == "p" else Measure(10, 16.0 * size, None) for i, (kind, size) in enumerate(shape)
    }
    what = content(
        len(shape),
        wide={i for i, (kind, _) in enumerate(shape) if kind == "w"},
        floats={i for i, (kind, _) in enumerate(shape) if kind == "f"},
    )
    arrangement, layout = placed(what, measures)
    assert sorted(arrangement.order) == list(range(len(shape)))
    assert placement.settled(arrangement, layout)


def test_a_float_of_a_single_column_is_delayed_until_the_next_page() -> None:
    measures = {0: paragraph(40), 1: Measure(10, 400, None), 2: paragraph(30)}
    sheet = Sheet(height=800, front=0, head=(), tail=(), columns=1)
    arrangement = placement.place(content(3, floats={1}), {}, lambda a: columns.fill(a, measures, sheet))
    layout = columns.fill(arrangement, measures, sheet)
    assert arrangement.order == (0, 2, 1)
    assert {f.column for f in layout.fragments} == {0}
    assert [layout.page_of(index) for index in (0, 2, 1)] == [1, 1, 2]


def test_paragraphs_leave_no_single_line_at_either_end() -> None:
    layout = columns.fill(Arrangement((0, 1), {}, {}), {0: paragraph(42), 1: paragraph(5)}, SHEET)
    pieces = [round((f.bottom - f.top) / 16) for f in layout.fragments if f.index == 1]
    assert min(pieces) >= 2
