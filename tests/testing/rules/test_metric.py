"""Each rule of metrics is kept by a sound one, and broken by one that breaks it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchsuite.api import Metric, Predicted
from benchsuite.testing.harness.outcomes import Broken, Inapplicable
from benchsuite.testing.rules.catalogue import rules_of
from benchsuite.testing.rules.metric import RULES
from support.contract import check
from support.metrics import (
    Meddling,
    Mistakes,
    NeedsLogits,
    NotANumber,
    Nothing,
    Percent,
    Raising,
    Sureness,
    SurenessParameters,
    Untitled,
    Vector,
)

numbers = itertools.count()


class WrongWayRound(Mistakes):
    higher_is_better = True


class Understated(Sureness):
    needs = ("predictions",)


class Drifting(Sureness):
    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        return super().compute(params, predicted) / (1 + next(numbers))


class ByHash(Sureness):
    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        return float(hash("sureness") % 1000) / 1000


class FirstHalf(Sureness):
    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        return float(np.mean(predicted.probabilities[: len(predicted.labels) // 2 + 1].max(axis=1)))


BROKEN: list[tuple[str, type[Metric[Any]], str]] = [
    ("says-what-it-is", NeedsLogits, "it needs logits"),
    ("says-what-it-is", Untitled, "title() in 'en'"),
    ("one-number", NotANumber, "gave nan"),
    ("one-number", Vector, "which is no single number"),
    ("one-number", Percent, "gave 51.5"),
    ("one-number", Raising, "raised RuntimeError"),
    ("one-number", Meddling, "read-only"),
    ("one-number", Nothing, "it has no value for any of the predictions"),
    ("right-is-better", WrongWayRound, "all right has 0, all wrong 1, which it says is better"),
    ("needs-no-more", Understated, "other probabilities of the same predictions give 1.0"),
    ("same-value", Drifting, "a second call gives"),
    ("same-value", ByHash, "another process gives"),
    ("same-value", FirstHalf, "the images in another order give"),
]


@pytest.mark.parametrize("metric", [Sureness, Mistakes])
@pytest.mark.parametrize("rule", [rule.id for rule in rules_of("metric")])
def test_a_sound_metric_keeps_the_rule(rule: str, metric: type[Metric[Any]], tmp_path: Path) -> None:
    try:
        check(metric, rule, tmp_path)
    except Inapplicable:
        assert rule in ("smoke-valid", "bibtex-reads", "needs-no-more")


@pytest.mark.parametrize(("rule", "component", "words"), BROKEN, ids=[f"{r}-{c.__name__}" for r, c, _ in BROKEN])
def test_a_metric_that_breaks_the_rule_is_caught(
    rule: str, component: type[Metric[Any]], words: str, tmp_path: Path
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011  what a rule raises, or the error that it lets through
        check(component, rule, tmp_path)
    assert words in str(caught.value)


def test_every_rule_is_broken_by_something() -> None:
    assert {rule for rule, _, _ in BROKEN} == {rule.id for rule in RULES}


def test_a_rule_says_what_it_found(tmp_path: Path) -> None:
    assert check(Sureness, "says-what-it-is", tmp_path) == (
        "seguridad media; mean confidence; higher is better, from 0 to 1"
    )
    assert check(Mistakes, "one-number", tmp_path) == "a value for all of them"
    with pytest.raises(Broken):
        check(Nothing, "one-number", tmp_path)
