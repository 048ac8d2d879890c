"""Intervals over seeds and images at once hold what they promise, and McNemar's test is the published one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchsuite.analysis.intervals import mean_estimate
from benchsuite.analysis.seed_image_anova import accuracy_interval, crossed_interval, difference_interval, mcnemar


@pytest.mark.parametrize("runs", [3, 5, 10])
def test_nineteen_in_twenty_intervals_hold_the_mean_of_other_seeds_on_other_images(runs: int) -> None:
    draw = np.random.default_rng(runs)
    held = 0
    for _ in range(1000):
        values = draw.normal(0, 1, (runs, 1)) + draw.normal(0, 6, (1, 60)) + draw.normal(0, 5, (runs, 60))
        low, high = crossed_interval(values) or (1.0, -1.0)
        held += low <= 0 <= high
    assert 0.93 <= held / 1000 <= 0.985


def test_images_that_are_hard_for_every_run_widen_the_interval_and_independent_errors_do_not() -> None:
    draw = np.random.default_rng(0)
    hard = draw.random(400) < 0.9
    shared = [hard ^ (draw.random(400) < 0.01) for _ in range(20)]
    own = [draw.random(400) < 0.9 for _ in range(20)]
    wide, narrow = accuracy_interval(shared), accuracy_interval(own)
    assert wide is not None
    assert narrow is not None
    assert wide[1] - wide[0] > 1.3 * (narrow[1] - narrow[0])


@given(st.integers(0, 10_000), st.integers(2, 8), st.floats(0.0, 0.3))
def test_it_is_never_narrower_than_the_interval_over_the_seeds_alone(seed: int, runs: int, spread: float) -> None:
    draw = np.random.default_rng(seed)
    hard, levels = draw.random(40), 0.7 + spread * draw.normal(size=(runs, 2))
    pairs = [(hard < first, hard < second) for first, second in levels]
    alone = mean_estimate([float(first.mean() - second.mean()) for first, second in pairs], ["run"] * runs)
    if (found := difference_interval(pairs)) is not None:
        assert found[0] <= (alone.low or 0.0) + 1e-9
        assert found[1] >= (alone.high or 0.0) - 1e-9


def test_it_agrees_with_the_analysis_of_variance_worked_by_hand() -> None:
    # Two runs, three images: means 2/3 and 1/3, images 1, 1/2, 0; MS_runs = 1/6, MS_images = 1/2, MS_rest = 1/6.
    values = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    low, high = crossed_interval(values) or (0.0, 0.0)
    spread, freedom = 1 / 6 + (1 / 2 - 1 / 6), (1 / 2) ** 2 / (1 / 6) ** 2
    half = stats.t.ppf(0.975, freedom) * (spread / 6) ** 0.5
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half))


def test_what_cannot_be_told_is_not_told() -> None:
    right = np.ones(10, dtype=bool)
    assert accuracy_interval([right]) is None
    assert accuracy_interval([right, right]) is None
    assert accuracy_interval([]) is None
    assert accuracy_interval([right, np.ones(9, dtype=bool)]) is None
    assert difference_interval([]) is None


def test_an_accuracy_stays_within_what_it_can_be() -> None:
    almost = [np.arange(40) != wrong for wrong in (0, 0, 1)]
    low, high = accuracy_interval(almost) or (2.0, 2.0)
    assert 0.9 < low < 1
    assert high == 1.0


def test_mcnemar_counts_the_images_that_one_model_alone_has_right() -> None:
    first = np.array([True] * 6 + [False] * 4)
    second = np.array([True] + [False] * 5 + [True] + [False] * 3)
    assert mcnemar(first, second) == (5, 1, pytest.approx(14 / 64))
    assert mcnemar(first, first) == (0, 0, 1.0)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemars_p_is_that_of_the_binomial_test(gained: int, lost: int) -> None:
    first = np.arange(gained + lost) < gained
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(first, ~first) == (gained, lost, pytest.approx(expected))
