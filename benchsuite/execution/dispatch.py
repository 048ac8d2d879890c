"""Runs made by an executor's sites: orders go out, longest first, and parcels come home into the store.

One thread speaks to the session. A site that refuses is given nothing more; an order whose site is lost goes to
another, three times; what arrives is believed only after it was looked at. What arrives twice must be the same bits.
"""

from __future__ import annotations

import heapq
import itertools
import math
import queue
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from filelock import Timeout

from benchsuite.contracts.executor import EngineLost, Session, SiteLost
from benchsuite.engine.task import RunTask
from benchsuite.errors import (
    BenchsuiteError,
    Nondeterminism,
    PluginError,
    SetupError,
    StoreError,
    WorkerDied,
    first_line,
)
from benchsuite.execution.canary import OtherSteps
from benchsuite.execution.case_cost import CaseCost
from benchsuite.execution.executor import Executor
from benchsuite.execution.failed_record import record_failure
from benchsuite.execution.fleet import Fleet
from benchsuite.execution.known_sites import KnownSite, agreed, deviation, machine_title, read_site
from benchsuite.execution.messages import Busy, ProbeJob, RunWatcher
from benchsuite.execution.packing import Packing
from benchsuite.execution.wire import Arrived, GarbledAnswer, Refusal, order_of, read_answer, read_told
from benchsuite.store.arrival import accept
from benchsuite.store.parcel import DamagedParcel, unpack
from benchsuite.store.record import Failure, RunRecord
from benchsuite.store.run_store import Store

MOST_LOSSES = 3
"""How often the site that makes a run may be lost before the run counts as failed."""
MOST_STRAYS = 100
"""How often sites may be gone before they have begun."""
LEAST_WINDOW = 64
LOOK_SECONDS = 2.0
"""How often it is asked which sites there are."""
WAIT_FOR_SITES = 60.0
"""How long it is waited for a site when all are gone."""
TAKERS = 4
"""Threads that take parcels: a disk lets each wait for it."""
LOCK_SECONDS = 30.0
MOST_ARRIVED = 64
"""Runs of a site that have come home before it is told so, and lets go of them."""
THANKS_SECONDS = 5.0
"""How long sites may take to hear that the last ones have."""


class NotKept(StoreError):
    """What has come home cannot be put on disk."""

    exit_code = 1


@dataclass(order=True)
class _Item:
    """A job on its way. The longest is the least, so that it comes first."""

    rank: tuple[float, int]
    job: RunTask | ProbeJob = field(compare=False)
    future: Future[Any] = field(compare=False)
    losses: int = field(default=0, compare=False)
    begun: bool = field(default=False, compare=False)
    """Whether a site has said that it makes the run."""
    strays: int = field(default=0, compare=False)
    """How often its sites were gone before one had begun."""
    kind: int = field(default=0, compare=False)
    """The number of the kind of machine that makes it."""
    damaged: Counter[str] = field(default_factory=Counter, compare=False)
    deviations: int = field(default=0, compare=False)
    """How often it came to a machine that computes otherwise than its kind."""
    ticket: str = field(default="", compare=False)
    sites: frozenset[str] = field(default=frozenset(), compare=False)
    """To one of which it was given."""

    @property
    def task(self) -> RunTask:
        return self.job.task if isinstance(self.job, ProbeJob) else self.job


class Dispatch(Executor):
    """Hands jobs to the sites of `session`, which is closed with it: each to those of the kind of machine that `fleet`
    gives its seed to."""

    def __init__(
        self,
        session: Session,
        fleet: Fleet,
        heard: Hearing,
        watcher: RunWatcher,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(watcher)
        self._session, self._fleet, self._clock = session, fleet, clock
        self._sites: list[dict[str, KnownSite]] = [{} for _ in fleet.kinds]
        """Those that are given orders, by kind and name."""
        self._canaries: list[str | None] = [None for _ in fleet.kinds]
        """What the canary of each kind came to, once one of its sites was met."""
        self._excluded: dict[str, tuple[int, str]] = {}
        """Of each agent that is given nothing more, its kind and the reason."""
        self._met: set[str] = set()
        """Agents that sites have told of: all that answer, unless a site has a process of its own for each order."""
        self._one_by_one = False
        """Whether orders go to one site each, since some of such processes refuse, and of which site is to be known."""
        self._arrived: defaultdict[str, list[str]] = defaultdict(list)
        """Of each agent, the runs that have come home, and of which it has not been told so."""
        self._thanks: dict[str, Future[bytes]] = {}
        """Word of that which is on its way, or was heard, by its ticket."""
        self._told: set[str] = set()
        self._costs: Mapping[str, float] = {}
        self._order = itertools.count()
        self._waiting: list[list[_Item]] = [[] for _ in fleet.kinds]
        self._out: dict[str, _Item] = {}
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._takers = ThreadPoolExecutor(TAKERS, "benchsuite-parcels")
        self._ended: BaseException | None = None
        self._closing = self._killed = False
        self._missing_since: list[float | None] = [None for _ in fleet.kinds]
        self._looked = -math.inf
        heard.listener = self._heard
        self._look()
        self.devices = max(sum(map(self._slots, range(len(fleet.kinds)))), 1)
        self._thread = threading.Thread(target=self._serve, name="benchsuite-dispatch", daemon=True)
        self._thread.start()

    # What commands ask for, from their own thread.

    def packing(self, due: int, costs: Sequence[CaseCost], asked: int | None = None) -> Packing:
        self._costs = {cost.case: cost.seconds for cost in costs}
        remarks = []
        if asked is not None:
            remarks.append("--workers is for this machine; how many runs a site makes at once is the engine's affair")
        return Packing(1, min(self.devices, max(due, 1)), tuple(remarks), "on the executor's machines")

    def submit(self, job: RunTask | ProbeJob) -> Future[Any]:
        future: Future[Any] = Future()
        task = job.task if isinstance(job, ProbeJob) else job
        seconds = float("inf") if isinstance(job, ProbeJob) else self._costs.get(task.spec.case.name, 0.0)
        item = _Item((-seconds, next(self._order)), job, future, kind=self._fleet.number(task.spec.seed))
        self._events.put(lambda: self._enqueue(item))
        if self._ended is not None:  # nobody may look any more
            _set(future, self._ended)
        return future

    def close(self) -> None:
        self._end(now=False)

    def kill(self) -> None:
        self._killed = True
        self._end(now=True)

    def _end(self, *, now: bool) -> None:
        self._closing = True
        self._events.put(lambda: None)  # so that nobody waits for one
        self._thread.join()
        self._takers.shutdown(wait=True, cancel_futures=now)
        if not now:
            wait(self._thanks.values(), THANKS_SECONDS)
        for ticket in (ticket for ticket, heard in self._thanks.items() if not heard.done()):
            with suppress(Exception):  # so they are kept there for a while
                self._session.cancel(ticket)
        self._session.close(now=now)

    # What the one thread does that speaks to the session.

    def _serve(self) -> None:
        try:
            while not self._killed and self._turn(LOOK_SECONDS):
                pass
        except BaseException as error:
            self._fail(error)
        finally:
            if self._killed:
                for ticket in self._out:
                    with suppress(Exception):
                        self._session.cancel(ticket)
                self._fail(CancelledError())

    def _turn(self, seconds: float) -> bool:
        """Take in what happens within so many seconds, and hand out what can be; False when nothing is left to do."""
        self._see_to_events(seconds)
        if self._closing and not any(self._waiting) and not self._out:
            for agent in list(self._arrived):
                self._thank(agent)
            return False
        lacking = any(jobs and not sites for jobs, sites in zip(self._waiting, self._sites, strict=True))
        if lacking or self._clock() - self._looked >= LOOK_SECONDS:
            self._look()
        self._hand_out()
        return True

    def _see_to_events(self, seconds: float) -> None:
        """Do what has come meanwhile; so long it is waited for the first."""
        with suppress(queue.Empty):
            while True:
                self._events.get(timeout=seconds)()
                seconds = 0

    def _fail(self, error: BaseException) -> None:
        """Nothing more can be made: all that wait are told so, and all that come."""
        self._ended = error
        for item in (*itertools.chain(*self._waiting), *self._out.values()):
            _set(item.future, error)
        for waiting in self._waiting:
            waiting.clear()
        self._out.clear()
        self._see_to_events(0)

    def _enqueue(self, item: _Item) -> None:
        if self._ended is not None:
            _set(item.future, self._ended)
        else:
            heapq.heappush(self._waiting[item.kind], item)

    def _look(self) -> None:
        """Find out which sites there are, and tell of those that cannot be used."""
        found: list[list[KnownSite]] = [[] for _ in self._fleet.kinds]
        self._looked, makers = self._clock(), self._fleet.makers
        for site in self._session.sites():
            known, trouble = read_site(site)
            if known is None:
                self._tell_once(f"{site.host} carries out nothing: {trouble}")
            elif (kind := known.machine.kind(self._fleet.device)) not in makers:
                ours = "; ".join(map(machine_title, makers))
                self._tell_once(
                    f"{site.host} stays idle: it would give other bits ({machine_title(known.machine)}) than the"
                    f" machines of this study ({ours})"
                )
            elif known.report.agent not in self._excluded:
                self._met.add(known.report.agent)
                found[self._fleet.kinds.index(kind)].append(known)
        for number, (kind, sites) in enumerate(zip(self._fleet.kinds, found, strict=True)):
            self._sites[number] = {known.site.name: known for known in sites}
            self._canaries[number] = self._canaries[number] or agreed(sites, kind)
            for known in sites:
                if refusal := deviation(known, kind, self._canaries[number]):
                    self._exclude(number, known.report.agent, refusal)

    def _slots(self, kind: int) -> int:
        return sum(known.site.slots for known in self._sites[kind].values())

    def _hand_out(self) -> None:
        """Keep as many orders with the engine as keep the slots of each kind busy."""
        out = Counter(item.kind for item in self._out.values())
        for kind, waiting in enumerate(self._waiting):
            if not waiting:
                self._missing_since[kind] = None
            elif not self._sites[kind]:
                self._miss(kind)
            else:
                self._missing_since[kind] = None
                everybody, window = frozenset(self._sites[kind]), max(LEAST_WINDOW, 4 * self._slots(kind))
                while waiting and out[kind] < window:
                    sites = self._freest(kind) if self._one_by_one else everybody
                    out[kind] += self._hand(heapq.heappop(waiting), sites)

    def _freest(self, kind: int) -> frozenset[str]:
        """The one site of a kind with the fewest orders for each of its slots."""
        given = Counter(name for item in self._out.values() for name in item.sites)
        sites = self._sites[kind]
        return frozenset({min(sites, key=lambda name: given[name] / sites[name].site.slots)})

    def _miss(self, kind: int) -> None:
        """Wait for a site of a kind. Raises SetupError where all that came were excluded, EngineLost after a while; not
        while others are at work."""
        if self._out:
            return
        reasons = [why for of, why in self._excluded.values() if of == kind]
        if reasons:
            raise self._nobody(reasons)
        now = self._clock()
        since = self._missing_since[kind] = self._missing_since[kind] or now
        if now - since > WAIT_FOR_SITES:
            several = len(self._fleet.makers) > 1
            raise EngineLost(
                f"for {WAIT_FOR_SITES:.0f} s there has been no site to make runs on",
                where=f"of the kind {machine_title(self._fleet.kinds[kind])}" if several else None,
                expected="workers that are connected to the engine",
                remedy="start workers, and this command again: what is done is kept",
            )

    def _hand(self, item: _Item, sites: frozenset[str]) -> bool:
        """Submit a job to these sites, unless nobody wants it any more."""
        if item.future.cancelled():
            return False
        kind: Literal["probe", "run"] = "probe" if isinstance(item.job, ProbeJob) else "run"
        item.ticket = f"{item.task.key.key}-{kind}-{next(self._order)}"
        item.begun, item.sites = isinstance(item.job, ProbeJob), sites
        self._out[item.ticket] = item
        order = order_of(item.task, kind, self._canaries[item.kind] or "").model_dump_json().encode()
        self._session.submit(item.ticket, order, item.sites).add_done_callback(
            lambda future: self._takers_submit(item, future)
        )
        return True

    def _takers_submit(self, item: _Item, future: Future[bytes]) -> None:
        with suppress(RuntimeError):  # all has ended
            self._takers.submit(self._take, item, future)

    # What the takers do: look at an answer, and put what came home on disk.

    def _take(self, item: _Item, future: Future[bytes]) -> None:
        outcome: tuple[str, Any] | None = None
        raised: BaseException | None = None
        try:
            outcome = self._outcome(item, future)
        except BaseException as error:
            raised = error
        self._events.put(lambda: self._settle(item, outcome, raised))

    def _outcome(self, item: _Item, future: Future[bytes]) -> tuple[str, Any]:
        answer = read_answer(future.result())
        if not isinstance(answer.content, bytes):
            return answer.agent, answer.content
        task = item.task
        store = Store(task.results)
        try:
            parcel = unpack(answer.content, f"the parcel from {answer.agent}")
            arrival = accept(store, task.key.key, parcel, wait=LOCK_SECONDS)
        except DamagedParcel as error:
            return answer.agent, error
        except Timeout:
            return answer.agent, Busy(task.key.key)
        except StoreError as error:
            remedy = (
                f"{error.remedy or 'see to the results folder'}, and start this command again: what is done is kept"
            )
            raise NotKept(error.what, where=error.where, expected=error.expected, remedy=remedy) from error
        record = parcel.record() if arrival == "taken" else store.read(task.key.key)
        return answer.agent, record if record is not None else Busy(task.key.key)

    def _settle(self, item: _Item, outcome: tuple[str, Any] | None, error: BaseException | None) -> None:
        """Say what came of a job, or hand it out again."""
        if self._out.pop(item.ticket, None) is None:
            return
        if isinstance(error, CancelledError):
            _set(item.future, error)
        elif isinstance(error, SiteLost):
            self._lost(item, error)
        elif isinstance(error, GarbledAnswer):
            self._lost(item, SiteLost(f"an answer of its site cannot be read: {error}"))
        elif isinstance(error, BenchsuiteError):  # EngineLost, Nondeterminism, the store's
            _set(item.future, error)
            if isinstance(error, EngineLost | Nondeterminism | NotKept):
                raise error
        elif error is not None:
            _set(item.future, _defect(error))
        elif outcome is not None:
            self._answered(item, *outcome)

    def _answered(self, item: _Item, agent: str, content: Any) -> None:
        if isinstance(content, Refusal):
            self._refused(item, agent, content)
            heapq.heappush(self._waiting[item.kind], item)
        elif isinstance(content, DamagedParcel):
            sender = agent if agent in self._met else ""
            item.damaged[sender] += 1
            self.watcher.say(f"{item.task.title}: what came from {self._host(agent)} is damaged; it is asked for again")
            if item.damaged[sender] > 1:
                refusal = Refusal(kind=content.kind, what=f"it sent damaged results twice: {content.what}")
                self._exclude(item.kind, agent, refusal, item.sites)
            heapq.heappush(self._waiting[item.kind], item)
        elif content is None:  # cancelled there, though nobody here did
            self._lost(item, SiteLost("its site was told to stop"))
        else:
            if isinstance(content, RunRecord) and agent in self._met:
                self._arrived[agent].append(item.task.key.key)
                if len(self._arrived[agent]) >= MOST_ARRIVED:
                    self._thank(agent)
            _set(item.future, None, content)

    def _thank(self, agent: str) -> None:
        """Tell an agent which of its runs have come home. It may never hear of it: then it keeps them for a while."""
        keys, ticket = tuple(self._arrived.pop(agent)), f"arrived-{next(self._order)}"
        every = itertools.chain(*(sites.items() for sites in self._sites))
        if names := frozenset(name for name, known in every if known.report.agent == agent):
            self._thanks[ticket] = self._session.submit(ticket, Arrived(keys=keys).model_dump_json().encode(), names)

    def _refused(self, item: _Item, agent: str, refusal: Refusal) -> None:
        """Give nothing more to who refuses. The machine of a batch job may be the only one of its site that computes
        otherwise: the site is given up when a run has come to such machines again and again."""
        if refusal.kind == OtherSteps.kind and agent not in self._met:
            self._one_by_one = True
            item.deviations += 1
            self._tell_once(f"{refusal.where or agent} makes none of the runs that come to it: {refusal.what}")
            if item.deviations < MOST_LOSSES:
                return
        self._exclude(item.kind, agent, refusal, item.sites)

    def _exclude(self, kind: int, agent: str, refusal: Refusal, sites: frozenset[str] = frozenset()) -> None:
        """Give nothing more to an agent, or to the one of these sites whose process it was."""
        if agent in self._excluded:
            return
        if agent not in self._met:  # a batch job: it is gone, and the next one of its site would refuse as well
            self._one_by_one = True
            for name in sites & self._sites[kind].keys() if len(sites) == 1 else ():
                self._exclude(kind, self._sites[kind][name].report.agent, refusal)
            return
        own = {name: known for name, known in self._sites[kind].items() if known.report.agent == agent}
        host = next((known.site.host for known in own.values()), agent)
        self._excluded[agent] = kind, f"{host}: {refusal.what}"
        remedy = f" ({refusal.remedy})" if refusal.remedy else ""
        self.watcher.say(f"{host} is given no more runs: {refusal.what}{remedy}")
        self._sites[kind] = {name: known for name, known in self._sites[kind].items() if name not in own}

    def _lost(self, item: _Item, error: BenchsuiteError) -> None:
        self._looked = -math.inf  # it may be gone
        if not item.begun and item.strays < MOST_STRAYS:
            item.strays += 1
            heapq.heappush(self._waiting[item.kind], item)
            return
        item.losses += 1
        if item.losses < MOST_LOSSES:
            self.watcher.say(f"{item.task.title}: {error.what}; it goes to another site")
            heapq.heappush(self._waiting[item.kind], item)
            return
        what = f"the sites that made this run were lost, {MOST_LOSSES} times: {error.what}"
        remedy = "look at the engine's logs and at the memory of its machines, and start the suite again"
        if isinstance(item.job, ProbeJob):
            _set(item.future, WorkerDied(what, where=item.task.title, remedy=remedy))
        else:
            failure = Failure(kind=WorkerDied.kind, what=what, where=item.task.title, remedy=remedy)
            _set(item.future, None, record_failure(item.job, failure))

    def _nobody(self, reasons: Sequence[str]) -> SetupError:
        return SetupError(
            "no site makes the runs of this study",
            where="; ".join(dict.fromkeys(reasons)),
            expected="sites with the source, data, weights, libraries and threads of the study as it was planned",
            remedy="mend what they say, start their workers again, and this command: what is done is kept",
        )

    def _host(self, agent: str) -> str:
        every = itertools.chain(*(sites.values() for sites in self._sites))
        return next((known.site.host for known in every if known.report.agent == agent), agent)

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.watcher.say(text)

    def _heard(self, ticket: str, message: bytes) -> None:
        item = self._out.get(ticket)
        if item is None or isinstance(item.job, ProbeJob):
            return
        item.begun = True
        with suppress(GarbledAnswer):
            kind, content = read_told(message)
            if kind == "say":
                self._tell_once(content[0])
            else:
                getattr(self.watcher, kind)(item.job, *content)


class Hearing:
    """Takes what sites tell, before there is anybody who listens."""

    def __init__(self) -> None:
        self.listener: Callable[[str, bytes], None] = lambda ticket, message: None

    def __call__(self, ticket: str, message: bytes) -> None:
        self.listener(ticket, message)


def _set(future: Future[Any], error: BaseException | None, outcome: Any = None) -> None:
    """Give a future its end, unless it has one."""
    if isinstance(error, CancelledError):
        future.cancel()
        return
    with suppress(Exception):
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(outcome)


def _defect(error: BaseException) -> PluginError:
    return PluginError(
        f"the executor, or benchsuite on a site, failed: {type(error).__name__}: {first_line(error)}",
        expected="an answer, or that the site is lost",
        remedy="look at the engine's logs; report it to the executor's authors, or to benchsuite's",
    )
