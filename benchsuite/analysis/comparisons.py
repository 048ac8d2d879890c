"""Comparing cases with a baseline, paired by seed: differences, sign-flip tests, and Holm's correction.

Cases with the same seed share their random streams, so the difference within a seed is what the factor did. A test
that could not reach 0.05 after the correction, whatever the values, is not made; the number of seeds that it needs is
given instead.

Over folds, signs may not be flipped: differences of runs that share training images are not exchangeable. The test is
then the corrected t of `intervals.one_sided_t`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchsuite.analysis.findings import SIGNIFICANCE, Comparison, RefusedPair
from benchsuite.analysis.intervals import FEWEST_SEEDS, mean_estimate, one_sided_t
from benchsuite.analysis.sequential import RANDOM_SEED, adjusted, flipped_sums
from benchsuite.suite.schema.folds import Folds
from benchsuite.suite.schema.sequential import EXACT_UP_TO, Sequential

SIGN_PATTERNS = 99_999
"""Drawn where there are more than `EXACT_UP_TO` pairs, of which all 2**n patterns are tried."""
SIGNS_AT_ONCE = 2**23
"""Drawn at a time: 64 MB, where those of a thousand pairs would take 800."""

Measured = Mapping[int, tuple[str, float]]
"""For each seed, the run's key and its value of the metric."""


def compare(
    baselines: Mapping[str, str],
    metric: str,
    measured: Mapping[str, Measured],
    kinds: Mapping[str, int] | None = None,
    sequential: tuple[Sequential, int] | None = None,
    folds: Folds | None = None,
) -> tuple[Comparison, ...]:
    """Every case of `measured` that has a baseline against it, in order; they are one family for Holm's correction,
    in which a comparison that cannot be decided yet counts as one without a difference.

    A comparison's runs are the case's, then the baseline's, each in the order of the shared seeds; `kinds` is as `pair`
    takes it. After so many looks of `sequential` seeds the correction is for them, too. With `folds`, intervals and
    tests are corrected for what the runs share.
    """
    found = []
    compared = [case for case in measured if case in baselines]
    needed = pairs_needed(len(compared)) if folds is None else fold_pairs_needed(folds)
    overlap = 0.0 if folds is None else folds.overlap
    for case in compared:
        values = measured[case]
        reference = measured.get(baselines[case], {})
        seeds, refused = pair(values, reference, kinds or {})
        differences = [values[seed][1] - reference[seed][1] for seed in seeds]
        runs = [values[seed][0] for seed in seeds] + [reference[seed][0] for seed in seeds]
        enough = len(seeds) >= needed
        found.append(
            Comparison(
                case=case,
                baseline=baselines[case],
                metric=metric,
                difference=mean_estimate(differences, runs, overlap=overlap) if seeds else None,
                p=_two_sided(differences, folds) if enough else None,
                p_adjusted=None,
                seeds_needed=None if enough else needed,
                refused_pairs=refused,
            )
        )
    corrected = holm([1.0 if one.p is None else _over_looks(one, one.p, measured, sequential) for one in found])
    return tuple(
        comparison if comparison.p is None else replace(comparison, p_adjusted=p)
        for comparison, p in zip(found, corrected, strict=True)
    )


def _two_sided(differences: Sequence[float], folds: Folds | None) -> float:
    if folds is None:
        return sign_flip(differences)
    p = one_sided_t(differences, folds.overlap)
    return min(1.0, 2 * min(p, one_sided_t([-value for value in differences], folds.overlap)))


def _over_looks(
    found: Comparison, p: float, measured: Mapping[str, Measured], sequential: tuple[Sequential, int] | None
) -> float:
    """The two-sided p of a comparison; over looks that of two one-sided tests which share its level."""
    if sequential is None or found.difference is None:
        return p
    design, looks = sequential
    case, other = measured[found.case], measured[found.baseline]
    refused = {pair.seed for pair in found.refused_pairs}
    sign = 1 if found.difference.mean > 0 else -1
    values = {seed: sign * (case[seed][1] - other[seed][1]) for seed in (case.keys() & other.keys()) - refused}
    return min(1.0, 2 * adjusted(flipped_sums(values, design, looks), design))


def pair(values: Measured, reference: Measured, kinds: Mapping[str, int]) -> tuple[list[int], tuple[RefusedPair, ...]]:
    """The seeds of both whose runs may be compared, and those that may not. `kinds` numbers the kinds of machine on
    which runs, by their keys, were made."""
    shared = sorted(values.keys() & reference.keys())
    apart = [seed for seed in shared if kinds.get(values[seed][0]) != kinds.get(reference[seed][0])]
    return [seed for seed in shared if seed not in apart], tuple(map(RefusedPair, apart))


def pairs_needed(comparisons: int) -> int:
    """Fewest pairs with which one of so many sign-flip tests, whose smallest two-sided p is 2 / 2**n, can fall below
    0.05 after Holm's correction."""
    return next(n for n in itertools.count(1) if comparisons * 2 / 2**n < SIGNIFICANCE)


def fold_pairs_needed(folds: Folds) -> int:
    """Fewest pairs over folds that are tested: whole rounds of at least `FEWEST_SEEDS`. Of fewer, the t test would rest
    on little but the normal distribution that it supposes."""
    return -(-FEWEST_SEEDS // folds.k) * folds.k


def sign_flip(differences: Sequence[float]) -> float:
    """Two-sided p of the hypothesis that paired differences are symmetric about 0, by flipping their signs.

    The statistic is the mean. Exact (Fisher, "The Design of Experiments", 1935, section 21) for up to 16 pairs,
    else from a fixed random sample of patterns.
    """
    return _share(np.abs(_flipped(differences)))


def one_sided(values: Sequence[float]) -> float:
    """One-sided p of the same hypothesis against the values being above 0."""
    return _share(_flipped(values))


def _flipped(differences: Sequence[float]) -> NDArray[np.float64]:
    """The sum of the differences as they are, then with every pattern of signs, or with those that were drawn."""
    values = np.asarray(differences, dtype=float)
    return np.concatenate([(1 - 2 * minus) @ values for minus in _patterns(len(values))])


def _patterns(pairs: int) -> Iterator[NDArray[np.int64]]:
    """Which signs each pattern flips (patterns, pairs), some patterns at a time; the first flips none."""
    if pairs <= EXACT_UP_TO:
        yield np.arange(2**pairs)[:, None] >> np.arange(pairs) & 1
        return
    draw = np.random.default_rng(RANDOM_SEED)
    at_once = max(1, SIGNS_AT_ONCE // pairs)
    for first in range(0, 1 + SIGN_PATTERNS, at_once):
        minus = draw.integers(0, 2, (min(at_once, 1 + SIGN_PATTERNS - first), pairs))
        if first == 0:
            minus[0] = 0
        yield minus


def _share(sums: NDArray[np.float64]) -> float:
    """The share of the sums that are at least the first, up to rounding."""
    return float((sums >= sums[0] - 1e-12 * np.abs(sums).max()).mean())


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjustment of a family of p values, in their order.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return tuple(adjusted)
