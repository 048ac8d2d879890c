"""Accuracies and their differences over training runs and test images at once, both taken as samples.

An interval over seeds tells what other seeds would give on the same test images. Here every run meets every image, so
the design is crossed, as readers and cases are in diagnostic studies, and the analysis of variance of that field
tells what other seeds would give on other images of the same kind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchsuite.analysis.intervals import student

Outcomes = NDArray[np.bool_]
"""Which test images (n,) a run classified right, in the order of the index."""


def crossed_interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """The 95 % interval of the mean of `values` (runs, images) for other runs on other images.

    Two-way random effects: the variance of the mean is (MS_runs + max(MS_images - MS_rest, 0)) / (runs * images), with
    Hillis's degrees of freedom (S. L. Hillis, "A comparison of denominator degrees of freedom methods for multiple
    observer ROC analysis", Statistics in Medicine 26, 2007, eq. 10). None with fewer than two runs or images, and where
    nothing varies.
    """
    runs, images = values.shape
    if runs < 2 or images < 2:
        return None
    mean = float(values.mean())
    by_run, by_image = values.mean(axis=1), values.mean(axis=0)
    rest = values - by_run[:, None] - by_image[None, :] + mean
    of_runs = images * float(((by_run - mean) ** 2).sum()) / (runs - 1)
    of_images = runs * float(((by_image - mean) ** 2).sum()) / (images - 1)
    of_rest = float((rest**2).sum()) / ((runs - 1) * (images - 1))
    spread = of_runs + max(of_images - of_rest, 0.0)
    if spread <= 0.0:
        return None
    freedom = spread**2 / (of_runs**2 / (runs - 1)) if of_runs > 0 else math.inf
    half = student(min(freedom, 1e9)) * math.sqrt(spread / (runs * images))
    return mean - half, mean + half


def _never_narrower(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """`crossed_interval`, or Student's over the means of the runs alone where that is the wider: Hillis's degrees of
    freedom may be many more than the runs', but other images come with other seeds, too."""
    found = crossed_interval(values)
    if found is None:
        return None
    means = values.mean(axis=1)
    half = student(len(means) - 1) * float(means.std(ddof=1)) / math.sqrt(len(means))
    mean = float(values.mean())
    return min(found[0], mean - half), max(found[1], mean + half)


def accuracy_interval(outcomes: Sequence[Outcomes]) -> tuple[float, float] | None:
    """Of the mean accuracy of runs on one test set, as `crossed_interval` says but never narrower than over
    the seeds alone; within 0 and 1."""
    if not _alike(outcomes):
        return None
    found = _never_narrower(np.stack(outcomes).astype(np.float64))
    return None if found is None else (max(0.0, found[0]), min(1.0, found[1]))


def difference_interval(pairs: Sequence[tuple[Outcomes, Outcomes]]) -> tuple[float, float] | None:
    """Of the mean difference of accuracy between the first and the second of each pair, of one seed; likewise."""
    if not _alike([outcomes for pair in pairs for outcomes in pair]):
        return None
    return _never_narrower(np.stack([first.astype(np.float64) - second for first, second in pairs]))


def mcnemar(first: Outcomes, second: Outcomes) -> tuple[int, int, float]:
    """How many images only the first, and only the second of two models has right, and McNemar's exact two-sided p.

    It speaks of two trained models, not of how they were made (Q. McNemar, Psychometrika 12, 1947; the exact form is
    the sign test).
    """
    from scipy import special

    gained, lost = int((first & ~second).sum()), int((second & ~first).sum())
    return gained, lost, min(1.0, 2 * float(special.bdtr(min(gained, lost), gained + lost, 0.5)))


def _alike(outcomes: Sequence[Outcomes]) -> bool:
    return bool(outcomes) and len({len(one) for one in outcomes}) == 1
