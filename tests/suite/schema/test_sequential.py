"""Sequential seeds: when looks are taken, and what of a level is spent until then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from benchsuite.suite.schema.sequential import LEVEL, MOST_LOOKS, Sequential, smallest_p, spent


def design(**facts: Any) -> Sequential:
    return Sequential.model_validate_json(json.dumps({"at_least": 6, "at_most": 30, "until": "decided"} | facts))


def test_the_first_look_is_the_first_at_which_a_test_can_be_decided() -> None:
    first = design().looks[0]
    assert first == 12
    assert smallest_p(first) < design().spent(LEVEL, first)
    assert smallest_p(first - 1) >= design().spent(LEVEL, first - 1)
    assert design(spending="pocock").looks[0] == 7
    assert design(at_least=20).looks[0] == 20


def test_looks_are_every_so_many_seeds_and_at_the_last() -> None:
    assert design(at_least=12, every=5).looks == (12, 17, 22, 27, 30)
    assert design(at_least=12, every=18).looks == (12, 30)
    assert design(at_least=30).looks == (30,)
    assert design(every=4).looks[0] == 14  # 6 and 10 decide nothing, and the rhythm stays


def test_drawn_patterns_have_a_smallest_p_of_their_own() -> None:
    assert smallest_p(16) == 2.0**-16
    assert smallest_p(17) == smallest_p(200) == 2.0**-16
    wide = design(at_most=200, every=10)
    assert wide.spent(LEVEL, wide.looks[0]) > 2.0**-16


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_the_level_is_spent_little_by_little_and_wholly(spending: Any) -> None:
    shares = [spent(spending, LEVEL, share / 20) for share in range(1, 21)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(LEVEL, rel=1e-12)


def test_what_is_spent_is_what_lan_and_demets_give() -> None:
    """At a fifth of the seeds, one-sided 2.5 %, as gsDesign's sfLDOF and sfLDPocock compute it."""
    assert spent("obrien_fleming", 0.025, 0.2) == pytest.approx(5.39e-7, rel=5e-3)
    assert spent("pocock", 0.025, 0.2) == pytest.approx(0.00739, rel=1e-3)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"at_least": 31}, "at_least is 31, more than at_most, which is 30"),
        ({"at_least": 5}, "the smallest p of 5 seeds is 0.031, and a claim is decided below 0.025; take 6 or more"),
        ({"at_least": 1}, "take 6 or more"),
        ({"at_most": 200}, "take `every: "),
        ({"at_most": 201}, "200"),
        ({"until": "bored"}, "decided"),
        ({"every": 0}, "every"),
        ({"spending": "all"}, "obrien_fleming"),
        ({"more": 1}, "more"),
    ],
)
def test_designs_that_could_decide_nothing_are_refused(facts: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        design(**facts)
    assert words in str(caught.value)


def test_the_rhythm_that_is_proposed_has_few_enough_looks() -> None:
    with pytest.raises(ValidationError) as caught:
        design(at_most=200)
    every = int(str(caught.value).partition("`every: ")[2].partition("`")[0])
    assert len(design(at_most=200, every=every).looks) <= MOST_LOOKS
    with pytest.raises(ValidationError):
        design(at_most=200, every=every - 1)
