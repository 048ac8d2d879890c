"""Worker processes, one a device, and the futures of what they were given.

Each worker has a thread here that hands it jobs and listens. A worker that dies fails the run it carried and is
replaced; the others go on.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from benchsuite.engine.task import RunTask
from benchsuite.errors import WorkerDied
from benchsuite.execution import worker
from benchsuite.execution.messages import Busy, Probe, ProbeJob, Progress
from benchsuite.identity.numerics import Numerics
from benchsuite.processes import ending
from benchsuite.registry import OURS
from benchsuite.settings import HANG_SECONDS
from benchsuite.store.environment import capture
from benchsuite.store.record import Failure, RunRecord
from benchsuite.store.run_store import Store

GRACE_SECONDS = 5.0


class Pool:
    """Workers for `gpus` (a card's UUID each, or None for the CPU). Use as a context manager.

    `submit` gives a future of a RunRecord or Busy for a RunTask, of a Probe for a ProbeJob.
    """

    def __init__(self, numerics: Numerics, gpus: Sequence[str | None], progress: Progress) -> None:
        self._numerics, self._progress = numerics, progress
        self._jobs: queue.Queue[tuple[RunTask | ProbeJob, Future[Any]] | None] = queue.Queue()
        self._stopping = threading.Event()
        self._workers = [_Worker(numerics, gpu) for gpu in gpus]
        self._threads = [threading.Thread(target=self._attend, args=(each,), daemon=True) for each in self._workers]
        for thread in self._threads:
            thread.start()

    def submit(self, job: RunTask | ProbeJob) -> Future[Any]:
        future: Future[Any] = Future()
        self._jobs.put((job, future))
        return future

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.kill()
            return
        for _thread in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def kill(self) -> None:
        """End the workers at once; what they had finished stays, the rest goes on from its last checkpoint."""
        self._stopping.set()
        for each in self._workers:
            each.kill()
        for _thread in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(GRACE_SECONDS)

    def _attend(self, own: _Worker) -> None:
        if hasattr(signal, "pthread_sigmask"):
            # Inherited by the workers: Ctrl-C must not reach them before they can ignore it.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        while (item := self._jobs.get()) is not None:
            job, future = item
            if self._stopping.is_set():
                future.cancel()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._do(job, own))
            except BaseException as error:
                future.set_exception(error)
        own.stop()

    def _do(self, job: RunTask | ProbeJob, own: _Worker) -> RunRecord | Busy | Probe:
        if isinstance(job, RunTask):
            self._progress.started(job)
        try:
            own.send(job)
            while True:
                kind, content = own.receive()
                match kind:
                    case "result" | "spoiled":
                        result: RunRecord | Busy | Probe = content
                        if isinstance(result, RunRecord) and result.failure is not None:
                            own.retire(spoiled=kind == "spoiled")
                        return result
                    case "error":
                        own.retire()
                        raise content
                    case "say":
                        self._progress.say(content)
                    case "epoch" if isinstance(job, RunTask):
                        self._progress.epoch(job, *content)
                    case "steps" if isinstance(job, RunTask):
                        self._progress.steps(job, *content)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            error = WorkerDied(
                f"the process that carried this run ended: {own.bury()}",
                where=_where(job if isinstance(job, RunTask) else job.task),
                remedy="free memory or lower the batch size if it was killed; the log is in the run's folder. "
                "Start the suite again to go on from the last checkpoint",
            )
            if isinstance(job, ProbeJob) or self._stopping.is_set():
                raise error from None
            return _failed(job, error)


class _Worker:
    """One process and the pipe to it; started when first needed, and again after it died."""

    def __init__(self, numerics: Numerics, gpu: str | None) -> None:
        self._numerics, self._gpu = numerics, gpu
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        self._killed = False
        self._given_up = ""

    def send(self, job: RunTask | ProbeJob) -> None:
        with self._lock:  # of the start alone: sending waits for the worker, and kill must not
            if self._killed:
                raise EOFError
            if self._process is None or not self._process.is_alive():
                self._start()
        assert self._connection is not None
        self._connection.send(job)

    def receive(self) -> tuple[str, Any]:
        assert self._connection is not None
        patience = HANG_SECONDS.value()
        if patience and not self._connection.poll(patience):
            self._given_up = f"it gave no sign of life for {patience:.0f} s and was given up"
            if self._process is not None:
                self._process.kill()
            raise EOFError
        message: tuple[str, Any] = self._connection.recv()
        return message

    def _start(self) -> None:
        if self._connection is not None:
            self._connection.close()
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=worker.main, args=(theirs, self._numerics, self._gpu), name="benchsuite worker", daemon=True
        )
        self._process.start()
        theirs.close()

    def bury(self) -> str:
        """Wait for the dead process and say what it died of."""
        process, self._process = self._process, None
        if process is None:
            return "it was stopped"
        process.join(GRACE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        given_up, self._given_up = self._given_up, ""
        if given_up:
            return given_up
        code = process.exitcode or 0
        if code >= 0:
            return f"it left with {ending(code)}"
        return f"killed by {ending(code)}" + (", often because memory ran out" if code == -signal.SIGKILL else "")

    def retire(self, *, spoiled: bool = False) -> None:
        """After a failure: a fault on a GPU ends the use of CUDA in its process, and a plugin may have `spoiled` what
        all code there shares, so the next job gets a new one."""
        if spoiled or self._numerics.device == "cuda":
            self._leave()
            self.bury()

    def stop(self) -> None:
        self._leave()
        self.kill()

    def _leave(self) -> None:
        if self._process is not None and self._connection is not None and self._process.is_alive():
            with suppress(OSError):  # it may be dying
                self._connection.send(None)
            self._process.join(GRACE_SECONDS)

    def kill(self) -> None:
        with self._lock:
            self._killed = True
            process = self._process
        if process is not None and process.is_alive():
            process.kill()
            process.join(GRACE_SECONDS)


def _where(task: RunTask) -> str:
    """The run, and whose code it ran besides ours: a process that is gone cannot tell which of it was at work."""
    case = task.spec.case
    parts = {"data set": case.dataset, "model": case.model, "recipe": case.recipe}
    foreign = [f"{kind} {one.name} of {one.distribution}" for kind, one in parts.items() if one.distribution != OURS]
    return task.title + (f", with the {', the '.join(foreign)}" if foreign else "")


def _failed(task: RunTask, error: WorkerDied) -> RunRecord:
    """Write the record that the dead worker could not."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    record = RunRecord(
        key=task.key.key,
        key_fields=task.key.fields,
        spec=task.spec,
        status="failed",
        started=now,
        finished=now,
        deviations=task.deviations,
        environment=capture(task.numerics),
        failure=Failure(kind=error.kind, what=error.what, where=error.where, remedy=error.remedy),
    )
    Store(task.results).write(record)
    return record
