"""Folds and seeds are one axis, whose rounds are whole, and which has nothing to say of the test split."""

from __future__ import annotations

import pytest

from benchsuite.suite import Plan, Suite, SuiteError, expand, parse_suite
from benchsuite.suite.cases.plan import RunSpec
from benchsuite.suite.planning.sample_smoke import smoke_plan
from support.fake_components import REGISTRY
from support.metrics import Sureness, registry_with

SUITE = """\
name: tiny
title: T
size: {cases: 2, seeds: 10}
dataset: {name: leaves}
model: {name: net}
recipe: {name: tune}
vary: {model.depth: [18, 50]}
seeds: 10
folds: 5
compare: {factor: model.depth, baseline: 18, metric: validation_accuracy}
claims: [{id: deep, text: Ayudan., cases: ["depth=50"], better_than: "depth=18", metric: validation_loss}]
"""


WITH_METRICS = registry_with(Sureness)


def read(text: str = SUITE) -> Suite:
    return parse_suite(text.encode(), "tiny.yaml", REGISTRY)


def planned(text: str = SUITE, **options: str) -> Plan:
    return expand(read(text), REGISTRY, **options)  # type: ignore[arg-type]


def test_the_run_of_a_seed_is_validated_on_its_fold_of_its_round() -> None:
    plan = planned()
    folds = {spec.seed: (spec.fold.k, spec.fold.number, spec.fold.round) for spec in plan.runs if spec.fold}
    assert folds == {seed: (5, seed % 5, seed // 5) for seed in range(10)}
    assert str(plan.runs[0].fold) == "fold 1 of 5"
    assert str(plan.runs[-1].fold) == "fold 5 of 5, round 2"
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_a_mapping_says_the_same_as_a_number() -> None:
    assert planned(SUITE.replace("folds: 5", "folds: {k: 5}")) == planned()
    merged = planned(SUITE.replace("folds: 5", "folds: {k: 5, merge_official: true}")).folds
    assert merged is not None
    assert merged.merge_official


def test_runs_without_folds_are_written_as_they_were() -> None:
    plan = planned(SUITE.replace("folds: 5\n", ""))
    assert plan.folds is None
    assert all("fold" not in spec.model_dump(mode="json") for spec in plan.runs)
    with_fold = planned().runs[3]
    assert RunSpec.model_validate_json(with_fold.model_dump_json()) == with_fold


def test_the_command_line_may_ask_for_some_folds() -> None:
    plan = planned(seeds="0-1")
    assert [spec.fold.number for spec in plan.runs if spec.fold] == [0, 0, 1, 1]
    assert "seeds = 0, 1 (suite: 0 to 9)" in plan.changes


def test_a_smoke_run_has_one_round_of_two_folds() -> None:
    small = smoke_plan(planned(), REGISTRY)
    assert small.folds is not None
    assert (small.seeds, small.folds.k) == ((0, 1), 2)
    assert "folds = 2 (smoke; suite: 5)" in small.changes


SEQUENTIAL = "seeds: {at_least: 6, at_most: 10, until: decided}"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("folds: 5", "folds: 1", ("tiny.yaml:9:8: folds", "folds: 1 no images would be left to train on", "write 2")),
        ("folds: 5", "folds: {k: 0}", ("tiny.yaml:9", "no images would be left to train on", "leave folds out")),
        ("folds: 5", "folds: {n: 5}", ("'k' is missing",)),
        ("folds: 5", "folds: many", ("'many' is not an integer",)),
        ("folds: 5", "folds: 4", ("4 folds need 4 seeds", "there are 10", "write `seeds: 12`", "tiny.yaml:8:8")),
        ("folds: 5", "folds: 20", ("20 folds need 20 seeds", "write `seeds: 20`")),
        ("seeds: 10\nfolds", "seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 10]\nfolds",
         ("do not use every fold alike", "whole rounds, such as [0, 1, 2", "14]", "tiny.yaml:8:8")),
        ("seeds: 10\nfolds", f"{SEQUENTIAL}\nfolds",
         ("do not go with folds", "not independent", "write how many seeds there are, as in `seeds: 10`")),
        ("claims", "search: {space: {model.depth: [18, 34]}, sampler: grid, budget: 2}\nclaims",
         ("folds do not go with a search", "a suite of its own")),
        (", metric: validation_accuracy", "",
         ("test_accuracy is compared, and every fold is measured on the same test images",
          "write `metric: validation_accuracy`", "tiny.yaml:10:10")),
        ("metric: validation_loss", "metric: test_loss",
         ("'deep' is on test_loss, and every fold is measured on the same test images", "tiny.yaml:11")),
    ],
)  # fmt: skip
def test_what_does_not_go_with_folds_is_told(old: str, new: str, words: tuple[str, ...]) -> None:
    assert old in SUITE
    with pytest.raises(SuiteError) as caught:
        read(SUITE.replace(old, new))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("metric", ["sureness", "nothing"])
def test_metrics_of_plugins_are_of_validation_too(metric: str) -> None:
    text = SUITE.replace("compare:", "metrics: {sureness: {}}\ncompare:").replace("validation_loss", f"test_{metric}")
    assert parse_suite(text.replace("test_", "validation_").replace("nothing", "sureness").encode(), "t", WITH_METRICS)
    with pytest.raises(SuiteError) as caught:
        parse_suite(text.encode(), "tiny.yaml", WITH_METRICS)
    assert f"'deep' is on test_{metric}, and every fold is measured on the same test images" in str(caught.value)


def test_a_list_of_seeds_may_be_a_later_round() -> None:
    text = SUITE.replace("seeds: 10\nfolds", "seeds: [9, 8, 7, 6, 5]\nfolds").replace("seeds: 10}", "seeds: 5}")
    plan = planned(text)
    assert {spec.fold.round for spec in plan.runs if spec.fold} == {1}
