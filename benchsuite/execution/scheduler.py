"""Carry out a study: every due run once, taking turns with other processes that work on the same results."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Any

from benchsuite.engine.task import RunTask
from benchsuite.execution.messages import Busy, Probe, ProbeJob, Progress
from benchsuite.identity.numerics import Numerics, find_gpus
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store

if TYPE_CHECKING:
    from benchsuite.execution.pool import Pool  # starting processes is nothing that planning needs

WAIT_SECONDS = 1.0


def known_records(tasks: Iterable[RunTask]) -> dict[str, RunRecord]:
    """What the store already has of these tasks, by key."""
    records = ((task.key.key, Store(task.results).read(task.key.key)) for task in tasks)
    return {key: record for key, record in records if record is not None}


def due(tasks: Iterable[RunTask], known: Mapping[str, RunRecord]) -> tuple[RunTask, ...]:
    """The tasks without a finished record, in order; of those with one key, as a case and a trial may be, the first."""
    waiting = (task for task in tasks if task.key.key not in known or known[task.key.key].status != "done")
    first: dict[str, RunTask] = {}
    for task in waiting:
        first.setdefault(task.key.key, task)
    return tuple(first.values())


def devices_for(numerics: Numerics) -> tuple[str | None, ...]:
    """The devices to use, one worker each: every GPU of the kind in `numerics`, or the CPU (None)."""
    return tuple(gpu.uuid for gpu in find_gpus()) if numerics.device == "cuda" else (None,)


def run_all(tasks: Sequence[RunTask], pool: Pool, progress: Progress) -> Iterator[RunRecord]:
    """Make the runs, yielding each record as it finishes.

    A run that another process is making is put aside and asked for again until that process is done with it.
    """
    waiting: dict[Future[Any], RunTask] = {pool.submit(task): task for task in tasks}
    told: set[str] = set()
    while waiting:
        finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in finished:
            task = waiting.pop(future)
            outcome = future.result()
            if not isinstance(outcome, Busy):
                yield outcome
                continue
            if task.key.key not in told:
                told.add(task.key.key)
                progress.say(f"{task.title}: another process is making this run; waiting for it")
            if all(other.running() or later.key.key in told for other, later in waiting.items()):
                time.sleep(WAIT_SECONDS)  # nobody would take another run meanwhile
            waiting[pool.submit(task)] = task


def probe_all(tasks: Sequence[RunTask], pool: Pool) -> dict[str, Probe | Exception]:
    """What one run of each case costs, by the case's name, or why that cannot be told."""
    first = {task.spec.case.name: task for task in reversed(tasks)}
    futures = {name: pool.submit(ProbeJob(task)) for name, task in first.items()}
    wait(futures.values())
    return {name: _outcome(future) for name, future in futures.items()}


def _outcome(future: Future[Any]) -> Probe | Exception:
    try:
        probe: Probe = future.result()
        return probe
    except Exception as error:
        return error
