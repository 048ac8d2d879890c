"""The rules of executors: bytes go out and come home unchanged, orders can be given up, and nothing is left behind.

Each is tried on the small engine that `sample` gives, with orders of the kit's own (`harness.site_orders`).
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from functools import wraps

from benchsuite.contracts.executor import EngineLost, Site, SiteLost
from benchsuite.errors import BenchsuiteError
from benchsuite.processes import ChildProcess, ProcessEnded
from benchsuite.testing.harness import opened_engine
from benchsuite.testing.harness.left_behind import Left, left_since, listeners, what_there_is
from benchsuite.testing.harness.opened_engine import Engine, Given, engine_opened, engine_running, give_order
from benchsuite.testing.harness.outcomes import Broken, Inapplicable, check, join_some, one_line
from benchsuite.testing.harness.site_orders import FACTS, order_of
from benchsuite.testing.harness.subject import Subject
from benchsuite.testing.rules.rule import Rule, rule_declarer

RULES: list[Rule] = []
rule = rule_declarer(RULES)

LARGEST = 64 * 2**20
MANY = 200
IN_ORDER = 12
CANCEL_SECONDS = 3.0
"""A second, and what a loaded machine may be late."""
END_SECONDS = 10.0
ORPHAN_SECONDS, STILL_SECONDS = 60.0, 2.0
MESSAGES, MESSAGE_SECONDS = 8, 0.25
WORDS = "the words of the handler's own exception"


def opened(check_engine: Callable[[Engine, tuple[Site, ...]], str | None]) -> Callable[[Subject], str | None]:
    """A rule on a session with the small engine, opened for it and closed after it, and on the sites that are there."""

    @wraps(check_engine)
    def checked(subject: Subject) -> str | None:
        with engine_opened(subject) as engine:
            return check_engine(engine, engine.sites())

    return checked


@rule(
    "it has sites, with what each says of itself",
    means="Runs are planned for the machines that sites describe; facts that are not theirs make every run refused.",
    remedy="call `survey` on each site, as a function imported by its name, and hand on its bytes as they are; give "
    "every site a name of its own, and the number of orders it carries out at once.",
)
@opened
def sites_told(engine: Engine, sites: tuple[Site, ...]) -> str:
    names = [site.name for site in sites]
    check(len(set(names)) == len(names), f"sites share a name: {join_some(names)}")
    for site in sites:
        check(bool(site.name and site.host), f"a site has no name, or no host: {site!r:.120}")
        check(not site.trouble, f"{site.name} of sample() cannot carry out an order: {site.trouble}")
        check(type(site.slots) is int and site.slots > 0, f"{site.name} has {site.slots!r} slots")
        check(site.facts == FACTS, f"the facts of {site.name} are {site.facts!r:.60}, and survey said {FACTS!r:.60}")
    return join_some(f"{site.name} on {site.host}, {site.slots} at once" for site in sites)


@rule(
    "bytes come home as the handler returned them",
    means="Orders and results are bytes whose hashes are checked; one that differs makes a run worthless.",
    remedy="treat orders and answers as bytes from end to end: no text, no lines, no limit of size below 64 MB; and "
    "answer each order with what its own handler returned.",
)
@opened
def bytes_unaltered(engine: Engine, sites: tuple[Site, ...]) -> str:
    every = bytes(range(256))
    payloads = {
        "no bytes at all": b"",
        "every byte": every * 3,
        "line ends": b"\r\n\n\r\0\x1a\x04" * 5,
        "what looks like pickle": b"\x80\x05\x95.",
        "64 MB": random.Random(5).randbytes(2**20) * (LARGEST // 2**20),
    }
    check(engine.answer(engine.submit(b"", sites), "an empty order") == b"", "an empty order has another answer")
    for what, payload in payloads.items():
        start = time.monotonic()
        answer = engine.answer(engine.submit(order_of("echo", payload), sites), what)
        found = f"{len(answer)} bytes that are others" if len(answer) == len(payload) else f"{len(answer)} bytes"
        check(answer == payload, f"{what}: {len(payload)} bytes were sent, and {found} came home")
    seconds = time.monotonic() - start
    return f"64 MB and back took {seconds:.1f} s"


@rule(
    "many small orders are all answered, each with its own answer",
    means="A study is thousands of orders; one that is dropped, or answered with another's result, spoils it.",
    remedy="keep the futures by their ticket, and guard what threads share.",
)
@opened
def many_orders(engine: Engine, sites: tuple[Site, ...]) -> str:
    start = time.monotonic()
    given = [engine.submit(order_of("echo", b"%d" % number), sites) for number in range(MANY)]
    end = start + 2 * opened_engine.ANSWER_SECONDS
    for number, one in enumerate(given):
        late = max(0.0, end - time.monotonic()) - opened_engine.ANSWER_SECONDS
        answer = engine.answer(one, f"order {number + 1} of {MANY}", late)
        check(answer == b"%d" % number, f"order {number + 1} of {MANY} is answered with {answer!r:.60}")
    seconds = time.monotonic() - start
    return f"{MANY} orders in {seconds:.1f} s"


@rule(
    "a site begins orders as they were submitted, and no more at once than it has slots",
    means="The longest runs are submitted first; and more runs at once than slots share memory that is not there.",
    remedy="keep a queue, first in, first out, from which each slot takes the next order that its site may carry out.",
)
@opened
def order_kept(engine: Engine, sites: tuple[Site, ...]) -> str:
    site = sites[0]
    count = IN_ORDER * site.slots
    given = [engine.submit(order_of("span", seconds=0.1), [site]) for _ in range(count)]
    answers = [engine.answer(one, f"order {i} of {count}", 0.1 * count) for i, one in enumerate(given, 1)]
    spans = [json.loads(answer) for answer in answers]
    ranks = sorted(range(count), key=lambda number: spans[number][0])
    # Slots begin at about the same time: within as many orders as there are slots, which is first is chance.
    early = [(number, place) for place, number in enumerate(ranks) if number - place >= site.slots]
    check(
        not early,
        f"of orders to {site.name}, begun as 1 to {count}: "
        f"{join_some(f'number {number + 1} as number {place + 1}' for number, place in early)}",
    )
    at_once = max(sum(begun <= start < end for begun, end in spans) for start, _ in spans)
    check(at_once <= site.slots, f"{site.name} has {site.slots} slots, and carried out {at_once} orders at once")
    return f"{count} orders, {at_once} at once"


@rule(
    "an order goes to none but the sites that it is for",
    means="A run's bits depend on the machine: an order for one kind of machine must not be carried out on another.",
    remedy="let a slot take an order only if its site is among the order's; fail the future with SiteLost if none of "
    "them is there.",
)
@opened
def sites_pinned(engine: Engine, sites: tuple[Site, ...]) -> str:
    nowhere = "no site has this name"
    for what, names in (("an unknown site", [nowhere]), ("no site at all", [])):
        _expect_lost(engine, engine.submit(order_of("echo"), names), f"an order for {what}")
    known = engine.submit(order_of("echo", b"known"), [nowhere, sites[0]])
    check(engine.answer(known, "an order for an unknown site and one that is there") == b"known", "another answer")
    if len(sites) < 2:
        return "one site: whether orders stay on theirs cannot be told"
    first, second = sites[:2]
    lingering = engine.occupy(first)
    waits = engine.submit(order_of("echo"), [first])
    elsewhere = [engine.submit(order_of("echo"), [second]), engine.submit(order_of("echo"), [first, second])]
    for what, given in zip(("the other site", "both sites"), elsewhere, strict=True):
        engine.answer(given, f"with {first.name} busy, an order for {what}")
    check(
        not engine.comes(waits.future.done, 1.0),
        f"{first.name} has no slot free, and an order for it alone was carried out",
    )
    engine.release(lingering)
    engine.answer(waits, f"with {first.name} free again, the order for it")
    return f"{len(sites)} sites"


@rule(
    "what the handler raises comes home, with its words",
    means="They are all that its user learns; an order whose exception is lost seems to run for ever.",
    remedy="catch every Exception around the handler, and give it to the future; where it cannot be pickled, give "
    "another with the words of the first.",
)
@opened
def exceptions_come_home(engine: Engine, sites: tuple[Site, ...]) -> None:
    hows = ("a ValueError", "an error of benchsuite", "an exception that cannot be unpickled")
    given = {how: engine.submit(order_of("fail", how=how, words=WORDS), sites) for how in hows}
    for how, one in given.items():
        try:
            answer = engine.outcome(one, how)
        except Broken:
            raise
        except (SiteLost, EngineLost) as error:
            raise Broken(f"{how} came home as {type(error).__name__}, and the site is there") from error
        except Exception as error:
            check(
                WORDS in str(error),
                f"{how} came home without its words, as {type(error).__name__}: {one_line(error)}",
            )
            if how == "an error of benchsuite":
                check(
                    isinstance(error, BenchsuiteError) and error.remedy == "mend it",
                    f"{how} came home without its remedy, as {type(error).__name__}",
                )
        else:
            raise Broken(f"{how} came home as the answer {answer!r:.60}")
    check(engine.answer(engine.submit(b"", sites), "an order after them") == b"", "another answer")


@rule(
    "messages come in order, all of them, and while the order is carried out",
    means="They show how far a run is; a run that shows nothing until it has ended cannot be told from one that hangs.",
    remedy="send each message as it is told, through one way that keeps their order, and call `heard` with the order's "
    "own ticket.",
)
@opened
def messages_in_order(engine: Engine, sites: tuple[Site, ...]) -> str:
    payloads = [bytes([number]) * 500 + b"\r\n\0\xff" for number in range(2)]
    orders = [order_of("tell", payload, messages=MESSAGES, seconds=MESSAGE_SECONDS) for payload in payloads]
    given = [engine.submit(order, sites) for order in orders]
    during = engine.comes(
        lambda: bool(engine.messages(given[0])) and not given[0].future.done(), opened_engine.ANSWER_SECONDS
    )
    for one, payload in zip(given, payloads, strict=True):
        engine.answer(one, "an order that tells messages", MESSAGES * MESSAGE_SECONDS)
        told = [b"%d " % number + payload for number in range(MESSAGES)]
        engine.comes(lambda: len(engine.messages(one)) >= len(told))  # noqa: B023  called at once
        heard = engine.messages(one)
        check(
            sorted(heard) == sorted(told),
            f"{len(told)} messages were told, 4 a second, and "
            f"{len(heard)} heard, {len(set(heard) & set(told))} of them as they were told",
        )
        check(heard == told, f"messages came in the order {join_some(told.index(message) for message in heard)}")
    strangers = engine.tickets_heard - {one.ticket for one in given}
    check(not strangers, f"messages came with tickets that nobody submitted: {join_some(strangers)}")
    check(during, "no message was heard before the answer")
    return f"{len(given) * len(told)} messages"


@rule(
    "an order can be given up, before it begins and while it is carried out",
    means="Ctrl-C, and a run that is not wanted any more, must not hold a machine for hours.",
    remedy="cancel the future (leave it pending until its answer comes: a running one cannot be cancelled), take the "
    "order out of the queue, and let `cancelled` of its channel be true within a second.",
)
@opened
def cancelled_soon(engine: Engine, sites: tuple[Site, ...]) -> str:
    site = sites[0]
    start = time.monotonic()
    engine.answer(engine.submit(b"", [site]), "an order")
    usual = time.monotonic() - start
    lingering = engine.occupy(site)
    waiting = engine.submit(order_of("linger", seconds=opened_engine.LINGER_SECONDS), [site])
    engine.cancel(waiting.ticket)
    _expect_cancelled(engine, waiting, "an order that has not begun")
    start = time.monotonic()
    engine.release(lingering)
    for given in lingering:
        _expect_cancelled(engine, given, "an order that is carried out")
    # The channel says so either by a message, which may come no more, or by a slot that is free.
    after = engine.submit(b"", [site])
    most = CANCEL_SECONDS + 2 * usual
    seen = engine.comes(
        lambda: after.future.done() or all(b"cancelled" in engine.messages(given) for given in lingering), most
    )
    seconds = time.monotonic() - start
    check(seen, f"{most:.1f} s after cancel(), the order's channel has not said so, nor is its slot free")
    engine.answer(after, "an order after those that were cancelled")
    check(not engine.messages(waiting), "an order that was cancelled before it had begun was begun")
    for what, ticket in (("unknown", "no order"), ("answered", after.ticket), ("cancelled", waiting.ticket)):
        _never_raising(f"cancel() of a ticket that is {what}", lambda: engine.cancel(ticket))  # noqa: B023
    check(after.future.result() == b"", "cancel() of an answered ticket changes its answer")
    return f"the slot is free, or the channel said so, after {seconds:.1f} s"


@rule(
    "close ends what is left at once, and the engine goes on for others",
    means="Who interrupts a study waits for this; and an engine is not the study's own.",
    remedy="cancel what is left, let channels say so, wait for your threads no longer than a few seconds, never raise, "
    "and do nothing at a second call.",
)
def closes_soon(subject: Subject) -> str:
    with engine_running(subject) as running:
        engine = running.open()
        sites = engine.sites()
        lingering = [given for site in sites for given in engine.occupy(site)]
        waiting = engine.submit(order_of("linger", seconds=opened_engine.LINGER_SECONDS), sites)
        start = time.monotonic()
        _close(engine, now=True)
        seconds = time.monotonic() - start
        check(seconds < END_SECONDS, f"close(now=True) took {seconds:.1f} s with {len(lingering)} orders at work")
        for given in (*lingering, waiting):
            check(
                engine.comes(given.future.done, END_SECONDS),
                f"{END_SECONDS:g} s after close(now=True), a future neither is cancelled nor has an answer",
            )
        _close(engine, now=True)
        _close(engine, now=False)
        again = running.open()
        start = time.monotonic()
        for site in again.sites():
            for given in [again.submit(b"", [site]) for _ in range(site.slots)]:
                again.answer(given, f"in a second session, after the first was closed at once, an order to {site.name}")
        _close(again, now=False)
        _close(again, now=False)
    return f"closing took {seconds:.1f} s"


@rule(
    "an order ends when the process that gave it is killed",
    means="Whoever gave the order cannot cancel it any more; a run that goes on holds a machine that nobody waits for.",
    remedy="let sites notice that their session has gone, by a connection that ends or a sign of life that stays away, "
    "and let `cancelled` of the channel be true.",
)
def orphans_end(subject: Subject) -> str:
    folder = subject.new_folder("orphan")
    file = folder / "beats"
    order = order_of("beat", file=str(file), seconds=opened_engine.LINGER_SECONDS)
    with engine_running(subject) as running:
        written = running.options.model_dump(mode="json")
        with ChildProcess(give_order, subject.origin, written, order, output=folder / "printed") as client:
            try:
                client.receive(opened_engine.SITES_SECONDS + opened_engine.ANSWER_SECONDS)
            except ProcessEnded as ended:
                print((folder / "printed").read_text(errors="replace"))
                raise Broken(f"another process could not give an order to the engine of sample(): {ended}") from None
            end = time.monotonic() + opened_engine.ANSWER_SECONDS
            while not file.exists() and time.monotonic() < end:
                time.sleep(opened_engine.POLL_SECONDS)
            if not file.exists():
                raise Inapplicable("its sites do not see this machine's files")
            os.kill(client.pid, signal.SIGKILL)  # it alone, and nothing that it has started
            start = changed = time.monotonic()
            beats = ""
            while time.monotonic() - changed < STILL_SECONDS:
                seconds = time.monotonic() - start
                check(seconds < ORPHAN_SECONDS, f"it is still carried out {seconds:.0f} s after that")
                if (now := file.read_text()) != beats:
                    beats, changed = now, time.monotonic()
                time.sleep(opened_engine.POLL_SECONDS)
    return f"it ended {changed - start:.1f} s after that"


@rule(
    "when the process of a site dies, its order says so",
    means="Machines are lost in long studies: the order is given to another site, if only somebody says so.",
    remedy="watch the site's process or connection, and fail its futures with SiteLost when it has gone; take it off "
    "`sites`, where it may come again under another name.",
)
@opened
def lost_site_told(engine: Engine, sites: tuple[Site, ...]) -> str:
    given = engine.submit(order_of("leave", client=os.getpid()), [sites[0]])
    # An engine may try again a few times, or wait before it takes a machine for lost.
    try:
        why = engine.outcome(given, "an order whose process has been killed", opened_engine.ANSWER_SECONDS)
    except SiteLost:
        pass
    except EngineLost:
        check(len(sites) == 1, "one of several sites was lost, and the future raises EngineLost")
        return "its one site was the engine"
    except Broken:
        raise
    except Exception as error:
        raise Broken(f"its future raises {type(error).__name__}, expected SiteLost: {one_line(error)}") from error
    else:
        raise Inapplicable(why.decode(errors="replace"))
    there = engine.sites()
    check(engine.answer(engine.submit(b"", there), "an order for the sites that are left") == b"", "another answer")
    return f"{len(there)} of {len(sites)} sites are there afterwards"


@rule(
    "whatever listens, listens on this machine alone",
    means="A port that is open to a network lets strangers run their code as the user.",
    remedy="bind to 127.0.0.1 in sample(), dashboards too; connect to the engine, and do not let it connect to you.",
)
@opened
def listens_locally(engine: Engine, sites: tuple[Site, ...]) -> str:
    engine.answer(engine.submit(b"", sites), "an order")
    found = list(listeners())
    public = [one for one in found if not one.local]
    check(not public, f"open to the network: {join_some(public)}")
    return f"{len(found)} listening sockets" if found else "nothing listens"


@rule(
    "nothing is left when it is closed",
    means="A process that is left holds a GPU's memory; a thread keeps the program from ending; a socket stays open.",
    remedy="end in close() what open() started, and at the end of sample()'s context what that started; wait for them.",
)
def nothing_left(subject: Subject) -> str:
    _use_once(subject)  # what libraries start once and use again is not left behind
    before = what_there_is()
    _use_once(subject)
    _use_once(subject)
    end = time.monotonic() + END_SECONDS
    while (left := left_since(before)) and time.monotonic() < end:
        time.sleep(0.1)
    check(not left, f"{END_SECONDS:g} s after close() there are still {join_some(_in_words(left))}")
    return "closed three times"


def _in_words(left: Left) -> Iterator[str]:
    for what, found in left.items():
        yield f"{what} ({join_some(found)})"


def _use_once(subject: Subject) -> None:
    with engine_opened(subject) as engine:
        engine.answer(engine.submit(b"", engine.sites()), "an order")


def _close(engine: Engine, *, now: bool) -> None:
    _never_raising(f"close(now={now})", lambda: engine.close(now=now))


def _never_raising(what: str, call: Callable[[], None]) -> None:
    try:
        call()
    except Broken:
        raise
    except Exception as error:
        raise Broken(f"{what} raises {type(error).__name__}: {one_line(error)}") from error


def _expect_lost(engine: Engine, given: Given, what: str) -> None:
    """The future of an order that no site can carry out raises SiteLost."""
    try:
        answer = engine.outcome(given, what)
    except SiteLost:
        return
    except Broken:
        raise
    except Exception as error:
        raise Broken(f"{what}: its future raises {type(error).__name__}; expected SiteLost") from error
    raise Broken(f"{what} was carried out: {answer!r:.60}")


def _expect_cancelled(engine: Engine, given: Given, what: str) -> None:
    cancelled = engine.comes(given.future.cancelled, CANCEL_SECONDS)
    check(cancelled, f"{what}: {CANCEL_SECONDS:g} s after cancel(), its future is not cancelled")
