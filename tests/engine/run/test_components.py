"""The components of a run: a recipe's phases are checked once, and what was checked is what trains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from benchsuite.api import Phase, PluginError
from benchsuite.engine.run.components import load_components
from benchsuite.engine.run.execute import execute
from support.engine import Bench, Silent, TinyRecipe, make_case


def _answer_anew(monkeypatch: pytest.MonkeyPatch, **later: Any) -> list[int]:
    """From the second time on the recipe answers with these fields changed; the list counts how often it is asked."""
    asked: list[int] = []
    phases = TinyRecipe.phases

    def fickle(self: TinyRecipe, params: Any) -> tuple[Phase, ...]:
        asked.append(1)
        first = phases(self, params)
        return first if len(asked) == 1 else tuple(replace(phase, **later) for phase in first)

    monkeypatch.setattr(TinyRecipe, "phases", fickle)
    return asked


@pytest.mark.parametrize("later", [{"max_epochs": 1}, {"max_epochs": 0}, {"batch_size": -1}])
def test_a_recipe_that_answers_differently_the_second_time_is_not_asked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, later: dict[str, int]
) -> None:
    task = bench.task(make_case(epochs=2))
    asked = _answer_anew(monkeypatch, **later)
    record = execute(task, bench.registry, Silent())
    assert record.failure is None
    assert len(record.epochs) == 2
    assert len(asked) == 1


def test_phases_of_an_iterator_are_all_checked_and_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    phases = TinyRecipe.phases

    def once(self: TinyRecipe, params: Any) -> Iterator[Phase]:
        yield from phases(self, params)

    monkeypatch.setattr(TinyRecipe, "phases", once)
    assert [phase.name for phase in load_components(bench.task(make_case()), bench.registry).phases] == ["first"]


def test_phases_that_cannot_be_trained_are_refused_by_name(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TinyRecipe, "phases", lambda self, params: ())
    with pytest.raises(PluginError, match="the recipe tiny_recipe cannot be trained: it has no phase"):
        load_components(bench.task(make_case()), bench.registry)
