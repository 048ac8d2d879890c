"""Two at a time: part of a paper is made in a copy of the process, while the process goes on with the rest.

Where a system cannot copy processes, all is made in turn. A copy is no `ChildProcess`: it is worth having because it
begins with all that the renderer has loaded and worked out, and a renderer that is closed may start no other process.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from typing import TypeVar, cast

from benchsuite.processes import end_with

T = TypeVar("T")


@contextmanager
def run_in_fork(make: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Call `make` in a copy of this process while the block goes on.

    The block is given a function that waits for the result and returns it. It raises what `make` raised, or MemoryError
    where the copy ended without an answer. Where a system cannot fork, that function calls `make` itself.
    """
    if not hasattr(os, "fork"):
        yield make
        return
    reading, writing = Pipe(duplex=False)
    original = os.getpid()
    copy = os.fork()
    if copy == 0:
        try:
            end_with(original)
            reading.close()  # so that writing fails, and ends the copy, once nobody listens
            _send_result(make, writing)
        finally:  # whatever happens, the copy must not go on with what its original does
            os._exit(0)
    writing.close()

    def made() -> T:
        try:
            well, what = reading.recv()
        except (EOFError, OSError):  # killed, most likely for its memory
            raise MemoryError from None
        if not well:
            raise what
        return cast("T", what)

    try:
        yield made
    finally:
        reading.close()  # which ends a copy that still writes
        os.kill(copy, signal.SIGKILL)
        os.waitpid(copy, 0)


def _send_result(make: Callable[[], object], parent: Connection) -> None:
    """Send what is made, or the error; one that cannot be sent as it is, as RuntimeError."""
    try:
        answer = pickle.dumps((True, make()))
    except Exception as error:
        try:
            answer = pickle.dumps((False, error))
            pickle.loads(answer)
        except Exception:
            answer = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    parent.send_bytes(answer)


def run_jobs(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """What each job makes, in order. This process and a copy of it share them out, each taking the next when free."""
    if len(jobs) < 2:
        return [job() for job in jobs]
    reading, writing = os.pipe()
    os.write(writing, b"".join(number.to_bytes(2, "big") for number in range(len(jobs))))
    os.close(writing)

    def share() -> dict[int, T]:
        made = {}
        while taken := os.read(reading, 2):
            number = int.from_bytes(taken, "big")
            made[number] = jobs[number]()
        return made

    try:
        with run_in_fork(share) as others:
            made = share() | others()
    finally:
        os.close(reading)
    return [made[number] for number in range(len(jobs))]
