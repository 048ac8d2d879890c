"""Which case each other is compared with, as the suite declares it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchsuite.suite.cases import grid
from benchsuite.suite.cases.plan import Case, Plan
from benchsuite.suite.schema.suite import Suite


def baselines(suite: Suite, plan: Plan) -> dict[str, str]:
    """For each case of the plan that is compared with another, the other's name."""
    return baseline_cases(suite, plan.cases)


def baseline_cases(suite: Suite, cases: Sequence[Case]) -> dict[str, str]:
    """For each case that is compared with another, the other's name.

    With a factor that is the case which has the baseline's value and differs in nothing else that both set, so that
    in a grid of several axes each row has its own; a row without one is not compared.
    """
    known = [case for case in cases if _is_baseline(suite, case)]
    found = {}
    for case in cases:
        baseline = next((other for other in known if _comparable(suite, case, other)), None)
        if case not in known and baseline is not None:
            found[case.name] = baseline.name
    return found


def means_value(value: Any, baseline: Any) -> bool:
    """Whether the baseline is this value, or the name of the component that the value is."""
    return grid.agrees(value, baseline) or baseline in grid.spellings(value)


def _is_baseline(suite: Suite, case: Case) -> bool:
    compare = suite.compare
    if compare is None:
        return False
    if compare.factor is None:
        return case.name == compare.baseline
    return compare.factor in case.settings and means_value(case.settings[compare.factor], compare.baseline)


def _comparable(suite: Suite, case: Case, baseline: Case) -> bool:
    factor = suite.compare.factor if suite.compare else None
    shared = (case.settings.keys() & baseline.settings.keys()) - {factor}
    return factor is None or all(grid.same(case.settings[path], baseline.settings[path]) for path in shared)
