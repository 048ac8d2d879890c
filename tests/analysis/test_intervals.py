from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchsuite.analysis.intervals import mean_estimate, student, wilson

measurements = st.lists(st.floats(-100, 100), min_size=2, max_size=12)


def test_wilson_of_122_right_of_128_is_90_2_to_97_8_percent() -> None:
    low, high = wilson(122, 128)
    assert (round(100 * low, 1), round(100 * high, 1)) == (90.2, 97.8)


def test_wilson_of_newcombes_examples() -> None:
    """Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998)."""
    for (right, total), expected in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert wilson(right, total) == pytest.approx(expected, abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_is_what_scipy_gives(outcome: tuple[int, int]) -> None:
    theirs = stats.binomtest(*outcome).proportion_ci(0.95, method="wilson")
    assert wilson(*outcome) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert 0.0 <= wilson(*outcome)[0] <= outcome[0] / outcome[1] <= wilson(*outcome)[1] <= 1.0


@pytest.mark.parametrize("freedom", [1, 1.7, 4, 30, 1e9])
def test_students_factor_is_what_scipy_gives(freedom: float) -> None:
    assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom))


def test_the_t_interval_of_a_textbook_sample() -> None:
    """NIST/SEMATECH e-Handbook 7.2.2: particle counts of 10 wafers, mean 53.7, s = 6.567; t(0.975, 9) = 2.262."""
    counts = [50.0, 48.0, 44.0, 56.0, 61.0, 52.0, 53.0, 55.0, 67.0, 51.0]
    estimate = mean_estimate(counts, "abcdefghij")
    assert estimate.mean == pytest.approx(53.7)
    assert estimate.sd == pytest.approx(6.567, abs=5e-4)
    half = 2.262 * 6.567 / 10**0.5
    assert (estimate.low, estimate.high) == pytest.approx((53.7 - half, 53.7 + half), abs=2e-3)
    assert (estimate.runs, estimate.n) == (tuple("abcdefghij"), 10)


def test_one_value_has_no_spread() -> None:
    estimate = mean_estimate([0.7], ["a"])
    assert (estimate.mean, estimate.sd, estimate.low, estimate.high) == (0.7, None, None, None)


def test_equal_values_have_exactly_that_point_as_interval() -> None:
    estimate = mean_estimate([0.1] * 7, "abcdefg")
    assert (estimate.mean, estimate.sd, estimate.low, estimate.high) == (0.1, 0.0, 0.1, 0.1)


@given(measurements)
def test_the_t_interval_is_centred_on_the_mean(values: list[float]) -> None:
    estimate = mean_estimate(values, ["run"] * len(values))
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low <= estimate.mean <= estimate.high
    assert estimate.mean - estimate.low == pytest.approx(estimate.high - estimate.mean, abs=1e-9)


def test_one_kind_of_machine_and_one_seed_on_each_are_students_interval() -> None:
    values = [0.91, 0.93, 0.94, 0.9]
    plain = mean_estimate(values, "abcd")
    assert mean_estimate(values, "abcd", [3, 3, 3, 3]) == plain
    assert mean_estimate(values, "abcd", [0, 1, 2, 3]) == plain


def test_kinds_that_differ_by_much_leave_as_many_values_as_there_are_kinds() -> None:
    """Seeds that hardly differ within kinds of equal size: Student's interval of the means of the kinds."""
    values = [1.0 + 1e-9, 1.0 - 1e-9, 3.0 + 1e-9, 3.0 - 1e-9, 8.0 + 1e-9, 8.0 - 1e-9]
    mixed, of_means = mean_estimate(values, "abcdef", [0, 0, 1, 1, 2, 2]), mean_estimate([1.0, 3.0, 8.0], "abc")
    assert (mixed.mean, mixed.low, mixed.high) == pytest.approx((of_means.mean, of_means.low, of_means.high), rel=1e-6)


def test_kinds_that_do_not_differ_are_pooled() -> None:
    values = [1.0, 3.0, 5.0, 1.0, 3.0, 5.0]
    mixed = mean_estimate(values, "abcdef", [0, 0, 0, 1, 1, 1])
    half = stats.t.ppf(0.975, 4) * 2.0 / 6**0.5
    assert (mixed.low, mixed.high) == pytest.approx((3.0 - half, 3.0 + half))


def test_variance_components_of_groups_of_unequal_size() -> None:
    """Searle, Casella and McCulloch (1992), chapter 3, by hand: groups (1, 3) and (6, 8, 10, 8)."""
    values, kinds = [1.0, 3.0, 6.0, 8.0, 10.0, 8.0], [0, 0, 1, 1, 1, 1]
    between, within, weight = 2 * 16.0 + 4 * 4.0, 10.0 / 4, (4 + 16) / 6
    of_kinds = (between - within) / (6 - weight)
    spread = within + of_kinds * weight
    freedom = spread**2 / (within**2 / 4 + (of_kinds * weight) ** 2)
    mixed = mean_estimate(values, "abcdef", kinds)
    half = stats.t.ppf(0.975, freedom) * (spread / 6) ** 0.5
    assert (mixed.mean, mixed.low, mixed.high) == pytest.approx((6.0, 6.0 - half, 6.0 + half))


@given(st.lists(st.tuples(st.floats(-100, 100), st.integers(0, 2)), min_size=2, max_size=12))
def test_whatever_made_them_the_mean_and_its_interval_are_sound(values: list[tuple[float, int]]) -> None:
    measured, kinds = [value for value, _ in values], [kind for _, kind in values]
    runs = ["run"] * len(values)
    mixed, plain = mean_estimate(measured, runs, kinds), mean_estimate(measured, runs)
    assert (mixed.mean, mixed.sd) == (plain.mean, plain.sd)
    assert mixed.low is not None
    assert mixed.high is not None
    assert mixed.low <= mixed.mean <= mixed.high


@pytest.mark.slow
@pytest.mark.parametrize(("counts", "of_kinds"), [((5, 5), 0.0), ((5, 5), 1.0), ((8, 2), 1.0), ((4, 3, 3), 0.5)])
def test_intervals_over_kinds_hold_the_mean_more_often_than_those_that_ignore_them(
    counts: tuple[int, ...], of_kinds: float
) -> None:
    draw = np.random.default_rng(0)
    kinds = np.repeat(np.arange(len(counts)), counts)
    held = {"mixed": 0, "plain": 0}
    for _ in range(2000):
        values = (draw.normal(size=len(counts)) * of_kinds)[kinds] + draw.normal(size=len(kinds))
        for name, of_run in (("mixed", list(kinds)), ("plain", [])):
            estimate = mean_estimate(list(map(float, values)), "r" * len(values), of_run)
            held[name] += (estimate.low or 0.0) <= 0.0 <= (estimate.high or 0.0)
    assert held["mixed"] >= held["plain"] - 10
    assert held["mixed"] / 2000 > (0.94 if of_kinds == 0 else 0.8)
