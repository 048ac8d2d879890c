"""What a search tries, and in which order: a pure function of its declaration and of the results so far.

With more results the same trials come again, followed by those that they make possible, so that resuming a search is
replaying it, and no order in which runs finish can change it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from benchsuite.suite.schema.suite import Search
from benchsuite.suite.search.points import Estimator, Point, Points, list_points


@dataclass(frozen=True)
class Step:
    """One run of a search: trial `number` (from 1) at `point`, with halving on `rung` (from 0)."""

    number: int
    point: Point
    rung: int = 0


Cost = Callable[[Step], float | None]
"""What a step resulted in, to be made small; infinite when it failed, None while it is not known."""


@dataclass(frozen=True)
class Proposal:
    """The steps that the results so far imply, in their order, and how many may at most come after them."""

    steps: tuple[Step, ...]
    following: int


def propose(search: Search, cost: Cost) -> Proposal:
    """The steps of a search, those to be made now included: they are the ones without a cost.

    A step comes only after all the results that it depends on are there: with `tpe` those of the trials that
    `count_told` names, with `halving` those of the whole rung before. The best go on, the smaller number among equals;
    a failed one never does.
    """
    proposer = Proposer(search)
    return Proposal(tuple(proposer.advance(cost)), proposer.following)


class Proposer:
    """Proposes the steps of one search, as `propose` does, while results come in.

    It goes on from where it was, so a cost that was told must stay what it is. In the file `memory` it keeps what takes
    long to propose.
    """

    def __init__(self, search: Search, memory: Path | None = None) -> None:
        self._search = search
        self._points: Points = Estimator(search, memory) if search.sampler == "tpe" else list_points(search)
        self._rung = self._first = _Rung()
        self._rung_index = 0
        self.following = count_runs(search)
        """How many steps may at most come after those so far."""

    def advance(self, cost: Cost) -> Iterator[Step]:
        """The steps that the costs make possible beyond those given before, each as soon as it is found."""
        for step in self._advance(cost):
            self.following -= 1
            yield step

    def _advance(self, cost: Cost) -> Iterator[Step]:
        search, first = self._search, self._first
        while (number := len(first.steps) + 1) <= search.budget:
            told = count_told(search, number)
            if not first.learn(cost, told):
                return
            step = Step(number, self._points(first.costs[count_told(search, number - 1) : told]))
            first.steps.append(step)
            yield step
        sizes = rung_sizes(search)
        while self._rung_index + 1 < len(sizes) and self._rung.learn(cost, len(self._rung.steps)):
            self._rung_index += 1
            self._rung = _Rung(_survivors(search, self._rung, self._rung_index))
            later = len(sizes) - self._rung_index
            self.following = sum(_size_rungs(search, len(self._rung.steps), later))
            yield from self._rung.steps


@dataclass(frozen=True)
class _Rung:
    """The steps of a rung so far, and the costs of the first of them."""

    steps: list[Step] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    def learn(self, cost: Cost, wanted: int) -> bool:
        """Whether the costs of so many are known; what was known once is not asked again."""
        while len(self.costs) < wanted and (found := cost(self.steps[len(self.costs)])) is not None:
            self.costs.append(found)
        return len(self.costs) >= wanted


def _survivors(search: Search, rung: _Rung, index: int) -> list[Step]:
    """Those of a rung that go on to the one with this index."""
    ranked = zip(rung.costs, rung.steps, strict=True)
    best = sorted((found, step.number, step.point) for found, step in ranked if found < math.inf)
    going = sorted((number, point) for _, number, point in best[: count_survivors(search, len(rung.steps))])
    return [Step(number, point, index) for number, point in going]


def count_told(search: Search, number: int) -> int:
    """From the results of how many trials, the first ones, trial `number` is proposed."""
    if search.sampler != "tpe":
        return 0
    if search.lag is not None:
        return max(0, number - search.lag)
    return max(0, number - 1) // search.batch * search.batch


def rung_sizes(search: Search) -> tuple[int, ...]:
    """How many trials run on each rung when none fails; without halving there is one."""
    return _size_rungs(search, search.budget, len(search.halving.rungs) if search.halving else 1)


def count_runs(search: Search) -> int:
    """How many runs the whole search takes when none fails."""
    return sum(rung_sizes(search))


def count_survivors(search: Search, trials: int) -> int:
    """How many of so many trials go on; the declared decimal number is meant, not the nearest binary one."""
    assert search.halving is not None
    return math.ceil(Fraction(repr(search.halving.keep)) * trials)


def count_points(search: Search) -> int:
    """How many points the space has."""
    return math.prod(len(values) for values in search.space.values())


def _size_rungs(search: Search, trials: int, rungs: int) -> tuple[int, ...]:
    sizes = [trials]
    for _ in range(1, rungs):
        sizes.append(count_survivors(search, sizes[-1]))
    return tuple(sizes)
