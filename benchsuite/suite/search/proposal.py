"""What a search tries, and in which order: a pure function of its declaration and of the results so far.

With more results the same trials come again, followed by the next batch (`tpe`)
or the next rung (`halving`), so that resuming a search is replaying it, and no order in which runs finish can change
it. Random draws come from a Philox generator, the parzen estimator from Optuna (Bergstra et al., «Algorithms for
hyper-parameter optimization», NeurIPS 2011; Akiba et al., «Optuna», KDD 2019).
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from benchsuite.suite.schema.suite import Search

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution

Point = tuple[int, ...]
"""For each axis of the space, in its order, the index of the value."""

MOST_ASKED = 16
"""How often the estimator is asked for a point that is new before one is drawn in its place."""


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

    A step comes only after all the results that it depends on are there: with `tpe` those of the batches before its
    own, with `halving` those of the whole rung before. The best go on, the smaller number among equals; a failed one
    never does.
    """
    return Proposer(search).propose(cost)


class Proposer:
    """Proposes the steps of one search again and again, as `propose` does, while results come in.

    It goes on from where it was, so a cost that was told must stay what it is.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self._batches = _estimate_points(search) if search.sampler == "tpe" else _list_points(search)
        self._trials = self._waiting = next(self._batches)

    def propose(self, cost: Cost) -> Proposal:
        search = self._search
        rung = self._first_rung(cost)
        steps = list(rung)
        missing = search.budget - len(rung)
        sizes = rung_sizes(search)
        following = missing + sum(sizes[1:])
        for index in range(1, len(sizes)):
            ranked = [(found, step) for step in rung if (found := cost(step)) is not None]
            if missing or len(ranked) < len(rung):
                break
            best = sorted((found, step.number, step) for found, step in ranked if found < math.inf)
            survivors = sorted(number for _, number, _ in best[: count_survivors(search, len(rung))])
            points = {step.number: step.point for step in rung}
            rung = tuple(Step(number, points[number], index) for number in survivors)
            steps += rung
            following = sum(_size_rungs(search, len(rung), len(sizes) - index)[1:])
        return Proposal(tuple(steps), following)

    def _first_rung(self, cost: Cost) -> tuple[Step, ...]:
        """The first step of each trial, as far as the results allow."""
        while len(self._trials) < self._search.budget:
            costs = [found for step in self._waiting if (found := cost(step)) is not None]
            if len(costs) < len(self._waiting):
                break
            self._waiting = self._batches.send(costs)
            self._trials += self._waiting
        return self._trials


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


Batches = Generator[tuple[Step, ...], list[float], None]
"""Of first steps; each is given for the costs of the one before."""


def _list_points(search: Search) -> Batches:
    """All of a grid or a draw at once, for which no result matters."""
    sizes = [len(values) for values in search.space.values()]
    drawn = itertools.product(*map(range, sizes)) if search.sampler == "grid" else _draw_points(search.seed, sizes)
    yield tuple(Step(number, point) for number, point in enumerate(itertools.islice(drawn, search.budget), 1))


def _draw_points(seed: int, sizes: list[int]) -> Iterator[Point]:
    """Points drawn evenly and without repeating. It never ends: asked for more points than the space has, it loops."""
    import numpy as np

    key = np.frombuffer(hashlib.sha256(f"search:{seed}".encode()).digest()[:16], dtype=np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key))
    seen: set[Point] = set()
    while True:
        point = tuple(int(generator.integers(size)) for size in sizes)
        if point not in seen:
            seen.add(point)
            yield point


def _estimate_points(search: Search) -> Batches:
    """Batches of the tree-structured Parzen estimator, each told of all the batches before it, in their order."""
    study = _study(search)
    draws = _draw_points(search.seed, [len(values) for values in search.space.values()])
    seen: set[Point] = set()
    while True:
        batch = []
        for _ in range(min(search.batch, search.budget - len(seen))):
            trial, point = _ask_new_point(study, search, seen, draws)
            seen.add(point)
            batch.append((trial, Step(len(seen), point)))
        costs = yield tuple(step for _, step in batch)
        for (trial, _), found in zip(batch, costs, strict=True):
            study.tell(trial, found)


def _study(search: Search) -> Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(sampler=optuna.samplers.TPESampler(seed=search.seed), direction="minimize")


def _ask_new_point(study: Study, search: Search, seen: set[Point], draws: Iterator[Point]) -> tuple[int, Point]:
    """The number that Optuna gives a new point, and the point."""
    from optuna.trial import TrialState

    axes = _axes(search)
    for _ in range(MOST_ASKED):
        asked = study.ask(axes)
        point = tuple(_index(search, name, asked.params[name]) for name in search.space)
        if point not in seen:
            return asked.number, point
        study.tell(asked, state=TrialState.FAIL)  # failed ones teach the estimator nothing
    point = next(point for point in draws if point not in seen)
    study.enqueue_trial({name: _rank(search, name, index) for name, index in zip(search.space, point, strict=True)})
    return study.ask(axes).number, point


def _axes(search: Search) -> dict[str, BaseDistribution]:
    """An axis of numbers by the ranks of its values, so that neighbours tell of each other; any other by choices."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    return {
        path: IntDistribution(0, len(values) - 1)
        if _order_numbers(search, path)
        else CategoricalDistribution(list(range(len(values))))
        for path, values in search.space.items()
    }


def _order_numbers(search: Search, path: str) -> list[int] | None:
    """The indices of an axis of numbers by their values; None for any other axis."""
    values = search.space[path]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return None
    return sorted(range(len(values)), key=lambda index: float(values[index]))  # type: ignore[arg-type]


def _index(search: Search, path: str, rank: int) -> int:
    order = _order_numbers(search, path)
    return order[rank] if order else rank


def _rank(search: Search, path: str, index: int) -> int:
    order = _order_numbers(search, path)
    return order.index(index) if order else index
