"""95 % intervals: of a mean over seeds (Student), of an accuracy on a finite test set (Wilson), of paired
differences (BCa bootstrap)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
from scipy import stats

from benchsuite.analysis.findings import Estimate

CONFIDENCE = 0.95
RESAMPLES = 9_999
RANDOM_SEED = 20_260_101
"""Of every resampling, so that the same records give the same findings."""


def mean_estimate(values: Sequence[float], runs: Sequence[str]) -> Estimate:
    """The mean of at least one value, with Student's t interval when there are two or more.

    `values` are of independent runs; `runs` are their keys.
    """
    mean, sd = _moments(values)
    if sd is None:
        return Estimate(mean, None, None, None, tuple(runs), tuple(values))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * sd / math.sqrt(len(values))
    return Estimate(mean, sd, mean - half, mean + half, tuple(runs), tuple(values))


def difference_estimate(values: Sequence[float], runs: Sequence[str]) -> Estimate:
    """The mean of at least one paired difference, with its BCa bootstrap interval when there are two or more.

    BCa: Efron, "Better Bootstrap Confidence Intervals", JASA 82 (1987). When all differences are equal every
    resample is too, and the interval is that one point.
    """
    mean, sd = _moments(values)
    low, high = _bca(values) if sd is not None else (None, None)
    return Estimate(mean, sd, low, high, tuple(runs), tuple(values))


def wilson(right: int, total: int) -> tuple[float, float]:
    """Wilson's score interval of the fraction `right` of `total` trials (Wilson, JASA 22, 1927), `total` > 0."""
    interval = stats.binomtest(right, total).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def _moments(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean and standard deviation (over n - 1); equal values have exactly their mean and 0."""
    if len(set(values)) == 1:
        return float(values[0]), 0.0 if len(values) > 1 else None
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _bca(values: Sequence[float]) -> tuple[float, float] | tuple[None, None]:
    if len(set(values)) == 1:
        return float(values[0]), float(values[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # answered below, by None
        interval = stats.bootstrap(
            (np.asarray(values, dtype=float),),
            np.mean,
            confidence_level=CONFIDENCE,
            n_resamples=RESAMPLES,
            method="BCa",
            random_state=np.random.default_rng(RANDOM_SEED),
        ).confidence_interval
    low, high = float(interval.low), float(interval.high)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (None, None)
