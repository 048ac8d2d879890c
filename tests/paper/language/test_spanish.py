"""Spanish typography of numbers, dates and lists."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.paper.language import spanish

N = spanish.NBSP


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (1539, None, "1539"),
        (11178051, None, f"11{N}178{N}051"),
        (12345.678, 1, f"12{N}345,7"),
        (0.961, None, "0,961"),
        (0.0001, None, "0,0001"),
        (-0.5, 1, "−0,5"),
        (-0.04, 1, "0,0"),
        (30.0, None, "30"),
        (float("nan"), 1, "—"),
    ],
)
def test_numbers(value: float, decimals: int | None, shown: str) -> None:
    assert spanish.number(value, decimals) == shown


@given(st.floats(-1e9, 1e9), st.integers(0, 6))
def test_a_printed_number_reads_back_as_the_rounded_value(value: float, decimals: int) -> None:
    shown = spanish.number(value, decimals)
    back = float(re.sub(f"[{N}]", "", shown).replace("−", "-").replace(",", "."))
    assert back == pytest.approx(float(f"{value:.{decimals}f}"))


def test_percentages_differences_and_measures() -> None:
    assert spanish.percent(0.9614) == f"96,1{N}%"
    assert (spanish.signed(0.6, 1), spanish.signed(-0.6, 1), spanish.signed(0.01, 1)) == ("+0,6", "−0,6", "0,0")
    assert spanish.seconds(41.23) == f"41,2{N}s"
    assert spanish.seconds(740) == f"12,3{N}min"
    assert (spanish.p_value(0.0004), spanish.p_value(0.0312)) == (f"<{N}0,001", "0,031")


def test_dates_lists_and_numerals() -> None:
    assert spanish.date("2026-11-21T10:00:00Z") == f"21{N}de noviembre de{N}2026"
    assert spanish.listing(["a", "b", "c"]) == f"a, b y{N}c"
    assert spanish.listing(["padres", "hijos"]) == f"padres e{N}hijos"
    assert spanish.listing(["agua", "hielo"]) == f"agua y{N}hielo"
    assert [spanish.roman(i) for i in (1, 4, 9, 14, 40)] == ["I", "IV", "IX", "XIV", "XL"]
    assert spanish.count(1, "semilla") == "una semilla"
    assert spanish.count(1, "caso") == "un caso"
    assert spanish.count(10, "semilla") == f"10{N}semillas"
    assert spanish.count(1, "configuración") == "una configuración"
    assert spanish.count(2, "ejecución común") == f"2{N}ejecuciones comunes"


def test_small_capitals_escape_and_keep_capitals() -> None:
    assert spanish.small_caps("Uso de GPU <b>") == (
        'U<span class="sc">SO</span> <span class="sc">DE</span> GPU &lt;<span class="sc">B&gt;</span>'
    )
