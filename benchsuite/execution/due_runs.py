"""Which runs are due: the tasks of a study against what the store has of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchsuite.engine.task import RunTask
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store


def load_records(tasks: Iterable[RunTask]) -> dict[str, RunRecord]:
    """What the store already has of these tasks, by key."""
    records = ((task.key.key, Store(task.results).read(task.key.key)) for task in tasks)
    return {key: record for key, record in records if record is not None}


def find_due(tasks: Iterable[RunTask], statuses: Mapping[str, str]) -> tuple[RunTask, ...]:
    """The tasks that are not done by the `statuses` of keys, in order; of those with one key, as a case and a trial may
    be, the first."""
    first: dict[str, RunTask] = {}
    for task in tasks:
        if statuses.get(task.key.key) != "done":
            first.setdefault(task.key.key, task)
    return tuple(first.values())
