"""Making runs is the same for every kind of executor: what follows from a run is made while others are under way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest

from benchsuite.engine.task import RunTask
from benchsuite.execution.case_cost import CaseCost
from benchsuite.execution.executor import Executor
from benchsuite.execution.messages import ProbeJob
from benchsuite.execution.packing import Packing
from benchsuite.store.record import RunRecord
from benchsuite.suite import SuiteError


class _Slots(Executor):
    """Room for any number of runs, of which each that it `makes` has its turn when something is waited for."""

    devices = 1

    def __init__(self, *makes: str) -> None:
        super().__init__(cast(Any, None))
        self._makes = makes
        self.under_way: dict[str, Future[Any]] = {}

    def submit(self, job: RunTask | ProbeJob) -> Future[Any]:
        future: Future[Any] = Future()
        self.under_way[_name(job)] = future
        self.finish()
        return future

    def finish(self) -> None:
        """End the runs whose turn it is: their records are their names."""
        while self._makes and self._makes[0] in self.under_way:
            self.under_way.pop(self._makes[0]).set_result(self._makes[0])
            self._makes = self._makes[1:]

    def packing(self, due: int, costs: Sequence[CaseCost], asked: int | None = None) -> Packing:
        return Packing(1, due)

    def pack(self, at_once: int) -> None: ...

    def close(self) -> None: ...

    def kill(self) -> None: ...


def _name(job: Any) -> str:
    return cast(str, job.title)


def _tasks(names: Iterable[str]) -> list[RunTask]:
    return [cast(RunTask, SimpleNamespace(title=name)) for name in names]


def test_what_follows_from_a_run_is_made_while_others_are_under_way() -> None:
    after = {"b": "cd", "c": "e"}
    slots = _Slots("b", "c", "e")
    records = slots.run(_tasks("ab"), lambda record: _tasks(after.get(cast(str, record), "")))
    assert list(itertools.islice(cast(Iterable[str], records), 3)) == ["b", "c", "e"]
    assert sorted(slots.under_way) == ["a", "d"]


def test_each_run_that_follows_is_taken_before_the_next_is_thought_of() -> None:
    """Proposing may take long: whoever is free does not wait for all that is proposed at once."""
    slots = _Slots("a")
    seen = []

    def follow(_: RunRecord) -> Iterable[RunTask]:
        for task in _tasks("bcd"):
            seen.append(sorted(slots.under_way))
            yield task

    next(slots.run(_tasks("a"), follow))
    assert seen == [[], ["b"], ["b", "c"]]


def test_what_cannot_follow_is_told_after_all_runs_have_ended_and_nothing_more_is_asked() -> None:
    slots = _Slots("a", "b", "c")
    asked: list[object] = []

    def follow(record: RunRecord) -> Iterable[RunTask]:
        asked.append(record)
        yield from _tasks("c")
        raise SuiteError([])

    records = slots.run(_tasks("ab"), follow)
    assert list(itertools.islice(cast(Iterable[str], records), 3)) == ["a", "b", "c"]
    with pytest.raises(SuiteError):
        next(records)
    assert asked == ["a"]
