"""Figures of a search: its trials as lines, and how much each axis matters."""

from __future__ import annotations

import re
from typing import Any

import pytest

from benchsuite.paper.figures.search import draw_importances, draw_trials
from benchsuite.suite.schema.suite import Halving
from support.search import LABELS, make_search, make_search_findings

HALVING = Halving(path="recipe.max_epochs", rungs=(3, 9, 27), keep=0.34)


def test_the_figures_are_the_same_bytes_and_have_words_for_the_blind() -> None:
    found = make_search_findings(make_search(halving=HALVING))
    for name, draw in (("fig-search", draw_trials), ("fig-importance", draw_importances)):
        drawn = draw(name, found, LABELS)
        assert drawn == draw(name, found, LABELS)
        assert any(character.isdigit() for character in drawn.alt)
        assert all(identifier.startswith(name) for identifier in re.findall(r'\bid="([^"]+)"', drawn.svg))
        assert "<image" not in drawn.svg


@pytest.mark.parametrize("search", [{"budget": 1}, {"budget": 2, "space": {"recipe.momentum": (0.5, 0.9)}}])
def test_few_trials_and_single_values_can_be_drawn(search: dict[str, Any]) -> None:
    search = {"space": {"recipe.learning_rate": (0.1,), "recipe.momentum": (0.5, 0.9)}, **search}
    found = make_search_findings(make_search(**search))
    assert "0,5" in draw_trials("fig-search", found, {}).svg
    assert "no estimable" in draw_importances("fig-importance", found, {}).svg


def test_of_many_trials_the_best_are_drawn_and_this_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found = make_search_findings(make_search())
    whole = draw_trials("fig-search", found, LABELS)
    monkeypatch.setattr("benchsuite.paper.figures.search.MOST_LINES", 5)
    drawn = draw_trials("fig-best", found, LABELS)
    assert "de 24 ensayos" in whole.alt.replace("\N{NO-BREAK SPACE}", " ")
    assert "los 5 mejores de 24 ensayos" in drawn.alt.replace("\N{NO-BREAK SPACE}", " ")
    assert (len(whole.series), len(drawn.series)) == (24, 5)
    assert [one.title for one in drawn.series] == [one.title for one in whole.series[:5]]
