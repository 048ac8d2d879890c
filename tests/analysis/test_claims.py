"""A claim holds when all it says is shown, fails when the contrary of a part is, and is open else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchsuite.analysis.claims import Evidence, judge
from benchsuite.analysis.findings import ClaimFindings
from benchsuite.metrics import METRICS
from benchsuite.suite.schema.claims import Claim


def claim(**facts: Any) -> Claim:
    return Claim.model_validate_json(json.dumps({"id": "c", "text": "Algo.", **facts}))


def judged(values: dict[str, list[float]], **facts: Any) -> ClaimFindings:
    """A claim on cases whose seeds gave these values."""
    measured = {
        case: {seed: (f"{case}{seed}", value) for seed, value in enumerate(given)} for case, given in values.items()
    }
    asked = claim(**facts)
    found = {str(name): str(name) for name in values}
    sign = METRICS[asked.metric].sign
    return judge(Evidence(asked, lambda reference: found.get(str(reference)), measured, sign=sign))


UP = [0.96, 0.97, 0.965, 0.962, 0.971, 0.968, 0.966, 0.969]
DOWN = [value - 0.05 for value in UP]
ABOUT = [0.94, 0.96, 0.945, 0.955, 0.95, 0.951, 0.949, 0.952]


@pytest.mark.parametrize(
    ("values", "facts", "verdict"),
    [
        ({"a": UP, "b": UP}, {"at_least": 0.95}, "holds"),
        ({"a": UP, "b": DOWN}, {"at_least": 0.95}, "fails"),
        ({"a": UP, "b": ABOUT}, {"at_least": 0.95}, "open"),
        ({"a": UP, "b": DOWN}, {"at_least": 0.95, "cases": ["a"]}, "holds"),
        ({"a": DOWN}, {"at_most": 0.95}, "holds"),
        ({"a": UP}, {"at_most": 0.95}, "fails"),
        ({"a": UP, "b": DOWN}, {"cases": ["a"], "better_than": "b"}, "holds"),
        ({"a": UP, "b": DOWN}, {"cases": ["b"], "better_than": "a"}, "fails"),
        ({"a": UP, "b": DOWN}, {"cases": ["b"], "better_than": "a", "metric": "test_loss"}, "holds"),
        ({"a": UP, "b": UP}, {"cases": ["a"], "better_than": "b"}, "open"),
        ({"a": DOWN, "b": UP}, {"cases": ["a"], "no_worse_than": "b", "margin": 0.06}, "holds"),
        ({"a": DOWN, "b": UP}, {"cases": ["a"], "no_worse_than": "b", "margin": 0.04}, "fails"),
        ({"a": DOWN, "b": UP}, {"cases": ["a"], "no_worse_than": "b", "margin": 0.1, "relative": True}, "holds"),
        ({"a": DOWN, "b": UP}, {"cases": ["a"], "no_worse_than": "b", "margin": 0.04, "relative": True}, "fails"),
        ({"a": UP, "b": DOWN, "c": DOWN}, {"cases": ["a"], "best_of": "all"}, "holds"),
        ({"a": UP, "b": DOWN, "c": UP}, {"cases": ["a"], "best_of": "all"}, "open"),
        ({"a": UP, "b": DOWN, "c": UP}, {"cases": ["a"], "best_of": ["b"]}, "holds"),
        ({"a": DOWN, "b": ABOUT, "c": UP}, {"monotone": "increasing", "cases": ["a", "c"]}, "holds"),
        ({"a": DOWN, "c": UP}, {"monotone": "decreasing"}, "fails"),
        ({"a": UP, "b": [v + 0.004 for v in UP]}, {"within": 0.01}, "holds"),
        ({"a": UP, "b": DOWN}, {"within": 0.01}, "fails"),
        ({"a": UP, "b": DOWN}, {"within": 0.1}, "holds"),
        ({"a": [90.0] * 8, "b": [100.0] * 8}, {"within": 0.2, "relative": True, "metric": "training_seconds"}, "holds"),
        ({"a": [70.0] * 8, "b": [100.0] * 8}, {"within": 0.2, "relative": True, "metric": "training_seconds"}, "fails"),
    ],
)  # fmt: skip
def test_verdicts(values: dict[str, list[float]], facts: dict[str, Any], verdict: str) -> None:
    assert judged(values, **facts).verdict == verdict


def test_with_too_few_seeds_nothing_is_decided_and_the_number_needed_is_told() -> None:
    found = judged({"a": UP[:5]}, at_least=0.5)
    assert (found.verdict, found.seeds_needed) == ("open", 6)
    assert judged({"a": UP[:6]}, at_least=0.5).verdict == "holds"
    assert judged({"a": UP[:6], "b": UP[:6], "c": UP[:6]}, at_least=0.99).seeds_needed == 7
    assert judged({"a": ABOUT}, at_least=0.95).seeds_needed is None


@pytest.mark.parametrize("value", [0.9, 0.5, 0.1])
def test_one_seed_decides_nothing(value: float) -> None:
    found = judged({"a": [value], "b": [0.5]}, cases=["a"], better_than="b")
    assert (found.verdict, found.seeds_needed) == ("open", 6)


def test_seeds_count_only_where_both_cases_have_them() -> None:
    found = judged({"a": UP, "b": DOWN[:3]}, cases=["a"], better_than="b")
    assert found.verdict == "open"
    part = found.inequalities[0]
    assert part.quantity is not None
    assert part.quantity.runs == ("a0", "a1", "a2", "b0", "b1", "b2")


def test_without_runs_it_is_open_and_has_no_numbers() -> None:
    found = judged({"a": [], "b": UP}, at_least=0.5)
    assert found.verdict == "open"
    assert judged({"a": []}, at_least=0.5).decisive is None


def test_the_decisive_part_is_the_one_that_fails_or_the_weakest() -> None:
    found = judged({"a": UP, "b": DOWN, "c": [v + 0.01 for v in UP]}, at_least=0.95)
    assert found.decisive is not None
    assert found.decisive.case == "b"
    found = judged({"a": [v + 0.01 for v in UP], "b": UP}, at_least=0.95)
    assert found.decisive is not None
    assert found.decisive.case == "b"


def test_a_refutation_is_corrected_for_the_number_of_parts() -> None:
    """Seven seeds can refute one inequality at 2.5 % (1/128), four of them only at 4 / 128."""
    low = [0.9] * 7
    assert judged({"a": low}, at_least=0.95).verdict == "fails"
    assert judged({"a": low, "b": UP[:7], "c": UP[:7], "d": UP[:7]}, at_least=0.95).verdict == "open"


def test_what_a_claim_says_of_no_case_is_an_error() -> None:
    with pytest.raises(ValueError, match="no case is meant by 'z'"):
        judged({"a": UP}, cases=["z"], at_least=0.5)


def test_pairs_over_kinds_of_machine_are_refused_and_means_have_a_part_between_kinds() -> None:
    values = {"a": UP, "b": DOWN}
    measured = {case: {seed: (f"{case}{seed}", value) for seed, value in enumerate(values[case])} for case in values}
    kinds = {f"{case}{seed}": seed % 2 for case in values for seed in range(8)}

    def found(of_kind: dict[str, int], **facts: Any) -> ClaimFindings:
        return judge(Evidence(claim(**facts), str, measured, of_kind))

    (part,) = found(kinds | {"a0": 1}, cases=["a"], better_than="b").inequalities
    assert [pair.seed for pair in part.refused_pairs] == [0]
    assert part.quantity is not None
    assert "a0" not in part.quantity.runs
    apart = found(dict.fromkeys(kinds, 0) | {f"b{seed}": 1 for seed in range(8)}, cases=["a"], better_than="b")
    assert (apart.verdict, apart.inequalities[0].quantity) == ("open", None)
    one, mixed = (found(given, cases=["a"], at_least=0.9).inequalities[0].quantity for given in ({}, kinds))
    assert one is not None
    assert mixed is not None
    assert (one.mean, one.low) != (mixed.mean, mixed.low)
    assert one.mean == mixed.mean
