"""Which runs are due: the tasks of a study against what the store has of them; and which keep their weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Literal

from benchsuite.engine.task import RunTask
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from benchsuite.store.shared_parts import SharedParts
from benchsuite.suite.cases.plan import Plan

Kept = Literal["all", "cases", "none"]
"""Whose weights stay beside their records: those of all runs, of one run of each case, or none."""


def load_records(tasks: Iterable[RunTask]) -> dict[str, RunRecord]:
    """What the store already has of these tasks, by key; what is equal in records is there once."""
    records = ((task.key.key, Store(task.results).read(task.key.key)) for task in tasks)
    parts = SharedParts()
    return {key: parts.of(record) for key, record in records if record is not None}


def find_due(tasks: Iterable[RunTask], statuses: Mapping[str, str]) -> tuple[RunTask, ...]:
    """The tasks that are not done by the `statuses` of keys, in order; of those with one key, as a case and a trial may
    be, the first."""
    first: dict[str, RunTask] = {}
    for task in tasks:
        if statuses.get(task.key.key) != "done":
            first.setdefault(task.key.key, task)
    return tuple(first.values())


def keeping(kept: Kept, plan: Plan) -> Callable[[RunTask], RunTask]:
    """What has the tasks of a plan keep their weights, or not. The one run of a case is that of the plan's first seed;
    the trials of a search, of which there may be any number, are then no cases."""
    cases = {case.name for case in plan.cases} if kept == "cases" else ()

    def marked(task: RunTask) -> RunTask:
        first = task.spec.case.name in cases and task.spec.seed == plan.seeds[0]
        return task if kept == "all" else replace(task, keeps_weights=first)

    return marked
