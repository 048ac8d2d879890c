"""A Dask cluster that is connected: which workers it has, which order is where, and what becomes of it.

All of it happens on one event loop in a thread of its own (`_Cluster`); a session's methods hand their work to that
loop, so nothing is shared and nothing is locked.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
import time
import uuid
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from distributed import CancelledError, Client
from distributed.scheduler import KilledWorker
from distributed.versions import VersionMismatchWarning

from benchsuite.api import BenchsuiteError, EngineLost, Handler, Session, SetupError, Site, SiteLost, Survey

from .dask_address import Address
from .dask_options import DaskParameters
from .dask_worker import ANSWERED, ENTRY, look_around, versions

if TYPE_CHECKING:
    from distributed.security import Security

SURVEY_SECONDS = 60.0
"""How long what sites say of themselves is pending."""
WATCH_SECONDS = 0.25
"""Between two looks at the connection to the scheduler."""
ASK_SECONDS = 2.0
"""Between two questions to the scheduler which workers it has; it also tells of those that come and go."""
GOODBYE_SECONDS = 5.0
"""How long parting from a scheduler may take."""
SAME_VERSION = "the same benchsuite, Dask and Python on this machine, the scheduler and the workers"


@dataclass(eq=False)
class _Worker:
    address: str
    site: Site | None = None
    """What is known of it; None until it has been surveyed."""
    free: int = 0
    """Slots without an order of ours."""


@dataclass(eq=False)
class _Order:
    number: int
    ticket: str
    content: bytes
    sites: frozenset[str]
    answer: Future[bytes]
    worker: _Worker | None = None
    """Who carries it out; None while it waits."""
    future: Any = None
    """Dask's."""
    task: asyncio.Task[None] | None = None


class _Cluster:
    """What a session knows of its cluster; touched by the loop's thread alone, but for `lost`."""

    def __init__(
        self,
        client: Client,
        options: DaskParameters,
        where: str,
        handler: str,
        survey: str,
        heard: Callable[[str, bytes], None],
    ) -> None:
        self._client, self._options, self._where = client, options, where
        self._handler, self._survey, self._heard = handler, survey, heard
        self._scheduler: Any = client.scheduler
        self._session = uuid.uuid4().hex
        self._connection = client.scheduler_comm
        self._workers: dict[str, _Worker] = {}
        self._usable: dict[str, _Worker] = {}
        """Those that orders can be given to, by the names of their sites."""
        self._names: set[str] = set()
        self._surveys: set[asyncio.Task[None]] = set()
        self._waiting: dict[int, _Order] = {}
        self._orders: dict[int, _Order] = {}
        """All that are not answered, by their numbers, as `_waiting` is."""
        self._tickets: dict[str, _Order] = {}
        self._count = 0
        self._ask, self._looked = asyncio.Event(), asyncio.Event()
        self._opened = time.monotonic()
        self.lost: EngineLost | None = None
        self._watchers = [asyncio.create_task(self._watch_connection()), asyncio.create_task(self._watch_workers())]
        for others in ("print", "warn"):  # what any worker on the cluster has its clients say
            client.unsubscribe_topic(others)
        client.subscribe_topic(client.id, self._hear)  # of which the scheduler lets go some time after the client
        client.subscribe_topic("all", self._notice)

    # The scheduler

    def _connected(self) -> bool:
        # Dask connects again by itself, to a scheduler that may have started anew and then knows nothing of us.
        return self._client.status == "running" and self._client.scheduler_comm is self._connection

    async def _watch_connection(self) -> None:
        while self._connected():
            await asyncio.sleep(WATCH_SECONDS)
        self._lose("the connection to the scheduler is broken")

    async def _watch_workers(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._look(), self._options.timeout)
            except TimeoutError:
                return self._lose(f"the scheduler has said nothing for {self._options.timeout:g} seconds")
            except OSError:
                return self._lose("the connection to the scheduler is broken")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ask.wait(), ASK_SECONDS)
            self._ask.clear()

    def _lose(self, what: str) -> None:
        self.lost = EngineLost(
            what,
            where=self._where,
            expected="a scheduler that runs for as long as the orders that it was given",
            remedy="see that the scheduler runs and can be reached, and start the command again: what is done is kept",
        )
        self._looked.set()
        for order in list(self._orders.values()):
            self._end(order, self.lost)
        self._watchers.append(asyncio.create_task(self.leave()))

    # Its workers

    async def _look(self) -> None:
        """Ask for the workers that are there now."""
        present = await self._scheduler.ncores()
        for address in self._workers.keys() - present.keys():
            self._remove(address)
        for address in present.keys() - self._workers.keys():
            worker = self._workers[address] = _Worker(address)
            survey = asyncio.create_task(self._look_at(worker))
            self._surveys.add(survey)
            survey.add_done_callback(self._surveys.discard)
        self._looked.set()

    def pending(self) -> str:
        here, options, waited = len(self._usable), self._options, time.monotonic() - self._opened
        if self.lost is not None:
            return ""
        if not self._looked.is_set():
            return "word of the scheduler"
        if here < options.workers and waited < options.wait:
            return f"workers: there are {here} of {options.workers}, for which it waits {options.wait:g} s at most"
        return "what the workers say of themselves" if self._surveys and waited < SURVEY_SECONDS else ""

    async def _look_at(self, worker: _Worker) -> None:
        said: Any
        try:
            answers = await self._client.run(look_around, self._survey, workers=[worker.address], on_error="return")
            said = answers[worker.address]
        except Exception as error:
            said = error
        if self._workers.get(worker.address) is not worker:
            return
        if isinstance(said, OSError | KeyError):  # it is gone, or not quite there: the next look will tell
            del self._workers[worker.address]
        elif isinstance(said, Exception):
            port = worker.address.rpartition(":")[2]
            host = worker.address.rpartition("/")[2].removesuffix(f":{port}")
            self._place(worker, f"{host}:{port}", host, 1, b"", _why_not(said))
        else:
            trouble = _other_versions(said["versions"])
            trouble = trouble and f"it has {trouble}; expected is {SAME_VERSION}"
            self._place(worker, _shown(said), said["host"], said["slots"], b"" if trouble else said["facts"], trouble)
            self._dispatch()

    def _place(self, worker: _Worker, name: str, host: str, slots: int, facts: bytes, trouble: str) -> None:
        unique, start = name, 1
        while unique in self._names:
            start += 1
            unique = f"{name}/{start}"
        self._names.add(unique)
        worker.site, worker.free = Site(unique, host, slots, facts, trouble), slots
        if not trouble:
            self._usable[unique] = worker

    def _remove(self, address: str) -> None:
        worker = self._workers.pop(address, None)
        if worker is None or worker.site is None:
            return
        self._usable.pop(worker.site.name, None)
        for order in list(self._orders.values()):
            if order.worker is worker:
                self._end(order, self._site_lost(worker.site.name))
            elif order.worker is None and not order.sites & self._usable.keys():
                self._end(order, self._no_site_left(order))

    def _notice(self, event: tuple[float, Any]) -> None:
        """The scheduler tells everybody what it does; of that, workers that come and go matter."""
        said = event[1]
        action = said.get("action") if isinstance(said, dict) else None
        if action == "remove-worker":
            self._remove(said["worker"])
        elif action == "add-worker":
            self._ask.set()

    def sites(self) -> tuple[Site, ...]:
        return tuple(worker.site for worker in self._workers.values() if worker.site is not None)

    # Orders

    def submit(self, ticket: str, content: bytes, sites: frozenset[str], answer: Future[bytes]) -> None:
        self._count += 1
        order = _Order(self._count, ticket, content, sites, answer)
        self._orders[order.number] = self._tickets[ticket] = order
        if self.lost is not None:
            self._end(order, self.lost)
        elif not sites & self._usable.keys():
            self._end(order, self._no_site_left(order))
        else:
            self._waiting[order.number] = order
            self._dispatch()

    def _dispatch(self) -> None:
        free = {name: worker for name, worker in self._usable.items() if worker.free > 0}
        for order in list(self._waiting.values()) if free else ():
            fitting = [worker for name, worker in free.items() if name in order.sites]
            if fitting:
                worker = max(fitting, key=lambda one: one.free)
                self._send(order, worker)
                if not worker.free and worker.site is not None:
                    del free[worker.site.name]
            if not free:
                break

    def _send(self, order: _Order, worker: _Worker) -> None:
        del self._waiting[order.number]
        worker.free -= 1
        order.worker = worker
        # A function without a name goes by its value, so that the scheduler, which looks at it, needs no benchsuite.
        order.future = self._client.submit(
            lambda entry, *arguments: resolve_name(entry)(*arguments),
            ENTRY,
            self._handler,
            self._client.id,
            order.number,
            order.content,
            key=(f"benchsuite-{self._session}", order.number),
            workers=[worker.address],
            allow_other_workers=False,
            retries=0,
            priority=-order.number,
            pure=False,
        )
        order.task = asyncio.create_task(self._fetch(order, order.future))

    async def _fetch(self, order: _Order, future: Any) -> None:
        assert order.worker is not None
        assert order.worker.site is not None
        outcome: bytes | Exception
        try:
            await future.exception()  # a small answer has been heard by then, and this task is cancelled
            answered, content = await future.result()
            if content is None:  # it was sent while the connection was broken
                outcome = self._site_lost(order.worker.site.name)
            else:
                outcome = content if answered else pickle.loads(content)
        except (CancelledError, KilledWorker):  # not by us: the connection broke, or somebody restarted the workers
            outcome = self._site_lost(order.worker.site.name)
        except Exception as error:
            outcome = error
        if self._connected():
            self._end(order, outcome)
        elif self.lost is None:
            self._lose("the connection to the scheduler is broken")

    def _end(self, order: _Order, outcome: bytes | BaseException | None) -> None:
        """Give the answer or the error, or None to cancel it, to whoever waits for it."""
        if self._orders.pop(order.number, None) is None:
            return
        self._waiting.pop(order.number, None)
        if self._tickets.get(order.ticket) is order:
            del self._tickets[order.ticket]
        if order.task is not None and order.task is not asyncio.current_task():
            order.task.cancel()
        if order.future is not None:
            order.future.release()
        if outcome is None:
            order.answer.cancel()
        if order.answer.set_running_or_notify_cancel():
            if isinstance(outcome, bytes):
                order.answer.set_result(outcome)
            else:
                order.answer.set_exception(outcome)
        if order.worker is not None:
            order.worker.free += 1
            self._dispatch()

    def cancel(self, ticket: str) -> None:
        if order := self._tickets.get(ticket):
            self._end(order, None)

    def _hear(self, event: tuple[float, Any]) -> None:
        said = event[1]
        if isinstance(said, dict):  # by the scheduler, of its own work for us
            return
        number, kind, content = said
        if order := self._orders.get(number):
            if kind == ANSWERED:
                self._end(order, content)
            else:
                self._heard(order.ticket, content)

    def _site_lost(self, name: str) -> SiteLost:
        return SiteLost(
            "the worker has left the cluster before it answered",
            where=f"{name} of {self._where}",
            remedy="look at the log of that worker: it was stopped, or its machine ran out of memory or is gone",
        )

    def _no_site_left(self, order: _Order) -> SiteLost:
        return SiteLost(
            "none of the workers that may carry this out is left",
            where=f"{', '.join(sorted(order.sites)) or 'no worker'} of {self._where}",
            remedy="start workers, or start the command again with those that are there",
        )

    # The end

    async def leave(self) -> None:
        """Give up what is left, and part from the scheduler."""
        for order in list(self._orders.values()):
            self._end(order, self.lost)
        for task in [*self._watchers, *self._surveys]:
            if task is not asyncio.current_task():
                task.cancel()
        if self._connected():  # else the scheduler would tell us that we are gone, and log that it cannot
            for topic in (self._client.id, "all"):
                self._client.unsubscribe_topic(topic)
        await _part(self._client)


def _shown(said: dict[str, Any]) -> str:
    """A worker's name; one that was given none is called by its address, of which the machine and port are enough."""
    name: str = said["name"]
    return f"{said['host']}:{name.rpartition(':')[2]}" if "://" in name else name


def _why_not(error: Exception) -> str:
    """Why a worker cannot be used; one that lacks a module says so in an exception of Dask's own."""
    said = str(error) if type(error) is Exception else f"{type(error).__name__}: {error}"
    return f"benchsuite cannot be used there: {said}; expected is {SAME_VERSION}"


def _other_versions(theirs: dict[str, str]) -> str:
    """In what a site or scheduler differs from us; empty where it does not."""
    wrong = [name for name, ours in versions().items() if theirs.get(name) != ours]
    return " and ".join(f"{name} {theirs.get(name)}, and not {versions()[name]} as here" for name in wrong)


class DaskSession(Session):
    """The thread of a cluster's loop, and the way into it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop
        self._cluster: _Cluster
        self._closed = False
        self._end: asyncio.Event
        self._thread: threading.Thread

    def start(self, opening: Callable[[], Any]) -> None:
        """Run the loop; `opening()` is awaited on it and gives the cluster. Raises what it raises."""
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(opening, ready)), daemon=True)
        self._thread.start()
        ready.result()

    async def _serve(self, opening: Callable[[], Any], ready: Future[None]) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        try:
            self._cluster = await opening()
        except BaseException as error:
            return ready.set_exception(error)
        ready.set_result(None)
        await self._end.wait()
        await self._cluster.leave()

    def _raise_lost(self) -> None:
        if self._cluster.lost is not None:
            raise self._cluster.lost
        if self._closed:
            raise EngineLost("this session with the cluster was closed", where=self._name, remedy="open another")

    def sites(self) -> tuple[Site, ...]:
        self._raise_lost()
        sites: tuple[Site, ...] = self._on_loop(self._cluster.sites)
        self._raise_lost()
        return sites

    def pending(self) -> str:
        return "" if self._closed else str(self._on_loop(self._cluster.pending))

    def _on_loop(self, ask: Callable[[], Any]) -> Any:
        async def asked() -> Any:
            return ask()

        return asyncio.run_coroutine_threadsafe(asked(), self._loop).result()

    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        self._raise_lost()
        answer: Future[bytes] = Future()
        self._loop.call_soon_threadsafe(self._cluster.submit, ticket, order, sites, answer)
        return answer

    def cancel(self, ticket: str) -> None:
        if not self._closed:
            self._loop.call_soon_threadsafe(self._cluster.cancel, ticket)

    def close(self, *, now: bool) -> None:
        if not self._closed:
            self._closed = True
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(2 * GOODBYE_SECONDS)


def connect(
    address: Address,
    security: Security | None,
    options: DaskParameters,
    handler: Handler,
    survey: Survey,
    heard: Callable[[str, bytes], None],
) -> DaskSession:
    """A session with the scheduler at `address`."""
    _hush()

    async def opening() -> _Cluster:
        client = Client(
            address.url,
            security=security,
            timeout=options.timeout,
            name="benchsuite",
            asynchronous=True,
            set_as_default=False,
            direct_to_workers=options.direct,
        )
        try:
            async with asyncio.timeout(2 * options.timeout):
                await client
                await _check_versions(client, address)
            return _Cluster(client, options, address.url, _name(handler), _name(survey), heard)
        except BenchsuiteError:
            await _part(client)
            raise
        except TimeoutError:
            reason = f"it has not answered within {options.timeout:g} seconds"
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        await _part(client)
        raise EngineLost(
            f"a conversation with the scheduler could not be begun: {reason}",
            where=address.url,
            expected=SAME_VERSION,
            remedy="compare `pip show distributed` here and there, and look at the scheduler's log",
        )

    session = DaskSession(address.url)
    with warnings.catch_warnings():  # of this process, which waits here until the session is open
        warnings.simplefilter("ignore", VersionMismatchWarning)
        session.start(opening)
    return session


async def _part(client: Client) -> None:
    with suppress(Exception):
        await asyncio.wait_for(client.close(), GOODBYE_SECONDS)


async def _check_versions(client: Client, address: Address) -> None:
    scheduler: Any = client.scheduler
    theirs: dict[str, str] = (await scheduler.versions())["packages"]
    different = _other_versions({**theirs, "python": ".".join(theirs["python"].split(".")[:2])})
    if different:
        raise SetupError(
            f"the scheduler has {different}",
            where=address.url,
            expected=SAME_VERSION,
            remedy=f'install the same there or here: pip install "distributed=={theirs.get("distributed")}"',
        )


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


def _hush() -> None:
    """What the engine logs of its connections is said by our errors; users are not to read it twice."""
    for name in ("distributed", "tornado", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
