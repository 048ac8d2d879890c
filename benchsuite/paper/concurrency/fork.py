"""Two at a time: part of a paper is made in a copy of the process, while the process goes on with the rest.

Where a system cannot copy processes, all is made in turn.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar, cast

T = TypeVar("T")


@contextmanager
def beside(make: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Make something in a copy of this process while the block goes on; what is lent waits for it and gives it, or
    raises what making it raised; MemoryError where the copy has ended without an answer.

    Where there are no copies it is made when it is asked for.
    """
    if not hasattr(os, "fork"):
        yield make
        return
    reading, writing = os.pipe()
    copy = os.fork()
    if copy == 0:
        try:
            os.close(reading)  # so that writing fails, and ends the copy, once nobody listens
            _answer(make, writing)
        finally:  # whatever happens, the copy must not go on with what its original does
            os._exit(0)
    os.close(writing)

    def made() -> T:
        with os.fdopen(reading, "rb", closefd=False) as file:
            answer = file.read()
        try:
            well, what = pickle.loads(answer)
        except (EOFError, pickle.UnpicklingError):  # killed, most likely for its memory
            raise MemoryError from None
        if not well:
            raise what
        return cast("T", what)

    try:
        yield made
    finally:
        os.close(reading)  # which ends a copy that still writes
        os.kill(copy, signal.SIGKILL)
        os.waitpid(copy, 0)


def _answer(make: Callable[[], object], writing: int) -> None:
    """Write what is made, or the error; one that cannot be sent as it is, as RuntimeError."""
    try:
        answer = pickle.dumps((True, make()))
    except Exception as error:
        try:
            answer = pickle.dumps((False, error))
            pickle.loads(answer)
        except Exception:
            answer = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    with os.fdopen(writing, "wb") as file:
        file.write(answer)


def shared(jobs: Sequence[Callable[[], T]]) -> list[T]:
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
        with beside(share) as others:
            made = share() | others()
    finally:
        os.close(reading)
    return [made[number] for number in range(len(jobs))]
