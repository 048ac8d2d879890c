"""Figures that other works publish: what a suite may say of them, and that mistakes are found when it is read."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from pydantic import ValidationError

from benchsuite.suite import Suite, SuiteError, parse_suite
from benchsuite.suite.schema.published import Published
from support.fake_components import BASE, REGISTRY

FIGURES = """paper: {references: [{key: obra, text: Una obra.}]}
published:
  - {source: obra, cases: [0, 1], value: 0.9}
"""


def read(text: str) -> Suite:
    return parse_suite(text.encode(), "tiny.yaml", REGISTRY)


def figure(**facts: Any) -> Published:
    return Published.model_validate_json(json.dumps({"source": "obra", "cases": [0], **facts}))


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({}, "says no figure; it needs exactly one of value, between, at_least, at_most"),
        ({"value": 0.1, "at_most": 0.2}, "has value and at_most"),
        ({"between": [0.2, 0.1]}, "between 0.2 and 0.1; the first must be the smaller one"),
        ({"value": 0.1, "cases": []}, "at least 1 item"),
    ],
)
def test_a_figure_is_one_value_range_or_bound(facts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        figure(**facts)


def test_its_bounds_are_those_that_it_has() -> None:
    assert figure(value=0.5).bounds == (0.5, 0.5)
    assert figure(between=[0.5, 0.75]).bounds == (0.5, 0.75)
    assert figure(at_least=0.5).bounds == (0.5, math.inf)
    assert figure(at_most=0.5).bounds == (-math.inf, 0.5)


def test_a_suite_may_set_figures_beside_its_cases() -> None:
    assert read(BASE + FIGURES).published[0].cases == (0, 1)


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        (FIGURES.replace("[0, 1]", "[0, 7]"), "no case is meant by 7"),
        (FIGURES.replace("source: obra", "source: obrra"), "'obrra' is not among the references.*did you mean 'obra'"),
        (FIGURES.replace("value: 0.9", "value: 0.9, metric: test_acuracy"), "did you mean 'test_accuracy'"),
        (FIGURES.replace("value: 0.9", "valeu: 0.9"), "'valeu' is unknown here"),
        (FIGURES.replace("value: 0.9", "value: 90"), "test_accuracy cannot be 90.*from 0 to 1.*write 0.9, as runs"),
        (FIGURES.replace("value: 0.9", "value: -5"), "test_accuracy cannot be -5.*correct the figure"),
    ],
)
def test_mistakes_are_found_when_it_is_read(figures: str, message: str) -> None:
    with pytest.raises(SuiteError, match=f"(?s){message}") as raised:
        read(BASE + figures)
    assert raised.value.problems[0].line is not None
    assert raised.value.problems[0].line > BASE.count("\n")
