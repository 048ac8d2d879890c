"""The worker process: makes one run after another on its device, until told to stop or its parent is gone.

Messages from the parent are a RunTask, a ProbeJob, a TrainedJob, or None to stop; answers are (kind, content) pairs,
the last of each job being ("result", ...), or ("spoiled", ...) after a plugin has changed what all code of the process
shares, or ("error", exception). While a run is made, everything the process prints goes into the run's log.
"""

from __future__ import annotations

import errno
import faulthandler
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import Timeout

from benchsuite.atomic_files import store_error
from benchsuite.contracts.observer import EpochReport
from benchsuite.engine.determinism.torch_settings import configure, prepare_environment
from benchsuite.engine.meters import clock, memory
from benchsuite.engine.task import RunTask
from benchsuite.errors import BenchsuiteError, SetupError
from benchsuite.execution import logs
from benchsuite.execution.failed_record import record_failure
from benchsuite.execution.messages import Busy, ProbeJob, TrainedJob
from benchsuite.identity.numerics import Numerics
from benchsuite.identity.source_fingerprint import fingerprints
from benchsuite.processes import Parent
from benchsuite.registry import registry
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import LOG, Store

_LOG = logging.getLogger(__name__)


def main(parent: Parent, numerics: Numerics, gpu: str | None, level: int = logging.WARNING) -> None:
    """Do the jobs that `parent` sends, until it says None. What is logged from this level on is sent to it."""
    logs.tell_parent(parent, level)
    unfit = _prepare(numerics, gpu)
    while (job := parent.receive()) is not None:
        try:
            if unfit is not None:
                raise unfit
            done = _do(job, parent)
            answer: tuple[str, object] = ("spoiled" if _is_spoiled() else "result", done)
        except Exception as error:
            answer = ("error", _portable(error))
        parent.send(answer)


def preparation(numerics: Numerics) -> tuple[object, ...]:
    """What of the numerics is built into a worker when it starts."""
    return numerics.device, numerics.threads, numerics.cudnn


def _prepare(numerics: Numerics, gpu: str | None) -> Exception | None:
    """Make this process compute the same bits every time, and read in what runs need; returns why it cannot."""
    try:
        clock.start()
        memory.keep()
        prepare_environment(numerics, gpu)
        configure(numerics)

        import torch._dynamo  # noqa: F401 - the first optimizer would read it in, while a run waits

        import benchsuite.engine.run.execute  # noqa: F401

        memory.leave_alone()
    except Exception as error:
        return error
    return None


def _is_spoiled() -> bool:
    """Whether a plugin has changed what all code of this process shares."""
    from benchsuite.engine.diagnostics import guard  # which imports torch, as the parent of this process must not

    return guard.spoiled()


def _portable(error: Exception) -> Exception:
    """`error` as it can be sent: a foreign class may not come through, and its traceback never does."""
    if isinstance(error, BenchsuiteError):
        return error
    what = "".join(traceback.format_exception_only(error)).strip()
    return RuntimeError(f"a worker process failed: {what}\n" + "".join(traceback.format_exception(error)))


def _do(job: RunTask | ProbeJob | TrainedJob, parent: Parent) -> Any:
    if isinstance(job, TrainedJob):
        return job.do(registry())
    if isinstance(job, ProbeJob):
        from benchsuite.execution.cost_probe import probe

        return probe(job.task, registry())
    try:
        return _run(job, parent)
    except SetupError:  # of every run of the study
        raise
    except Exception as error:  # of the store, a lock or the log: what a run itself raises is in its record already
        from benchsuite.engine.diagnostics.failures import describe_failure

        return record_failure(job, describe_failure(error, job))


def _run(job: RunTask, parent: Parent) -> RunRecord | Busy:
    store = Store(job.results)
    lock = store.lock(job.key.key)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        _LOG.debug("another process holds the lock of this run")
        return Busy(job.key.key)
    try:
        known = store.read(job.key.key, thorough=True)
        if known is not None and known.status == "done":
            return known
        _check_code(job)
        return _make_run(job, store, parent)
    finally:
        with suppress(Exception):  # the system lets go of it when this process ends
            lock.release()


def _check_code(task: RunTask) -> None:
    """Raise SetupError when the code that this process would import is no longer that of the run's key."""
    planned = task.key.fields["code"]
    now = fingerprints(name for name in planned if name != "benchsuite")
    changed = [name for name in planned if now[name] != planned[name]]
    if changed:
        raise SetupError(
            f"the source of {', '.join(changed)} has changed since this study was planned",
            where=task.title,
            expected="one version of the code for the whole study",
            remedy="start the command again: what is done is kept where the code that made it is still the same",
        )


def _make_run(task: RunTask, store: Store, parent: Parent) -> RunRecord:
    from benchsuite.engine.run.execute import execute

    with _logging(store.folder(task.key.key) / LOG):
        watcher = _Watcher(parent)
        _LOG.info(f"run {task.key.key}: {task.spec.suite}, {task.title}")
        record = execute(task, registry(), watcher)
        _LOG.info(f"{record.status}" + (f": {record.failure.what}" if record.failure else ""))
        return record


class _Watcher:
    """Tells the parent, and the log."""

    def __init__(self, parent: Parent) -> None:
        self._parent = parent

    def say(self, text: str) -> None:
        _LOG.info(text, extra=logs.TOLD)
        self._parent.send(("say", text))

    def epoch(self, report: EpochReport, max_epochs: int) -> None:
        _LOG.info(
            f"epoch {report.epoch} of {max_epochs}: train loss {report.train_loss:.4f}, accuracy "
            f"{report.train_accuracy:.4f}; validation loss {report.validation_loss:.4f}, accuracy "
            f"{report.validation_accuracy:.4f}; {report.seconds:.2f} s"
        )
        self._parent.send(("epoch", (report, max_epochs)))

    def steps(self, epoch: int, done: int, total: int) -> None:
        self._parent.send(("steps", (epoch, done, total)))


@contextmanager
def _logging(file: Path) -> Iterator[None]:
    """Send standard output and error of the whole process, native code included, to `file`."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if file.is_fifo():  # opening it would wait for somebody to read
            raise OSError(errno.EINVAL, "this is a pipe, not a file")
        log = file.open("ab", buffering=0)
    except OSError as error:
        raise store_error(error, file) from error
    kept = os.dup(1), os.dup(2)
    with log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        faulthandler.enable(log)
        try:
            with logs.printed():
                yield
        finally:
            faulthandler.disable()
            for buffered in (sys.stdout, sys.stderr):
                with suppress(OSError):
                    buffered.flush()
            for saved, stream in zip(kept, (1, 2), strict=True):
                os.dup2(saved, stream)
                os.close(saved)
