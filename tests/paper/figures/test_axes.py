"""Numbers along axes as Spanish readers expect them."""

from __future__ import annotations

import pytest

from benchsuite.paper.figures import axes
from benchsuite.paper.figures.canvas import drawing


def test_axis_amounts_are_spanish() -> None:
    assert [axes.format_amount(value) for value in (1000, 10_000, 1e6, 1.5e7)] == [
        "1000",
        "10\u00a0mil",
        "1\u00a0M",
        "15\u00a0M",
    ]


def test_small_amounts_are_never_written_as_none() -> None:
    assert [axes.format_amount(value) for value in (0.5, 0.01, 0.001, 0.00052)] == ["0,5", "0,01", "0,001", "0,00052"]


def test_numerals_have_as_many_decimals_as_the_finest_of_them() -> None:
    with drawing("fig-x", 3, 2) as canvas:
        canvas.axes.set(xlim=(0, 1))
        canvas.axes.set_xticks([0, 0.25, 1])
        axes.set_numerals(canvas.axes.xaxis)
        assert canvas.axes.xaxis.get_major_formatter().format_ticks([0, 0.25, 1]) == ["0,00", "0,25", "1,00"]


@pytest.mark.parametrize(("values", "scale"), [([1.0, 100.0], "log"), ([50.0, 100.0], "linear")])
def test_amounts_that_spread_widely_have_a_logarithmic_axis(values: list[float], scale: str) -> None:
    with drawing("fig-x", 3, 2) as canvas:
        axes.set_amounts(canvas.axes, values)
        assert canvas.axes.get_xscale() == scale


def test_rows_have_their_names_from_the_top_down() -> None:
    with drawing("fig-x", 3, 2) as canvas:
        axes.name_rows(canvas.axes, ["uno", "dos"])
        assert [text.get_text() for text in canvas.axes.get_yticklabels()] == ["uno", "dos"]
        assert canvas.axes.get_ylim()[0] > canvas.axes.get_ylim()[1]
