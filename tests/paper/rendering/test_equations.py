"""Equations: what mathtext does not understand, however it says so, is told as the suite's."""

from __future__ import annotations

import pytest

from benchsuite.errors import PaperError
from benchsuite.paper.rendering.equations import equation


@pytest.mark.parametrize(
    "tex",
    [r"\frac{", r"\nothing", "{" * 99 + "x" + "}" * 99, r"\left(" * 40 + "x" + r"\right)" * 40, "x^y^z",
     r"\hspace{1e999}",     "x^{" * 90 + "y" + "}" * 90, r"\sqrt{" * 60 + "x" + "}" * 60, "\0"],
)  # fmt: skip
def test_what_cannot_be_set_is_told(tex: str) -> None:
    with pytest.raises(PaperError, match="this equation cannot be set") as caught:
        equation(tex, "f")
    assert caught.value.where
    assert caught.value.remedy


def test_an_equation_is_a_drawing_with_a_reading() -> None:
    made = equation(r"\frac{a}{b}", "a entre b")
    assert made.startswith("<svg")
    assert "<title>a entre b</title>" in made
