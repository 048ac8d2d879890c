"""Numbers along axes as Spanish readers expect them."""

from __future__ import annotations

import pytest

from benchsuite.paper.figures import axes
from benchsuite.paper.figures.canvas import drawing


@pytest.mark.parametrize(
    ("amounts", "shown"),
    [
        ((1000, 5000), "1000 5000"),
        ((2000, 10_000), "2_mil 10_mil"),
        ((1e3, 1e4, 1e5), "1_mil 10_mil 100_mil"),
        ((1e6, 1.5e7), "1_M 15_M"),
        ((2e5, 1e6), "0,2_M 1,0_M"),
        ((1e3, 1e5, 1e7), "1000 100.000 10.000.000"),
        ((1e3, 1e9), "0,001_M 1000,000_M"),
        ((0.1, 10), "0,1 10,0"),
        ((26.05, 26.1), "26,05 26,10"),
        ((0, 2e5, 4e5), "0 0,2_M 0,4_M"),
    ],
)
def test_all_amounts_of_an_axis_are_in_one_unit(amounts: tuple[float, ...], shown: str) -> None:
    with drawing("fig-x", 3, 2) as canvas:
        axes.set_amounts(canvas.axes, [1.0, 2.0])
        canvas.axes.set(xlim=(min(amounts), max(amounts)))
        said = canvas.axes.xaxis.get_major_formatter().format_ticks(amounts)
    assert said == [text.replace("_", "\u00a0").replace(".", "\u202f") for text in shown.split()]


def test_amounts_that_are_almost_alike_are_drawn_so() -> None:
    with drawing("fig-x", 3, 2) as canvas:
        canvas.axes.plot([26.0, 26.1], [1, 2])
        axes.set_amounts(canvas.axes, [26.0, 26.1])
        low, high = canvas.axes.get_xlim()
        assert high - low == pytest.approx(axes.LEAST_SPAN * 26.1)
        assert (low + high) / 2 == pytest.approx(26.05)


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
