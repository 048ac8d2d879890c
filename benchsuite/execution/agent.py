"""What carries out orders on a site: finds data and weights there, sees that the run is the one that was planned, and
makes it in a process of its own.

Imports no torch: it runs inside a process of the engine, which goes on for others. A site that would make another run
(with other source, data, threads or libraries) refuses, and says in what they differ.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchsuite import __version__
from benchsuite.contracts.executor import Channel
from benchsuite.contracts.observer import EpochReport
from benchsuite.engine.task import RunTask
from benchsuite.errors import BenchsuiteError, DataError, SetupError, StoreError, first_line
from benchsuite.execution.canary import canary, other_steps
from benchsuite.execution.executor import WAIT_SECONDS
from benchsuite.execution.messages import Busy, Probe, ProbeJob
from benchsuite.execution.preparation import Place, TaskMaker, task_maker
from benchsuite.execution.scratch import scratch, tidy
from benchsuite.execution.wire import ASKED, FORM, Answer, Arrived, Order, Refusal, Report, refusal_of, told
from benchsuite.execution.worker_pool import Pool
from benchsuite.identity.gpu_trial import usable_gpus
from benchsuite.identity.key_diff import differences
from benchsuite.identity.numerics import Device, MachineFacts, Numerics, machine_facts
from benchsuite.identity.source_fingerprint import fingerprints
from benchsuite.registry import registry
from benchsuite.settings import cache_root
from benchsuite.store.parcel import pack
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store, keeps_weights
from benchsuite.suite.cases.plan import Case

ASK_SECONDS = 0.25
"""How often it is asked whether the order is still wanted."""
TELL_SECONDS = 0.5
"""How often at most progress is told."""
HOST = os.uname().nodename if hasattr(os, "uname") else "site"
AGENT = f"{HOST}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
MOST_CASES = 1024
"""For which is kept what was found for their runs; then it is found anew, from what the cache remembers."""


def survey() -> bytes:
    """What this process tells of the machine: a `wire.Report`. Never raises."""
    machine: MachineFacts | None = None
    code = trouble = ""
    steps: Mapping[Device, str] = {}
    try:
        machine, code = machine_facts(), _code()
        scratch().check_writable()
        steps = _steps()
        _SURVEYED.set()
    except Exception as error:
        trouble = f"{type(error).__name__}: {first_line(error)}"
        if isinstance(error, BenchsuiteError):
            trouble = error.what + (f" ({error.where})" if error.where else "")
    report = Report(agent=AGENT, version=__version__, code=code, machine=machine, canary=steps, trouble=trouble)
    return report.model_dump_json().encode()


def carry_out(message: bytes, channel: Channel) -> bytes:
    """Carry out an order: the answer is a `wire.Answer`. Never raises for what is wrong with the order or this site."""
    try:
        asked = ASKED.validate_json(message)
    except ValidationError as error:
        return _refuse(_other_version(error)).to_bytes()
    try:
        return (_let_go(asked) if isinstance(asked, Arrived) else _carry_out(asked, channel)).to_bytes()
    except BenchsuiteError as error:
        _TASKS.forget()  # what is wrong may be mended before the next order
        return _refuse(error).to_bytes()


def _refuse(error: BenchsuiteError) -> Answer:
    return Answer(AGENT, refusal_of(error))


def _other_version(error: ValidationError) -> SetupError:
    return SetupError(
        f"the order cannot be read by benchsuite {__version__}, which is here",
        where=f"{AGENT}: {error.error_count()} fields differ",
        expected="one version of benchsuite on all machines",
        remedy="install on this site what the study was planned with, and start its workers again",
    )


def _let_go(arrived: Arrived) -> Answer:
    """Remove what has come home."""
    store = scratch()
    for key in arrived.keys:
        store.remove(key)
    return Answer(AGENT, None)


def _carry_out(order: Order, channel: Channel) -> Answer:
    task = _task(order)
    store, key = Store(task.results), task.key.key
    tidy(store, lambda text: channel.tell(told("say", text)))
    left = store.read(key) if task.keeps_weights else None
    if left is not None and not keeps_weights(left):
        store.remove(key)  # it was made for somebody who wanted no weights
    with _SLOTS.taken(order.numerics) as slot:
        outcome = slot.do(ProbeJob(task) if order.kind == "probe" else task, channel)
    if outcome is None or isinstance(outcome, Probe):
        return Answer(AGENT, outcome)
    failure = outcome.failure
    if failure is not None and failure.kind in (StoreError.kind, SetupError.kind):  # of this site, not of the run
        return Answer(AGENT, Refusal(**failure.model_dump(exclude={"traceback"})))
    parcel = pack(store.folder(key), weights=task.keeps_weights)
    # It stays until word comes that it has arrived, or where nobody takes it: until it is asked for again.
    if not (_SURVEYED.is_set() or channel.cancelled()):
        store.remove(key)
    return Answer(AGENT, parcel)


def _task(order: Order) -> RunTask:
    """The run as this site would make it. Raises BenchsuiteError when it is not the one that was ordered."""
    if order.form != FORM:
        raise SetupError(
            f"the order is of form {order.form}, and benchsuite {__version__} here knows form {FORM}",
            where=AGENT,
            remedy="install one version of benchsuite on all machines, and start the site's workers again",
        )
    task = _TASKS.task(order)
    if task is None:
        raise SetupError(
            "data or weights of this run are not here, and cannot be downloaded",
            where=f"{AGENT}: {order.spec.suite}, {order.spec.case.name}",
            remedy="put them on the site's machine, and name their folder with BENCHSUITE_DATA where its workers start",
        )
    if (task.data.provenance == "synthetic sample") != order.sample:
        raise DataError(
            f"the data set {order.spec.case.dataset.name} is not here; a site takes no sample for it",
            where=AGENT,
            expected="the data that the study was planned with",
            remedy="name their folder with BENCHSUITE_DATA where the site's workers are started",
        )
    if task.key.key != order.key:
        found = differences(order.fields, task.key.fields)
        raise SetupError(
            "another run would be made here than was planned: " + "; ".join(found[:5])
            + (f"; and {len(found) - 5} more" if found[5:] else ""),
            where=AGENT,
            expected="the same source, data, weights, libraries and threads as where the study was planned",
            remedy="make them equal, and start the site's workers again",
        )  # fmt: skip
    if order.canary and (steps := _steps().get(order.numerics.device, "")) != order.canary:
        raise other_steps(steps, order.canary, where=HOST)
    return replace(task, deviations=order.deviations, keeps_weights=order.keeps_weights)


class _Tasks:
    """Makes the tasks of orders. Every order brings its case anew, and what was found for one that is the same serves
    it: of so many cases, since a study may have any number of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._makers: dict[Place, TaskMaker] = {}
        self._cases: dict[str, Case] = {}

    def task(self, order: Order) -> RunTask | None:
        """The run as it would be made here; None when its data or weights are not here. Raises BenchsuiteError."""
        numerics, data = order.numerics, os.environ.get("BENCHSUITE_DATA")
        place = Place(
            policy="sample" if order.sample else "auto" if order.random_weights else "real",
            data=Path(data).expanduser() if data else None,
            cache=cache_root(),
            results=scratch().root,
            device=numerics.device,
            threads=numerics.threads,
            skip_broken=order.skip_broken,
        )
        case = order.spec.case
        with self._lock:  # two that look for the same data would only take longer
            if len(self._cases) >= MOST_CASES:
                self._forget()
            known = self._cases.setdefault(case.model_dump_json(), case)
            maker = self._makers.get(place)
            if maker is None:
                maker = self._makers[place] = task_maker(registry(), place)
            return maker.task(order.spec.model_copy(update={"case": known}))

    def forget(self) -> None:
        """Have everything found anew for the next order."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._makers.clear()
        self._cases.clear()


_TASKS = _Tasks()
_SURVEYED = threading.Event()
"""Whether this process has told of itself, as sites do that last: it is then told, too, what has arrived."""


def _code() -> str:
    return fingerprints(())["benchsuite"]


@cache
def _steps() -> Mapping[Device, str]:
    """What the canary comes to here: of a process that carries out an order, too, since the node of a batch job need
    not be the one that told of itself."""
    return canary(machine_facts(), _code())


@dataclass
class _Slot:
    """A process that makes runs on one device, kept from one order to the next."""

    numerics: Numerics
    gpu: str | None
    pool: Pool = field(init=False)
    ended: bool = False

    def __post_init__(self) -> None:
        self.pool = Pool(self.numerics, (self.gpu,), _Teller(None))

    def do(self, job: RunTask | ProbeJob, channel: Channel) -> RunRecord | Probe | None:
        """The outcome; None when nobody wants it any more. Raises BenchsuiteError for what is wrong with the site."""
        teller = self.pool.watcher = _Teller(channel)
        told_busy = False
        while True:
            outcome = self._wait(self.pool.submit(job), channel, teller)
            if not isinstance(outcome, Busy):
                return outcome
            if not told_busy and isinstance(job, RunTask):
                teller.say(f"{job.title}: another process is making this run; waiting for it")
                told_busy = True
            time.sleep(WAIT_SECONDS)

    def _wait(self, future: Future[Any], channel: Channel, teller: _Teller) -> RunRecord | Probe | Busy | None:
        while not wait([future], timeout=ASK_SECONDS).done:
            if channel.cancelled():
                self.ended = True
                self.pool.kill()
                return None
            teller.flush()
        outcome: RunRecord | Probe | Busy = future.result()
        return None if channel.cancelled() and isinstance(outcome, Busy) else outcome


class _Slots:
    """The processes of this site: as many as there are orders at once, each GPU having its share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Slot] = []
        self._busy: list[_Slot] = []

    @contextmanager
    def taken(self, numerics: Numerics) -> Iterator[_Slot]:
        """A process for as long as the block."""
        slot = self._take(numerics)
        try:
            yield slot
        finally:
            with self._lock:
                self._busy.remove(slot)
                if not slot.ended:
                    self._idle.append(slot)

    def _take(self, numerics: Numerics) -> _Slot:
        with self._lock:
            slot = next((one for one in self._idle if one.numerics == numerics), None)
            if slot is not None:
                self._idle.remove(slot)
            others = [one for one in self._idle if one.numerics != numerics]
            self._idle = [one for one in self._idle if one.numerics == numerics]
            gpu = self._freest(numerics) if slot is None else None
            slot = slot or _Slot(numerics, gpu)
            self._busy.append(slot)
        for other in others:  # they hold memory
            other.pool.close()
        return slot

    def _freest(self, numerics: Numerics) -> str | None:
        """The GPU of the numerics' kind with the fewest orders."""
        if numerics.device == "cpu":
            return None
        cards = [gpu.uuid for gpu in usable_gpus() if gpu.model == numerics.gpu_model]
        if not cards:
            raise SetupError(
                f"there is no {numerics.device_name} here",
                where=AGENT,
                expected="a GPU of the kind that the study was planned for",
                remedy="name the machines of one kind, or look at nvidia-smi",
            )
        return min(cards, key=lambda uuid: sum(slot.gpu == uuid for slot in self._busy))


_SLOTS = _Slots()


class _Teller:
    """A RunWatcher that tells through a channel, progress now and then."""

    def __init__(self, channel: Channel | None) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._waiting: dict[str, bytes] = {}
        self._last = 0.0

    def started(self, task: RunTask) -> None:
        self._tell(told("started"))

    def say(self, text: str) -> None:
        self._tell(told("say", text))

    def epoch(self, task: RunTask, report: EpochReport, max_epochs: int) -> None:
        self._later("epoch", told("epoch", replace(report, steps=()), max_epochs))

    def steps(self, task: RunTask, epoch: int, done: int, total: int) -> None:
        self._later("steps", told("steps", epoch, done, total))

    def flush(self) -> None:
        """Tell what waits, if it is time."""
        with self._lock:
            if not self._waiting or time.monotonic() - self._last < TELL_SECONDS:
                return
            self._last = time.monotonic()
            waiting, self._waiting = self._waiting, {}
        for message in waiting.values():
            self._tell(message)

    def _later(self, kind: str, message: bytes) -> None:
        with self._lock:
            self._waiting.pop(kind, None)  # the order is that of the newest
            self._waiting[kind] = message

    def _tell(self, message: bytes) -> None:
        if self._channel is not None:
            self._channel.tell(message)
