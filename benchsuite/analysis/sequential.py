"""Sign-flip tests at the looks of sequential seeds, so that their level holds over all looks.

Under the hypothesis that values are symmetric about 0, their signs may be flipped, and with them the sums of all looks
at once. Of all patterns of flips, those with the largest sums cross at the first look, as many as the level spent until
then allows; of the others those with the largest at the next, and so on (the construction of Lan and DeMets, Biometrika
70, 1983, on the distribution under flips in place of a Brownian motion). What was observed is one of the patterns, and
none is likelier than another: the share of those that cross is the probability that it does, for any symmetric values
and any number of looks, on the average of draws where patterns are drawn (Hemerik and Goeman, "Exact testing with
random permutations", TEST 27, 2018).

`boundaries` are what this comes to in the limit of many seeds: for plans and papers, to say how strict each look is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchsuite.suite.schema.sequential import EXACT_UP_TO, LEVEL, Sequential

RANDOM_SEED = 20_260_101
"""Of the drawn signs, so that the same records give the same findings."""
LOWEST = -7.0
"""Standard deviations below which nothing is integrated."""
HIGHEST = 6.0
"""About where boundaries are at most."""
NODES_A_STEP = 2.5
"""Nodes of the integrals for each standard deviation of the shortest step to a next look: twice as many change no
boundary in its tenth digit."""
MOST_LEVEL = 0.5
"""The largest level that is spent; what needs a larger one has the adjusted p 1."""
LEAST_SPENT = 1e-18
"""Less of a level than this is not told from nothing by the integrals: then the boundary is what is spent there."""

Values = NDArray[np.float64]
Sums = NDArray[np.float64]
"""A row for each look, in which the first sum is what was observed, and the others those of the other patterns."""


def flipped_sums(values: Mapping[int, float], design: Sequential, looks: int) -> Sums:
    """The sums of values, by their seeds, at the first `looks` looks, with every pattern of signs. A seed without a
    value adds nothing."""
    own = np.array([values.get(seed, 0.0) for seed in range(design.looks[looks - 1])])
    signs, sums = _signs(design.at_most), []
    total, before = np.zeros(len(signs)), 0
    for seeds in design.looks[:looks]:
        total = total + signs[:, before:seeds] @ own[before:seeds]
        sums.append(total)
        before = seeds
    return np.array(sums)


def crossing(sums: Sums, design: Sequential, level: float) -> int | None:
    """The first look, from 0, at which what was observed crosses the boundary of a one-sided level: above it are no
    more patterns than may be, and equal sums lie on one side. None where it is none."""
    alive, crossed = np.ones(sums.shape[1], dtype=bool), 0
    for number, (now, seeds) in enumerate(zip(sums, design.looks, strict=False)):
        allowed = math.floor(design.spent(level, seeds) * len(now) + 1e-9) - crossed
        if allowed < 1:
            continue
        left = now[alive]
        boundary = np.partition(left, len(left) - allowed - 1)[len(left) - allowed - 1]
        over = alive & (now > boundary + 1e-12 * now.max())
        if over[0]:
            return number
        alive &= ~over
        crossed += int(over.sum())
    return None


def adjusted(sums: Sums, design: Sequential) -> float:
    """The smallest one-sided level at which what was observed crosses at one of these looks: a p that is below `LEVEL`
    exactly where it crosses with that."""
    low, high = math.log(1 / sums.shape[1]), math.log(LEVEL)
    if crossing(sums, design, LEVEL) is None:
        low, high = high, math.log(MOST_LEVEL)
        if crossing(sums, design, MOST_LEVEL) is None:
            return 1.0
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if crossing(sums, design, math.exp(middle)) is None else (low, middle)
    return math.exp((low + high) / 2)


@lru_cache(maxsize=2)
def _signs(seeds: int) -> NDArray[np.int8]:
    """Patterns of signs, 1 and -1, a row each: each of those of the first seeds once, and drawn ones for the others.
    The first row flips nothing."""
    exact = min(seeds, EXACT_UP_TO)
    minus = np.arange(2**EXACT_UP_TO)[:, None] >> np.arange(exact) & 1
    drawn = np.random.default_rng(RANDOM_SEED).integers(0, 2, (2**EXACT_UP_TO, seeds - exact))
    drawn[0] = 0
    return (1 - 2 * np.hstack([minus, drawn])).astype(np.int8)


@lru_cache(maxsize=64)
def boundaries(design: Sequential, level: float, looks: int | None = None) -> tuple[float, ...]:
    """The one-sided p below which a look decides in the limit of many seeds, for each look of a design or the first so
    many, so that a test of a true hypothesis decides at any of them with a probability of `level`, in (0, 0.5].

    The statistics are then those of a Brownian motion at the looks' shares of the seeds, and probabilities come from
    recursive integration (Armitage, McPherson and Rowe, J. R. Stat. Soc. A 132, 1969).
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri

    times = np.asarray(design.looks[:looks], dtype=float) / design.at_most
    spent = [design.spent(level, seeds) for seeds in design.looks[:looks]]
    steps = np.diff(times, prepend=0.0)
    found = [max(spent[0], LEAST_SPENT)]
    shortest = math.sqrt(steps[1:].min(initial=1.0))
    nodes = _legendre(24 + math.ceil(NODES_A_STEP * (HIGHEST - LOWEST) / shortest))
    places, mass = _grid(times[0], -float(ndtri(found[0])), nodes)
    mass = mass * np.exp(-(places**2) / (2 * times[0])) / math.sqrt(2 * math.pi * times[0])
    for time, step, before, now in zip(times[1:], steps[1:], spent, spent[1:], strict=False):
        spread, root = math.sqrt(step), math.sqrt(time)

        def missing(
            z: float, places: Values = places, mass: Values = mass, spread: float = spread, root: float = root,
            wanted: float = now - before,
        ) -> float:  # fmt: skip
            return float(mass @ ndtr((places - z * root) / spread)) - wanted

        wanted = max(now - before, LEAST_SPENT)
        z = float(brentq(missing, LOWEST, 9.0, xtol=1e-10)) if missing(9.0) < 0 else -float(ndtri(wanted))
        found.append(float(ndtr(-z)))
        new, weights = _grid(time, z, nodes)
        moved = np.exp(-((new[:, None] - places) ** 2) / (2 * step)) @ mass
        places, mass = new, weights * moved / (math.sqrt(2 * math.pi) * spread)
    return tuple(found)


def _grid(time: float, z: float, nodes: tuple[Values, Values]) -> tuple[Values, Values]:
    """Nodes and weights for the values of the motion at a time that are below z standard deviations."""
    low, high = LOWEST * math.sqrt(time), z * math.sqrt(time)
    return low + (high - low) * (nodes[0] + 1) / 2, nodes[1] * (high - low) / 2


@lru_cache(maxsize=16)
def _legendre(nodes: int) -> tuple[Values, Values]:
    x, weights = np.polynomial.legendre.leggauss(nodes)
    return x, weights
