from __future__ import annotations

import tracemalloc
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchsuite.analysis import comparisons
from benchsuite.analysis.comparisons import (
    EXACT_UP_TO,
    SIGN_PATTERNS,
    SIGNS_AT_ONCE,
    compare,
    holm,
    one_sided,
    pairs_needed,
    sign_flip,
)
from benchsuite.analysis.findings import SIGNIFICANCE

DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def by_enumeration(differences: list[int]) -> float:
    observed = abs(sum(differences))
    patterns = list(product((1, -1), repeat=len(differences)))
    reached = sum(
        abs(sum(sign * value for sign, value in zip(signs, differences, strict=True))) >= observed for signs in patterns
    )
    return reached / len(patterns)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=6, max_size=10))
def test_the_sign_flip_p_is_what_enumeration_gives(differences: list[int]) -> None:
    assert sign_flip([value / 128 for value in differences]) == pytest.approx(by_enumeration(differences))


def test_fishers_p_of_darwins_maize() -> None:
    """Fisher, "The Design of Experiments" (1935), section 21: 863 of 2**15 patterns a side, p = 0.05267."""
    assert sign_flip(DARWIN) == 2 * 863 / 2**15 == pytest.approx(0.05267, abs=5e-6)


def test_one_sided_it_is_half_of_that() -> None:
    assert one_sided(DARWIN) == 863 / 2**15
    assert one_sided([-value for value in DARWIN]) > 0.97


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=8).filter(any))
def test_both_agree_with_scipys_permutation_test(thousandths: list[int]) -> None:
    differences = [value / 1000 for value in thousandths]
    pairs = np.asarray(differences), np.zeros(len(differences))
    for ours, alternative in ((sign_flip, "two-sided"), (one_sided, "greater")):
        theirs = stats.permutation_test(
            pairs, lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf, alternative=alternative
        )
        assert ours(differences) == pytest.approx(theirs.pvalue)


def test_patterns_that_are_drawn_come_near_those_of_all_and_are_the_same_at_every_call() -> None:
    many = [*DARWIN, 3, -9]
    assert len(many) > EXACT_UP_TO
    assert sign_flip(many) == sign_flip(many) == pytest.approx(by_enumeration(many), abs=0.004)


def test_patterns_take_no_more_memory_for_more_pairs_and_are_the_same_however_many_are_drawn_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = np.random.default_rng(1).normal(0.002, 0.02, 80).round(4).tolist()
    assert len(many) * SIGN_PATTERNS < SIGNS_AT_ONCE
    at_once = sign_flip(many), one_sided(many)
    monkeypatch.setattr(comparisons, "SIGNS_AT_ONCE", 2**16)
    tracemalloc.start()
    in_turns = sign_flip(many), one_sided(many)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert in_turns == at_once
    assert most < 8 * 8 * SIGN_PATTERNS  # bytes, of some sums for each; the patterns themselves are ten times as many


def test_one_pair_proves_nothing() -> None:
    assert (sign_flip([0.3]), one_sided([0.3]), one_sided([-0.3])) == (1.0, 0.5, 1.0)


@pytest.mark.parametrize("pairs", [6, 10, 13])
def test_differences_of_one_sign_have_the_smallest_p(pairs: int) -> None:
    assert sign_flip([0.01 * (i + 1) for i in range(pairs)]) == pytest.approx(2 / 2**pairs)


def test_no_difference_at_all_has_p_1() -> None:
    assert sign_flip([0.0] * 8) == 1.0


@pytest.mark.parametrize(("comparisons", "pairs"), [(1, 6), (2, 7), (3, 7), (4, 8), (6, 8), (8, 9), (12, 9)])
def test_pairs_needed_is_the_fewest_that_can_reach_significance_in_the_family(comparisons: int, pairs: int) -> None:
    assert pairs_needed(comparisons) == pairs
    best, others = 2 / 2**pairs, [1.0] * (comparisons - 1)
    assert holm([best, *others])[0] < SIGNIFICANCE <= holm([2 * best, *others])[0]


def test_holms_adjustment_of_a_worked_example() -> None:
    """p of 0.01, 0.04, 0.03, 0.005 (the example of Wikipedia's article, as R's p.adjust gives it)."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_never_lowers_p_and_stays_within_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for p, q in zip(p_values, adjusted, strict=True):
        assert p <= q <= min(1.0, len(p_values) * p)
    for (p, q), (other_p, other_q) in product(zip(p_values, adjusted, strict=True), repeat=2):
        assert p > other_p or q <= other_q


def measured(case: str, values: dict[int, float]) -> dict[int, tuple[str, float]]:
    return {seed: (f"{case}{seed}", value) for seed, value in values.items()}


def test_only_shared_seeds_are_paired_and_both_sides_runs_are_named() -> None:
    found = compare(
        {"b": "a"},
        "test_accuracy",
        {"a": measured("a", {0: 0.5, 1: 0.6, 3: 0.9}), "b": measured("b", {3: 0.8, 2: 0.1, 1: 0.7})},
    )
    (comparison,) = found
    assert comparison.difference is not None
    assert comparison.difference.values == pytest.approx((0.1, -0.1))
    assert comparison.difference.runs == ("b1", "b3", "a1", "a3")
    assert comparison.difference.mean == pytest.approx(0.0)
    assert (comparison.case, comparison.baseline) == ("b", "a")


@pytest.mark.parametrize("pairs", range(6))
def test_fewer_than_six_pairs_give_no_p_but_the_number_needed(pairs: int) -> None:
    values = {seed: 0.5 + seed / 100 for seed in range(pairs)}
    better = {seed: value + 0.1 + seed / 50 for seed, value in values.items()}
    (comparison,) = compare({"b": "a"}, "test_accuracy", {"a": measured("a", values), "b": measured("b", better)})
    assert (comparison.p, comparison.p_adjusted, comparison.seeds_needed) == (None, None, 6)
    assert (comparison.difference is None) == (pairs == 0)


def test_a_case_that_is_too_small_weighs_on_the_family_as_one_without_a_difference() -> None:
    base = {seed: 0.5 + seed / 128 for seed in range(8)}
    better = {seed: value + (seed + 1) / 128 for seed, value in base.items()}
    few = {seed: better[seed] for seed in range(3)}
    cases = {"a": measured("a", base), "few": measured("f", few), "b": measured("b", better)}
    found = compare({"few": "a", "b": "a"}, "m", cases)
    assert [comparison.seeds_needed for comparison in found] == [7, None]
    assert found[1].p == pytest.approx(2 / 2**8)
    assert found[1].p_adjusted == pytest.approx(2 * 2 / 2**8)


def test_a_baseline_without_runs_leaves_every_comparison_open() -> None:
    (comparison,) = compare({"b": "a"}, "m", {"b": measured("b", {0: 1.0})})
    assert comparison.difference is None


def test_each_case_is_compared_with_its_own_baseline_and_all_are_one_family() -> None:
    base = {seed: 0.5 + seed / 128 for seed in range(8)}
    better = {seed: value + (seed + 1) / 128 for seed, value in base.items()}
    cases = {"a": base, "b": better, "c": better, "d": base}
    found = compare({"b": "a", "d": "c"}, "m", {name: measured(name, values) for name, values in cases.items()})
    assert [(each.case, each.baseline) for each in found] == [("b", "a"), ("d", "c")]
    assert [each.p_adjusted for each in found] == pytest.approx([4 / 2**8, 4 / 2**8])


def test_a_pair_that_spans_kinds_of_machine_is_refused_and_not_computed() -> None:
    measured = {
        "a": {seed: (f"a{seed}", 0.9 + 0.01 * seed) for seed in range(8)},
        "b": {seed: (f"b{seed}", 0.8) for seed in range(8)},
    }
    kinds = {f"{case}{seed}": seed % 2 for case in "ab" for seed in range(8)} | {"a3": 0, "b6": 1}
    (found,) = compare({"a": "b"}, "test_accuracy", measured, kinds)
    assert [(pair.seed, pair.reason) for pair in found.refused_pairs] == [
        (3, "made on different kinds of machine"), (6, "made on different kinds of machine")
    ]  # fmt: skip
    assert found.difference is not None
    assert found.difference.runs == tuple(f"{case}{seed}" for case in "ab" for seed in (0, 1, 2, 4, 5, 7))
    (whole,) = compare({"a": "b"}, "test_accuracy", measured)
    assert not whole.refused_pairs
    (none,) = compare({"a": "b"}, "test_accuracy", measured, {f"a{seed}": 1 for seed in range(8)})
    assert (none.difference, none.p, len(none.refused_pairs)) == (None, None, 8)
