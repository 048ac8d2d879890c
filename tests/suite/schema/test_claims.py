"""What a suite may claim, and that mistakes are found when it is read, with their place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from benchsuite.suite import Suite, SuiteError, parse_suite
from benchsuite.suite.schema.claims import Claim
from support.fake_components import BASE, REGISTRY

CLAIMS = "claims:\n  - {id: uno, text: Algo, cases: [0, 1], at_least: 0.9}\n"


def read(text: str) -> Suite:
    return parse_suite(text.encode(), "tiny.yaml", REGISTRY)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({}, "has no condition"),
        ({"at_least": 0.1, "at_most": 0.2}, "has at_least and at_most"),
        ({"cases": [0], "no_worse_than": 1}, "needs both no_worse_than and margin"),
        ({"at_least": 0.1, "margin": 0.1}, "needs both no_worse_than and margin"),
        ({"at_least": 0.1, "relative": True}, "nothing that could be relative"),
        ({"cases": [0, 1], "best_of": "all"}, "cases needs exactly one"),
        ({"better_than": 1}, "needs the cases that are better_than another"),
        ({"cases": [0], "monotone": "increasing"}, "needs two or more"),
        ({"cases": [0], "within": 0.1}, "needs two or more"),
    ],
)
def test_a_claim_has_one_condition_that_makes_sense(facts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Claim.model_validate_json(json.dumps({"id": "c", "text": "Algo.", **facts}))


def test_a_suite_may_make_claims_on_its_cases() -> None:
    assert read(BASE + CLAIMS).claims[0].cases == (0, 1)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        (CLAIMS.replace("[0, 1]", "[0, 7]"), "no case is meant by 7"),
        (CLAIMS.replace("[0, 1]", "[0, 0]"), "is named twice"),
        (CLAIMS + CLAIMS.removeprefix("claims:\n"), "two claims are called 'uno'"),
        (CLAIMS.replace("at_least: 0.9", "at_leest: 0.9"), "'at_leest' is unknown here"),
        (CLAIMS.replace("at_least", "metric: test_acuracy, at_least"), "did you mean 'test_accuracy'"),
        (CLAIMS.replace("Algo", "'Algo {{test_accuracy 9}}'"), "which is unknown"),
    ],
)
def test_mistakes_are_found_when_it_is_read(claims: str, message: str) -> None:
    with pytest.raises(SuiteError, match=message) as raised:
        read(BASE + claims)
    assert raised.value.problems[0].line is not None
    assert raised.value.problems[0].line > BASE.count("\n")


ONE = (BASE[: BASE.index("vary")] + "seeds: 2\n").replace("cases: 3", "cases: 1")


@pytest.mark.parametrize("condition", ["cases: [base], best_of: all", "within: 0.1", "monotone: increasing"])
def test_cases_are_not_compared_where_there_is_one(condition: str) -> None:
    """It would hold of nothing."""
    with pytest.raises(SuiteError, match="'uno' compares cases, and the suite has one") as raised:
        read(ONE + f"claims:\n  - {{id: uno, text: Algo., {condition}}}\n")
    (problem,) = raised.value.problems
    assert problem.remedy
