"""A session with Slurm: which orders wait, which jobs carry the others, and what their journals tell.

There are never more jobs than the sites allow; orders wait here, in the order they came, until a job may be submitted.
One thread writes the session's word, so that no slow command keeps it back; another submits, reads and looks.
"""

from __future__ import annotations

import json
import math
import pickle
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchsuite_plugins.executors.slurm_job import Desk, Entry, Task, read_entries, write_whole
from benchsuite_plugins.executors.slurm_queue import Queue, Refused, stop_named

from benchsuite.api import BenchsuiteError, EngineLost, Handler, Session, Site, SiteLost, Survey

NAME = "benchsuite-"
"""How sessions, and their jobs in squeue, are called."""
_BEAT = 1.0
_POLL = 0.25
_GATHER = 0.2
"""Seconds for which orders that come together are gathered: they become one job array."""
_GATHER_AT_MOST = 1.0
_SLOW = 30.0
"""Seconds in which an answer that was told must be there as a whole: the caches of network file systems."""
_FAREWELL = 3.0
"""Seconds in which jobs end by themselves once the session is closed."""


@dataclass(frozen=True)
class Limits:
    """What a session waits for, and how much it asks for at once."""

    most: Mapping[str, int]
    """Jobs of each site."""
    chunk: int
    """Orders of a job."""
    look: float
    """Seconds between two looks at the queue."""
    silence: float
    """Seconds after which jobs take the session for gone."""
    tolerance: float
    """Seconds for which Slurm, or the folder, may fail."""
    patience: float
    """Seconds for which the first jobs may wait in the queue."""


@dataclass(eq=False)
class _Order:
    number: int
    ticket: str
    content: bytes
    sites: frozenset[str]
    answer: Future[bytes]


@dataclass(eq=False)
class _Job:
    number: int
    site: str
    orders: list[_Order]
    """Those that have no answer yet."""
    name: str = ""
    read: int = 0
    begun: int | None = None
    told: dict[int, tuple[Entry, float]] = field(default_factory=dict)
    """Answers that are on their way, and since when."""
    missing: int = 0
    """How often it was not in the queue."""
    waits: str = ""
    ended: str | None = None


class SlurmSession(Session):
    def __init__(
        self, desk: Desk, queue: Queue, limits: Limits, handler: Handler, survey: Survey,
        heard: Callable[[str, bytes], None],
    ) -> None:  # fmt: skip
        self._desk, self._queue, self._limits = desk, queue, limits
        self._handler, self._survey, self._heard = handler, survey, heard
        self._lock = threading.RLock()
        self._sites: dict[str, Site] = {}
        self._waiting: list[_Order] = []
        self._orders: dict[str, _Order] = {}
        """By ticket: all that are not answered."""
        self._cancelled: set[int] = set()
        """Orders that a job has, and nobody wants: jobs are told."""
        self._jobs: list[_Job] = []
        self._count = 0
        self._beat = 0
        self._lost: BenchsuiteError | None = None
        self._closed = False
        self._first = self._last = 0.0
        """When the orders that are being gathered came."""
        self._looked = self._held = -math.inf
        self._troubled: float | None = None
        self._ill: float | None = None
        self._wake, self._say = threading.Event(), threading.Event()
        self._strangers = {path: _content(path / "word") for path in _sessions(desk.folder)}
        self._opened = time.monotonic()
        self._speak()
        for site in limits.most:
            self._start(site, [[]], survey)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._beating, self._pumping)]
        for thread in self._threads:
            thread.start()

    # What the contract asks for.

    def sites(self) -> tuple[Site, ...]:
        if not self._sites and self._is_late():
            self._lose(
                EngineLost(
                    f"no job began within {self._limits.patience / 60:g} minutes",
                    where=f"Slurm, {_list(self._limits.most)}",
                    remedy="see squeue --me --long; ask for less, or for another partition, or wait longer "
                    "(--executor-option patience=MINUTES)",
                )
            )
        with self._lock:
            if self._lost is not None:
                raise self._lost
            return tuple(self._sites.values())

    def pending(self) -> str:
        with self._lock:
            jobs = [job for job in self._jobs if not job.orders and job.site not in self._sites]
            if not jobs or self._lost is not None or self._is_late():
                return ""
        state = ", ".join(f"{job.site} (job {job.name}{job.waits and ': '}{job.waits})" for job in jobs)
        return f"a job that tells of the machines, {self._limits.patience / 60:g} minutes at most: {state}"

    def _is_late(self) -> bool:
        return time.monotonic() - self._opened > self._limits.patience

    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        answer: Future[bytes] = Future()
        with self._lock:
            if self._lost is not None:
                raise self._lost
            if self._closed:
                raise EngineLost("the session with Slurm is closed", where=str(self._desk.folder))
            if not any(site.name in sites and not site.trouble for site in self._sites.values()):
                answer.set_exception(SiteLost("none of the sites that an order may go to is there", where=_list(sites)))
                return answer
            now = time.monotonic()
            self._first, self._last = self._first if self._waiting else now, now
            self._orders[ticket] = _Order(self._next(), ticket, order, sites, answer)
            self._waiting.append(self._orders[ticket])
        self._wake.set()
        return answer

    def cancel(self, ticket: str) -> None:
        with self._lock:
            order = self._orders.pop(ticket, None)
            if order is None:
                return
            if order in self._waiting:
                self._waiting.remove(order)
            else:
                self._cancelled.add(order.number)
        _give_up(order.answer)
        self._say.set()

    def close(self, *, now: bool) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            left = list(self._orders.values())
            self._orders.clear()
            self._waiting.clear()
        for order in left:
            _give_up(order.answer)
        self._wake.set()
        self._say.set()
        for thread in self._threads:
            thread.join(timeout=5.0)
        with suppress(OSError):
            self._speak()
        self._queue.stop(waiting=True)
        until = time.monotonic() + _FAREWELL
        while self._jobs and time.monotonic() < until:
            with suppress(Exception):
                self._read()
                there = self._queue.look()
                self._jobs = [job for job in self._jobs if job.ended is None and job.name in there]
            time.sleep(_POLL if self._jobs else 0.0)
        if self._jobs:
            self._queue.stop()
        with suppress(Refused):
            while self._queue.look() and time.monotonic() < until + _FAREWELL:
                time.sleep(_POLL)
        shutil.rmtree(self._desk.folder, ignore_errors=True)

    # The word.

    def _beating(self) -> None:
        while not self._closed:
            self._say.wait(_BEAT)
            self._say.clear()
            try:
                self._speak()
                self._ill = None
            except OSError as error:
                self._ill = self._ill or time.monotonic()
                if time.monotonic() - self._ill > self._limits.tolerance:
                    self._lose(folder_error(error, self._desk.folder))

    def _speak(self) -> None:
        with self._lock:
            self._beat += 1
            said = {"beat": self._beat, "closed": self._closed, "cancelled": sorted(self._cancelled)}
        write_whole(self._desk.word, json.dumps(said).encode())

    # The jobs.

    def _pumping(self) -> None:
        while not self._closed and self._lost is None:
            began = time.monotonic()
            try:
                self._send()
                self._look()
                self._read()
                self._retire()
                self._sweep()
            except OSError as error:
                self._lose(folder_error(error, self._desk.folder))
            except Exception as error:
                self._lose(EngineLost(f"the session with Slurm broke down: {type(error).__name__}: {error}"))
            self._wake.wait(max(_POLL, 2 * (time.monotonic() - began)))  # a slow folder is not asked all the time
            self._wake.clear()

    def _start(self, site: str, deal: list[list[_Order]], survey: Survey | None = None) -> None:
        """Submit jobs. Raises Refused."""
        jobs = []
        for orders in deal:
            job = _Job(self._next(), site, orders)
            self._desk.journal(job.number).touch()
            jobs.append(job)
        handler = None if survey else self._handler
        tasks = [
            Task(
                self._desk.folder, job.number, self._limits.silence, handler=handler, survey=survey,
                orders={order.number: order.content for order in job.orders},
            )
            for job in jobs
        ]  # fmt: skip
        for job, name in zip(jobs, self._queue.start(site, tasks), strict=True):
            job.name = name
        self._jobs += jobs

    def _send(self) -> None:
        now = time.monotonic()
        if now < self._held:
            return
        with self._lock:
            if now - self._last < _GATHER and now - self._first < _GATHER_AT_MOST:
                return
            sites = [site for site in self._sites.values() if not site.trouble]
            free = {site.name: site.slots - self._working(site.name) for site in sites}
            count = sum(number for number in free.values() if number > 0)
            if not self._waiting or not count:
                return
            size = min(self._limits.chunk, math.ceil(len(self._waiting) / count))
        for site, number in free.items():
            with self._lock:
                taken = [order for order in self._waiting if site in order.sites][: max(0, number) * size]
                numbers = {order.number for order in taken}
                self._waiting = [order for order in self._waiting if order.number not in numbers]
            hands = min(number, len(taken))
            if hands <= 0:
                continue
            try:
                # As cards are dealt: those that came first, which take longest, are begun first, and none shares a job.
                self._start(site, [taken[hand::hands] for hand in range(hands)])
                self._troubled = None
            except Refused as error:
                with self._lock:
                    self._waiting = sorted(self._waiting + taken, key=lambda order: order.number)
                self._held = now + self._limits.look
                self._trouble(f"Slurm does not take the jobs of site {site}: {error}", patient=bool(self._jobs))
                return

    def _working(self, site: str) -> int:
        return sum(job.site == site and bool(job.orders) for job in self._jobs)

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < self._limits.look or not self._jobs:
            return
        self._looked = now
        try:
            there = self._queue.look()
        except Refused as error:
            self._trouble(f"Slurm says nothing of its jobs: {error}")
            return
        if self._held < now:
            self._troubled = None
        for job in self._jobs:
            job.missing = 0 if job.name in there else job.missing + 1
            job.waits = there.get(job.name, "")

    def _trouble(self, what: str, *, patient: bool = False) -> None:
        """Note that Slurm fails: for a while that is borne, and longer while there are jobs that make room."""
        now = time.monotonic()
        self._troubled = now if patient or self._troubled is None else self._troubled
        if now - self._troubled > self._limits.tolerance:
            self._lose(
                EngineLost(
                    what,
                    where=f"Slurm, for {self._limits.tolerance:g} seconds",
                    expected="sbatch and squeue that answer",
                    remedy="see what sinfo and squeue say, and start the command again, with fewer jobs at once where "
                    "that is a limit of your account (--executor-option most=N): what is done is kept",
                )
            )

    def _read(self) -> None:
        for job in self._jobs:
            with suppress(FileNotFoundError), self._desk.journal(job.number).open("rb") as stream:
                stream.seek(job.read)
                content = stream.read()
                whole = content[: content.rfind(b"\n") + 1]
                job.read += len(whole)
                for entry in read_entries(whole):
                    self._take(job, entry)
            for number, (entry, since) in list(job.told.items()):
                content = _content(self._desk.answer(number)) or b""
                if len(content) == int(entry.content) or time.monotonic() - since > _SLOW:
                    del job.told[number]
                    self._answer(job, entry, content)

    def _take(self, job: _Job, entry: Entry) -> None:
        order = next((order for order in job.orders if order.number == entry.order), None)
        if entry.kind == "facts":
            with self._lock:
                most = self._limits.most[job.site]
                self._sites[job.site] = Site(job.site, entry.host, most, entry.content)
        elif entry.kind == "end":
            job.ended = entry.content.decode()
        elif entry.kind == "begun":
            job.begun = entry.order
        elif entry.kind == "told" and order is not None and order.ticket in self._orders:
            self._heard(order.ticket, entry.content)
        elif entry.kind in ("answer", "error") and order is not None:
            job.told[entry.order] = (entry, time.monotonic())

    def _answer(self, job: _Job, entry: Entry, content: bytes) -> None:
        order = next(order for order in job.orders if order.number == entry.order)
        job.orders.remove(order)
        if len(content) != int(entry.content):
            lost = f"the answer of job {job.name} is cut off: {len(content)} of {int(entry.content)} bytes"
            self._settle(order, SiteLost(lost, where=str(self._desk.answer(order.number))))
        elif entry.kind == "error":
            self._settle(order, pickle.loads(content))  # this user's own, as submitit's files beside it are
        else:
            self._settle(order, content)
        self._desk.answer(order.number).unlink(missing_ok=True)

    def _settle(self, order: _Order, outcome: bytes | BaseException) -> None:
        with self._lock:
            self._cancelled.discard(order.number)
            if self._orders.get(order.ticket) is not order:
                return
            del self._orders[order.ticket]
        if isinstance(outcome, bytes):
            order.answer.set_result(outcome)
        else:
            order.answer.set_exception(outcome)

    def _retire(self) -> None:
        """Let go of jobs that have ended, and decide about the orders that they leave."""
        gone = [job for job in self._jobs if not job.told and (job.ended is not None or job.missing > 1)]
        if not gone:
            return
        died = [job.name for job in gone if job.ended is None]
        why = self._queue.why(died) if died else {}
        for job in gone:
            self._jobs.remove(job)
            how = " ".join(filter(None, (job.ended or why.get(job.name, ""), self._queue.log(job.name))))
            if not job.orders and job.ended is None and job.site not in self._sites:
                self._exclude(job, how)
            self._leave(job, how)

    def _exclude(self, job: _Job, how: str) -> None:
        """A site whose job did not come to tell of its machine is no use; with all of them, the session is none."""
        error = _not_surveyed(job, how, self._desk.folder)
        with self._lock:
            self._sites[job.site] = Site(job.site, job.site, self._limits.most[job.site], b"", trouble=error.what)
            none = all(site in self._sites and self._sites[site].trouble for site in self._limits.most)
        if none:
            self._lose(error)

    def _leave(self, job: _Job, how: str) -> None:
        """An order that was begun may be what ended the job; the others are given to the next one.

        Where none was begun, all are lost: a site on which nothing begins would be tried for ever.
        """
        with self._lock:
            self._cancelled -= {order.number for order in job.orders}
            left = [order for order in job.orders if self._orders.get(order.ticket) is order]
            lost = [order for order in left if job.begun in (None, order.number)]
            again = [order for order in left if order not in lost]
            self._waiting = sorted(self._waiting + again, key=lambda order: order.number)
        for order in lost:
            what = f"job {job.name} ended before it had answered{': ' if how else ''}{how}"
            self._settle(order, SiteLost(what, where=f"site {job.site}"))

    def _lose(self, error: BenchsuiteError) -> None:
        with self._lock:
            if self._lost is not None or self._closed:
                return
            self._lost = error
            left = list(self._orders.values())
            self._waiting.clear()
        for order in left:
            self._settle(order, error)

    def _next(self) -> int:
        with self._lock:
            self._count += 1
            return self._count

    def _sweep(self) -> None:
        """Remove what killed sessions left: those whose word has not changed for long, by this machine's clock."""
        if self._strangers and time.monotonic() - self._opened > 4 * self._limits.silence:
            for path, word in self._strangers.items():
                if word == _content(path / "word"):
                    stop_named(path.name)
                    shutil.rmtree(path, ignore_errors=True)
            self._strangers = {}


def folder_error(error: OSError, folder: Path) -> EngineLost:
    return EngineLost(
        f"the folder in which jobs and session meet cannot be used: {error.strerror or error}",
        where=str(error.filename or folder),
        expected="a folder of your own that every node shares, with room for answers",
        remedy="free some space or quota there, or name another one with --executor-option folder=PATH",
    )


def _not_surveyed(job: _Job, how: str, folder: Path) -> EngineLost:
    return EngineLost(
        f"job {job.name} of site {job.site} ended without a word: {how or 'nothing is known of it'}",
        where=str(folder),
        expected="a folder that every node shares, and this Python with benchsuite[slurm] on the nodes",
        remedy="name a shared folder (--executor-option folder=PATH), the nodes' Python (python=PATH), or what the "
        "shell must do before Python starts (setup)",
    )


def _sessions(own: Path) -> list[Path]:
    with suppress(OSError):
        return [path for path in own.parent.iterdir() if path.name.startswith(NAME) and path != own]
    return []


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _give_up(answer: Future[bytes]) -> None:
    if answer.cancel():
        answer.set_running_or_notify_cancel()


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no site"
