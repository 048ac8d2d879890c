"""What messages show of values: one line, printable, cut after a word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchsuite.errors import cut, on_one_line
from benchsuite.suite.source.problems import printable, shown


@given(st.text(), st.integers(min_value=2, max_value=80))
def test_a_cut_text_fits_and_says_that_it_was_cut(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= limit
    assert short == text or short.endswith("…")


def test_what_is_cut_ends_after_a_whole_word() -> None:
    assert cut("one two three four", 12) == "one two…"
    model = {"name": "resnet", "depth": 18, "pretrained": "imagenet1k_v1"}
    assert shown(model, 48) == '{"name": "resnet", "depth": 18, "pretrained"…'
    assert on_one_line("first\n   second  third", 14) == "first second…"
    assert printable("a" * 30, 10) == "a" * 9 + "…"
