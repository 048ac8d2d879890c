"""95 % intervals: of a mean over seeds, or of paired differences (Student), and of an accuracy on a finite test set
(Wilson)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchsuite.analysis.findings import Estimate

CONFIDENCE = 0.95


def mean_estimate(values: Sequence[float], runs: Sequence[str]) -> Estimate:
    """The mean of at least one value, with Student's t interval when there are two or more.

    `values` are of independent runs, or differences of independent pairs of runs; `runs` are their keys. With the
    handful of seeds that studies have, bootstrap intervals (percentile, BCa) are too narrow: of ten normal values they
    hold the mean some nine times in ten, of three, some three times in four.
    """
    mean, sd = _moments(values)
    if sd is None:
        return Estimate(mean, None, None, None, tuple(runs), tuple(values))
    half = student(len(values) - 1) * sd / math.sqrt(len(values))
    return Estimate(mean, sd, mean - half, mean + half, tuple(runs), tuple(values))


def student(freedom: float) -> float:
    """How many standard errors a 95 % interval reaches to either side, with so many degrees of freedom."""
    from scipy import special  # the functions behind scipy.stats, which takes more than a second to import

    return float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2))


def wilson(right: int, total: int) -> tuple[float, float]:
    """Wilson's score interval of the fraction `right` of `total` trials (Wilson, JASA 22, 1927), `total` > 0."""
    from scipy import special

    square = float(special.ndtri((1 + CONFIDENCE) / 2)) ** 2
    middle = right + square / 2
    half = math.sqrt(square * (right * (total - right) / total + square / 4))
    return (
        (middle - half) / (total + square) if right else 0.0,
        (middle + half) / (total + square) if right < total else 1.0,
    )


def _moments(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean and standard deviation (over n - 1); equal values have exactly their mean and 0."""
    if len(set(values)) == 1:
        return float(values[0]), 0.0 if len(values) > 1 else None
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
