"""An executor under test, opened on its small engine: orders given, messages heard, and no wait without an end.

A session's methods are called from one thread, as its contract promises; one that does not return in time is Broken, as
is whatever does not come.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from benchsuite.contracts.executor import Session, Site
from benchsuite.contracts.parameters import Parameters
from benchsuite.errors import BenchsuiteError
from benchsuite.processes import Parent
from benchsuite.testing.harness import site_orders
from benchsuite.testing.harness.component_source import Origin
from benchsuite.testing.harness.outcomes import Broken, check, one_line
from benchsuite.testing.harness.subject import Subject

T = TypeVar("T")

CALL_SECONDS = 60.0
"""How long a method of a session, or the start or end of an engine, may take."""
ANSWER_SECONDS = 60.0
"""How long an order may take beyond what it says itself: processes start slowly on loaded machines."""
SITES_SECONDS = 60.0
MESSAGE_SECONDS = 20.0
POLL_SECONDS = 0.02
LINGER_SECONDS = 100.0
"""How long orders linger that wait to be cancelled; longer than anything that is waited for meanwhile."""


@dataclass(frozen=True)
class Given:
    """An order that was submitted."""

    ticket: str
    future: Future[bytes]


@dataclass
class Caller:
    """One thread that makes calls, none of which is waited for longer than its bound."""

    _calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._serve, name="check", daemon=True).start()

    def call(self, what: str, function: Callable[[], T], seconds: float | None = None) -> T:
        """What a function returns or raises. Raises Broken when it does not return in time."""
        most = CALL_SECONDS if seconds is None else seconds
        done: Future[T] = Future()
        self._calls.put((function, done))
        wait([done], most)
        check(done.done(), f"{what} has not returned after {most:g} s")
        return done.result()

    def end(self) -> None:
        self._calls.put(None)

    def _serve(self) -> None:
        while (asked := self._calls.get()) is not None:
            function, done = asked
            try:
                done.set_result(function())
            except BaseException as error:
                done.set_exception(error)


class Engine:
    """A session with what was heard of its orders. What it waits for has a bound, beyond which it raises Broken."""

    def __init__(self, subject: Subject, options: Any, caller: Caller) -> None:
        self._caller = caller
        self._numbers = itertools.count(1)
        self._messages: list[tuple[str, bytes]] = []
        component = subject.component
        try:
            self.session: Session = caller.call(
                "open()", lambda: component.open(options, site_orders.handle, site_orders.survey, self._heard)
            )
        except BenchsuiteError as error:
            said = f"open() raises {type(error).__name__} on the engine of sample(): {one_line(error)}"
            raise Broken(said) from error

    def _heard(self, ticket: str, message: bytes) -> None:
        self._messages.append((ticket, message))

    def sites(self) -> tuple[Site, ...]:
        """The sites, as soon as there are any and no more come; engines are slow to start."""
        end = time.monotonic() + SITES_SECONDS
        before: tuple[Site, ...] = ()
        while time.monotonic() < end:
            now = self._caller.call("sites()", self.session.sites)
            if now and now == before and not self._caller.call("pending()", self.session.pending):
                return now
            before = now
            time.sleep(0.5)
        raise Broken(f"there is no site after {SITES_SECONDS:g} s" if not before else "its sites come and go")

    def submit(self, order: bytes, sites: Iterable[Site | str], ticket: str | None = None) -> Given:
        names = frozenset(site if isinstance(site, str) else site.name for site in sites)
        named = ticket or f"order-{next(self._numbers)}"
        future = self._caller.call("submit()", lambda: self.session.submit(named, order, names))
        check(isinstance(future, Future), f"submit() returned {future!r:.80}; expected a Future")
        return Given(named, future)

    def cancel(self, ticket: str) -> None:
        self._caller.call("cancel()", lambda: self.session.cancel(ticket))

    def close(self, *, now: bool) -> None:
        self._caller.call(f"close(now={now})", lambda: self.session.close(now=now))

    def answer(self, given: Given, what: str, seconds: float = 0.0) -> bytes:
        """The answer to an order. Raises Broken for one that does not come, or is no bytes."""
        try:
            answer = self.outcome(given, what, seconds)
        except Broken:
            raise
        except Exception as error:
            raise Broken(f"{what}: its future raises {type(error).__name__}: {one_line(error)}") from error
        check(type(answer) is bytes, f"{what}: the answer is {type(answer).__name__}; expected bytes")
        return answer

    def outcome(self, given: Given, what: str, seconds: float = 0.0) -> bytes:
        """What an order's future gives or raises. Raises Broken when it does neither in time."""
        most = ANSWER_SECONDS + seconds
        wait([given.future], most)
        check(given.future.done(), f"{what}: there is no answer after {most:g} s")
        if given.future.cancelled():
            raise Broken(f"{what}: its future is cancelled, which nobody asked for")
        return given.future.result()

    def messages(self, given: Given) -> list[bytes]:
        return [message for ticket, message in list(self._messages) if ticket == given.ticket]

    @property
    def tickets_heard(self) -> set[str]:
        return {ticket for ticket, _ in list(self._messages)}

    def hears(self, given: Given, message: bytes, seconds: float | None = None) -> bool:
        """Whether a message of an order comes in time."""
        return self.comes(lambda: message in self.messages(given), seconds)

    def comes(self, condition: Callable[[], bool], seconds: float | None = None) -> bool:
        """Whether something comes to be in time."""
        end = time.monotonic() + (MESSAGE_SECONDS if seconds is None else seconds)
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(POLL_SECONDS)
        return condition()

    def occupy(self, site: Site) -> list[Given]:
        """Give a site an order for every slot, each of which lingers; they have begun."""
        order = site_orders.order_of("linger", seconds=LINGER_SECONDS)
        lingering = [self.submit(order, [site]) for _ in range(site.slots)]
        for given in lingering:
            begun = self.hears(given, b"begun", ANSWER_SECONDS)
            check(
                begun,
                f"{site.name} was given an order for each of its {site.slots} slots, and {ANSWER_SECONDS:g} s later "
                "one has not begun, or its first message has not been heard",
            )
        return lingering

    def release(self, lingering: Iterable[Given]) -> None:
        for given in lingering:
            self.cancel(given.ticket)


@dataclass(frozen=True)
class Running:
    """A small engine of the executor's own: the options by which it is reached, and what opens a session on it."""

    options: Parameters
    open: Callable[[], Engine]


@contextmanager
def engine_running(subject: Subject) -> Iterator[Running]:
    """A small engine. When the block ends, sessions are closed and the engine has ended; what is found in the block
    counts before what goes wrong then."""
    caller = Caller()
    found: Exception | None = None
    try:
        with ExitStack() as stack:
            context = subject.component.sample(subject.params, subject.new_folder("engine"))
            options = caller.call("the start of sample()", context.__enter__)
            stack.callback(caller.call, "the end of sample()", lambda: context.__exit__(None, None, None))

            def open_session() -> Engine:
                engine = Engine(subject, options, caller)
                stack.callback(engine.close, now=True)
                return engine

            try:
                yield Running(options, open_session)
            except Exception as error:
                found = error
    except Exception:
        if found is None:
            raise
    finally:
        caller.end()
    if found is not None:
        raise found


@contextmanager
def engine_opened(subject: Subject) -> Iterator[Engine]:
    """A session on a small engine of the executor's own."""
    with engine_running(subject) as running:
        yield running.open()


def give_order(parent: Parent, origin: Origin, written: Mapping[str, Any], order: bytes) -> None:
    """Give one order, in a process that is there to be killed; the parent is told when it has been submitted."""
    entry = origin.load()
    component: Any = entry.component
    session = component.open(entry.parse(written), site_orders.handle, site_orders.survey, lambda ticket, message: None)
    end = time.monotonic() + SITES_SECONDS
    while (not (sites := session.sites()) or session.pending()) and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    session.submit("order", order, frozenset(site.name for site in sites))
    parent.send(None)
    parent.receive()
