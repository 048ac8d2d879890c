"""What a plan asks for, told by what it declares alone: neither machine nor data nor code, and no run too few."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.execution.garbage import Wanted, wanted_by
from benchsuite.identity.run_key import component_fields
from benchsuite.registry import CASE_PARTS, discover
from benchsuite.suite import expand
from benchsuite.suite.cases.plan import Case, Plan
from benchsuite.suite.planning.sample_smoke import shrink_case, smoke_plan
from benchsuite.suite.reader import read_suite
from benchsuite.suite.search.proposal import Step
from benchsuite.suite.search.space import Trials

known = cache(discover)


@cache
def plan_of(suite: str) -> Plan:
    return expand(read_suite(suite, known()), known())


def parts(case: Case) -> dict[str, Any]:
    """As a record of the case has them."""
    found = {
        kind: component_fields(
            kind,  # type: ignore[arg-type]
            getattr(case, kind),
            known().entry(kind, getattr(case, kind).qualified_name).component.Parameters,
        )
        for kind in CASE_PARTS
    }
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def asks(wanted: Wanted, case: Case, seed: int) -> bool:
    return wanted.has_seed(seed) and wanted.has_case(parts(case))


@given(st.sets(st.integers(0, 4), min_size=1), st.sets(st.integers(0, 9), min_size=1))
def test_a_plan_asks_for_its_own_cases_and_seeds_and_for_no_others(cases: set[int], seeds: set[int]) -> None:
    whole = plan_of("beans_freeze")
    assert (len(whole.cases), whole.seeds) == (5, tuple(range(10)))
    plan = whole.model_copy(update={"cases": tuple(whole.cases[n] for n in sorted(cases)), "seeds": tuple(seeds)})
    wanted = wanted_by(plan, known())
    for number, case in enumerate(whole.cases):
        for seed in whole.seeds:
            assert asks(wanted, case, seed) == (number in cases and seed in seeds)


def test_parameters_that_came_or_went_with_a_version_make_no_run_nobodys() -> None:
    plan = plan_of("beans_freeze")
    wanted = wanted_by(plan, known())
    older, newer = parts(plan.cases[0]), parts(plan.cases[0])
    del older["recipe"]["parameters"]["patience"]
    newer["model"]["parameters"]["of_tomorrow"] = {"deep": True}
    assert wanted.has_case(older)
    assert wanted.has_case(newer)
    older["recipe"]["parameters"]["max_epochs"] = 999
    assert not wanted.has_case(older)


def test_a_run_of_no_case_is_told_by_what_differs_from_the_nearest() -> None:
    plan = plan_of("beans_freeze")
    wanted = wanted_by(plan, known())
    other = parts(plan.cases[0])
    other["recipe"]["parameters"]["max_epochs"] = 999
    assert wanted.difference(other).startswith("recipe.max_epochs: 999 -> ")


@pytest.mark.parametrize("smoke", [False, True])
def test_any_trial_of_a_search_is_asked_for(smoke: bool) -> None:
    plan = plan_of("cifar10_hyperparameters")
    plan = smoke_plan(plan, known()) if smoke else plan
    assert plan.search is not None
    declared = plan.search.declared
    wanted, trials = wanted_by(plan, known()), Trials(plan.search, known())
    for rung in range(len(declared.halving.rungs) if declared.halving else 1):
        for place in (0, -1):
            point = tuple(range(len(values))[place] for values in declared.space.values())
            case = trials.at(Step(1, point, rung)).case
            case = shrink_case(case, known(), plan.pinned) if smoke else case
            assert asks(wanted, case, declared.seed)
            odd = parts(case)
            odd["dataset"]["parameters"]["image_size"] = 999
            assert not wanted.has_case(odd)
    assert not wanted.has_seed(declared.seed + 10_000)
