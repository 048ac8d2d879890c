"""What a number of seeds can find, and how many seeds a study would need for what it has left open."""

from __future__ import annotations

import math

from benchsuite.analysis.comparisons import pairs_needed
from benchsuite.analysis.findings import SIGNIFICANCE, Comparison, Estimate, Findings, Inequality

POWER = 0.8
MOST_SEEDS = 1000
"""More are not told apart."""
LARGEST_SIZE = 100.0
"""Standard deviations; five seeds and a thousand tests find less."""


def seeds_for_comparison(findings: Findings, comparison: Comparison) -> int | None:
    """Seeds with which the comparison would be decided with a probability of `POWER` if the difference is really the
    one that was measured; None where that cannot be told, and where they would be more than `MOST_SEEDS`."""
    return _seeds(comparison.difference, None, len(findings.comparisons))


def seeds_for_inequality(inequality: Inequality, inequalities: int) -> int | None:
    """The same for a part of a claim: that it is shown where it is true in the mean, else that its contrary is, which
    is corrected for the number of the claim's `inequalities`."""
    slack = inequality.slack
    return None if slack is None else _seeds(inequality.quantity, slack, 1 if slack > 0 else inequalities)


def smallest_size(seeds: int, tests: int) -> float | None:
    """The difference, in standard deviations of the paired differences, that a study of so many fixed seeds finds in
    one of `tests` comparisons with a probability of `POWER`; None where they are too few for the test."""
    if seeds < max(2, pairs_needed(tests)):
        return None
    low, high = 0.0, LARGEST_SIZE
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if _power(seeds, middle, tests) >= POWER else (middle, high)
    return high


def _seeds(measured: Estimate | None, effect: float | None, tests: int) -> int | None:
    if measured is None or not measured.sd:
        return None
    size = abs(measured.mean if effect is None else effect) / measured.sd
    fewest = max(2, pairs_needed(tests))
    if _power(MOST_SEEDS, size, tests) < POWER:
        return None
    enough, most = fewest - 1, MOST_SEEDS
    while most - enough > 1:
        middle = (enough + most) // 2
        enough, most = (enough, middle) if _power(middle, size, tests) >= POWER else (middle, most)
    return most


def _power(seeds: int, size: float, tests: int) -> float:
    """Of the paired t test at `SIGNIFICANCE` over `tests`, which is the first step of Holm's, for differences whose
    mean is `size` of their standard deviations (J. Cohen, "Statistical Power Analysis for the Behavioral Sciences",
    2nd ed., 1988, section 2.3). The sign-flip test has very nearly the same."""
    from scipy import special

    freedom, shift = seeds - 1, size * math.sqrt(seeds)
    critical = float(special.stdtrit(freedom, 1 - SIGNIFICANCE / tests / 2))
    # With a large shift the distribution lies whole above the critical value, where its function gives no number.
    return 1.0 if shift > critical + 10 else 1.0 - float(special.nctdtr(freedom, shift, critical))
