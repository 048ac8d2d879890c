"""Sequential seeds: a design that makes seeds in looks, and stops when every claim is decided.

At a look the claims are tested on the seeds so far. So that looking often does not make wrong decisions likelier, the
level of the tests is spent little by little: how much until which share of the seeds a spending function says (Lan and
DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70, 1983). Here is when looks are taken; the
boundaries that follow are in `analysis.sequential`.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

from pydantic import Field, model_validator

from benchsuite.suite.schema.base import Declared

LEVEL = 0.025
"""Of each of the two one-sided tests of an inequality: that it is so, and that its contrary is."""
EXACT_UP_TO = 16
"""Seeds of which all patterns of signs are tried; beyond them one is drawn for each of those."""
MOST_SEQUENTIAL = 200
"""Seeds of a sequential design: the patterns of their signs are in memory."""
MOST_LOOKS = 50
Spending = Literal["obrien_fleming", "pocock"]


def smallest_p(pairs: int) -> float:
    """The smallest one-sided p that a sign-flip test of so many pairs can have at a look."""
    return 2.0 ** -min(pairs, EXACT_UP_TO)


FEWEST = next(pairs for pairs in range(1, EXACT_UP_TO) if smallest_p(pairs) < LEVEL)
"""Seeds with which a claim can be decided if nobody looks before."""


def spent(spending: Spending, level: float, share: float) -> float:
    """What of a one-sided level is spent once this share of the most seeds is there, which is in (0, 1].

    The functions alpha 1 and alpha 2 of Lan and DeMets (1983): boundaries like those of O'Brien and Fleming
    (Biometrics 35, 1979), which spend almost nothing early, and like those of Pocock (Biometrika 64, 1977).
    """
    if spending == "pocock":
        return level * math.log1p((math.e - 1) * share)
    return math.erfc(-NormalDist().inv_cdf(level / 2) / math.sqrt(2 * share))


class Sequential(Declared):
    """Seeds until every claim is decided: 0, 1, 2 and so on, in looks."""

    at_least: int = Field(ge=1, le=MOST_SEQUENTIAL)
    """Seeds before the first look. Where no test on so few could be decided yet, the first look waits until one can."""

    at_most: int = Field(ge=1, le=MOST_SEQUENTIAL)
    """Seeds after which the study ends, whatever is still open."""

    until: Literal["decided"]
    """What ends the study before: that every claim holds or fails."""

    every: int = Field(default=1, ge=1, le=MOST_SEQUENTIAL)
    """Seeds from one look to the next. Few save the most seeds, many keep more machines busy."""

    spending: Spending = "obrien_fleming"
    """How the level of the tests is spent over the looks: with `obrien_fleming` little of it early, so that the last
    look is almost as strict as a study of fixed seeds, or with `pocock` about evenly, so that clear differences end the
    study earlier and faint ones need more seeds."""

    @model_validator(mode="after")
    def _possible(self) -> Sequential:
        if self.at_least > self.at_most:
            raise ValueError(f"at_least is {self.at_least}, more than at_most, which is {self.at_most}")
        if self.at_least < FEWEST:
            raise ValueError(
                f"with at_least {self.at_least} nothing could be decided: the smallest p of {self.at_least} seeds is "
                f"{smallest_p(self.at_least):.2g}, and a claim is decided below {LEVEL}; take {FEWEST} or more"
            )
        if (looks := len(self.looks)) > MOST_LOOKS:
            every = next(n for n in range(self.every, MOST_SEQUENTIAL) if len(self._looks(n)) <= MOST_LOOKS)
            raise ValueError(f"there would be {looks} looks, more than {MOST_LOOKS}; take `every: {every}`")
        return self

    @property
    def looks(self) -> tuple[int, ...]:
        """How many seeds there are at each look: the first is the first at which a test can be decided."""
        return self._looks(self.every)

    def _looks(self, every: int) -> tuple[int, ...]:
        numbers = (*range(self.at_least, self.at_most, every), self.at_most)
        can = next(i for i, seeds in enumerate(numbers) if smallest_p(seeds) < self.spent(LEVEL, seeds))
        return numbers[can:]

    def spent(self, level: float, seeds: int) -> float:
        """What of a one-sided level is spent once there are so many seeds."""
        return spent(self.spending, level, seeds / self.at_most)

    def taken(self, seeds: int) -> int:
        """How many looks can be taken once so many seeds are whole."""
        return sum(look <= seeds for look in self.looks)
