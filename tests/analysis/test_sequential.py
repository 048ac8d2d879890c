"""Looks share one level, exactly; the p over all of them is below it where one decides; later seeds revise nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

from benchsuite.analysis.claims import Evidence, decision, judge, judge_at_looks
from benchsuite.analysis.comparisons import compare, one_sided, sign_flip
from benchsuite.analysis.findings import ClaimFindings
from benchsuite.analysis.sequential import Sums, adjusted, boundaries, crossing, flipped_sums
from benchsuite.suite.schema.claims import Claim
from benchsuite.suite.schema.sequential import LEVEL, Sequential

FIFTHS: dict[str, Any] = {"at_least": 40, "at_most": 200, "every": 40}


def design(**facts: Any) -> Sequential:
    return Sequential.model_validate_json(json.dumps({"at_least": 6, "at_most": 30, "until": "decided"} | facts))


@pytest.mark.parametrize(
    ("spending", "z"),
    [("obrien_fleming", (3.3569, 2.6803, 2.2898, 2.0310)), ("pocock", (2.4380, 2.4268, 2.4101, 2.3966, 2.3859))],
)
def test_boundaries_of_equal_looks_are_those_of_the_literature(spending: str, z: tuple[float, ...]) -> None:
    """Five equal looks, one-sided 2.5 %, as gsDesign's tables have them; with the spending of O'Brien and Fleming the
    first decides nothing here, where it would have spent 5e-7."""
    found = [-ndtri(p) for p in boundaries(design(spending=spending, **FIFTHS), LEVEL)]
    assert found == pytest.approx(z, abs=2e-4)


@pytest.mark.parametrize("facts", [{}, {"spending": "pocock"}, {"at_most": 60, "every": 3}])
@pytest.mark.parametrize("level", [LEVEL, LEVEL / 3])
def test_a_motion_without_drift_crosses_as_often_as_the_level_says(facts: dict[str, Any], level: float) -> None:
    looks = design(**facts)
    times = np.array(looks.looks) / looks.at_most
    steps = np.random.default_rng(5).standard_normal((100_000, len(times))) * np.sqrt(np.diff(times, prepend=0))
    z = steps.cumsum(axis=1) / np.sqrt(times)
    crossed = (z > -ndtri(np.array(boundaries(looks, level)))).any(axis=1).mean()
    assert crossed == pytest.approx(level, abs=4 * (level / 100_000) ** 0.5)


def test_boundaries_of_the_first_looks_know_nothing_of_later_ones() -> None:
    assert boundaries(design(), LEVEL, 3) == pytest.approx(boundaries(design(), LEVEL)[:3], rel=1e-9)


def summed(values: Sequence[float], looks: Sequential | None = None) -> Sums:
    looks = looks or design()
    return flipped_sums(dict(enumerate(values)), looks, looks.taken(len(values)))


def test_of_all_patterns_as_many_cross_as_may() -> None:
    """Each row in the place of what was observed: the very share by which the test is exact."""
    looks = design(at_most=14, every=1)
    sums = summed(np.random.default_rng(3).standard_t(3, 14).tolist(), looks)
    crossed, rows = 0, np.random.default_rng(4).choice(sums.shape[1], 100, replace=False)
    for row in rows:
        observed = sums.copy()
        observed[:, [0, row]] = sums[:, [row, 0]]
        crossed += crossing(observed, looks, 0.2) is not None
    assert crossed / len(rows) == pytest.approx(0.2, abs=4 * (0.2 * 0.8 / len(rows)) ** 0.5)


def test_up_to_sixteen_seeds_the_last_look_is_what_the_level_leaves() -> None:
    """With one look it is the exact test of a fixed design."""
    only = design(at_least=12, at_most=12)
    values = np.random.default_rng(0).normal(0.6, 1, 12).tolist()
    p = one_sided(values)
    assert crossing(summed(values, only), only, p * 1.01) == 0
    assert crossing(summed(values, only), only, p * 0.99) is None
    assert adjusted(summed(values, only), only) == pytest.approx(p, rel=2e-3)


def test_equal_sums_lie_on_one_side() -> None:
    """Twelve equal values: sixteen patterns have the largest sum, and cross together or not at all."""
    looks = design(at_least=12, at_most=12)
    assert crossing(summed([1.0] * 12, looks), looks, 2.0**-12) == 0
    assert crossing(summed([1.0] * 12, looks), looks, 2.0**-12 * 0.99) is None
    assert crossing(summed([0.0] * 12, looks), looks, 0.5) is None


def test_a_seed_without_a_value_adds_nothing() -> None:
    values = {seed: 1.0 for seed in range(14) if seed != 3}
    sums = flipped_sums(values, design(), 3)
    assert sums[:, 0].tolist() == [11.0, 12.0, 13.0]


@pytest.mark.parametrize("drift", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_an_adjusted_p_is_below_the_level_exactly_where_a_look_decides(drift: float, spending: str) -> None:
    looks = design(spending=spending, every=6)
    sums = summed(np.random.default_rng(1).normal(drift, 1, 30).tolist(), looks)
    assert (adjusted(sums, looks) < LEVEL) == (crossing(sums, looks, LEVEL) is not None)
    assert adjusted(sums, looks) >= 2.0**-16


def test_what_only_the_last_look_shows_has_a_larger_p_the_more_looks_there_were() -> None:
    late = [1.0, -1.0] * 8 + [0.8] * 14
    one, many = design(at_least=30), design()
    alone = adjusted(summed(late, one), one)
    assert alone == pytest.approx(one_sided(late), rel=0.1)
    assert alone < adjusted(summed(late, many), many) < LEVEL


CLAIM = Claim.model_validate_json('{"id": "c", "text": "Algo.", "cases": ["a"], "better_than": "b"}')


def judged(
    a: list[float], b: list[float], whole: int | None = None, claim: Claim = CLAIM, **others: list[float]
) -> ClaimFindings:
    measured = {
        case: {seed: (f"{case}{seed}", value) for seed, value in enumerate(values)}
        for case, values in {"a": a, "b": b, **others}.items()
    }
    looks = design().taken(len(a) if whole is None else whole)
    evidence = Evidence(claim, str, measured)
    found = judge_at_looks(evidence, design(), looks)
    verdict, look = decision(evidence, design(), looks)
    assert verdict == found.verdict
    assert verdict == "open" or design().looks[look - 1] == found.decided_with
    return found


LATE = [0.01 if seed % 4 else -0.005 for seed in range(30)]
"""Differences that the first look leaves open, and a later one decides."""


def test_a_claim_is_decided_at_the_first_look_that_can() -> None:
    found = judged([0.9 + value for value in LATE], [0.9] * 30)
    assert found.verdict == "holds"
    assert found.decided_with is not None
    assert 12 < found.decided_with < 30
    assert judged([0.9 + v for v in LATE], [0.9] * 30, found.decided_with - 1).verdict == "open"
    assert found.decisive is not None
    assert found.decisive.quantity is not None
    assert found.decisive.quantity.n == found.decided_with
    assert found.p_adjusted is not None
    assert found.decisive.shown is not None
    assert found.decisive.shown < found.p_adjusted < LEVEL
    assert judged([0.9 - value for value in LATE], [0.9] * 30).verdict == "fails"


def test_later_seeds_do_not_revise_a_verdict() -> None:
    first, rest = [0.95] * 12, [0.8] * 18
    found = judged(first + rest, [0.9] * 30)
    assert (found.verdict, found.decided_with) == ("holds", 12)


def test_the_contrary_decides_too() -> None:
    found = judged([0.8] * 30, [0.9] * 30)
    assert (found.verdict, found.decided_with) == ("fails", 12)


BOTH = Claim.model_validate_json('{"id": "c", "text": "Algo.", "cases": ["a", "c"], "better_than": "b"}')


def test_a_claim_holds_at_the_look_that_shows_its_last_inequality_and_has_the_largest_p() -> None:
    """The first is shown at once and fades until then, so that its p without looks is the larger one."""
    fades, late = [0.95] * 12 + [0.86] * 18, [0.9 + value for value in LATE]
    alone, found = judged(late, [0.9] * 30), judged(fades, [0.9] * 30, claim=BOTH, c=late)
    assert (found.verdict, found.decided_with) == ("holds", alone.decided_with)
    assert found.p_adjusted == alone.p_adjusted
    one, other = found.inequalities
    assert one.shown is not None
    assert other.shown is not None
    assert one.shown > other.shown


def test_a_claim_fails_by_the_inequality_whose_contrary_is_clearest_corrected_for_their_number() -> None:
    alone, found = judged([0.8] * 30, [0.9] * 30), judged(LATE, [0.0] * 30, claim=BOTH, c=[-0.1] * 30)
    assert (found.verdict, found.decided_with) == ("fails", 13)  # a level shared by two is crossed one look later
    assert alone.decided_with == 12
    assert found.p_adjusted is not None
    assert found.p_adjusted < LEVEL


def test_what_a_fixed_design_would_decide_too_early_stays_open() -> None:
    a, b = [0.9 + value for value in LATE[:12]], [0.9] * 12
    measured = {case: dict(enumerate((case, value) for value in given)) for case, given in {"a": a, "b": b}.items()}
    fixed = judge(Evidence(CLAIM, str, measured))
    assert fixed.verdict == "holds"
    assert judged(a, b).verdict == "open"


def test_before_the_first_look_nothing_is_tested() -> None:
    found = judged([0.95] * 11, [0.9] * 11)
    assert (found.verdict, found.seeds_needed, found.p_adjusted, found.decided_with) == ("open", 12, None, None)
    assert found.runs == ()


def test_comparisons_are_corrected_for_the_looks() -> None:
    differences = LATE[:20]
    measured = {
        "b": {seed: (f"b{seed}", 0.9) for seed in range(20)},
        "a": {seed: (f"a{seed}", 0.9 + value) for seed, value in enumerate(differences)},
    }
    looks = design().taken(20)
    (at_look,) = compare({"a": "b"}, "test_accuracy", measured, sequential=(design(), looks))
    (fixed,) = compare({"a": "b"}, "test_accuracy", measured)
    assert at_look.p == fixed.p == fixed.p_adjusted == pytest.approx(sign_flip(differences))
    assert at_look.p_adjusted == pytest.approx(2 * adjusted(summed(differences), design()), rel=1e-9)
    assert at_look.p_adjusted is not None
    assert fixed.p_adjusted is not None
    assert at_look.p_adjusted > fixed.p_adjusted
    assert replace(at_look, p_adjusted=fixed.p_adjusted) == fixed
