"""What the sites of an executor under test are told to do. Sites import it: it is light, and knows nothing of the kit.

An order is a line of JSON that names the deed and its arguments, and then bytes. An empty order is answered with none.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchsuite.contracts.executor import Channel
from benchsuite.errors import DataError

FACTS = b"facts of a site\r\n\0" + bytes(range(256))
POLL_SECONDS = 0.05


def survey() -> bytes:
    """What a site tells of itself in checks."""
    return FACTS


def order_of(deed: str, payload: bytes = b"", **arguments: Any) -> bytes:
    """An order for `handle`."""
    return json.dumps({"deed": deed, **arguments}).encode() + b"\n" + payload


def handle(order: bytes, channel: Channel) -> bytes:
    """Do what an order says."""
    if not order:
        return b""
    head, _, payload = order.partition(b"\n")
    arguments = json.loads(head)
    return DEEDS[arguments.pop("deed")](channel, payload, **arguments)


def _echo(channel: Channel, payload: bytes) -> bytes:
    return payload


def _tell(channel: Channel, payload: bytes, messages: int, seconds: float) -> bytes:
    """Tell so many messages, each the payload after its number, so many seconds apart."""
    for number in range(messages):
        channel.tell(b"%d " % number + payload)
        time.sleep(seconds)
    return b"told"


def _linger(channel: Channel, payload: bytes, seconds: float) -> bytes:
    """Stay until nobody wants the answer, or so many seconds."""
    channel.tell(b"begun")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if channel.cancelled():
            channel.tell(b"cancelled")
            return b"cancelled"
        time.sleep(POLL_SECONDS)
    return b"stayed"


def _beat(channel: Channel, payload: bytes, file: str, seconds: float) -> bytes:
    """Count in a file of this machine until nobody wants the answer, or for so many seconds."""
    end, beats = time.monotonic() + seconds, 0
    while time.monotonic() < end and not channel.cancelled():
        beats += 1
        Path(file).write_text(str(beats))
        time.sleep(POLL_SECONDS)
    return b"%d" % beats


def _span(channel: Channel, payload: bytes, seconds: float) -> bytes:
    """Take so many seconds; the answer says when that began and ended, by the machine's clock."""
    begun = time.monotonic()
    time.sleep(seconds)
    return json.dumps([begun, time.monotonic()]).encode()


class Unpicklable(Exception):
    """An exception that pickle takes apart and cannot put together again, as many libraries have."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} {why}")


def _fail(channel: Channel, payload: bytes, how: str, words: str) -> bytes:
    if how == "a ValueError":
        raise ValueError(words)
    if how == "an error of benchsuite":
        raise DataError(words, where="here", remedy="mend it")
    raise Unpicklable(words, "cannot be unpickled")


def _leave(channel: Channel, payload: bytes, client: int) -> bytes:
    """Kill the process that carries this out, if the process `client` has started it; the answer says why not."""
    import psutil

    if os.getpid() == client:
        return b"it carries orders out in the process that gives them"
    try:
        family = [process.pid for process in psutil.Process().parents()]
    except psutil.Error:
        family = []
    if client not in family:
        return b"its sites are not processes of this check's own"
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
    return b"it outlived SIGKILL"


DEEDS: Mapping[str, Callable[..., bytes]] = {
    "echo": _echo,
    "tell": _tell,
    "linger": _linger,
    "beat": _beat,
    "span": _span,
    "fail": _fail,
    "leave": _leave,
}
