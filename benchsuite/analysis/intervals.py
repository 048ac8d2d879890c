"""95 % intervals: of a mean over seeds (Student; over several kinds of machine, Satterthwaite; over folds, corrected
for what they share), of paired differences (the same), and of an accuracy on a finite test set (Wilson)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchsuite.analysis.findings import Estimate

CONFIDENCE = 0.95
FEWEST_SEEDS = 5
"""With fewer no interval is told: of two values, Student's is wider than all that could be."""


def mean_estimate(
    values: Sequence[float], runs: Sequence[str], kinds: Sequence[int] = (), overlap: float = 0.0
) -> Estimate:
    """The mean of at least one value, with Student's t interval when there are two or more.

    `values` are of independent runs, or differences of independent pairs of runs; `runs` are their keys. With the
    handful of seeds that studies have, bootstrap intervals (percentile, BCa) are too narrow: of ten normal values they
    hold the mean some nine times in ten, of three, some three times in four.

    `kinds` are the kinds of machine that made the runs, by number. Where there are several, they are a random factor
    and the interval has a part for what differs between them, as `_between_kinds` says.

    With an `overlap` the values are of folds, and the interval is that of `standard_error`.
    """
    mean, sd = _moments(values)
    if sd is None:
        return Estimate(mean, None, None, None, tuple(runs), tuple(values))
    spread, freedom = sd, float(len(values) - 1)
    if sd > 0 and 1 < len(set(kinds)) < len(values):
        spread, freedom = _between_kinds(values, kinds)
    half = student(freedom) * standard_error(spread, len(values), overlap)
    return Estimate(mean, sd, mean - half, mean + half, tuple(runs), tuple(values))


def standard_error(sd: float, n: int, overlap: float = 0.0) -> float:
    """The standard error of a mean of `n` values, of which `sd` is the standard deviation.

    The values of folds are not independent, since any two runs share training images. `overlap` is then the number of
    validation images over that of training images, 1 / (k - 1) with k folds, and the variance of the mean is estimated
    by (1 / n + overlap) * sd**2: the corrected resampled t test of C. Nadeau and Y. Bengio ("Inference for the
    generalization error", Machine Learning 52, 2003), who have it for splits drawn anew, for rounds of folds as R. R.
    Bouckaert and E. Frank take it ("Evaluating the replicability of significance tests for comparing learning
    algorithms", PAKDD 2004). It supposes that the correlation of two values is the share of the images that are held
    out. So the error does not fall to nothing, however many rounds there are: all of them divide the same images.
    """
    return sd * math.sqrt(1 / n + overlap)


def one_sided_t(values: Sequence[float], overlap: float) -> float:
    """One-sided p of the hypothesis that the mean behind these values of folds, at least two, is not above 0: Student's
    t with `standard_error` and n - 1 degrees of freedom. Values without any spread decide."""
    from scipy import special

    mean, sd = _moments(values)
    if not sd:
        return 0.0 if mean > 0 else 1.0
    return float(special.stdtr(len(values) - 1, -mean / standard_error(sd, len(values), overlap)))


def _between_kinds(values: Sequence[float], kinds: Sequence[int]) -> tuple[float, float]:
    """How far values spread, where their mean is concerned, and its degrees of freedom, in the one-way random model:
    a value is a mean, plus what its kind of machine adds, plus what its seed adds.

    Both variances are estimated by the analysis of variance, that between kinds being no less than 0 (S. R. Searle,
    G. Casella and C. E. McCulloch, "Variance Components", Wiley, 1992, chapter 3, for groups of unequal size), and
    their sum is given degrees of freedom by F. E. Satterthwaite ("An approximate distribution of estimates of variance
    components", Biometrics Bulletin 2, 1946). With as many seeds on each kind and much between them that is Student's
    interval of the kinds' means; with nothing between them, that of seeds within kinds.

    Two kinds tell little of what varies between kinds: where they differ as much as seeds do, the interval holds the
    mean some 86 times in a hundred, where Student's of all values does so 71 times.
    """
    groups = [[value for value, kind in zip(values, kinds, strict=True) if kind == one] for one in sorted(set(kinds))]
    n, mean = len(values), math.fsum(values) / len(values)
    means = [math.fsum(group) / len(group) for group in groups]
    among, rest = len(groups) - 1, n - len(groups)
    between = math.fsum(len(group) * (own - mean) ** 2 for group, own in zip(groups, means, strict=True)) / among
    within = math.fsum((v - own) ** 2 for group, own in zip(groups, means, strict=True) for v in group) / rest
    weight = sum(len(group) ** 2 for group in groups) / n
    excess = max(between - within, 0.0) * among / (n - weight) * weight
    spread = within + excess
    return math.sqrt(spread), spread**2 / (within**2 / rest + excess**2 / among)


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
