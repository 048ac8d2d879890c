"""A suite expands to the product of its axes and cases less its exclusions, in the order of the file."""

# ruff: noqa: E501
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.registry import Registry
from benchsuite.suite import Plan, Suite, SuiteError, baselines, expand, parse_suite
from support.fake_components import BASE, REGISTRY
from support.operations import count_operations

Read = Callable[[str], Suite]


def text_of(cases: int, design: str, *, model: str = "net") -> str:
    """A suite with another grid."""
    return f"""\
name: tiny
title: T
size: {{cases: {cases}, seeds: 1}}
dataset: {{name: leaves}}
model: {{name: {model}}}
recipe: {{name: tune}}
seeds: 1
{design}
"""


def planned(cases: int, design: str, **more: Any) -> Plan:
    return expand(parse_suite(text_of(cases, design, **more).encode(), "tiny.yaml", REGISTRY), REGISTRY)


def refused(cases: int, design: str) -> str:
    with pytest.raises(SuiteError) as caught:
        planned(cases, design)
    return str(caught.value)


def names(plan: Plan) -> list[str]:
    return [case.name for case in plan.cases]


def test_every_parameter_of_a_case_is_resolved(read: Read, registry: Registry) -> None:
    case = expand(read(BASE), registry).cases[1]
    assert case.name == "freeze_blocks=1"
    assert case.settings == {"recipe.freeze.blocks": 1}
    assert case.dataset.parameters == {"image_size": 64}
    assert case.model.parameters == {"depth": 18, "weights": "imagenet"}
    assert case.recipe.parameters == {
        "max_epochs": 30,
        "weight_decay": 0.0,
        "nesterov": False,
        "freeze": {"blocks": 1, "stem": "with_first_block", "batchnorm": "eval", "stages": None, "train_last": None},
        "milestones": [],
    }
    assert (case.recipe.distribution, case.recipe.version) == ("pretend", "1.0")


def test_a_plan_survives_json(read: Read, registry: Registry) -> None:
    plan = expand(read(BASE), registry, overrides=["recipe.milestones=[1, 2]"])
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    assert len(plan.runs) == 6


def test_the_last_axis_turns_fastest() -> None:
    plan = planned(4, "vary: {recipe.freeze.blocks: [0, 1], model.depth: [18, 50]}")
    assert names(plan) == [
        "freeze_blocks=0,depth=18",
        "freeze_blocks=0,depth=50",
        "freeze_blocks=1,depth=18",
        "freeze_blocks=1,depth=50",
    ]


def test_without_a_grid_there_is_one_case() -> None:
    assert names(planned(1, "")) == ["base"]


def test_named_cases_change_the_base_and_combine_with_the_grid() -> None:
    cases = "cases: [{name: sin cambios}, {name: ajuste 1, set: {recipe.weight_decay: 0.01}}]\n"
    assert names(planned(2, cases)) == ["sin cambios", "ajuste 1"]
    plan = planned(4, cases + "vary: {recipe.freeze.blocks: [0, 1]}")
    assert names(plan)[2:] == ["ajuste 1,freeze_blocks=0", "ajuste 1,freeze_blocks=1"]
    assert plan.cases[3].settings == {"recipe.weight_decay": 0.01, "recipe.freeze.blocks": 1}
    assert plan.cases[3].recipe.parameters["weight_decay"] == 0.01
    assert plan.cases[1].recipe.parameters["weight_decay"] == 0.0


def test_a_whole_component_can_vary() -> None:
    plan = planned(3, "vary: {model: [{name: mlp}, {name: net, depth: 34}, {name: net, depth: 50}]}")
    assert names(plan) == ["model=mlp", "model=net(depth=34)", "model=net(depth=50)"]
    assert [case.model.name for case in plan.cases] == ["mlp", "net", "net"]
    assert plan.cases[0].model.parameters == {"widths": [64, 32]}


def test_a_whole_component_and_a_parameter_it_leaves_open_can_vary_together() -> None:
    plan = planned(2, "vary: {model.depth: [18, 34], model: [{name: net, weights: none}]}")
    assert [case.model.parameters for case in plan.cases] == [
        {"depth": 18, "weights": "none"},
        {"depth": 34, "weights": "none"},
    ]


@pytest.mark.parametrize(
    ("value", "label"),
    [("[1, 2]", "1+2"), ("[]", "[]"), ("[7]", "7")],
)
def test_lists_have_readable_case_names(value: str, label: str) -> None:
    assert names(planned(1, f"vary: {{recipe.milestones: [{value}]}}")) == [f"milestones={label}"]


def test_axes_of_one_name_keep_the_kind_in_case_names() -> None:
    from benchsuite.suite.cases.grid import axis_labels

    assert axis_labels(["dataset.size", "model.size", "model.depth"]) == {
        "dataset.size": "dataset_size",
        "model.size": "model_size",
        "model.depth": "depth",
    }


def test_exclusions_may_speak_of_axes_of_base_values_and_of_defaults() -> None:
    grid = "vary: {recipe.freeze.blocks: [0, 1, 2], model.depth: [18, 50]}\n"
    assert len(planned(5, grid + "exclude: [{recipe.freeze.blocks: 2, model.depth: 50}]").cases) == 5
    assert len(planned(4, grid + "exclude: [{recipe.freeze.blocks: 2, model.name: net}]").cases) == 4
    assert len(planned(4, grid + "exclude: [{recipe.freeze.blocks: 2, recipe.max_epochs: 30}]").cases) == 4
    assert len(planned(3, grid + "exclude: [{model.depth: 50}]").cases) == 3


def test_each_of_many_exclusions_costs_little() -> None:
    def operations(exclusions: int) -> int:
        axis = ", ".join(map(str, range(1, 201)))
        entries = ", ".join(f"{{recipe.max_epochs: {n}}}" for n in range(1, exclusions + 1))
        design = f"vary: {{recipe.max_epochs: [{axis}]}}\nexclude: [{entries}]"
        return count_operations(lambda: planned(200 - exclusions, design))

    few, many = operations(50), operations(150)
    assert many - few < 100 * 200 * 150  # for each of the 200 cells and the 100 more exclusions


def test_a_combination_that_cannot_be_may_be_excluded() -> None:
    design = "vary: {model: [{name: mlp}, {name: net}], recipe.milestones: [[2, 1], [1]]}\n"
    assert "do not rise" in refused(4, design)
    assert len(planned(2, design + "exclude: [{recipe.milestones: [2, 1]}]").cases) == 2


@pytest.mark.parametrize(
    ("design", "said"),
    [
        ("vary: {recipe.freeze.blocks: [0, 1]}\nexclude: [{model.name: net}]", "no case is left: all are excluded"),
        ("vary: {recipe.freeze.blocks: [0, 1.0, 1]}", "is not an integer"),
        ("vary: {recipe.weight_decay: [1, 1.0]}", "have the same parameters"),
        ("cases: [{name: a, set: {recipe.max_epochs: 30}}, {name: b}]", "the cases 'a' and 'b' have the same parameters"),
        ("cases: [{name: a}, {name: a, set: {recipe.max_epochs: 3}}]", "tiny.yaml:8:27: cases[1].name: two cases are named 'a'"),
        ("cases: [{name: a, set: {recipe.max_epochs: 3}}]\nvary: {recipe.max_epochs: [1, 2]}", "set the same parameter"),
        ("vary: {recipe.freeze: [{blocks: 1}], recipe.freeze.blocks: [1, 2]}", "set the same parameter"),
        ("vary: {model: [{name: net, depth: 18}], model.depth: [18, 50]}", "set the same parameter"),
        ("vary: {model: [{name: net}, {name: mpl}]}", "no model is named 'mpl' (expected one of: mlp, net); did you mean 'mlp'?"),
        ("vary: {model: [mlp]}", "'mlp' is not a model (expected a mapping with a `name`); write {name: mlp}"),
        ("vary: {model: [{depth: 18}]}", "'name' is missing (expected one of: mlp, net)"),
        ("cases: [{name: a, set: {model.depht: 3}}]", "tiny.yaml:8:25: model.depht: there is no 'model.depht'"),
        (f"vary: {{recipe.max_epochs: {list(range(1, 401))}, recipe.milestones: {[[i] for i in range(400)]}}}", "the grid has 160,000 cases (expected at most 100,000)"),
    ],
)  # fmt: skip
def test_a_contradictory_grid_is_refused(design: str, said: str) -> None:
    assert said in refused(2, design)


def test_a_changed_parameter_is_listed_with_the_suites_own_value(read: Read, registry: Registry) -> None:
    plan = expand(read(BASE), registry, overrides=["recipe.max_epochs=2", "model.weights=none", "recipe.nesterov=true"])
    assert plan.changes == (
        "recipe.max_epochs = 2 (suite: 30)",
        "model.weights = none (suite: imagenet)",
        "recipe.nesterov = true (suite: false)",
    )
    assert plan.pinned == ("recipe.max_epochs", "model.weights", "recipe.nesterov")
    assert {case.recipe.parameters["max_epochs"] for case in plan.cases} == {2}
    assert names(plan) == names(expand(read(BASE), registry))


def test_an_override_with_the_suites_own_value_changes_nothing(read: Read, registry: Registry) -> None:
    assert expand(read(BASE), registry, overrides=["dataset.image_size=64"]).changes == ()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "recipe.max_epochs=0",
            "--set recipe.max_epochs=0: recipe.max_epochs: 0 is too small (expected an integer ≥ 1)",
        ),
        ("recipe.max_epochs='2'", "'2' is not an integer"),
        ("recipe.max_epoch=2", "there is no 'recipe.max_epoch' (expected one of: recipe.max_epochs,"),
        ("recipe.max_epochs", "this is no change (expected a path and a value, as in recipe.max_epochs=2)"),
        ("recipe.max_epochs=", "this is no change"),
        ("recipe.milestones=[1", "YAML syntax"),
        ("recipe.milestones=!!python/name:os.system x", "the tag"),
        ("title=x", "'title' is no path to a parameter"),
        ("=3", "no path to a parameter"),
        ("recipe.freeze.blocks=2", "`vary` sets 'recipe.freeze.blocks'"),
        ("recipe.freeze={blocks: 2}", "`vary` sets 'recipe.freeze.blocks'"),
        ("dataset.name=leafs", "did you mean 'leaves'?"),
    ],
)
def test_a_wrong_override_is_refused(override: str, said: str, read: Read, registry: Registry) -> None:
    with pytest.raises(SuiteError) as caught:
        expand(read(BASE), registry, overrides=[override])
    assert said in str(caught.value)


def test_one_path_overridden_twice_is_refused(read: Read, registry: Registry) -> None:
    with pytest.raises(SuiteError, match="another --set sets"):
        expand(read(BASE), registry, overrides=["recipe.max_epochs=2", "recipe.max_epochs=3"])


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("3", (0, 1, 2)), ("1", (0,)), ("0,4,7", (0, 4, 7)), ("0-4", (0, 1, 2, 3, 4)), ("7,", (7,)), (" 5 , 3 ", (5, 3))],
)
def test_seeds_can_be_chosen(text: str, seeds: tuple[int, ...], read: Read, registry: Registry) -> None:
    plan = expand(read(BASE), registry, seeds=text)
    assert plan.seeds == seeds
    assert plan.changes == (f"seeds = {'0 to 4' if len(seeds) == 5 else ', '.join(map(str, seeds))} (suite: 0, 1)",)
    assert plan.pinned == ("seeds",)


@pytest.mark.parametrize(
    "text", ["0", "", "x", "-1", "1,1", "5-2", "0-9999999999", "10001", "1-10001", "9999999999,1", "1.5", "٣", "1,,2"]
)
def test_seeds_that_are_none_are_refused(text: str, read: Read, registry: Registry) -> None:
    with pytest.raises(SuiteError, match="seed"):
        expand(read(BASE), registry, seeds=text)


@pytest.mark.parametrize("text", ["10000", "1-10000", ",".join(map(str, range(10_000)))])
def test_ten_thousand_seeds_can_be_chosen(text: str, read: Read, registry: Registry) -> None:
    assert len(expand(read(BASE), registry, seeds=text).seeds) == 10_000


def test_a_study_of_too_many_runs_is_refused(read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = len(expand(read(BASE), registry).cases)
    monkeypatch.setattr("benchsuite.suite.planning.expand.MOST_RUNS", 3 * cases)
    assert len(expand(read(BASE), registry, seeds="3").runs) == 3 * cases
    with pytest.raises(SuiteError, match=rf"seeds: the study has {4 * cases} runs: {cases} cases with 4 seeds each"):
        expand(read(BASE), registry, seeds="4")
    monkeypatch.setattr("benchsuite.suite.planning.expand.MOST_RUNS", 2 * cases - 1)
    with pytest.raises(SuiteError, match=rf"at most {2 * cases - 1} runs"):
        read(BASE)


def test_the_stated_size_is_that_of_the_file_not_of_the_overrides(read: Read, registry: Registry) -> None:
    plan = expand(read(BASE), registry, overrides=["recipe.max_epochs=2"], seeds="5")
    assert len(plan.runs) == 15


def test_every_other_case_is_compared_with_the_one_that_compare_names(read: Read, registry: Registry) -> None:
    suite = read(BASE.replace("baseline: 0", "baseline: 2"))
    two = "freeze_blocks=2"
    assert baselines(suite, expand(suite, registry)) == {"freeze_blocks=0": two, "freeze_blocks=1": two}
    suite = read(BASE.replace("factor: recipe.freeze.blocks, baseline: 0", "baseline: freeze_blocks=1"))
    assert set(baselines(suite, expand(suite, registry)).values()) == {"freeze_blocks=1"}
    suite = read(BASE.replace("compare: {factor: recipe.freeze.blocks, baseline: 0}\n", ""))
    assert baselines(suite, expand(suite, registry)) == {}


def test_in_a_grid_of_two_axes_a_case_is_compared_with_the_baseline_of_its_own_row(
    read: Read, registry: Registry
) -> None:
    two_axes = BASE.replace("[0, 1, 2]}", "[0, 1, 2], model.depth: [50, 18]}").replace("cases: 3", "cases: 6")
    suite = read(two_axes)
    assert baselines(suite, expand(suite, registry)) == {
        f"freeze_blocks={blocks},depth={depth}": f"freeze_blocks=0,depth={depth}"
        for blocks in (1, 2)
        for depth in (50, 18)
    }
    missing = "exclude: [{recipe.freeze.blocks: 0, model.depth: 18}]\n"
    suite = read(two_axes.replace("cases: 6", "cases: 5") + missing)
    assert list(baselines(suite, expand(suite, registry))) == ["freeze_blocks=1,depth=50", "freeze_blocks=2,depth=50"]


def test_a_suite_made_without_a_file_expands_too(read: Read, registry: Registry) -> None:
    made = Suite.model_validate_json(read(BASE).model_dump_json())
    assert expand(made, registry) == expand(read(BASE), registry)


AXES = {
    "recipe.freeze.blocks": st.integers(0, 9),
    "model.depth": st.sampled_from([18, 34, 50]),
    "dataset.image_size": st.integers(8, 64),
    "recipe.nesterov": st.booleans(),
    "recipe.milestones": st.lists(st.integers(0, 9), max_size=2).map(sorted),
}


@st.composite
def grids(draw: st.DrawFn) -> tuple[dict[str, list[Any]], list[dict[str, Any]], int]:
    """Axes, exclusions of which each matches something, and how many cases are left: at least one."""
    paths = draw(st.lists(st.sampled_from(sorted(AXES)), unique=True, max_size=4))
    vary = {path: draw(st.lists(AXES[path], unique_by=json.dumps, min_size=1, max_size=4)) for path in paths}
    cells: list[dict[str, Any]] = [{}]
    for path, values in vary.items():
        cells = [{**cell, path: value} for cell in cells for value in values]
    exclude = [cell for cell in draw(st.lists(st.sampled_from(cells), max_size=3)) if cell]
    left = [cell for cell in cells if cell not in exclude]
    return (vary, exclude, len(left)) if left else (vary, [], len(cells))


@settings(max_examples=60, deadline=None)
@given(grids())
def test_the_size_is_the_product_less_the_exclusions_and_names_are_unique(
    grid: tuple[dict[str, list[Any]], list[dict[str, Any]], int],
) -> None:
    vary, exclude, left = grid
    design = f"vary: {json.dumps(vary)}\nexclude: {json.dumps(exclude)}"
    plan = planned(left, design)
    assert len(plan.cases) == len(set(names(plan))) == left
    assert planned(left, design) == plan
    for case in plan.cases:
        assert case.settings not in exclude
        assert list(case.settings) == list(vary)


@settings(max_examples=30, deadline=None)
@given(grids(), st.randoms(use_true_random=False))
def test_the_order_of_the_axes_changes_the_order_of_the_cases_only(
    grid: tuple[dict[str, list[Any]], list[dict[str, Any]], int], random: Any
) -> None:
    vary, exclude, left = grid
    shuffled = list(vary.items())
    random.shuffle(shuffled)

    def parameters(axes: dict[str, list[Any]]) -> list[str]:
        plan = planned(left, f"vary: {json.dumps(axes)}\nexclude: {json.dumps(exclude)}")
        return sorted(json.dumps([c.dataset.parameters, c.model.parameters, c.recipe.parameters]) for c in plan.cases)

    assert parameters(vary) == parameters(dict(shuffled))


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=list("recip.max_os=[]{}:!&*'\"-0123 \n\té")) | st.text(), st.text(max_size=20))
def test_arbitrary_overrides_and_seeds_are_understood_or_refused_with_a_suite_error(text: str, seeds: str) -> None:
    suite = parse_suite(BASE.encode(), "tiny.yaml", REGISTRY)
    for more in ({"overrides": [text]}, {"overrides": ["recipe.max_epochs=" + text]}, {"seeds": seeds}):
        try:
            expand(suite, REGISTRY, **more)  # type: ignore[arg-type]
        except SuiteError as error:
            found = error.problems
            assert found
