"""A search that cannot be made is refused before anything runs, with line and column; one that can becomes cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchsuite.suite import Plan, Suite, SuiteError, expand, parse_suite, smoke_plan, suite_schema
from benchsuite.suite.cases.resolver import Resolver
from benchsuite.suite.planning.sample_smoke import shrink_case
from benchsuite.suite.search.proposal import Step, count_points
from benchsuite.suite.search.space import Trials, corners
from support.fake_components import BASE, REGISTRY

Read = Callable[[str], Suite]

PLAIN = """\
name: tiny
title: T
size: {cases: 1, seeds: 1, trials: 4}
dataset: {name: leaves}
model: {name: net}
recipe: {name: tune}
seeds: 1
search:
  space:
    recipe.weight_decay: [0.1, 0.01, 0.001]
    model.depth: [18, 34]
  sampler: random
  budget: 4
"""
HALVING = PLAIN + "  halving: {path: recipe.max_epochs, rungs: [3, 9, 27], keep: 0.5}\n"


def planned(text: str = PLAIN, **more: object) -> Plan:
    return expand(parse_suite(text.encode(), "tiny.yaml", REGISTRY), REGISTRY, **more)  # type: ignore[arg-type]


def problems(text: str) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        parse_suite(text.encode(), "tiny.yaml", REGISTRY)
    return [str(problem) for problem in caught.value.problems]


def changed(old: str, new: str, text: str = PLAIN) -> str:
    assert old in text
    return text.replace(old, new)


SPACE = "    recipe.weight_decay: [0.1, 0.01, 0.001]\n    model.depth: [18, 34]\n"
REFUSED = {
    "an empty space": (changed(f"space:\n{SPACE}", "space: {}\n"), "tiny.yaml:9:10: search.space: there is nothing"),
    "an axis without values": (
        changed("[18, 34]", "[]"),
        "tiny.yaml:11:18: search.space.model.depth: there is nothing",
    ),
    "an unknown path": (
        changed("recipe.weight_decay", "recipe.weight_decoy"),
        "tiny.yaml:10:5: recipe.weight_decoy: there is no 'recipe.weight_decoy'",
    ),
    "a path to nowhere": (changed("model.depth", "modell.depth"), "tiny.yaml:11:5: search.space: 'modell.depth' is no"),
    "a value that a component refuses": (changed("34", "35"), "tiny.yaml:11:23: model.depth: 35 is not allowed"),
    "the first value refused": (changed("18, ", "19, "), "tiny.yaml:11:19: model.depth: 19 is not allowed"),
    "a value given twice": (
        changed("0.001]", "0.1]"),
        "tiny.yaml:10:38: search.space.recipe.weight_decay: 0.1 is given",
    ),
    "axes that overlap": (
        changed("model.depth: [18, 34]", "model: [{name: net, depth: 18}]\n    model.depth: [18, 34]"),
        "search.space: 'model.depth' and 'model' set the same parameter",
    ),
    "no budget": (changed("budget: 4", "budget: 0"), "tiny.yaml:13:11: search.budget: 0 is too small"),
    "a budget larger than the space": (
        changed("budget: 4", "budget: 7").replace("trials: 4", "trials: 7"),
        "tiny.yaml:13:11: search.budget: the space has 6 points, fewer than the 7 trials (expected at most 6)",
    ),
    "a grid larger than the budget": (
        changed("sampler: random", "sampler: grid"),
        "tiny.yaml:13:11: search.budget: a grid takes every point of the space, which has 6 (expected 6); or choose",
    ),
    "no lag": (PLAIN + "  lag: 0\n", "tiny.yaml:14:8: search.lag: 0 is too small"),
    "a lag below zero": (PLAIN + "  lag: -3\n", "tiny.yaml:14:8: search.lag: -3 is too small"),
    "a lag that is no whole number": (PLAIN + "  lag: 2.5\n", "tiny.yaml:14:8: search.lag: "),
    "a lag in batches": (
        PLAIN + "  lag: 2\n  batch: 4\n",
        "tiny.yaml:14:8: search.lag: the trials come either in batches or with a lag; remove `batch` or `lag`",
    ),
    "a lag in which no result comes back": (
        changed("sampler: random", "sampler: tpe") + "  lag: 4\n",
        "tiny.yaml:14:8: search.lag: with 4 trials no result would come back in time for another (expected at most 3)",
    ),
    "an unknown sampler": (changed("random", "randon"), "did you mean 'random'?"),
    "a metric of the test split": (
        PLAIN + "  metric: test_accuracy\n",
        "tiny.yaml:14:11: search.metric: test_accuracy is sealed until the search has chosen",
    ),
    "another number of trials than stated": (
        changed("trials: 4", "trials: 5"),
        "tiny.yaml:3:36: size.trials: the search makes 4 trials, not 5 (expected 4)",
    ),
    "a number of trials that is not stated": (
        changed(", trials: 4", ""),
        "tiny.yaml:3:7: size.trials: the search makes 4 trials, which `size` does not state (expected 4)",
    ),
    "trials without a search": (PLAIN.partition("search:")[0], "tiny.yaml:3:36: size.trials: the suite has no search"),
    "rungs that do not rise": (
        changed("[3, 9, 27]", "[3, 9, 9]", HALVING),
        "tiny.yaml:14:45: search.halving.rungs: the rungs [3, 9, 9] do not rise",
    ),
    "a rung that the component refuses": (
        changed("recipe.max_epochs, rungs: [3, 9, 27]", "model.depth, rungs: [18, 33]", HALVING).replace(
            "    model.depth: [18, 34]\n", "    recipe.nesterov: [true, false]\n"
        ),
        "model.depth: 33 is not allowed",
    ),
    "one rung": (changed("[3, 9, 27]", "[3]", HALVING), "search.halving.rungs: [3] has too few entries"),
    "halving that leaves nothing": (
        changed("keep: 0.5", "keep: 0.1", HALVING),
        "tiny.yaml:14:63: search.halving.keep: nothing is left after rung 1: 0.1 of 4 trials is less than one",
    ),
    "halving that leaves nothing in the end": (
        changed("[3, 9, 27]", "[3, 9, 27, 81]", HALVING),
        "search.halving.keep: nothing is left after rung 3: 0.5 of 1 trial is less than one",
    ),
    "nothing kept": (changed("keep: 0.5", "keep: 0", HALVING), "search.halving.keep: 0 is too small"),
    "halving over an axis of the space": (
        changed("path: recipe.max_epochs", "path: recipe.weight_decay", HALVING),
        "tiny.yaml:14:19: search.halving.path: 'recipe.weight_decay' grows from rung to rung, so the space cannot set",
    ),
    "halving over an unknown path": (
        changed("recipe.max_epochs", "recipe.max_epoch", HALVING),
        "tiny.yaml:14:19: recipe.max_epoch: there is no 'recipe.max_epoch'",
    ),
    "a case called like a trial": (
        changed("seeds: 1\nsearch", "cases: [{name: trial 001}]\nseeds: 1\nsearch"),
        "cases[0].name: 'trial 001' could be a trial of the search; rename it",
    ),
    "a seed below zero": (PLAIN + "  seed: -1\n", "search.seed: -1 is too small"),
    "an unknown field": (PLAIN + "  budgets: 3\n", "did you mean 'budget'?"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_search_that_cannot_be_made_is_refused_with_its_place(text: str, said: str) -> None:
    found = problems(text)
    assert any(said in problem for problem in found), found


@pytest.mark.parametrize("sampler", ["grid", "random"])
@pytest.mark.parametrize("lag", [6, 7])
def test_a_lag_that_no_sampler_asks_for_may_be_as_large_as_the_budget(sampler: str, lag: int) -> None:
    text = changed("sampler: random\n  budget: 4", f"sampler: {sampler}\n  budget: 6\n  lag: {lag}")
    assert planned(text.replace("trials: 4", "trials: 6")).following == 6


@pytest.mark.parametrize("lag", [4, 5])
def test_a_lag_of_at_least_the_budget_is_refused_where_results_count(lag: int) -> None:
    found = problems(changed("sampler: random", "sampler: tpe") + f"  lag: {lag}\n")
    assert any("search.lag: with 4 trials no result would come back in time" in problem for problem in found), found


def test_values_that_do_not_go_together_are_found_in_pairs() -> None:
    """Neither value is refused beside the first one of the other axis."""
    text = changed("model.depth: [18, 34]", "recipe.nesterov: [false, true]").replace("0.001]", "11]")
    assert any("a weight decay of 11 does not go with nesterov" in problem for problem in problems(text))


def test_a_large_space_is_checked_without_being_built(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {"a": range(7), "b": range(7, 14), "c": range(14), "d": range(4), "e": range(7)}
    text = changed(
        SPACE,
        f"    recipe.weight_decay: {[i / 7 for i in rows['a']]}\n    recipe.max_epochs: {[*rows['b']]}\n"
        f"    recipe.freeze.blocks: {[*rows['c']]}\n    dataset.image_size: {[i + 8 for i in rows['d']]}\n"
        f"    recipe.milestones: {[[i] for i in rows['e']]}\n",
    )
    looked_up: list[str] = []
    resolved = Resolver.resolved

    def counting(self: Resolver, kind: str, settings: Any) -> Any:
        looked_up.append(kind)
        return resolved(self, kind, settings)

    monkeypatch.setattr(Resolver, "resolved", counting)
    suite = parse_suite(text.encode(), "tiny.yaml", REGISTRY)
    assert suite.search is not None
    assert count_points(suite.search) == 19_208
    assert len(looked_up) < 3 * 700


def test_a_trial_is_the_base_with_the_values_of_its_point() -> None:
    search = planned(HALVING).search
    assert search is not None
    made = Trials(search, REGISTRY).at(Step(7, (2, 1), 1))
    assert made.case.name == "trial 007, max_epochs=9"
    assert made.case.settings == {"recipe.weight_decay": 0.001, "model.depth": 34, "recipe.max_epochs": 9}
    assert made.case.recipe.parameters["weight_decay"] == 0.001
    assert made.case.recipe.parameters["max_epochs"] == 9
    assert made.case.model.parameters == {"depth": 34, "weights": "imagenet"}
    assert Trials(planned().search, REGISTRY).at(Step(7, (2, 1))).case.name == "trial 007"  # type: ignore[arg-type]


def test_a_point_that_is_refused_when_it_is_drawn_names_its_trial() -> None:
    search = planned().search
    assert search is not None
    declared = search.declared.model_copy(update={"space": {"recipe.weight_decay": (-1,)}})
    with pytest.raises(SuiteError, match=r"search, trial 001: recipe.weight_decay: -1 is too small"):
        Trials(search.model_copy(update={"declared": declared}), REGISTRY).at(Step(1, (0,)))


def test_a_search_is_part_of_the_plan_beside_the_cases() -> None:
    plan = planned(HALVING)
    assert [case.name for case in plan.cases] == ["base"]
    assert (plan.trials, plan.following) == ((), 4 + 2 + 1)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_set_changes_the_base_of_the_trials_and_no_axis() -> None:
    search = planned(overrides=["recipe.nesterov=true"]).search
    assert search is not None
    assert Trials(search, REGISTRY).at(Step(1, (0, 0))).case.recipe.parameters["nesterov"] is True
    with pytest.raises(SuiteError, match=r"cannot be changed here: `search` sets 'model.depth'"):
        planned(overrides=["model.depth=50"])
    with pytest.raises(SuiteError, match=r"`search` sets 'recipe.max_epochs'"):
        planned(HALVING, overrides=["recipe.max_epochs=2"])


def test_whole_components_can_be_searched() -> None:
    text = changed("model.depth: [18, 34]", "model: [{name: mlp}, {name: net, depth: 50}]")
    search = planned(text).search
    assert search is not None
    assert Trials(search, REGISTRY).at(Step(1, (0, 1))).case.model.parameters["depth"] == 50
    assert {case.model.name for case in corners(search, REGISTRY)} == {"mlp", "net"}


def test_the_paper_may_name_what_only_the_search_sets() -> None:
    text = changed("model.depth: [18, 34]", "model: [{name: mlp}, {name: net}]")
    parse_suite(f"{text}paper: {{labels: {{model: Modelo}}}}\n".encode(), "tiny.yaml", REGISTRY)


def test_a_trial_on_the_sample_makes_the_search_small_and_says_so() -> None:
    text = changed("trials: 4", "trials: 5", HALVING).replace("budget: 4", "budget: 5")
    text = text.replace("rungs: [3, 9, 27]", "rungs: [3, 9]")
    text = text.replace(
        "    model.depth: [18, 34]\n", "    model.weights: [imagenet, none]\n    model.depth: [18, 34]\n"
    )
    made = smoke_plan(planned(text), REGISTRY)
    assert made.search is not None
    assert made.search.reduced
    assert list(made.search.declared.space) == ["recipe.weight_decay", "model.depth"]
    assert made.following == 4 + 2
    for change in (
        "search.space without model.weights (smoke; suite: 2 values)",
        "search.budget = 4 (smoke; suite: 5)",
        "search.halving.rungs = [1, 2] (smoke; suite: [3, 9])",
    ):
        assert change in made.changes
    case = shrink_case(Trials(made.search, REGISTRY).at(Step(1, (0, 1), 1)).case, REGISTRY, made.pinned)
    assert case.dataset.parameters["image_size"] == 32
    assert case.model.parameters == {"depth": 34, "weights": "none"}
    assert case.recipe.parameters["max_epochs"] == 2


def test_a_suite_without_a_search_is_as_it_was(read: Read) -> None:
    plan = expand(read(BASE), REGISTRY)
    assert plan.search is None
    assert plan.following == 0
    assert smoke_plan(plan, REGISTRY).search is None


def test_the_schema_offers_the_paths_of_a_space() -> None:
    space = suite_schema(REGISTRY)["$defs"]["Search"]["properties"]["space"]["properties"]
    assert space["recipe.max_epochs"]["type"] == "array"


def test_a_hundred_thousand_trials_can_be_asked_for_and_no_more() -> None:
    axes = f"    recipe.max_epochs: {list(range(1, 1001))}\n    recipe.weight_decay: {[i / 1000 for i in range(100)]}\n"
    text = changed(SPACE, axes, PLAIN.replace("trials: 4", "trials: 100000").replace("budget: 4", "budget: 100000"))
    assert planned(text).following == 100_000
    (problem,) = problems(text.replace("100000", "100001"))
    assert "search.budget" in problem
    assert "100000" in problem.replace(",", "")


def test_a_search_of_too_many_runs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchsuite.suite.planning.expand.MOST_RUNS", 7)
    (problem,) = problems(HALVING)  # 4 + 2 + 1 trials, and a case
    assert "the study has 8 runs: 1 cases with 1 seeds each, and 7 of the search" in problem
    monkeypatch.setattr("benchsuite.suite.planning.expand.MOST_RUNS", 8)
    assert planned(HALVING).following == 7
