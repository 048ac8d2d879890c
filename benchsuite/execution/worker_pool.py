"""The local executor: worker processes on this machine, one or several a device.

Each worker has a thread here that hands it jobs and listens. A worker that dies fails the run it was making and is
replaced; a run for which the memory was too short beside others is made again alone; a GPU that computes no more is
given up, and its run made on another. The others go on.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from benchsuite.engine.task import RunTask
from benchsuite.errors import BenchsuiteError, DeviceError, WorkerDied, on_one_line
from benchsuite.execution import logs, worker
from benchsuite.execution.case_cost import CaseCost
from benchsuite.execution.executor import Executor
from benchsuite.execution.failed_record import record_failure
from benchsuite.execution.messages import Busy, Probe, ProbeJob, RunWatcher
from benchsuite.execution.packing import Packing, choose_packing
from benchsuite.identity.gpu_trial import try_gpu
from benchsuite.identity.numerics import Numerics
from benchsuite.machine import usable_cores
from benchsuite.processes import GRACE_SECONDS, ChildProcess, ProcessEnded, describe_exit, interrupts_blocked
from benchsuite.registry import OURS
from benchsuite.settings import HANG_SECONDS
from benchsuite.store.record import Failure, RunRecord

OUT_OF_MEMORY = "out of memory"
MEMORY_RAN_OUT = ", often because memory ran out"
_LOG = logging.getLogger(__name__)
Item = tuple[RunTask | ProbeJob, Future[Any]]


class Pool(Executor):
    """Workers for `gpus` (a card's UUID each, or None for the CPU): one each, until it is told to `pack` more."""

    def __init__(
        self,
        numerics: Numerics,
        gpus: Sequence[str | None],
        watcher: RunWatcher,
        early: EarlyWorker | None = None,
    ) -> None:
        super().__init__(watcher)
        self._numerics = numerics
        self._devices = [_Device(gpu) for gpu in gpus]
        self.devices = len(self._devices)
        self._workers: list[_Worker] = []
        self._ahead: list[_Worker] = []
        """Those that were started before it was known whether they are worth it."""
        self._threads: list[threading.Thread] = []
        self._told: set[str] = set()
        # Of all that follows, and of what the devices hold.
        self._changed = threading.Condition()
        self._jobs: list[Item] = []
        self._opening: set[str] = set()
        self._opened: set[str] = set()
        self._closing = self._stopping = False
        self.pack(1)
        if early is not None:
            for own in self._workers:
                own.adopt(early)

    def packing(self, due: int, costs: Sequence[CaseCost], asked: int | None = None) -> Packing:
        return choose_packing(self._numerics, self.devices, due, costs, asked, started=1 + len(self._ahead))

    def pack(self, at_once: int) -> None:
        started = []
        with self._changed:
            for device in self._devices:
                for _ in range(at_once - device.workers):
                    own = self._ahead.pop() if self._ahead else _Worker(self._numerics, device)
                    self._workers.append(own)
                    started.append(threading.Thread(target=self._attend, args=(own,), daemon=True))
                device.workers = max(device.workers, at_once)
        self._threads += started
        self._dismiss()
        with interrupts_blocked():
            for thread in started:
                thread.start()

    def _dismiss(self) -> None:
        while self._ahead:
            self._ahead.pop().discard()

    def submit(self, job: RunTask | ProbeJob) -> Future[Any]:
        future: Future[Any] = Future()
        with self._changed:
            self._jobs.append((job, future))
            self._changed.notify_all()
        return future

    def start(self, jobs: int) -> None:
        # On a CPU a second one beside the first: it reads in its libraries while the cost of the runs is measured.
        if self._numerics.device == "cpu" and min(jobs, usable_cores() // self._numerics.threads) > len(self._workers):
            self._ahead.append(_Worker(self._numerics, self._devices[0]))
        for each in (*self._workers[:jobs], *self._ahead):
            with suppress(Exception):  # whoever then sends it a job is told
                each.start()

    def close(self) -> None:
        self._end(None)

    def kill(self) -> None:
        with self._changed:
            self._stopping = True
            waiting, self._jobs = self._jobs, []
        for _, future in waiting:
            future.cancel()
        for each in self._workers:
            each.kill()
        self._end(GRACE_SECONDS)

    def _end(self, seconds: float | None) -> None:
        self._dismiss()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(seconds)

    def _attend(self, own: _Worker) -> None:
        while (item := self._take(own)) is not None:
            job, future = item
            # One that was handed back is running already.
            if future.running() or future.set_running_or_notify_cancel():
                try:
                    outcome = self._do(job, own)
                    if isinstance(job, RunTask) and own.device.workers > 1 and _lacks_memory(outcome):
                        outcome = self._do_alone(job, own)
                    future.set_result(outcome)
                except DeviceError as error:
                    if self._give_up(own.device, error):
                        self._put_back(item)
                    else:
                        future.set_exception(error)
                except BaseException as error:
                    future.set_exception(error)
            self._open(job)
            with self._changed:
                own.device.at_work -= 1
                self._changed.notify_all()
        own.stop()

    def _take(self, own: _Worker) -> Item | None:
        """The next job for a worker; None when there will be none for it.

        What the first run of a case computes before it trains, the others find: until then other cases go before them,
        so that nobody waits for it who could work.
        """
        device = own.device

        def ends() -> bool:
            return own.retired or device.given_up or (self._closing and not self._jobs)

        with self._changed:
            self._changed.wait_for(lambda: ends() or (self._jobs and not device.reserved))
            if ends():
                return None
            free = (i for i, (job, _) in enumerate(self._jobs) if _case(job) not in self._opening)
            item = self._jobs.pop(next(free, 0))
            if isinstance(item[0], RunTask) and _case(item[0]) not in self._opened:
                self._opening.add(_case(item[0]))
            device.at_work += 1
            return item

    def _put_back(self, item: Item) -> None:
        with self._changed:
            self._jobs.insert(0, item)
            self._changed.notify_all()

    def _open(self, job: RunTask | ProbeJob) -> None:
        """Note that a run of the case trains, or has ended."""
        if isinstance(job, RunTask) and _case(job) not in self._opened:
            with self._changed:
                self._opened.add(_case(job))
                self._opening.discard(_case(job))
                self._changed.notify_all()

    def _do_alone(self, job: RunTask, own: _Worker) -> RunRecord | Busy | Probe:
        """Make a run again while no other is made on its device; if that was enough, the device carries one less."""
        device = own.device
        self.watcher.say(f"{job.title}: out of memory beside other runs; it is made again alone")
        own.stop()
        with self._changed:
            device.at_work -= 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopping or not device.reserved)
            device.reserved = True
            self._changed.wait_for(lambda: self._stopping or not device.at_work)
            device.at_work += 1
        try:
            outcome = self._do(job, own)
            if not _lacks_memory(outcome) and device.workers > 1:
                own.retired = True
                device.workers -= 1
                self.watcher.say(f"from here on {device.workers} at once")
            return outcome
        finally:
            with self._changed:
                device.reserved = False
                self._changed.notify_all()

    def _give_up(self, device: _Device, error: DeviceError) -> bool:
        """Do without a GPU that computes no more, unless it is the last. One without the memory for a run computes."""
        if device.gpu is None or self._stopping or try_gpu(device.gpu) is None:
            return False
        with self._changed:
            if device.given_up:
                return True
            if sum(not each.given_up for each in self._devices) == 1:
                return False
            device.given_up = True
            self._changed.notify_all()
        self.watcher.say(f"the GPU {device.gpu} is given up; its run goes to another: {error.what}")
        return True

    def _do(self, job: RunTask | ProbeJob, own: _Worker) -> RunRecord | Busy | Probe:
        if isinstance(job, RunTask):
            self.watcher.started(job)
            with self._changed:
                at_once = min(own.device.workers, own.device.at_work + len(self._jobs))
            job = replace(job, at_once=at_once)
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
        if isinstance(job, ProbeJob) or self._stopping:
            raise error from None
        if own.device.gpu is not None:
            _check_gpu(own.device.gpu)
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
                    if result.failure.kind == DeviceError.kind and own.device.gpu is not None:
                        _check_gpu(own.device.gpu)
                return result
            if kind == "error":
                raise content
            if kind == "say":
                self._tell(content)
            elif kind == logs.MESSAGE:
                logs.relay(content, job.title if isinstance(job, RunTask) else f"cost of {job.task.title}")
            elif isinstance(job, RunTask):  # "epoch" and "steps"
                self._open(job)
                getattr(self.watcher, kind)(job, *content)

    def _tell(self, text: str) -> None:
        """Say what a worker says; what is true of many runs, once."""
        with self._changed:
            known = text in self._told
            self._told.add(text)
        if not known:
            self.watcher.say(text)


@dataclass(eq=False)
class _Device:
    """What the workers of a device share."""

    gpu: str | None
    workers: int = 0
    at_work: int = 0
    """How many of them have a job."""
    reserved: bool = False
    """For one run, which is made alone."""
    given_up: bool = False


def _started(numerics: Numerics, gpu: str | None) -> ChildProcess:
    return ChildProcess(worker.main, numerics, gpu, logs.level())


def _surroundings() -> tuple[object, ...]:
    """What a process inherits at its start."""
    return tuple(sys.path), dict(os.environ)


class EarlyWorker:
    """The process of a worker that is started before its study is planned, on a guess of the numerics of its runs."""

    def __init__(self, numerics: Numerics, gpu: str | None) -> None:
        self._numerics, self._gpu, self._surroundings = numerics, gpu, _surroundings()
        self._process: ChildProcess | None = _started(numerics, gpu)

    def take(self, numerics: Numerics, gpu: str | None) -> ChildProcess | None:
        """The process, once, for a worker that is prepared alike: the precision is the runs' own affair, but files of
        plugins that planning has found are beyond it."""
        alike = worker.preparation(numerics) == worker.preparation(self._numerics)
        if gpu != self._gpu or _surroundings() != self._surroundings or not alike:
            return None
        process, self._process = self._process, None
        return process

    def discard(self) -> None:
        """End the process unless it was taken."""
        if self._process is not None:
            self._process.close()


class _Worker:
    """A process of one device; started when first needed, and again after it has ended."""

    def __init__(self, numerics: Numerics, device: _Device) -> None:
        self._numerics, self.device = numerics, device
        self._process: ChildProcess | None = None
        self._lock = threading.Lock()
        self._killed = False
        self.retired = False

    def adopt(self, early: EarlyWorker) -> None:
        """Take over a process that was started early, where it fits."""
        self._process = early.take(self._numerics, self.device.gpu)

    def start(self) -> None:
        """Start it unless it is there. Raises ProcessEnded after `kill`."""
        with self._lock:
            if self._killed:
                raise ProcessEnded(-signal.SIGKILL, timed_out=False)
            if self._process is None or not self._process.alive:
                if self._process is not None:
                    self._process.close()
                self._process = _started(self._numerics, self.device.gpu)
                _LOG.debug("worker %d started on %s", self._process.pid, self.device.gpu or "the CPU")

    def send(self, job: RunTask | ProbeJob) -> None:
        self.start()
        process = self._process
        assert process is not None
        process.send(job)  # without the lock: it waits for the worker, and kill must not

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


def _case(job: RunTask | ProbeJob) -> str:
    return (job if isinstance(job, RunTask) else job.task).spec.case.name


def _lacks_memory(outcome: RunRecord | Busy | Probe) -> bool:
    """Whether a run failed for want of memory: it says so, or the system has killed its process, as it does then."""
    failure = outcome.failure if isinstance(outcome, RunRecord) else None
    if failure is None:
        return False
    wants = failure.kind == DeviceError.kind and failure.what.startswith(OUT_OF_MEMORY)
    return wants or (failure.kind == WorkerDied.kind and MEMORY_RAN_OUT in failure.what)


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
    return f"{ended}" + (MEMORY_RAN_OUT if ended.code == -signal.SIGKILL else "")


def _where(task: RunTask) -> str:
    """The run, and whose code it ran besides ours: a process that is gone cannot tell which of it was at work."""
    case = task.spec.case
    parts = {"data set": case.dataset, "model": case.model, "recipe": case.recipe}
    foreign = [f"{kind} {one.name} of {one.distribution}" for kind, one in parts.items() if one.distribution != OURS]
    return task.title + (f", with the {', the '.join(foreign)}" if foreign else "")
