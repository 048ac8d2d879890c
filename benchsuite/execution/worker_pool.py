"""The local executor: worker processes on this machine, one a device.

Each worker has a thread here that hands it jobs and listens. A worker that dies fails the run it was making and is
replaced; a GPU that computes no more is given up, and its run made on another. The others go on.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from benchsuite.engine.task import RunTask
from benchsuite.errors import BenchsuiteError, DeviceError, WorkerDied, on_one_line
from benchsuite.execution import worker
from benchsuite.execution.executor import Executor
from benchsuite.execution.failed_record import record_failure
from benchsuite.execution.messages import Busy, Probe, ProbeJob, RunWatcher
from benchsuite.identity.gpu_trial import try_gpu
from benchsuite.identity.numerics import Numerics
from benchsuite.processes import GRACE_SECONDS, ChildProcess, ProcessEnded, describe_exit, interrupts_blocked
from benchsuite.registry import OURS
from benchsuite.settings import HANG_SECONDS
from benchsuite.store.record import Failure, RunRecord


class Pool(Executor):
    """Workers for `gpus` (a card's UUID each, or None for the CPU)."""

    def __init__(self, numerics: Numerics, gpus: Sequence[str | None], watcher: RunWatcher) -> None:
        super().__init__(watcher)
        self._jobs: queue.Queue[tuple[RunTask | ProbeJob, Future[Any]] | None] = queue.Queue()
        self._stopping = threading.Event()
        self._workers = [_Worker(numerics, gpu) for gpu in gpus]
        self._in_use = len(self._workers)
        self._giving_up = threading.Lock()
        self._threads = [threading.Thread(target=self._attend, args=(each,), daemon=True) for each in self._workers]
        with interrupts_blocked():
            for thread in self._threads:
                thread.start()

    def submit(self, job: RunTask | ProbeJob) -> Future[Any]:
        future: Future[Any] = Future()
        self._jobs.put((job, future))
        return future

    def close(self) -> None:
        self._join(None)

    def kill(self) -> None:
        self._stopping.set()
        for each in self._workers:
            each.kill()
        self._join(GRACE_SECONDS)

    def _join(self, seconds: float | None) -> None:
        for _thread in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(seconds)

    def _attend(self, own: _Worker) -> None:
        while (item := self._jobs.get()) is not None:
            job, future = item
            if self._stopping.is_set():
                future.cancel()
            # One that was handed back is running already.
            if not future.running() and not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._do(job, own))
            except DeviceError as error:
                if self._give_up(own, error):
                    self._jobs.put(item)
                    break
                future.set_exception(error)
            except BaseException as error:
                future.set_exception(error)
        own.stop()

    def _give_up(self, own: _Worker, error: DeviceError) -> bool:
        """Do without a GPU that computes no more, unless it is the last. One without the memory for a run computes."""
        if own.gpu is None or try_gpu(own.gpu) is None:
            return False
        with self._giving_up:
            if self._in_use == 1:
                return False
            self._in_use -= 1
        self.watcher.say(f"the GPU {own.gpu} is given up; its run goes to another: {error.what}")
        return True

    def _do(self, job: RunTask | ProbeJob, own: _Worker) -> RunRecord | Busy | Probe:
        if isinstance(job, RunTask):
            self.watcher.started(job)
        patience = HANG_SECONDS.value()
        try:
            return self._converse(job, own, patience)
        except BenchsuiteError:  # the worker says so of every job that it could be given
            own.recycle()
            raise
        except ProcessEnded as ended:
            error = WorkerDied(
                f"the process that carried this run ended: {_describe(ended, patience)}",
                where=_where(job if isinstance(job, RunTask) else job.task),
                remedy="free memory or lower the batch size if it was killed; the log is in the run's folder. "
                "Start the suite again to go on from the last checkpoint",
            )
        except Exception as raised:
            own.discard()  # who knows what of the conversation is still on its way
            if isinstance(job, ProbeJob):
                raise
            error = WorkerDied(
                on_one_line(
                    f"the process that makes runs cannot be started or spoken to: {type(raised).__name__}: {raised}"
                ),
                where=_where(job if isinstance(job, RunTask) else job.task),
                expected="a machine with memory, processes and open files to spare (ulimit -u, ulimit -n)",
                remedy="end what else is running, and start the suite again: what is done is kept",
            )
        if isinstance(job, ProbeJob) or self._stopping.is_set():
            raise error from None
        if own.gpu is not None:
            _check_gpu(own.gpu)
        failure = Failure(
            kind=error.kind, what=error.what, where=error.where, expected=error.expected, remedy=error.remedy
        )
        return record_failure(job, failure)

    def _converse(self, job: RunTask | ProbeJob, own: _Worker, patience: float) -> RunRecord | Busy | Probe:
        own.send(job)
        while True:
            kind, content = own.receive(patience)
            if kind in ("result", "spoiled"):
                result: RunRecord | Busy | Probe = content
                if isinstance(result, RunRecord) and result.failure is not None:
                    own.recycle(spoiled=kind == "spoiled")
                    if result.failure.kind == DeviceError.kind and own.gpu is not None:
                        _check_gpu(own.gpu)
                return result
            if kind == "error":
                raise content
            if kind == "say":
                self.watcher.say(content)
            elif isinstance(job, RunTask):  # "epoch" and "steps"
                getattr(self.watcher, kind)(job, *content)


class _Worker:
    """The process of one device; started when first needed, and again after it has ended."""

    def __init__(self, numerics: Numerics, gpu: str | None) -> None:
        self._numerics, self.gpu = numerics, gpu
        self._process: ChildProcess | None = None
        self._lock = threading.Lock()
        self._killed = False

    def send(self, job: RunTask | ProbeJob) -> None:
        with self._lock:  # of the start alone: sending waits for the worker, and kill must not
            if self._killed:
                raise ProcessEnded(-signal.SIGKILL, timed_out=False)
            if self._process is None or not self._process.alive:
                if self._process is not None:
                    self._process.close()
                self._process = ChildProcess(worker.main, self._numerics, self.gpu)
        self._process.send(job)

    def receive(self, seconds: float) -> tuple[str, Any]:
        assert self._process is not None
        message: tuple[str, Any] = self._process.receive(seconds)
        return message

    def recycle(self, *, spoiled: bool = False) -> None:
        """After a failure: a fault on a GPU ends the use of CUDA in its process, and a plugin may have `spoiled` what
        all code there shares, so the next job gets a new one."""
        if spoiled or self._numerics.device == "cuda":
            self.stop()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def discard(self) -> None:
        """End the process, whatever it does; the next job gets a new one."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.close()

    def kill(self) -> None:
        with self._lock:
            self._killed = True
        if self._process is not None:
            self._process.kill()


def _check_gpu(uuid: str) -> None:
    """Raise DeviceError when a card computes no more, rather than that a run was too large for it."""
    if (fault := try_gpu(uuid)) is not None:
        raise DeviceError(
            f"it computes no more: {fault}",
            where=uuid,
            expected="a GPU that computes",
            remedy="look at nvidia-smi and the system's log, choose other GPUs with CUDA_VISIBLE_DEVICES, or compute on"
            " the CPU (--device cpu)",
        )


def _describe(ended: ProcessEnded, patience: float) -> str:
    if ended.timed_out:
        return f"it gave no sign of life for {patience:.0f} s and was given up"
    if ended.code is not None and ended.code >= 0:
        return f"it left with {describe_exit(ended.code)}"
    return f"{ended}" + (", often because memory ran out" if ended.code == -signal.SIGKILL else "")


def _where(task: RunTask) -> str:
    """The run, and whose code it ran besides ours: a process that is gone cannot tell which of it was at work."""
    case = task.spec.case
    parts = {"data set": case.dataset, "model": case.model, "recipe": case.recipe}
    foreign = [f"{kind} {one.name} of {one.distribution}" for kind, one in parts.items() if one.distribution != OURS]
    return task.title + (f", with the {', the '.join(foreign)}" if foreign else "")
