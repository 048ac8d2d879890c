"""Drawings hold what they draw, say it in words, and have no curve that leaves its frame."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchsuite.site.charts import HEIGHT, MOST_POINTS, WIDTH, Bar, Curve, curves, intervals, ticks_of

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


@given(NUMBERS, NUMBERS)
@example(0.0, 5e-324)
@example(1e9, math.nextafter(1e9, 2e9))
@example(1.0, 1.0 + 2e-9)
def test_ticks_are_few_and_hold_what_is_shown(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    ticks = ticks_of(low, high)
    assert 2 <= len(ticks) <= 12
    assert ticks == sorted(set(ticks))
    room = 1e-9 * max(abs(low), abs(high), 1e-300) + (ticks[1] - ticks[0]) * 1e-6
    assert ticks[0] <= low + room
    assert ticks[-1] >= high - room


@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_curves_stay_within_their_frame(values: list[float]) -> None:
    drawn = curves("Loss", [Curve("training", "train", list(enumerate(values, 1)))], best=1, ident="x")
    ElementTree.fromstring(drawn)
    for path in re.findall(r'class="curve train" d="M([^"]+)"', drawn):
        for point in path.split("L"):
            x, y = map(float, point.split())
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


def test_a_curve_says_in_words_what_it_shows() -> None:
    drawn = curves("Loss", [Curve("training", "train", [(1, 2.0), (2, 0.5)])], best=2, ident="loss")
    assert "Loss by epoch: training goes from 2 to 0.5; validation chose epoch 2." in drawn
    assert 'aria-labelledby="loss-title loss-desc"' in drawn


def test_one_epoch_is_a_dot_and_none_is_nothing() -> None:
    assert "<circle" in curves("Loss", [Curve("training", "train", [(1, 2.0)])], best=None, ident="x")
    assert curves("Loss", [Curve("training", "train", [])], best=None, ident="x") == ""
    assert curves("Loss", [Curve("training", "train", [(1, math.nan)])], best=None, ident="x") == ""


def test_of_very_long_curves_some_points_are_drawn_and_the_last_is_among_them() -> None:
    points = [(epoch, float(epoch)) for epoch in range(1, 10_001)]
    drawn = curves("Loss", [Curve("training", "train", points)], best=None, ident="x")
    assert drawn.partition("M")[2].count("L") <= MOST_POINTS + 1
    assert "to 1e+04" in drawn


@pytest.mark.parametrize("label", ["<b>&'\"", "a case with a name that is very long indeed"])
def test_names_are_escaped_and_what_is_cut_is_said_whole(label: str) -> None:
    drawn = intervals("test accuracy", [Bar(label, 1, 0, 2), Bar("alone", 3, None, None)], unit="%", ident="x")
    root = ElementTree.fromstring(drawn)
    said = "".join(root.itertext())
    assert f"{label}: 1 %, from 0 to 2; alone: 3 %" in said
    assert drawn.count('class="whisker') == 1
