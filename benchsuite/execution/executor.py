"""What carries out runs: all that the rest of the program knows of how, and where, they are made.

A new kind of executor says how it takes a job (`submit`), how many it makes at once (`packing`, `pack`) and how it
ends, in good order (`close`) or at once (`kill`); making runs and probes of that is the same for all.
"""

from __future__ import annotations

import queue
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from typing import Any, Self

from benchsuite.engine.task import RunTask
from benchsuite.execution.case_cost import CaseCost
from benchsuite.execution.messages import Busy, Probe, ProbeJob, RunWatcher
from benchsuite.execution.packing import Packing
from benchsuite.store.record import RunRecord

WAIT_SECONDS = 1.0


class Executor(ABC):
    """Carries out runs and tells `watcher` how they go. Use as a context manager: an exception ends what is at work."""

    devices: int
    """On how many devices runs are made."""

    def __init__(self, watcher: RunWatcher) -> None:
        self.watcher = watcher

    @abstractmethod
    def packing(self, due: int, costs: Sequence[CaseCost], asked: int | None = None) -> Packing:
        """How many of `due` runs to make at once. `costs` are those that are known, `asked` is what the user wants on
        each device."""

    def pack(self, at_once: int) -> None:  # noqa: B027
        """From here on make so many runs at once on each device, where it was fewer."""

    @abstractmethod
    def submit(self, job: RunTask | ProbeJob) -> Future[Any]:
        """A future of a RunRecord or Busy for a RunTask, of a Probe for a ProbeJob."""

    def start(self, jobs: int) -> None:  # noqa: B027
        """Make ready for so many jobs, which are to come; what takes them may start meanwhile."""

    @abstractmethod
    def close(self) -> None:
        """Finish what was submitted, and let go of what it took."""

    @abstractmethod
    def kill(self) -> None:
        """End at once; what was finished stays, the rest goes on from its last checkpoint at another start."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.kill()

    def run(
        self, tasks: Sequence[RunTask], follow: Callable[[RunRecord], Iterable[RunTask]] = lambda _: ()
    ) -> Iterator[RunRecord]:
        """Make the runs, and those that `follow` from the record of each, yielding the records as runs finish.

        A run that another process is making is put aside and asked for again until that process is done with it. What
        `follow` raises ends no run: it is asked nothing more, and its error comes after the last record.
        """
        waiting: dict[Future[Any], RunTask] = {}
        finished: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        announced: set[str] = set()
        lost: Exception | None = None

        def submit(task: RunTask) -> None:
            future = self.submit(task)
            waiting[future] = task
            future.add_done_callback(finished.put)

        for task in tasks:
            submit(task)
        while waiting:
            future = finished.get()
            task, outcome = waiting.pop(future), future.result()
            if not isinstance(outcome, Busy):
                try:
                    for later in follow(outcome) if lost is None else ():
                        submit(later)
                except Exception as error:
                    lost = error
                yield outcome
                continue
            if task.key.key not in announced:
                announced.add(task.key.key)
                self.watcher.say(f"{task.title}: another process is making this run; waiting for it")
            if all(other.running() or later.key.key in announced for other, later in waiting.items()):
                time.sleep(WAIT_SECONDS)  # nobody would take another run meanwhile
            submit(task)
        if lost is not None:
            raise lost

    def probe(self, tasks: Sequence[RunTask]) -> dict[str, Probe | Exception]:
        """What one run of each case costs, by the case's name, or why that cannot be told."""
        first = {task.spec.case.name: task for task in reversed(tasks)}
        futures = {name: self.submit(ProbeJob(task)) for name, task in first.items()}
        wait(futures.values())
        return {name: _outcome(future) for name, future in futures.items()}


def _outcome(future: Future[Any]) -> Probe | Exception:
    try:
        probe: Probe = future.result()
        return probe
    except Exception as error:
        return error
