"""Seeds until the claims are decided need claims that can decide them, and nobody else who chooses."""

from __future__ import annotations

import pytest

from benchsuite.suite import Plan, Suite, SuiteError, expand, parse_suite
from benchsuite.suite.planning.sample_smoke import smoke_plan
from support.fake_components import REGISTRY

SUITE = """\
name: tiny
title: T
size: {cases: 2, seeds: 30}
dataset: {name: leaves}
model: {name: net}
recipe: {name: tune}
vary: {model.depth: [18, 50]}
seeds: {at_least: 6, at_most: 30, until: decided}
claims: [{id: deep, text: Más capas ayudan., cases: ["depth=50"], better_than: "depth=18"}]
"""
CLAIM = SUITE[SUITE.index("claims") :]


def read(text: str) -> Suite:
    return parse_suite(text.encode(), "tiny.yaml", REGISTRY)


def planned(text: str = SUITE) -> Plan:
    return expand(read(text), REGISTRY)


def refused(old: str, new: str) -> str:
    assert old in SUITE
    with pytest.raises(SuiteError) as caught:
        read(SUITE.replace(old, new))
    return str(caught.value)


def test_a_plan_has_all_seeds_that_there_may_be() -> None:
    plan = planned()
    assert plan.seeds == tuple(range(30))
    assert plan.sequential is not None
    assert plan.sequential.looks[0] == 12
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_a_smoke_run_has_two_seeds_whatever_its_claims_say() -> None:
    small = smoke_plan(planned(), REGISTRY)
    assert (small.seeds, small.sequential) == ((0, 1), None)
    assert any("(smoke; suite: 30 seeds)" in change for change in small.changes)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (CLAIM, "", ("the suite has no claims", "tiny.yaml:8:8", "add `claims`")),
        ("at_least: 6", "at_least: 5", ("the smallest p of 5 seeds is 0.031", "take 6 or more", "tiny.yaml:8")),
        ("at_least: 6", "at_least: 31", ("more than at_most",)),
        ("at_most: 30", "at_most: 3", ("more than at_most",)),
        ("until: decided", "until: bored", ("'bored' is not allowed", "decided")),
        (", until: decided", "", ("'until' is missing",)),
        ("at_least: 6", "at_last: 6", ("at_last", "at_least")),
        ("at_least: 6", "at_least: six", ("'six' is not an integer",)),
        ("seeds: 30", "seeds: 6", ("the suite expands to 30 seeds, not 6",)),
        (
            "cases: [", "metric: training_seconds, cases: [",
            ("'deep' is on training_seconds, which no run repeats", "tiny.yaml:9"),
        ),
        (
            "claims", "search: {space: {model.depth: [18, 34]}, sampler: grid, budget: 2}\nclaims",
            ("do not go with a search", "a suite of its own"),
        ),
    ],
)  # fmt: skip
def test_what_keeps_claims_from_deciding_is_told(old: str, new: str, words: tuple[str, ...]) -> None:
    told = refused(old, new)
    for word in words:
        assert word in told


def test_the_command_line_cannot_choose_the_seeds() -> None:
    with pytest.raises(SuiteError) as caught:
        expand(read(SUITE), REGISTRY, seeds="0-4")
    assert "--seeds 0-4: the claims decide how many seeds" in str(caught.value)
    assert "leave --seeds out, or copy the suite and write `seeds: 5`" in str(caught.value)


def test_fixed_seeds_know_nothing_of_it() -> None:
    plan = planned(SUITE.replace("{at_least: 6, at_most: 30, until: decided}", "30"))
    assert (plan.seeds, plan.sequential) == (tuple(range(30)), None)
