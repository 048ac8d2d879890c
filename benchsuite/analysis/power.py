"""What a number of seeds can find, and how many seeds a study would need for what it has left open."""

from __future__ import annotations

from benchsuite.analysis.comparisons import fold_pairs_needed, pairs_needed
from benchsuite.analysis.findings import SIGNIFICANCE, Comparison, Estimate, Findings, Inequality
from benchsuite.analysis.intervals import standard_error
from benchsuite.suite.schema.folds import Folds

POWER = 0.8
MOST_SEEDS = 1000
"""More are not told apart."""
LARGEST_SIZE = 100.0
"""Standard deviations; five seeds and a thousand tests find less."""


def seeds_for_comparison(findings: Findings, comparison: Comparison) -> int | None:
    """Seeds with which the comparison would be decided with a probability of `POWER` if the difference is really the
    one that was measured; None where that cannot be told, and where they would be more than `MOST_SEEDS`."""
    folds = findings.folds.design if findings.folds is not None else None
    return _seeds(comparison.difference, None, len(findings.comparisons), folds)


def seeds_for_inequality(inequality: Inequality, inequalities: int, folds: Folds | None = None) -> int | None:
    """The same for a part of a claim: that it is shown where it is true in the mean, else that its contrary is, which
    is corrected for the number of the claim's `inequalities`."""
    slack = inequality.slack
    return None if slack is None else _seeds(inequality.quantity, slack, 1 if slack > 0 else inequalities, folds)


def smallest_size(seeds: int, tests: int, folds: Folds | None = None) -> float | None:
    """The difference, in standard deviations of the paired differences, that a study of so many fixed seeds finds in
    one of `tests` comparisons with a probability of `POWER`; None where they are too few for the test."""
    if seeds < _fewest(tests, folds):
        return None
    low, high = 0.0, LARGEST_SIZE
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if _power(seeds, middle, tests, folds) >= POWER else (middle, high)
    return high


def _fewest(tests: int, folds: Folds | None) -> int:
    return max(2, pairs_needed(tests)) if folds is None else fold_pairs_needed(folds)


def _seeds(measured: Estimate | None, effect: float | None, tests: int, folds: Folds | None) -> int | None:
    if measured is None or not measured.sd:
        return None
    size = abs(measured.mean if effect is None else effect) / measured.sd
    each = 1 if folds is None else folds.k  # seeds are made in whole rounds of folds
    fewest, most = _fewest(tests, folds) // each, MOST_SEEDS // each
    if most < fewest or _power(most * each, size, tests, folds) < POWER:
        return None
    enough = fewest - 1
    while most - enough > 1:
        middle = (enough + most) // 2
        enough, most = (enough, middle) if _power(middle * each, size, tests, folds) >= POWER else (middle, most)
    return most * each


def _power(seeds: int, size: float, tests: int, folds: Folds | None = None) -> float:
    """Of the paired t test at `SIGNIFICANCE` over `tests`, which is the first step of Holm's, for differences whose
    mean is `size` of their standard deviations (J. Cohen, "Statistical Power Analysis for the Behavioral Sciences",
    2nd ed., 1988, section 2.3). The sign-flip test has very nearly the same; that of folds is a t test itself, whose
    standard error is corrected."""
    from scipy import special

    overlap = 0.0 if folds is None else folds.overlap
    freedom, shift = seeds - 1, size / standard_error(1.0, seeds, overlap)
    critical = float(special.stdtrit(freedom, 1 - SIGNIFICANCE / tests / 2))
    # With a large shift the distribution lies whole above the critical value, where its function gives no number.
    return 1.0 if shift > critical + 10 else 1.0 - float(special.nctdtr(freedom, shift, critical))
