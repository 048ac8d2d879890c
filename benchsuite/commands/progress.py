"""Progress of a study: bars for suite and run on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from typing import Protocol, Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from benchsuite.commands.console import messages, say
from benchsuite.contracts.observer import EpochReport
from benchsuite.engine.task import RunTask
from benchsuite.store.record import RunRecord

LINE_SECONDS = 10.0
LINES_A_DECADE = 50
"""About how many lines tell of the epochs while a study takes ten times as long as before."""


class Display(Protocol):
    """What the run command shows while runs are made; also an `execution.messages.RunWatcher`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *details: object) -> None: ...

    def started(self, task: RunTask) -> None: ...

    def say(self, text: str) -> None: ...

    def epoch(self, task: RunTask, report: EpochReport, max_epochs: int) -> None: ...

    def steps(self, task: RunTask, epoch: int, done: int, total: int) -> None: ...

    def finished(self, record: RunRecord) -> None: ...


def display(total: int, done: int) -> Display:
    """Bars when standard error is a terminal, else lines; the bars of one study only, should others be made beside."""
    alone = threading.current_thread() is threading.main_thread()
    return Bars(total, done) if messages.is_terminal and alone else Lines(total, done)


def outcome(record: RunRecord) -> str:
    """One line on a finished run."""
    title = f"{record.spec.case.name}, seed {record.spec.seed}"
    if record.failure is not None:
        return f"{title}: FAILED: {record.failure.what}"
    assert record.test is not None
    assert record.best is not None
    assert record.cost is not None
    return (
        f"{title}: test accuracy {100 * record.test.accuracy:.1f} %, best epoch {record.best.epoch} of "
        f"{len(record.epochs)}, {record.cost.seconds.get('total', 0.0):.0f} s"
    )


class Lines:
    """A line for each run, and one now and then for the epochs of long runs."""

    def __init__(self, total: int, done: int) -> None:
        self._total, self._done = total, done
        self._began = self._said = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        pass

    def started(self, task: RunTask) -> None:
        pass

    def say(self, text: str) -> None:
        say(f"  {text}")

    def epoch(self, task: RunTask, report: EpochReport, max_epochs: int) -> None:
        if self._is_time(LINE_SECONDS):
            say(
                f"  {task.title}: epoch {report.epoch} of at most {max_epochs}, loss {report.train_loss:.3f}, "
                f"validation {report.validation_loss:.3f} ({100 * report.validation_accuracy:.1f} %), "
                f"{report.seconds:.1f} s"
            )

    def steps(self, task: RunTask, epoch: int, done: int, total: int) -> None:
        if self._is_time(3 * LINE_SECONDS):
            say(f"  {task.title}: epoch {epoch}, step {done} of {total}")

    def finished(self, record: RunRecord) -> None:
        self._done += 1
        self._said = time.monotonic()
        say(f"[{self._done}/{self._total}] {outcome(record)}")

    def _is_time(self, seconds: float) -> bool:
        """Whether nothing was said for so long; for longer, the longer it takes: a log must not grow without end."""
        now = time.monotonic()
        if now - self._said < max(seconds, 2 * (now - self._began) / LINES_A_DECADE):
            return False
        self._said = now
        return True


class Bars:
    """One bar for the suite, one for each run under way."""

    def __init__(self, total: int, done: int) -> None:
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}", markup=False),
            console=messages,
            transient=True,
        )
        self._suite = self._bars.add_task("suite", total=total, completed=done, loss="")
        self._runs: dict[str, TaskID] = {}
        self._losses: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._bars.stop()

    def started(self, task: RunTask) -> None:
        if task.key.key not in self._runs:
            self._runs[task.key.key] = self._bars.add_task(task.title, total=None, loss="starting")

    def say(self, text: str) -> None:
        self._bars.print(f"  {text}", markup=False)

    def epoch(self, task: RunTask, report: EpochReport, max_epochs: int) -> None:
        if task.key.key not in self._runs:  # it came late, from another machine
            return
        known = f"loss {report.train_loss:.3f} · validation {report.validation_loss:.3f}"
        self._losses[task.key.key] = known
        self._bars.update(
            self._runs[task.key.key],
            description=f"{task.title}, epochs",
            total=max_epochs,
            completed=report.epoch,
            loss=known,
        )

    def steps(self, task: RunTask, epoch: int, done: int, total: int) -> None:
        if task.key.key not in self._runs:
            return
        known = self._losses.get(task.key.key, "starting")
        self._bars.update(self._runs[task.key.key], loss=f"{known} · step {done}/{total} of epoch {epoch}")

    def finished(self, record: RunRecord) -> None:
        self._losses.pop(record.key, None)
        bar = self._runs.pop(record.key, None)
        if bar is not None:
            self._bars.remove_task(bar)
        self._bars.advance(self._suite)
        self._bars.print(outcome(record), markup=False)
