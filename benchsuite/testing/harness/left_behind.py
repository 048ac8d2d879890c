"""What a component under test has started: threads, processes and listening sockets, here and in child processes."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

Left = Mapping[str, list[str]]
"""By what it is, the names of what there is more of than before."""


@dataclass(frozen=True)
class Listener:
    """A listening socket."""

    address: str
    port: int
    process: str

    @property
    def local(self) -> bool:
        """Whether nobody but this machine reaches it."""
        address = ipaddress.ip_address(self.address.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        return bool((mapped or address).is_loopback)

    def __str__(self) -> str:
        return f"{self.address} port {self.port} of {self.process}"


def what_there_is() -> Mapping[str, Counter[str]]:
    """Threads, processes and listening sockets by name."""
    return {
        "threads": Counter(_name(thread) for thread in threading.enumerate()),
        "processes": Counter(f"{process.pid} {_called(process)}" for process in _family()[1:]),
        "listening sockets": Counter(f"{one.address} of {one.process}" for one in listeners()),
    }


def left_since(before: Mapping[str, Counter[str]]) -> Left:
    """What there is more of than before; empty where there is nothing."""
    more = {what: found - before[what] for what, found in what_there_is().items()}
    return {what: sorted(found.elements()) for what, found in more.items() if found}


def listeners() -> Iterator[Listener]:
    """The listening sockets of this process, and of all that it has started."""
    for process in _family():
        with suppress(psutil.Error):
            for one in process.net_connections(kind="inet"):
                if one.status == psutil.CONN_LISTEN:
                    yield Listener(one.laddr.ip, one.laddr.port, f"{process.pid} {_called(process)}")


def _family() -> list[psutil.Process]:
    own = psutil.Process()
    alive = [process for process in own.children(recursive=True) if _called(process) != "a process that has ended"]
    return [own, *alive]


def _called(process: psutil.Process) -> str:
    try:
        return "a process that has ended" if process.status() == psutil.STATUS_ZOMBIE else process.name()
    except psutil.Error:
        return "a process that has ended"


def _name(thread: threading.Thread) -> str:
    """What a thread is called, but for the numbers that pools give theirs."""
    return thread.name.rstrip("0123456789-_ ") or thread.name
