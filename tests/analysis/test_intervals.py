from __future__ import annotations

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
