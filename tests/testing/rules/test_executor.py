"""Each rule of executors is kept by sound ones, of threads and of processes, and broken by one that breaks it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from benchsuite.api import EngineLost, Session, Site, SiteLost
from benchsuite.errors import BenchsuiteError
from benchsuite.testing.harness import opened_engine
from benchsuite.testing.harness.left_behind import Listener
from benchsuite.testing.harness.outcomes import Broken, Inapplicable
from benchsuite.testing.rules import executor
from benchsuite.testing.rules.catalogue import rules_of
from benchsuite.testing.rules.executor import RULES
from support.contract import check
from support.executors import Heard, Order, Processes, ProcessSession, QueueSession, Threads

pytestmark = pytest.mark.slow

released = threading.Event()
"""Set when a test has ended: whatever a broken executor waits for, it waits no longer."""
MOST_SECONDS = 30
started: list[subprocess.Popen[bytes]] = []
bound: list[socket.socket] = []


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    released.clear()
    yield
    released.set()
    while started:
        started[-1].kill()
        started.pop().wait(10)
    while bound:
        bound.pop().close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds by which broken executors are found soon."""
    monkeypatch.setattr(opened_engine, "CALL_SECONDS", 3.0)
    monkeypatch.setattr(opened_engine, "ANSWER_SECONDS", 3.0)
    monkeypatch.setattr(opened_engine, "SITES_SECONDS", 3.0)
    monkeypatch.setattr(opened_engine, "MESSAGE_SECONDS", 1.0)
    monkeypatch.setattr(opened_engine, "LINGER_SECONDS", 9.0)
    monkeypatch.setattr(executor, "CANCEL_SECONDS", 1.0)
    monkeypatch.setattr(executor, "END_SECONDS", 1.0)
    monkeypatch.setattr(executor, "ORPHAN_SECONDS", 3.0)


def broken(session: type[QueueSession], base: type[Threads] = Threads) -> type[Threads]:
    """The executor with these sessions; a class of this module, by a name of its own."""
    name = f"{session.__name__}Executor"
    made: type[Threads] = globals().get(name) or type(name, (base,), {"session": session, "__module__": __name__})
    globals()[name] = made
    return made


class OneName(QueueSession):
    def sites(self) -> tuple[Site, ...]:
        return tuple(Site("one", site.host, site.slots, site.facts) for site in super().sites())


class StrippedFacts(QueueSession):
    def facts_of(self, site: str) -> bytes:
        return self.survey().replace(b"\r\n", b"\n")


class SlotsOfNoNumber(QueueSession):
    def sites(self) -> tuple[Site, ...]:
        return tuple(Site(site.name, site.host, 0, site.facts) for site in super().sites())


class Troubled(QueueSession):
    def sites(self) -> tuple[Site, ...]:
        return tuple(Site(site.name, site.host, 1, b"", "no benchsuite there") for site in super().sites())


class NoSites(QueueSession):
    def sites(self) -> tuple[Site, ...]:
        return ()


class HangingSites(QueueSession):
    def sites(self) -> tuple[Site, ...]:
        if threading.current_thread().name == "check":
            released.wait(MOST_SECONDS)
        return super().sites()


class Unreachable(QueueSession):
    def __init__(self, *given: Any) -> None:
        raise EngineLost("the engine is gone", remedy="start it")


class AsText(QueueSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        return super().carry_out(site, order).replace(b"\r\n", b"\n")


class Limited(QueueSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        return super().carry_out(site, order)[: 2**20]


class AsArray(QueueSession):
    def serve(self, site: str) -> None:
        while (order := self.next_order(site)) is not None:
            order.future.set_result(bytearray(self.carry_out(site, order)))  # type: ignore[arg-type]


class NothingIsNoOrder(QueueSession):
    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        return super().submit(ticket, order, sites) if order else Future()


class Forgetful(QueueSession):
    count = 0

    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        self.count += 1
        return super().submit(ticket, order, sites) if self.count != 150 else Future()


class Confused(QueueSession):
    last = b""

    def carry_out(self, site: str, order: Order) -> bytes:
        answer, self.last = self.last, super().carry_out(site, order)
        return answer


class LastFirst(QueueSession):
    def next_order(self, site: str) -> Order | None:
        with self.changed:
            self.waiting.reverse()
        try:
            return super().next_order(site)
        finally:
            with self.changed:
                self.waiting.sort(key=lambda order: int(order.ticket.rpartition("-")[2]))


class Crowded(QueueSession):
    def sites(self) -> tuple[Site, ...]:
        return tuple(Site(site.name, site.host, 1, site.facts) for site in super().sites())

    def __init__(self, options: Any, *given: Any) -> None:
        super().__init__(options.model_copy(update={"slots": 3}), *given)


class Anywhere(QueueSession):
    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        known = sites & set(self.names)
        return super().submit(ticket, order, frozenset(self.names) if known else sites)


class Hopeful(QueueSession):
    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        return super().submit(ticket, order, sites) if sites & set(self.names) else Future()


class AllOrNone(QueueSession):
    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        return super().submit(ticket, order, sites if sites <= set(self.names) else frozenset())


class FirstSiteOnly(QueueSession):
    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        return super().submit(ticket, order, frozenset(sorted(sites & set(self.names))[:1]))


class Swallowing(QueueSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        try:
            return super().carry_out(site, order)
        except Exception:
            order.future = Future()
            return b""


class Wordless(QueueSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        try:
            return super().carry_out(site, order)
        except Exception:
            raise RuntimeError("the order failed") from None


class WithoutRemedy(QueueSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        try:
            return super().carry_out(site, order)
        except BenchsuiteError as error:
            raise RuntimeError(error.what) from None


class AsAnswer(QueueSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        try:
            return super().carry_out(site, order)
        except Exception as error:
            return str(error).encode()


class BlamesTheSite(QueueSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        try:
            return super().carry_out(site, order)
        except Exception as error:
            raise SiteLost(str(error)) from None


class Kept(Order):
    """An order that keeps its messages."""

    def tell(self, message: bytes) -> None:
        vars(self).setdefault("kept", []).append(message)


class AtTheEnd(QueueSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        kept = Kept(order.ticket, order.order, order.sites, order.heard, order.future, order.given_up)
        answer = self.handler(order.order, kept)
        order.answered(answer)
        for message in self.in_their_order(vars(kept).get("kept", [])):
            order.tell(message)
        return answer

    def in_their_order(self, messages: list[bytes]) -> list[bytes]:
        return messages


class Backwards(AtTheEnd):
    def in_their_order(self, messages: list[bytes]) -> list[bytes]:
        return messages[::-1]


class Lossy(QueueSession):
    def __init__(self, options: Any, handler: Any, survey: Any, heard: Heard) -> None:
        def some(ticket: str, message: bytes) -> None:
            if not message.startswith(b"3 "):
                heard(ticket, message)

        super().__init__(options, handler, survey, some)


class Misaddressed(QueueSession):
    def __init__(self, options: Any, handler: Any, survey: Any, heard: Heard) -> None:
        def twice(ticket: str, message: bytes) -> None:
            heard(ticket, message)
            heard(f"{ticket}0", message)

        super().__init__(options, handler, survey, twice)


class Deaf(QueueSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        return self.handler(order.order, Order("", b"", frozenset(), lambda _, message: order.tell(message)))


class Running(QueueSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        order.future.set_running_or_notify_cancel()
        return super().carry_out(site, order)


class BegunAnyway(QueueSession):
    def cancel(self, ticket: str) -> None:
        if order := self.orders.get(ticket):
            order.give_up()


class Fussy(QueueSession):
    def cancel(self, ticket: str) -> None:
        if ticket not in self.orders:
            raise KeyError(ticket)
        super().cancel(ticket)


class Patient(QueueSession):
    def close(self, *, now: bool) -> None:
        super().close(now=False)


class Abandoning(QueueSession):
    def close(self, *, now: bool) -> None:
        self.closed = True


class ClosedOnce(QueueSession):
    def close(self, *, now: bool) -> None:
        if self.closed:
            raise ValueError("it is closed already")
        super().close(now=now)


class EndsTheEngine(QueueSession):
    ended: list[Session] = []  # noqa: RUF012

    def __init__(self, *given: Any) -> None:
        if self.ended and not released.is_set():
            self.ended.clear()
            raise EngineLost("the engine is gone", remedy="start it")
        super().__init__(*given)

    def close(self, *, now: bool) -> None:
        super().close(now=now)
        self.ended.append(self)


class Outliving(QueueSession):
    """Starts a process for an order, and does not look after it."""

    def carry_out(self, site: str, order: Order) -> bytes:
        code = (
            "import sys; from types import SimpleNamespace; from benchsuite.testing.harness.site_orders import handle; "
            "handle(bytes.fromhex(sys.argv[1]), SimpleNamespace(cancelled=lambda: False))"
        )
        subprocess.run([sys.executable, "-c", code, order.order.hex()], check=True)
        return b""


class OutlivingExecutor(Threads):
    session = Outliving


class CallsItADefect(ProcessSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        try:
            return super().carry_out(site, order)
        except SiteLost as error:
            raise RuntimeError("a process is gone") from error


class Unaware(ProcessSession):
    def carry_out(self, site: str, order: Order) -> bytes:
        try:
            return super().carry_out(site, order)
        except SiteLost:
            released.wait(MOST_SECONDS)
            raise


class StillThere(ProcessSession):
    def lose(self, site: str) -> None:
        super().lose(site)
        for name in self.names:
            super().lose(name)


class LeavesAThread(QueueSession):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        threading.Thread(target=released.wait, args=(MOST_SECONDS,), name="left", daemon=True).start()


class LeavesAProcess(QueueSession):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        started.append(subprocess.Popen(["sleep", str(MOST_SECONDS)]))


class LeavesASocket(QueueSession):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        bound.append(socket.create_server(("127.0.0.1", 0)))


BROKEN: list[tuple[str, type[QueueSession], str]] = [
    ("sites-told", OneName, "sites share a name: one, one"),
    ("sites-told", StrippedFacts, "the facts of strippedfacts-1 are"),
    ("sites-told", SlotsOfNoNumber, "has 0 slots"),
    ("sites-told", Troubled, "troubled-1 of sample() cannot carry out an order: no benchsuite there"),
    ("sites-told", NoSites, "there is no site after 3 s"),
    ("sites-told", HangingSites, "sites() has not returned after 3 s"),
    ("sites-told", Unreachable, "open() raises EngineLost on the engine of sample(): the engine is gone"),
    ("bytes-unaltered", AsText, "line ends: 35 bytes were sent, and 30 bytes came home"),
    ("bytes-unaltered", Limited, "64 MB: 67108864 bytes were sent, and 1048576 bytes came home"),
    ("bytes-unaltered", AsArray, "the answer is bytearray; expected bytes"),
    ("bytes-unaltered", NothingIsNoOrder, "an empty order: there is no answer after 3 s"),
    ("many-orders", Forgetful, "order 150 of 200: there is no answer"),
    ("many-orders", Confused, "of 200 is answered with"),
    ("order-kept", LastFirst, "number 12 as number 2"),
    ("order-kept", Crowded, "has 1 slots, and carried out 3 orders at once"),
    ("sites-pinned", Anywhere, "no slot free, and an order for it alone was carried out"),
    ("sites-pinned", Hopeful, "an order for an unknown site: there is no answer after 3 s"),
    ("sites-pinned", AllOrNone, "an order for an unknown site and one that is there: its future raises SiteLost"),
    ("sites-pinned", FirstSiteOnly, "an order for both sites: there is no answer after 3 s"),
    ("exceptions-come-home", Swallowing, "a ValueError: there is no answer"),
    ("exceptions-come-home", Wordless, "a ValueError came home without its words, as RuntimeError: the order failed"),
    ("exceptions-come-home", WithoutRemedy, "an error of benchsuite came home without its remedy"),
    ("exceptions-come-home", AsAnswer, "a ValueError came home as the answer"),
    ("exceptions-come-home", BlamesTheSite, "a ValueError came home as SiteLost, and the site is there"),
    ("messages-in-order", AtTheEnd, "no message was heard before the answer"),
    ("messages-in-order", Backwards, "messages came in the order 7, 6, 5"),
    ("messages-in-order", Lossy, "8 messages were told, 4 a second, and 7 heard"),
    ("messages-in-order", Misaddressed, "messages came with tickets that nobody submitted"),
    ("cancelled-soon", Deaf, "the order's channel has not said so, nor is its slot free"),
    ("cancelled-soon", Running, "an order that is carried out: 1 s after cancel(), its future is not cancelled"),
    ("cancelled-soon", BegunAnyway, "an order that was cancelled before it had begun was begun"),
    ("cancelled-soon", Fussy, "cancel() of a ticket that is unknown raises KeyError"),
    ("closes-soon", Patient, "close(now=True) has not returned after 3 s"),
    ("closes-soon", Abandoning, "a future neither is cancelled nor has an answer"),
    ("closes-soon", ClosedOnce, "close(now=True) raises ValueError: it is closed already"),
    ("closes-soon", EndsTheEngine, "open() raises EngineLost"),
    ("orphans-end", Outliving, "it is still carried out 3 s after that"),
    ("lost-site-told", CallsItADefect, "its future raises RuntimeError, expected SiteLost: a process is gone"),
    ("lost-site-told", Unaware, "an order whose process has been killed: there is no answer"),
    ("lost-site-told", StillThere, "there is no site after 3 s"),
    ("nothing-left", LeavesAThread, "threads (left, left)"),
    ("nothing-left", LeavesAProcess, "processes ("),
    ("nothing-left", LeavesASocket, "listening sockets (127.0.0.1 of"),
]


@pytest.mark.parametrize("sound", [Threads, Processes])
@pytest.mark.parametrize("slots", [1, 3])
@pytest.mark.parametrize("rule", [rule.id for rule in rules_of("executor")])
def test_a_sound_executor_keeps_the_rule(rule: str, slots: int, sound: type[Threads], tmp_path: Path) -> None:
    try:
        check(sound, rule, tmp_path, slots=slots)
    except Inapplicable:
        assert rule in ("smoke-valid", "bibtex-reads") or (rule == "lost-site-told" and sound is Threads)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("rule", "session", "words"), BROKEN, ids=[f"{r}-{s.__name__}" for r, s, _ in BROKEN])
def test_an_executor_that_breaks_the_rule_is_caught(
    rule: str, session: type[QueueSession], words: str, tmp_path: Path
) -> None:
    component = broken(session, Processes if issubclass(session, ProcessSession) else Threads)
    with pytest.raises(Broken) as caught:
        check(component, rule, tmp_path)
    assert words in str(caught.value)


def test_every_rule_is_broken_by_something() -> None:
    assert {rule for rule, _, _ in BROKEN} | {"listens-locally"} == {rule.id for rule in RULES}


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("127.8.0.2", True), ("::1", True), ("::ffff:127.0.0.1", True)]
    + [(address, False) for address in ("0.0.0.0", "::", "192.168.1.7", "10.0.0.1", "fe80::1%eth0", "2001:db8::7")],
)
def test_a_listener_is_local_if_nobody_else_reaches_it(
    address: str, local: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "listeners", lambda: [Listener(address, 8787, "engine")])
    with suppress(*(() if local else (Broken,))):
        check(Threads, "listens-locally", tmp_path)
        assert local


def test_sockets_that_listen_are_found_here_and_in_child_processes() -> None:
    from benchsuite.testing.harness.left_behind import listeners

    with socket.create_server(("127.0.0.1", 0)) as server:
        found = [one for one in listeners() if one.port == server.getsockname()[1]]
    assert [(one.address, one.local) for one in found] == [("127.0.0.1", True)]
    assert str(os.getpid()) in found[0].process


def test_what_goes_wrong_in_a_rule_counts_before_what_goes_wrong_at_its_end(tmp_path: Path) -> None:
    from benchsuite.testing.harness.opened_engine import engine_opened
    from support.contract import subject_of

    subject = subject_of(broken(ClosedOnce), tmp_path)

    def find() -> None:
        with engine_opened(subject) as engine:
            engine.close(now=True)
            raise Broken("first")

    with pytest.raises(Broken, match="first"):
        find()


def test_sampling_ends_whatever_the_rule_finds(tmp_path: Path) -> None:
    from collections.abc import Generator
    from contextlib import contextmanager

    from support.contract import subject_of

    seen: list[str] = []

    class Sampled(Threads):
        @contextmanager
        def sample(self, options: Any, folder: Path) -> Generator[Any]:  # type: ignore[override]
            seen.append(f"begun in {folder.name}, which is {'empty' if not list(folder.iterdir()) else 'in use'}")
            yield options
            seen.append("ended")

    subject = subject_of(Threads, tmp_path)
    object.__setattr__(subject.entry, "component", Sampled())
    with pytest.raises(Broken), opened_engine.engine_opened(subject):
        raise Broken("found")
    assert seen == ["begun in 001-engine, which is empty", "ended"]
