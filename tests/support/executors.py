"""Executors for tests: one whose sites are threads of this process, and one whose sites are processes of their own."""

from __future__ import annotations

import itertools
import os
import pickle
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import Field

from benchsuite.api import Channel, Executor, Handler, Parameters, Session, Site, SiteLost, Survey
from benchsuite.processes import ChildProcess, Parent, ParentGone, ProcessEnded

Heard = Callable[[str, bytes], None]


class SitesParameters(Parameters):
    """How many sites there are."""

    sites: int = Field(default=2, ge=1, le=16)
    """Sites."""

    slots: int = Field(default=1, ge=1, le=16)
    """Orders that each carries out at once."""


def settled(session: Session, limit: float = 60.0) -> tuple[Site, ...]:
    """The sites of a session, once none is on its way any more."""
    until = time.monotonic() + limit
    while waits := session.pending():
        assert time.monotonic() < until, f"{limit:g} seconds of waiting for {waits}"
        time.sleep(0.02)
    return session.sites()


@dataclass(eq=False)
class Order:
    """An order, from when it is submitted; the channel of one that is carried out by a thread."""

    ticket: str
    order: bytes
    sites: frozenset[str]
    heard: Heard
    future: Future[bytes] = field(default_factory=Future)
    """Never running, so that it can be cancelled at any time."""
    given_up: threading.Event = field(default_factory=threading.Event)

    def tell(self, message: bytes) -> None:
        self.heard(self.ticket, message)

    def cancelled(self) -> bool:
        return self.given_up.is_set()

    def give_up(self) -> None:
        self.given_up.set()
        self.future.cancel()

    def answered(self, answer: bytes | BaseException) -> None:
        with suppress(InvalidStateError):  # it has been cancelled
            if isinstance(answer, bytes):
                self.future.set_result(answer)
            else:
                self.future.set_exception(answer)


class QueueSession(Session):
    """Sites with threads here, each of which takes the next order that its site may carry out."""

    def __init__(self, options: SitesParameters, handler: Handler, survey: Survey, heard: Heard) -> None:
        self.handler, self.survey, self.heard = handler, survey, heard
        self.names = [f"{type(self).__name__.lower()}-{number}" for number in range(1, options.sites + 1)]
        self.slots = options.slots
        self.changed = threading.Condition()
        self.waiting: list[Order] = []
        self.orders: dict[str, Order] = {}
        self.lost: set[str] = set()
        self.closed = False
        self.facts = {name: self.facts_of(name) for name in self.names}
        self.threads = [
            threading.Thread(target=self.serve, args=(name,), name=name, daemon=True)
            for name in self.names
            for _ in range(options.slots)
        ]
        for thread in self.threads:
            thread.start()

    def facts_of(self, site: str) -> bytes:
        return self.survey()

    def sites(self) -> tuple[Site, ...]:
        there = [name for name in self.names if name not in self.lost]
        return tuple(Site(name, "localhost", self.slots, self.facts[name]) for name in there)

    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        made = Order(ticket, order, sites, self.heard)
        with self.changed:
            if not sites & {site.name for site in self.sites()}:
                made.answered(SiteLost("none of the sites is there"))
            else:
                self.orders[ticket] = made
                self.waiting.append(made)
                self.changed.notify_all()
        return made.future

    def cancel(self, ticket: str) -> None:
        with self.changed:
            order = self.orders.get(ticket)
            if order in self.waiting:
                self.waiting.remove(order)
        if order is not None:
            order.give_up()

    def close(self, *, now: bool) -> None:
        with self.changed:
            self.closed = True
            left, self.waiting = list(self.orders.values()), []
            self.changed.notify_all()
        for order in left if now else ():
            order.give_up()
        for thread in self.threads:
            thread.join(5)

    def serve(self, site: str) -> None:
        while (order := self.next_order(site)) is not None:
            try:
                order.answered(self.carry_out(site, order))
            except Exception as error:
                order.answered(error)
            self.orders.pop(order.ticket, None)

    def next_order(self, site: str) -> Order | None:
        with self.changed:
            while not self.closed and site not in self.lost:
                for order in self.waiting:
                    if site in order.sites:
                        self.waiting.remove(order)
                        return order
                self.changed.wait()
        return None

    def carry_out(self, site: str, order: Order) -> bytes:
        return self.handler(order.order, order)

    def lose(self, site: str) -> None:
        """Take a site off; orders that are left for it alone are lost."""
        with self.changed:
            self.lost.add(site)
            there = {name for name in self.names if name not in self.lost}
            stranded = [order for order in self.waiting if not order.sites & there]
            self.waiting = [order for order in self.waiting if order not in stranded]
            self.changed.notify_all()
        for order in stranded:
            order.answered(SiteLost("the last of its sites is gone"))


class Threads(Executor[SitesParameters]):
    """Sites are threads of this process."""

    name = "threads"
    Parameters = SitesParameters
    session: type[QueueSession] = QueueSession

    def open(self, options: SitesParameters, handler: Handler, survey: Survey, heard: Heard) -> Session:
        return self.session(options, handler, survey, heard)


class ProcessSession(QueueSession):
    """The same, where each slot hands its orders to a process."""

    def __init__(self, options: SitesParameters, handler: Handler, survey: Survey, heard: Heard) -> None:
        self.numbers = itertools.count(1)
        self.processes: dict[str, list[ChildProcess]] = {}
        self.own = threading.local()
        super().__init__(options, handler, survey, heard)

    def facts_of(self, site: str) -> bytes:
        with ChildProcess(_survey, self.survey) as process:
            facts: bytes = process.receive(60)
        return facts

    def serve(self, site: str) -> None:
        with ChildProcess(_carry_out, self.handler) as process:
            self.own.process = process
            super().serve(site)

    def carry_out(self, site: str, order: Order) -> bytes:
        process: ChildProcess = self.own.process
        watch = threading.Thread(target=_pass_on, args=(order, process), daemon=True)
        try:
            process.send(order.order)
            watch.start()
            while not isinstance(said := process.receive(), Answer):
                order.tell(said)
        except ProcessEnded as ended:
            self.lose(site)
            raise SiteLost(f"the process of {site} has ended: {ended}") from ended
        finally:
            order.given_up.set()
            watch.join(5)
            process_ended = not process.alive
        if not process_ended:
            process.receive(5)  # it has read that this order is over
        if said.error is not None:
            raise said.error
        return said.answer


class Processes(Threads):
    """Sites are processes that this one starts."""

    name = "processes"
    session = ProcessSession


@dataclass(frozen=True)
class Answer:
    """What a process says last of an order."""

    answer: bytes = b""
    error: Exception | None = None


def _pass_on(order: Order, process: ChildProcess) -> None:
    """Tell the process when the order is over, for whatever reason."""
    order.given_up.wait()
    with suppress(ProcessEnded):
        process.send(None)


def _survey(parent: Parent, survey: Survey) -> None:
    parent.send(survey())


def _carry_out(parent: Parent, handler: Handler) -> None:
    inbox = _Inbox(parent)
    while True:
        order = inbox.next_order()
        try:
            said = Answer(handler(order, _ProcessChannel(parent, inbox)))
        except Exception as error:
            try:
                pickle.loads(pickle.dumps(error))
            except Exception:
                error = RuntimeError(f"{type(error).__name__}: {error}")
            said = Answer(error=error)
        parent.send(said)
        inbox.over.wait()
        parent.send(b"next")


class _Inbox:
    """What the parent sends, read by a thread: an order, and then None when it is over."""

    def __init__(self, parent: Parent) -> None:
        self.parent, self.over = parent, threading.Event()
        self.orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        try:
            while True:
                said = self.parent.receive()
                if said is None:
                    self.over.set()
                else:
                    self.over.clear()
                    self.orders.put(said)
        except ParentGone:
            os._exit(0)

    def next_order(self) -> bytes:
        return self.orders.get()


@dataclass
class _ProcessChannel(Channel):
    parent: Parent
    inbox: _Inbox

    def tell(self, message: bytes) -> None:
        with suppress(ParentGone):
            self.parent.send(message)

    def cancelled(self) -> bool:
        return self.inbox.over.is_set()
