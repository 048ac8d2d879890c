"""The points of a search space in the order in which a sampler tries them.

Random draws come from a Philox generator, the parzen estimator from Optuna (Bergstra et al., «Algorithms for
hyper-parameter optimization», NeurIPS 2011; Akiba et al., «Optuna», KDD 2019). Optuna looks at every trial before it
proposes one, so that to propose n of them again takes n² looks. What it proposed is therefore remembered in a file,
with all that this depended on: a search that starts again takes it from there, and goes on. A memory that is lost,
damaged or of something else costs time only.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import platform
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.atomic_files import write_bytes
from benchsuite.errors import StoreError
from benchsuite.suite.schema.suite import Search

if TYPE_CHECKING:
    from numpy.random import RandomState
    from optuna.distributions import BaseDistribution

Point = tuple[int, ...]
"""For each axis of the space, in its order, the index of the value."""
Points = Callable[[list[float]], Point]
"""The next point each time it is called, with those costs that it may be proposed from and the one before might not."""

MOST_ASKED = 16
"""How often the estimator is asked for a point that is new before one is drawn in its place."""
ALGORITHM = 1
"""To be raised when this module comes to propose other points: none is then remembered from before."""
SAVE_SECONDS = 1.0
"""So much time spent on proposals is lost at most when a search is stopped."""
MOST_STATES = 64
"""At how many trials, all over the search, it is remembered what the generators were."""

State = list[tuple[str, int]]
"""Of each generator, its numbers in hexadecimal digits and how many of them were drawn."""


def list_points(search: Search) -> Points:
    """The points of a grid or a draw, for which no result matters."""
    sizes = [len(values) for values in search.space.values()]
    points = itertools.product(*map(range, sizes)) if search.sampler == "grid" else draw_points(search.seed, sizes)
    return lambda _: next(points)


def draw_points(seed: int, sizes: list[int]) -> Iterator[Point]:
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


@dataclass
class _Memory:
    """The points that were proposed, the costs that they were proposed from, and by how many points there were, what
    the generators were then."""

    points: list[Point] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    states: dict[int, State] = field(default_factory=dict)


class Estimator:
    """The points of the tree-structured Parzen estimator, which is told of the trials in their order."""

    def __init__(self, search: Search, file: Path | None = None) -> None:
        self._search, self._file = search, file
        self._memory = _recall(file, self._depends) if file is not None else _Memory()
        self._points: list[Point] = []
        self._costs: list[float] = []
        self._told: list[int] = []
        """How many of the costs each point was proposed from."""
        self._study: _Study | None = None
        self._unsaved = 0.0

    def __call__(self, costs: list[float]) -> Point:
        before, number, known = len(self._costs), len(self._points), self._memory
        begun = time.monotonic()
        if self._study is None and (number >= len(known.points) or known.costs[before : before + len(costs)] != costs):
            self._study = self._resume()
        point = known.points[number] if self._study is None else self._study.ask(costs)
        self._points.append(point)
        self._costs += costs
        self._told.append(len(self._costs))
        if self._study is not None and self._file is not None:
            self._unsaved += time.monotonic() - begun
            if self._unsaved >= SAVE_SECONDS:
                self._save(self._file, self._study.state)
        return point

    def _resume(self) -> _Study:
        """A study that has proposed what was proposed so far: from the last trial before which its state is known."""
        states, total = self._memory.states, len(self._points)
        self._memory.states = {number: state for number, state in states.items() if number <= total}
        last = max(self._memory.states, default=0)
        told = self._told[last - 1] if last else 0
        study = _Study(self._search, self._points[:last], self._costs[:told], states.get(last))
        for after in self._told[last:]:
            study.ask(self._costs[told:after])
            told = after
        return study

    def _save(self, file: Path, state: State) -> None:
        self._unsaved = 0.0
        states = self._memory.states
        states[len(self._points)] = state
        if len(states) > MOST_STATES:
            marks = [0, *states]
            around = zip(marks, marks[1:], marks[2:], strict=False)
            _, crowded = min((after - before, here) for before, here, after in around)
            del states[crowded]
        body = json.dumps({"points": self._points, "costs": self._costs, "states": states}).encode()
        with suppress(StoreError):
            write_bytes(file, f"{hashlib.sha256(self._depends + body).hexdigest()}\n".encode() + body)

    @cached_property
    def _depends(self) -> bytes:
        """What the points depend on beside the costs."""
        import numpy as np

        search = self._search
        # The same numpy has other routines, and other last bits, for other processors.
        find = getattr(getattr(np.lib, "introspect", None), "opt_func_info", None)  # from numpy 2 on
        routines = find("^(exp|log|log1p)$", "float64") if find is not None else None
        libraries = [version("optuna"), np.__version__, platform.python_version(), platform.machine(), routines]
        declared = [list(search.space.items()), search.seed, search.batch, search.lag]
        return json.dumps([ALGORITHM, libraries, declared]).encode()


def _recall(file: Path, depends: bytes) -> _Memory:
    with suppress(OSError, ValueError):
        told, _, body = file.read_bytes().partition(b"\n")
        if told.decode() == hashlib.sha256(depends + body).hexdigest():
            found = json.loads(body)
            states = {int(number): state for number, state in found["states"].items()}
            return _Memory(list(map(tuple, found["points"])), found["costs"], states)
    return _Memory()


class _Study:
    """Optuna's study, begun with points that it has proposed, the costs of the first of them, and its state then."""

    def __init__(self, search: Search, points: Sequence[Point], costs: Sequence[float], state: State | None) -> None:
        import numpy as np
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._sampler = optuna.samplers.TPESampler(seed=search.seed)
        self._study = optuna.create_study(sampler=self._sampler, direction="minimize")
        self._axes = [_Axis(path, values) for path, values in search.space.items()]
        self._distributions = {axis.path: axis.distribution for axis in self._axes}
        self._seen = set(points)
        # Begun anew it repeats itself, which are all points that were seen.
        self._draws = draw_points(search.seed, [len(values) for values in search.space.values()])
        self._untold = deque(range(len(costs), len(points)))
        for point, cost in itertools.zip_longest(points, costs):
            self._study.add_trial(self._trial(point, cost))
        for generator, (numbers, drawn) in zip(self._generators, state or (), strict=False):
            key = np.frombuffer(bytes.fromhex(numbers), dtype="<u4")
            generator.set_state({"bit_generator": "MT19937", "state": {"key": key, "pos": drawn}})

    def ask(self, costs: Sequence[float]) -> Point:
        """The next point, once it is told these costs."""
        for cost in costs:
            self._study.tell(self._untold.popleft(), cost)
        number, point = self._ask_new_point()
        self._seen.add(point)
        self._untold.append(number)
        return point

    @property
    def state(self) -> State:
        found = [generator.get_state(legacy=False)["state"] for generator in self._generators]
        return [(one["key"].astype("<u4").tobytes().hex(), int(one["pos"])) for one in found]

    @property
    def _generators(self) -> tuple[RandomState, ...]:
        """What the sampler draws from. Optuna's own way to keep it, pickle, would carry out what a file says."""
        return self._sampler._rng.rng, self._sampler._random_sampler._rng.rng

    def _ask_new_point(self) -> tuple[int, Point]:
        """The number that Optuna gives a new point, and the point."""
        from optuna.trial import TrialState

        for _ in range(MOST_ASKED):
            asked = self._study.ask(self._distributions)
            point = tuple(axis.index(asked.params[axis.path]) for axis in self._axes)
            if point not in self._seen:
                return asked.number, point
            self._study.tell(asked, state=TrialState.FAIL)  # failed ones teach the estimator nothing
        point = next(point for point in self._draws if point not in self._seen)
        self._study.enqueue_trial(self._params(point))
        return self._study.ask(self._distributions).number, point

    def _params(self, point: Point) -> dict[str, Any]:
        return {axis.path: axis.rank(index) for axis, index in zip(self._axes, point, strict=True)}

    def _trial(self, point: Point, cost: float | None) -> Any:
        """A trial as Optuna has it once it was asked for, and told unless its cost is None."""
        from optuna.trial import TrialState, create_trial

        state = TrialState.RUNNING if cost is None else TrialState.COMPLETE
        return create_trial(state=state, value=cost, params=self._params(point), distributions=self._distributions)


class _Axis:
    """An axis as Optuna knows it: one of numbers by the ranks of its values, so that neighbours tell of each other, any
    other by choices."""

    def __init__(self, path: str, values: Sequence[Any]) -> None:
        from optuna.distributions import CategoricalDistribution, IntDistribution

        self.path = path
        self._order = list(range(len(values)))
        self.distribution: BaseDistribution
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            self._order.sort(key=lambda index: float(values[index]))
            self.distribution = IntDistribution(0, len(values) - 1)
        else:
            self.distribution = CategoricalDistribution(list(self._order))
        self._ranks = {index: rank for rank, index in enumerate(self._order)}

    def index(self, rank: int) -> int:
        """Of the value of this rank."""
        return self._order[rank]

    def rank(self, index: int) -> int:
        """Of the value with this index."""
        return self._ranks[index]
