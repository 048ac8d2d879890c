"""What a job of Slurm does on its node: it tells of the machine, or carries out its orders one after another.

It speaks with the session that submitted it by files alone. The session has one, its *word*, which it rewrites every
second; a job has one, its *journal*, to which it only adds. Both are opened anew for every look, since that is when
a network file system asks its server: whether a name has come into being may be answered from a cache for a minute.
Answers are files of their own; they are looked for once the journal has told of them, and never before.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from benchsuite_plugins.executors.raised import pickled

from benchsuite.api import Handler, Survey

_LOOK = 0.25
"""Seconds for which what the session's word said is taken to hold."""
_WRITES_WAIT = 60.0
"""Seconds for which an answer waits for a disk that is full or does not respond."""
_ENDING_WAIT = 300.0
"""Seconds for which a job that was told to end waits to be ended, or started again, by Slurm."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it finds the old content or the new one."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


@dataclass(frozen=True)
class Desk:
    """The folder in which a session and its jobs lay things down for each other."""

    folder: Path

    @property
    def word(self) -> Path:
        return self.folder / "word"

    @property
    def jobs(self) -> Path:
        return self.folder / "jobs"

    def journal(self, job: int) -> Path:
        return self.folder / "journals" / str(job)

    def answer(self, order: int) -> Path:
        return self.folder / "answers" / str(order)

    def lay_out(self) -> None:
        for folder in (self.folder, self.jobs, self.journal(0).parent, self.answer(0).parent):
            folder.mkdir(mode=0o700)


@dataclass(frozen=True)
class Entry:
    """One line of a journal: of what kind, about which order, and what."""

    kind: str
    """begun, told, answer, error, facts or end."""
    order: int = 0
    content: bytes = b""
    """A message; facts; why the job ended; the size of the answer, in digits."""
    host: str = ""

    def line(self) -> bytes:
        content = base64.b64encode(self.content).decode()
        return json.dumps([self.kind, self.order, content, self.host]).encode() + b"\n"


def read_entries(content: bytes) -> Iterator[Entry]:
    """The entries of some whole lines. A line that a killed job cut off is none."""
    for line in content.splitlines():
        with suppress(ValueError, TypeError):
            kind, order, text, host = json.loads(line)
            yield Entry(kind, order, base64.b64decode(text, validate=True), host)


class Journal:
    """A job's end of its journal. An earlier start of the same job may have written to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._torn = True  # an earlier start may have been killed within a line

    def answered(self) -> frozenset[int]:
        """Orders that an earlier start of this job has answered."""
        entries = read_entries(self._path.read_bytes())
        return frozenset(entry.order for entry in entries if entry.kind in ("answer", "error"))

    def add(self, entry: Entry) -> None:
        with self._lock:
            line = b"\n" + entry.line() if self._torn else entry.line()
            self._torn = True
            with self._path.open("ab") as stream:
                stream.write(line)
            self._torn = False


class Word:
    """A job's view of the session's word. Clocks of machines differ, so it is asked whether the word changes."""

    def __init__(self, path: Path, silence: float) -> None:
        self._path, self._silence = path, silence
        self._lock = threading.Lock()
        self._said: dict[str, Any] = {}
        self._looked = -_LOOK
        self._changed = time.monotonic()
        self._absent = 0

    def why_end(self) -> str | None:
        """Why nobody waits for this job any more; None while somebody does."""
        said = self._look()
        if said.get("closed") or self._absent > 1:
            return "its session has ended"
        if time.monotonic() - self._changed > self._silence:
            return f"its session has not been heard of for {self._silence:g} seconds"
        return None

    def cancelled(self, order: int) -> bool:
        return order in self._look().get("cancelled", ())

    def _look(self) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() - self._looked < _LOOK:
                return self._said
            try:
                said = json.loads(self._path.read_bytes())
                self._absent = 0
            except FileNotFoundError:
                self._absent += 1
                said = self._said
            except (OSError, ValueError):
                said = self._said
            self._looked = time.monotonic()
            if said != self._said:
                self._said, self._changed = said, self._looked
            return self._said


class Line:
    """The channel of one order."""

    def __init__(self, order: int, journal: Journal, unwanted: Callable[[], bool]) -> None:
        self._order, self._journal, self._unwanted = order, journal, unwanted

    def tell(self, message: bytes) -> None:
        with suppress(OSError):
            self._journal.add(Entry("told", self._order, message))

    def cancelled(self) -> bool:
        return self._unwanted()


class Task:
    """What submitit calls on the node. Preempted, or out of time, it is called anew: what has an answer is done."""

    def __init__(
        self, folder: Path, number: int, silence: float, *, handler: Handler | None, survey: Survey | None,
        orders: dict[int, bytes],
    ) -> None:  # fmt: skip
        self._desk, self._number, self._silence = Desk(folder), number, silence
        self._handler, self._survey, self._orders = handler, survey, orders

    def __call__(self) -> None:
        journal = Journal(self._desk.journal(self._number))
        word = Word(self._desk.word, self._silence)
        if self._survey is not None:
            facts = Entry("facts", content=self._survey(), host=socket.gethostname())
            _persist(lambda: journal.add(facts), word)
        if self._handler is not None:
            with _asked_to_end() as ending:
                self._carry_out(self._handler, journal, word, ending)
        end = Entry("end", content=(word.why_end() or "").encode())
        with suppress(OSError):
            journal.add(end)

    def checkpoint(self) -> Any:
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _carry_out(self, handler: Handler, journal: Journal, word: Word, ending: threading.Event) -> None:
        answered = journal.answered()
        for number, order in self._orders.items():

            def unwanted(number: int = number) -> bool:
                return ending.is_set() or word.why_end() is not None or word.cancelled(number)

            if number in answered or unwanted():
                continue
            _persist(lambda number=number: journal.add(Entry("begun", number)), word)  # type: ignore[misc]
            kind, answer = _answer(handler, order, Line(number, journal, unwanted))
            if not unwanted():
                _persist(lambda n=number, a=answer: write_whole(self._desk.answer(n), a), word)  # type: ignore[misc]
                told = Entry(kind, number, str(len(answer)).encode())
                _persist(lambda told=told: journal.add(told), word)  # type: ignore[misc]
        until = time.monotonic() + _ENDING_WAIT
        while ending.is_set() and word.why_end() is None:
            # Slurm sends SIGTERM some time before it ends a job that it will start again: one that ended itself
            # meanwhile would be over.
            if time.monotonic() > until:
                raise RuntimeError(f"ended by SIGTERM, and not started again within {_ENDING_WAIT:g} seconds")
            time.sleep(_LOOK)


def _answer(handler: Handler, order: bytes, line: Line) -> tuple[str, bytes]:
    """What a handler gave, or the pickle of what it raised."""
    from submitit.core.utils import UncompletedJobError

    try:
        return "answer", bytes(handler(order, line))
    except UncompletedJobError:  # by submitit, amid the handler, for a job that may not be submitted again
        raise
    except Exception as error:
        return "error", pickled(error)


def _persist(write: Callable[[], None], word: Word) -> None:
    """Write something that took long to make: a disk that is full now may not be in a moment."""
    until = time.monotonic() + _WRITES_WAIT
    while True:
        try:
            return write()
        except OSError:
            if time.monotonic() > until or word.why_end() is not None:
                raise
            time.sleep(1.0)


@contextmanager
def _asked_to_end() -> Iterator[threading.Event]:
    """Note that this job ends soon: by SIGTERM, or by the signal at which submitit submits it again.

    Slurm sends them to every process of the job, so that whatever a handler has begun dies of it: what the handler
    says of that from then on is no answer.
    """
    import submitit

    ending = threading.Event()
    again = signal.Signals[f"SIG{submitit.JobEnvironment.USR_SIG}"]
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, again)}

    def note(number: int, frame: FrameType | None) -> None:
        ending.set()
        resubmit = before[again]
        if number == again and callable(resubmit):
            resubmit(number, frame)

    for number in before:
        signal.signal(number, note)
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
