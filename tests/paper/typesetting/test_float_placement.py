"""Placement on imitated columns: no holes where text can fill them, wide blocks where pages have room, nothing lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.paper.typesetting import column_model, float_placement
from benchsuite.paper.typesetting.arrangement import GAP, HOLE, Arrangement, Block
from benchsuite.paper.typesetting.column_model import Measure, Part, Sheet

SHEET = Sheet(height=800, front=100, head=(), tail=())
TEXT = Block("text")


def paragraph(lines: int) -> Measure:
    tops = tuple(16.0 * line for line in range(lines))
    bottoms = tuple(top + 16 for top in tops)
    return Measure(16.0 * lines, tops=tops, bottoms=bottoms, cuts=tuple(range(2, lines - 1)))


def figure(height: float) -> Measure:
    return Measure(height, above=10, below=10)


def placed(
    content: Sequence[Block], measures: dict[int, Measure], sheet: Sheet = SHEET
) -> tuple[Arrangement, list[tuple[int, Part]]]:
    heights = {i: measures[i].height for i, block in enumerate(content) if block.wide}
    arrangement = float_placement.place(content, measures, heights, sheet)
    return arrangement, set_in_columns(content, measures, arrangement, sheet)


def set_in_columns(
    content: Sequence[Block], measures: dict[int, Measure], arrangement: Arrangement, sheet: Sheet = SHEET
) -> list[tuple[int, Part]]:
    reserves = {page: arrangement.reserve(page) for page in (*arrangement.booked.values(), arrangement.last)}
    flow, spanning = arrangement.flow(content)
    return list(column_model.fill(flow, measures, sheet, reserves, spanning))


def holes(parts: Sequence[tuple[int, Part]], sheet: Sheet = SHEET) -> list[float]:
    """Holes of pages without wide blocks, but for the last."""
    last = max(part.page for _, part in parts)
    ends: dict[tuple[int, int], float] = {}
    for _, part in parts:
        ends[part[:2]] = max(part.bottom, ends.get(part[:2], 0.0))
    return [sheet.height - end for (page, _), end in ends.items() if page < last and sheet.height - end > HOLE]


def page_of(index: int, parts: Sequence[tuple[int, Part]]) -> int:
    return next(part.page for i, part in parts if i == index)


def test_a_float_that_leaves_a_hole_is_delayed_past_the_text_that_fills_it() -> None:
    measures = {i: paragraph(20) for i in range(12)}
    measures[2] = figure(400)
    content = [Block("figure", mention=1) if i == 2 else TEXT for i in range(12)]
    plain = Arrangement(tuple(range(12)))
    assert holes(set_in_columns(content, measures, plain))
    arrangement, parts = placed(content, measures)
    assert not holes(parts)
    assert arrangement.order != plain.order


def test_floats_of_a_kind_keep_their_order_and_tables_may_pass_figures() -> None:
    measures = {i: paragraph(9) for i in range(24)}
    content = [TEXT] * 24
    for index, kind in ((3, "figure"), (5, "table"), (7, "figure"), (9, "table"), (11, "figure")):
        measures[index] = figure(330 if kind == "figure" else 120)
        content[index] = Block(kind, mention=index - 1)  # type: ignore[arg-type]
    arrangement, _ = placed(content, measures)
    assert [i for i in arrangement.order if content[i].kind == "figure"] == [3, 7, 11]
    assert [i for i in arrangement.order if content[i].kind == "table"] == [5, 9]


@pytest.mark.parametrize("count", [1, 2])
def test_wide_blocks_stand_within_a_page_of_their_mention(count: int) -> None:
    measures = {i: paragraph(20) for i in range(20)}
    content = [TEXT] * 20
    wide = tuple(range(9, 9 + count))
    for index in wide:
        measures[index] = Measure(200)
        content[index] = Block("figure", wide=True, mention=8)
    arrangement, parts = placed(content, measures)
    for index in wide:
        assert abs(arrangement.booked[index] - page_of(8, parts)) <= 1
        page = arrangement.booked[index]
        head, foot = arrangement.reserve(page)
        assert head + foot >= 200 + GAP
        inside = [part for _, part in parts if part.page == page]
        assert min(part.top for part in inside) >= head
        assert max(part.bottom for part in inside) <= SHEET.height - foot + 1


def test_a_heading_is_followed_by_text_in_its_column_and_never_by_a_float() -> None:
    measures = {i: paragraph(11) for i in range(30)}
    content = [TEXT] * 30
    for index in range(4, 30, 5):
        content[index] = Block("heading")
        measures[index] = Measure(16, above=9, below=6, leads=True)
    for index in range(3, 28, 5):
        content[index] = Block("figure", mention=index - 1)
        measures[index] = figure(170)
    arrangement, parts = placed(content, measures)
    for index in range(4, 29, 5):
        after = arrangement.order[arrangement.order.index(index) + 1]
        assert not content[after].floats
        spots = [next(part[:2] for i, part in parts if i == one) for one in (index, after)]
        assert spots[0] == spots[1]


def test_a_long_table_is_cut_between_rows_and_its_head_stands_again() -> None:
    rows = [20 * i + 0.0 for i in range(60)]
    table = Measure(1200, 10, 10, tuple(rows), tuple(y + 20 for y in rows), tuple(range(1, 60)), again=25)
    content = [TEXT, Block("table", mention=0), TEXT]
    _, parts = placed(content, {0: paragraph(20), 1: table, 2: paragraph(40)})
    pieces = [part for index, part in parts if index == 1]
    assert len(pieces) > 1
    assert sum(part.bottom - part.top for part in pieces) == 1200 + 25 * (len(pieces) - 1)
    assert not holes(parts)


def test_the_columns_of_the_last_page_end_together() -> None:
    measures = {i: paragraph(11) for i in range(5)}
    arrangement, parts = placed([TEXT] * 5, measures)
    ends = [max(part.bottom for _, part in parts if part.column == column) for column in (0, 1)]
    assert arrangement.last == 1
    assert abs(ends[0] - ends[1]) <= 32


def test_small_holes_are_shared_out_among_the_spaces_around_floats() -> None:
    measures = {i: paragraph(10) for i in range(14)}
    content = [TEXT] * 14
    measures[1], content[1] = figure(240), Block("figure", mention=0)
    arrangement, _ = placed(content, measures, replace(SHEET, height=803))
    assert any(10 < margin <= 22 for margin in arrangement.margins.values())


def test_a_float_of_a_single_column_is_delayed_until_the_next_page() -> None:
    sheet = Sheet(height=803, front=0, head=(), tail=(), columns=1)
    content = [TEXT, Block("figure", mention=0), TEXT]
    arrangement, parts = placed(content, {0: paragraph(40), 1: figure(400), 2: paragraph(30)}, sheet)
    assert arrangement.order == (0, 2, 1)
    assert {part.column for _, part in parts} == {0}
    assert [page_of(index, parts) for index in (0, 2, 1)] == [1, 1, 2]
    assert arrangement.spare == 0


def test_a_wide_block_for_which_no_page_has_room_spans_the_columns_before_the_references() -> None:
    content = [TEXT, Block("figure", wide=True, mention=0)]
    tail = (10, 11)
    sheet = Sheet(height=800, front=20, head=(), tail=tail)
    measures = {0: paragraph(3), 1: Measure(710, above=10), 10: paragraph(2), 11: paragraph(9)}
    arrangement, _ = placed(content, measures, sheet)
    assert arrangement.order == (0, 1)
    assert 1 not in arrangement.booked
    parts = dict(column_model.fill((0, 1, *tail), measures, sheet, {}, [1]))
    assert parts[0].bottom == 68
    assert parts[1].top == 44 + column_model.A_LINE + 10, "below columns that end together, to a line"
    assert [(parts[index].page, parts[index].top) for index in tail] == [(2, 0), (2, 32)]


def test_a_wide_block_stands_on_the_page_of_narrow_ones_of_smaller_numbers() -> None:
    """Were it booked after them alone, it would come a page later, and what follows it, too."""
    content = [TEXT] * 44
    measures = {i: paragraph(9) for i in range(44)}
    for index, wide in ((15, False), (16, True), (17, True)):
        content[index] = Block("figure", wide=wide, mention=14)
        measures[index] = figure(380 if wide else 200)
    arrangement, parts = placed(content, measures)
    pages = [arrangement.booked.get(index) or page_of(index, parts) for index in (15, 16, 17)]
    assert pages == sorted(pages)
    assert all(abs(page - page_of(14, parts)) <= 1 for page in pages)


def test_what_slipped_is_booked_no_more() -> None:
    arrangement = Arrangement((0, 1, 2), {1: 3}, {2: 4}, {1: 50.0, 2: 50.0}, last=4, spare=30)
    relaxed = arrangement.relaxed([1])
    assert (dict(relaxed.heads), dict(relaxed.feet), relaxed.spare) == ({}, {2: 4}, 0)
    assert relaxed.order == (0, 1, 2)


KINDS = {"p": "text", "f": "figure", "t": "table", "w": "figure", "l": "table"}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ppppfftwl"), st.integers(1, 14)), min_size=1, max_size=25))
def test_every_block_is_set_exactly_once_and_within_its_column(shape: list[tuple[str, int]]) -> None:
    content = [Block(KINDS[kind], wide=kind == "w", mention=None) for kind, _ in shape]  # type: ignore[arg-type]
    measures = {i: paragraph(size) if kind in "pl" else figure(16.0 * size) for i, (kind, size) in enumerate(shape)}
    arrangement, parts = placed(content, measures)
    assert sorted(arrangement.order) == list(range(len(shape)))
    for _, part in parts:
        head, foot = arrangement.reserve(part.page)
        assert part.top >= head - 0.01
        assert part.bottom <= SHEET.height - foot + 1


@pytest.mark.parametrize("lines", range(8, 30))
def test_room_at_the_foot_of_a_page_parts_no_heading_from_its_text(lines: int) -> None:
    """What was set before the room was made stands where it was, although the room is known from the start now."""
    content = [TEXT, Block("heading"), Block("figure", wide=True), *[TEXT] * 3]
    measures = {0: paragraph(lines), 1: Measure(16, above=9, below=6, leads=True), 2: figure(200)}
    measures |= {i: paragraph(30) for i in (3, 4, 5)}
    arrangement, parts = placed(content, measures)
    for page in arrangement.feet.values():
        foot = arrangement.reserve(page).foot
        ends = [part.bottom for _, part in parts if (part.page, part.column) == (page, 0)]
        assert SHEET.height - foot - max(ends) <= HOLE


def test_paragraphs_leave_no_single_line_at_either_end() -> None:
    parts = list(column_model.fill((0, 1), {0: paragraph(42), 1: paragraph(5)}, SHEET, {}))
    pieces = [round((part.bottom - part.top) / 16) for index, part in parts if index == 1]
    assert min(pieces) >= 2
