"""The smoke plan shrinks every case by what its components declare, and never what is studied or asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchsuite.errors import PluginError
from benchsuite.registry import Registry
from benchsuite.suite import Suite, expand, smoke_plan
from benchsuite.suite.planning import sample_smoke
from support.fake_components import BASE, Leaves, Tune

Read = Callable[[str], Suite]


def test_each_components_own_changes_are_made_and_listed(read: Read, registry: Registry) -> None:
    plan = expand(read(BASE.replace("seeds: 2\n", "seeds: 5\n").replace("seeds: 2}", "seeds: 5}")), registry)
    shrunk = smoke_plan(plan, registry)
    assert shrunk.changes == (
        "dataset.image_size = 32 (smoke; suite: 64)",
        "model.weights = none (smoke; suite: imagenet)",
        "recipe.max_epochs = 3 (smoke; suite: 30)",
        "seeds = 0, 1 (smoke; suite: 5 seeds)",
    )
    assert shrunk.seeds == (0, 1)
    assert [case.name for case in shrunk.cases] == [case.name for case in plan.cases]
    assert [case.settings for case in shrunk.cases] == [case.settings for case in plan.cases]
    assert shrunk.cases[0].recipe.parameters["max_epochs"] == 3


def test_what_the_suite_varies_is_left_alone(read: Read, registry: Registry) -> None:
    shrunk = smoke_plan(expand(read(BASE), registry), registry)
    assert [case.recipe.parameters["freeze"]["blocks"] for case in shrunk.cases] == [0, 1, 2]


def test_what_a_varied_component_states_is_left_alone(read: Read, registry: Registry) -> None:
    text = BASE.replace("{recipe.freeze.blocks: [0, 1, 2]}", "{dataset: [{name: leaves, image_size: 99}]}")
    text = text.replace("cases: 3", "cases: 1").replace("compare: {factor: recipe.freeze.blocks, baseline: 0}", "")
    shrunk = smoke_plan(expand(read(text), registry), registry)
    assert shrunk.cases[0].dataset.parameters["image_size"] == 99
    assert shrunk.cases[0].recipe.parameters["freeze"]["blocks"] == 1


NAMED = """
name: tiny
title: Hojas
dataset: {name: leaves}
model: {name: net}
recipe: {name: tune, max_epochs: 2}
cases:
  - {name: long, set: {recipe.max_epochs: 40}}
  - {name: short, set: {recipe.max_epochs: 20}}
  - {name: base}
seeds: 1
size: {cases: 3, seeds: 1}
"""


def test_counts_of_named_cases_shrink_and_still_differ(read: Read, registry: Registry) -> None:
    shrunk = smoke_plan(expand(read(NAMED), registry), registry)
    assert [case.recipe.parameters["max_epochs"] for case in shrunk.cases] == [5, 4, 2]
    assert [case.settings.get("recipe.max_epochs") for case in shrunk.cases] == [5, 4, None]
    assert "recipe.max_epochs = 5 (smoke; suite: 40)" in shrunk.changes


@pytest.mark.parametrize(
    "studied",
    [
        NAMED.replace("seeds: 1\n", "compare: {factor: recipe.max_epochs, baseline: 40}\nseeds: 1\n", 1),
        NAMED.replace("cases:\n", "vary: {recipe.max_epochs: [40, 20]}\ncases:\n", 1)
        .replace("- {name: long, set: {recipe.max_epochs: 40}}", "- {name: one, set: {recipe.freeze.blocks: 1}}")
        .replace("  - {name: short, set: {recipe.max_epochs: 20}}\n", "")
        .replace("cases: 3,", "cases: 4,"),
    ],
    ids=["factor", "axis"],
)
def test_counts_that_are_studied_stay(studied: str, read: Read, registry: Registry) -> None:
    plan = expand(read(studied), registry)
    shrunk = smoke_plan(plan, registry)
    epochs = [case.recipe.parameters["max_epochs"] for case in shrunk.cases]
    assert epochs == [case.recipe.parameters["max_epochs"] for case in plan.cases]
    assert [case.settings for case in shrunk.cases] == [case.settings for case in plan.cases]


@pytest.mark.parametrize("many", [20, 40])
def test_each_different_component_is_made_small_once(
    many: int, read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    smoke = Tune.smoke

    def counted(self: Tune, params: Any) -> Any:
        asked.append(params.max_epochs)
        return smoke(self, params)

    monkeypatch.setattr(Tune, "smoke", counted)
    looked = 0
    seen = sample_smoke.value_at

    def looking(case: Any, path: str) -> Any:
        nonlocal looked
        looked += 1
        return seen(case, path)

    monkeypatch.setattr(sample_smoke, "value_at", looking)
    cases = "".join(f"  - {{name: c{i}, set: {{recipe.max_epochs: {10 + i}}}}}\n" for i in range(many))
    head, _, _ = NAMED.partition("cases:")
    sizes = f"  - {{name: base}}\nvary: {{dataset.image_size: [32, 64]}}\nsize: {{cases: {2 * many + 2}, seeds: 1}}\n"
    plan = expand(read(f"{head}seeds: 1\ncases:\n{cases}{sizes}"), registry)
    smoke_plan(plan, registry)
    assert len(asked) == many + 1
    assert looked <= 5 * len(plan.cases)


def test_what_the_user_asked_for_is_left_alone(read: Read, registry: Registry) -> None:
    plan = expand(read(BASE), registry, overrides=["recipe.max_epochs=7"], seeds="4")
    shrunk = smoke_plan(plan, registry)
    assert shrunk.seeds == (0, 1, 2, 3)
    assert shrunk.cases[0].recipe.parameters["max_epochs"] == 7
    assert shrunk.changes[:2] == plan.changes


@pytest.mark.parametrize(
    ("declared", "said"),
    [({"image_size": 1}, "greater than or equal to 8"), ({"size": 3}, "size"), (3, "AttributeError"), (None, "Error")],
)
def test_a_trial_that_cannot_be_used_names_the_plugin(
    declared: Any, said: str, read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Leaves, "smoke", lambda self, params: declared)
    with pytest.raises(PluginError, match="the smoke changes of the dataset 'leaves' cannot be used") as caught:
        smoke_plan(expand(read(BASE), registry), registry)
    assert said in str(caught.value)
    assert "pretend 1.0" in str(caught.value)


def test_a_trial_that_raises_names_the_plugin(read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, params: object) -> None:
        raise LookupError("lost")

    monkeypatch.setattr(Tune, "smoke", broken)
    with pytest.raises(PluginError, match="LookupError: lost"):
        smoke_plan(expand(read(BASE), registry), registry)
