from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchsuite.analysis.intervals import difference_estimate, mean_estimate, wilson

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


def test_the_t_interval_of_a_textbook_sample() -> None:
    """NIST/SEMATECH e-Handbook 7.2.2: particle counts of 10 wafers, mean 53.7, s = 6.567; t(0.975, 9) = 2.262."""
    counts = [50.0, 48.0, 44.0, 56.0, 61.0, 52.0, 53.0, 55.0, 67.0, 51.0]
    estimate = mean_estimate(counts, "abcdefghij")
    assert estimate.mean == pytest.approx(53.7)
    assert estimate.sd == pytest.approx(6.567, abs=5e-4)
    half = 2.262 * 6.567 / 10**0.5
    assert (estimate.low, estimate.high) == pytest.approx((53.7 - half, 53.7 + half), abs=2e-3)
    assert (estimate.runs, estimate.n) == (tuple("abcdefghij"), 10)


@pytest.mark.parametrize("made", [mean_estimate, difference_estimate])
def test_one_value_has_no_spread(made) -> None:  # type: ignore[no-untyped-def]
    estimate = made([0.7], ["a"])
    assert (estimate.mean, estimate.sd, estimate.low, estimate.high) == (0.7, None, None, None)


@pytest.mark.parametrize("made", [mean_estimate, difference_estimate])
def test_equal_values_have_exactly_that_point_as_interval(made) -> None:  # type: ignore[no-untyped-def]
    estimate = made([0.1] * 7, "abcdefg")
    assert (estimate.mean, estimate.sd, estimate.low, estimate.high) == (0.1, 0.0, 0.1, 0.1)


@given(measurements)
def test_the_t_interval_is_centred_on_the_mean(values: list[float]) -> None:
    estimate = mean_estimate(values, ["run"] * len(values))
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low <= estimate.mean <= estimate.high
    assert estimate.mean - estimate.low == pytest.approx(estimate.high - estimate.mean, abs=1e-9)


def test_the_bootstrap_interval_lies_within_the_values_and_is_the_same_at_every_call() -> None:
    values = [-0.02, 0.0, 0.01, 0.015, 0.03, 0.005, -0.01, 0.02, 0.01, 0.0]
    first, second = (difference_estimate(values, "abcdefghij") for _ in range(2))
    assert first == second
    assert first.low is not None
    assert first.high is not None
    assert -0.02 < first.low < first.mean < first.high < 0.03


def test_the_bca_interval_is_what_all_resamples_give() -> None:
    """Efron and Tibshirani, "An Introduction to the Bootstrap" (1993): the treated mice of table 2.1, with the
    formulas 14.9 to 14.15 worked out over all 7**7 resamples instead of a random sample of them."""
    mice = np.array([94.0, 197.0, 16.0, 38.0, 99.0, 141.0, 23.0])
    means = mice[np.indices((7,) * 7).reshape(7, -1)].mean(axis=0)
    bias = stats.norm.ppf(((means < mice.mean()).mean() + (means <= mice.mean()).mean()) / 2)
    without = np.array([np.delete(mice, i).mean() for i in range(7)])
    bend = without.mean() - without
    acceleration = (bend**3).sum() / (6 * (bend**2).sum() ** 1.5)
    reach = bias + stats.norm.ppf([0.025, 0.975])
    low, high = np.quantile(means, stats.norm.cdf(bias + reach / (1 - acceleration * reach)))
    estimate = difference_estimate(list(mice), "abcdefg")
    assert estimate.mean == pytest.approx(86.857, abs=1e-3)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=2)
    assert estimate.high - estimate.mean > estimate.mean - estimate.low
