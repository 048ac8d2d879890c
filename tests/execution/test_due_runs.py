"""Which runs keep their weights."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from benchsuite.engine.task import RunTask
from benchsuite.execution.due_runs import Kept, keeping
from benchsuite.suite.cases.plan import RunSpec
from support.synthetic import make_case, make_plan


def task(spec: RunSpec) -> RunTask:
    nothing: Any = SimpleNamespace()
    return RunTask(spec, nothing, nothing, nothing, nothing, nothing, nothing)


@pytest.mark.parametrize(("kept", "expected"), [("all", 6), ("cases", 2), ("none", 0)])
def test_of_each_case_the_first_seed_keeps_its_weights(kept: Kept, expected: int) -> None:
    plan = make_plan(cases=2, seeds=3)
    marked = [keeping(kept, plan)(task(spec)) for spec in plan.runs]
    assert sum(one.keeps_weights for one in marked) == expected
    if kept == "cases":
        assert {one.spec.seed for one in marked if one.keeps_weights} == {plan.seeds[0]}


def test_trials_of_a_search_are_no_cases() -> None:
    plan = make_plan(cases=1, seeds=1)
    case = make_case().model_copy(update={"name": "trial 7"})
    trial = task(RunSpec(suite=plan.suite, case=case, seed=plan.seeds[0]))
    assert [keeping(kept, plan)(trial).keeps_weights for kept in ("all", "cases", "none")] == [True, False, False]
