"""Typography of numbers, in Spanish and in English."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.paper.language import typography
from benchsuite.paper.language.current import speaking

N, T = typography.NBSP, typography.NARROW


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (1539, None, "1539"),
        (11178051, None, f"11{T}178{T}051"),
        (12345.678, 1, f"12{T}345,7"),
        (0.961, None, "0,961"),
        (0.0001, None, "0,0001"),
        (-0.5, 1, "−0,5"),
        (-0.04, 1, "0,0"),
        (30.0, None, "30"),
        (float("nan"), 1, "—"),
    ],
)
def test_numbers(value: float, decimals: int | None, shown: str) -> None:
    assert typography.number(value, decimals) == shown
    with speaking("en"):
        assert typography.number(value, decimals) == shown.replace(",", ".")


@given(st.floats(-1e9, 1e9), st.integers(0, 6))
def test_a_printed_number_reads_back_as_the_rounded_value(value: float, decimals: int) -> None:
    shown = typography.number(value, decimals)
    back = float(re.sub(f"[{T}]", "", shown).replace("−", "-").replace(",", "."))
    assert back == pytest.approx(float(f"{value:.{decimals}f}"))


def test_percentages_differences_and_measures() -> None:
    assert typography.percent(0.9614) == f"96,1{N}%"
    assert (typography.signed(0.6, 1), typography.signed(-0.6, 1), typography.signed(0.01, 1)) == (
        "+0,6",
        "−0,6",
        "0,0",
    )
    assert typography.seconds(41.23) == f"41,2{N}s"
    assert typography.seconds(740) == f"12,3{N}min"
    assert (typography.p_value(0.0004), typography.p_value(0.0312)) == (f"<{N}0,001", "0,031")


def test_percentages_and_measures_in_english() -> None:
    with speaking("en"):
        assert typography.percent(0.9614) == "96.1%"
        assert typography.measure(1.5, "%", 1) == "1.5%"
        assert typography.seconds(41.23) == f"41.2{N}s"
        assert (typography.p_value(0.0004), typography.p_value(0.0312)) == (f"<{N}0.001", "0.031")


def test_numbers_of_prose_are_parted_as_printed_ones() -> None:
    assert typography.set_numbers(f"60{N}000 de 1{N}200{N}000; 5{N}kg, 12{N}34") == (
        f"60{T}000 de 1{T}200{T}000; 5{N}kg, 12{N}34"
    )
    assert typography.set_numbers("supera el 95 % y el 2,5 %; 10 de 12, 5 x") == (
        f"supera el 95{N}% y el 2,5{N}%; 10 de 12, 5 x"
    )


def test_values_of_charts_have_four_digits() -> None:
    assert [typography.rounded(value) for value in (0.12345, 123456.0, 1234.5)] == ["0,1235", "1,235e+05", "1234"]
    with speaking("en"):
        assert [typography.rounded(value) for value in (0.12345, 123456.0)] == ["0.1235", "1.235e+05"]


def test_numerals() -> None:
    assert [typography.roman(i) for i in (1, 4, 9, 14, 40)] == ["I", "IV", "IX", "XIV", "XL"]


def test_small_capitals_escape_and_keep_capitals() -> None:
    assert typography.small_caps("Uso de GPU <b>") == (
        'U<span class="sc">SO</span> <span class="sc">DE</span> GPU &lt;<span class="sc">B</span>&gt;'
    )
    assert typography.small_caps("ResNet-50, êtes") == (
        'R<span class="sc">ES</span>N<span class="sc">ET</span>-50, <span class="sc">ÊTES</span>'
    )


def test_the_numbers_of_a_name_stay_with_their_words() -> None:
    assert typography.tie_numbers("ajuste 3") == "ajuste\u00a03"
    assert typography.tie_numbers("SGD 0.01 momentum 0.9") == "SGD\u00a00.01 momentum\u00a00.9"
    assert typography.tie_numbers("3 capas, 4") == "3 capas, 4"
