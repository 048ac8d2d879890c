"""What sequential seeds cost and save, by simulated studies: how often they decide wrongly, and with how many seeds.

A study has one claim, that a difference is positive, of which every seed gives a value; the values are drawn, and the
claim is judged at every look by the tests and boundaries of `benchsuite.analysis`. Without a difference whatever is
decided is wrong, and that may happen in 5 % of studies; with one, it is told how many seeds a decision took, in how
many studies there was one, and by how much the mean at that look is larger than the difference.
"""

from __future__ import annotations

import argparse
import math
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from benchsuite.analysis.sequential import boundaries, crossing, flipped_sums
from benchsuite.suite.schema.sequential import LEVEL, Sequential

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Values]

DRAWS: dict[str, Draw] = {
    "normal": lambda chance, shape: chance.standard_normal(shape),
    "Student's t, 3 degrees of freedom": lambda chance, shape: chance.standard_t(3, shape) / math.sqrt(3),
    "in steps of half a deviation": lambda chance, shape: np.round(2 * chance.standard_normal(shape)) / 2,
}
"""Symmetric about 0, with a deviation of about 1. Accuracies on small test sets move in steps: many are equal."""
DIFFERENCES = (0.5, 0.75, 1.0, 1.5, 2.0)
"""Of means, in standard deviations of the paired differences."""
SAMPLE = 2000
"""Patterns of signs by which studies are set aside whose p is far above the boundary."""
FIXED_SAMPLE = 20_000
"""Patterns by which studies of fixed seeds are tested: as many as it takes for a p near the level to be sharp."""


@dataclass(frozen=True)
class Outcomes:
    """Of each study the sign of what was decided, 0 where nothing was, the seeds that it had then, and their mean."""

    sign: NDArray[np.int64]
    seeds: NDArray[np.int64]
    mean: Values

    @property
    def decided(self) -> float:
        return float((self.sign != 0).mean())


def simulate(values: Values, design: Sequential) -> Outcomes:
    """The studies whose seeds have these values, a row each, as their claims are judged."""
    sign, seeds = np.zeros(len(values), int), np.full(len(values), design.at_most)
    for study in np.flatnonzero(_could_decide(values, design)):
        sums = flipped_sums(dict(enumerate(values[study].tolist())), design, len(design.looks))
        found = [(crossing(way * sums, design, LEVEL), way) for way in (1, -1)]
        if decided := [(look, -way) for look, way in found if look is not None]:
            sign[study], seeds[study] = -min(decided)[1], design.looks[min(decided)[0]]
    return _outcomes(values, sign, seeds)


def simulate_student_t(values: Values, design: Sequential) -> Outcomes:
    """The same by Student's t at the boundaries that there are in the limit of many seeds."""
    sign, seeds = np.zeros(len(values), int), np.full(len(values), design.at_most)
    for look, boundary in zip(design.looks, boundaries(design, LEVEL), strict=True):
        going = np.flatnonzero(sign == 0)
        own = values[going, :look]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.nan_to_num(own.mean(axis=1) / (own.std(axis=1, ddof=1) / math.sqrt(look)))
        below = special.stdtr(look - 1, t)
        sign[going] = (1 - below < boundary).astype(int) - (below < boundary)
        seeds[going[sign[going] != 0]] = look
    return _outcomes(values, sign, seeds)


def _outcomes(values: Values, sign: NDArray[np.int64], seeds: NDArray[np.int64]) -> Outcomes:
    mean = np.array([row[:own].mean() for row, own in zip(values, seeds, strict=True)])
    return Outcomes(sign, seeds, mean)


def _could_decide(values: Values, design: Sequential) -> NDArray[np.bool_]:
    """Studies whose p at some look may be below all that is spent until then; the others decide nothing."""
    found = np.zeros(len(values), bool)
    for look in design.looks:
        found |= _may_be_below(values[:, :look], design.spent(LEVEL, look))
    return found


def _may_be_below(values: Values, level: float) -> NDArray[np.bool_]:
    """Whether a sample of the patterns of signs leaves it open that a p of either side is below a level."""
    expected = SAMPLE * level
    most = expected + 8 * math.sqrt(expected) + 12  # eight deviations of a count, and what a small count needs
    sums, own = values @ _sample(values.shape[1], SAMPLE).T, values.sum(axis=1)[:, None]
    close: NDArray[np.bool_] = np.minimum((sums >= own).sum(axis=1), (sums <= own).sum(axis=1)) <= most
    return close


@cache
def _sample(pairs: int, patterns: int) -> Values:
    return np.random.default_rng(7).choice([-1.0, 1.0], (patterns, pairs))


def fixed_decided(values: Values, seeds: int) -> float:
    """The share of the studies that a design of so many seeds decides, by flips of which the first is none."""
    patterns, decided = np.vstack([np.ones(seeds), _sample(seeds, FIXED_SAMPLE)]), 0
    for own in np.array_split(values[:, :seeds], len(values) // 200 + 1):
        sums = own @ patterns.T
        above = (sums >= sums[:, :1] - 1e-9).mean(axis=1), (sums <= sums[:, :1] + 1e-9).mean(axis=1)
        decided += int((np.minimum(*above) < LEVEL).sum())
    return decided / len(values)


def seeds_for_share(values: Values, share: float) -> int:
    """The fewest seeds with which a fixed design decides as many of the studies."""
    few, enough = 5, values.shape[1]
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if fixed_decided(values, middle) >= share else (middle, enough)
    return enough


def main() -> None:
    options = _options()
    design = Sequential(
        at_least=options.at_least, at_most=options.at_most, until="decided", every=options.every,
        spending=options.spending,
    )  # fmt: skip
    looks = ", ".join(map(str, design.looks))
    print(f"{options.studies:,} studies without a difference, a fifth of them with one; {design.spending}, "
          f"looks at {looks} seeds; "
          f"{platform.processor() or platform.machine()}, {time.strftime('%Y-%m-%d')}\n")  # fmt: skip
    shape = (options.studies, design.at_most)
    print(f"5 % of them have a standard error of {100 * math.sqrt(0.05 * 0.95 / options.studies):.2f} %.\n")
    print("| differences | wrong decisions (%) | of Student's t (%) |\n|---|---|---|")
    for seed, (name, draw) in enumerate(DRAWS.items()):
        values = draw(np.random.default_rng(options.seed + seed), shape)
        wrong = [found(values, design).decided for found in (simulate, simulate_student_t)]
        print(f"| {name} | {100 * wrong[0]:.2f} | {100 * wrong[1]:.2f} |", flush=True)
    shape = (options.studies // 5, design.at_most)
    print("\n| difference (sd) | decided (%) | decided by a fixed design of as many (%) | seeds | saved (%) | "
          "fixed design that decides as often | mean at the end (sd) |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for number, difference in enumerate((0.0, *DIFFERENCES)):
        values = difference + np.random.default_rng(options.seed + 100 + number).standard_normal(shape)
        found = simulate(values, design)
        seeds = float(found.seeds.mean())
        equal = seeds_for_share(values, found.decided) if difference else design.at_most
        print(f"| {difference:g} | {100 * found.decided:.1f} | {100 * fixed_decided(values, design.at_most):.1f} | "
              f"{seeds:.1f} | {100 * (1 - seeds / design.at_most):.0f} | {equal} | {found.mean.mean():.2f} |",
              flush=True)  # fmt: skip


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--at-least", type=int, default=6)
    parser.add_argument("--at-most", type=int, default=30)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--spending", default="obrien_fleming")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
