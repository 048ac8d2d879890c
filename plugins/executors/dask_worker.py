"""What runs inside a Dask worker: a survey of it, and orders.

Workers import this by its name, since the same benchsuite must be installed there; nothing of its code is sent. Torch
is not imported here: a handler that needs it starts a process of its own.
"""

from __future__ import annotations

import asyncio
import platform
import socket
from contextlib import suppress
from importlib.metadata import version
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from benchsuite.api import Channel

from .raised import pickled

if TYPE_CHECKING:
    from distributed import Worker

ENTRY = f"{__name__}:carry_out"
"""By which workers find `carry_out`."""
TOLD, ANSWERED = "told", "answered"
"""What an event is about: a message of progress, or an answer."""
SMALL = 2**16
"""Bytes of an answer that comes as an event, of which a scheduler remembers the last thousand for a while."""


def versions() -> dict[str, str]:
    """What must be the same on both sides, since Dask keeps no protocol across its releases."""
    major, minor, _ = platform.python_version_tuple()
    return {"distributed": version("distributed"), "python": f"{major}.{minor}"}


async def look_around(survey: str, dask_worker: Worker) -> dict[str, Any]:
    """What a worker is, and what the function `survey` (module:name) says there."""
    # A thread of the loop's own: the worker goes on talking to its scheduler, and its slots may all be taken.
    facts = await asyncio.to_thread(lambda: resolve_name(survey)())
    return {
        "name": str(dask_worker.name),
        "host": socket.gethostname(),
        "slots": dask_worker.state.nthreads,
        "versions": versions(),
        "facts": facts,
    }


def carry_out(handler: str, topic: str, number: int, order: bytes) -> tuple[bool, bytes | None]:
    """Give an order to the function `handler` (module:name).

    The answer and whether it is one: else it is what the handler raised, pickled, so that Dask neither logs the order
    nor takes the error for one of its own. A small answer has gone before, as an event, and is None: to fetch it is a
    conversation between three processes.
    """
    channel = _TopicChannel(topic, number)
    try:
        answer = resolve_name(handler)(order, channel)
    except Exception as error:
        return False, pickled(error)
    if len(answer) <= SMALL and channel.send(ANSWERED, answer):
        return True, None
    return True, answer


class _TopicChannel(Channel):
    """Tells through events of a topic, which come in order and before the answer."""

    def __init__(self, topic: str, number: int) -> None:
        from distributed import get_worker

        self._worker: Worker = get_worker()
        self._key = self._worker.get_current_task()
        self._topic, self._number = topic, number

    def tell(self, message: bytes) -> None:
        self.send(TOLD, message)

    def send(self, kind: str, content: bytes) -> bool:
        """Whether it could be sent."""
        with suppress(Exception):  # the worker's loop has ended
            self._worker.log_event(self._topic, (self._number, kind, content))
            return True
        return False

    def cancelled(self) -> bool:
        """The scheduler has workers let go of what no client wants, a lost client's orders included."""
        task = self._worker.state.tasks.get(self._key)
        wanted = task is not None and task.state in ("executing", "long-running")
        return not wanted or self._worker.status.name not in ("running", "paused")
