"""A closed process: what comes from strangers is worked on apart, with limits on time and memory and nothing to reach.

What suites, plugins and papers say goes through a layout engine and a reader of PDF, which hostile sizes can keep busy
for hours. Such a process gets its orders as data; once it has its libraries it opens no file but those of the Python
installation, starts nothing but copies of itself, and reaches no network. It answers in JSON: nothing that comes from
it is unpickled.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from benchsuite import errors
from benchsuite.atomic_files import scratch_folder
from benchsuite.errors import BenchsuiteError, PaperError, cut
from benchsuite.processes import ChildProcess, Parent, ProcessEnded

T = TypeVar("T")
TOUCHING = ("open", "os.remove", "os.rmdir", "shutil.rmtree")
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.rename", "shutil.",
             "ctypes.dlopen", "urllib.", "ftplib.", "http.")  # fmt: skip
STRANGERS_SECONDS, STRANGERS_MEMORY = 180.0, 2**30
"""What reading the paper of a stranger may take, and setting it again; a paper of a hundred pages takes an eighth."""
ORDINARY = 2_000_000
"""Bytes of a paper for which that is enough: of some hundred runs."""
SECONDS_MORE, MEMORY_MORE = 60e-6, 200
"""For each byte beyond: a paper carries every record of its runs, and so may take more the more of them it has. Whoever
wants to keep a reader busy has to send as much."""
MOST_PRINTED = 10_000
BYTES_AS_BASE64 = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}
"""The `__pydantic_config__` of an answer that holds bytes."""


def allowed(size: int) -> tuple[float, int]:
    """Seconds and bytes of memory for the paper of a stranger that has so many bytes."""
    more = max(0, size - ORDINARY)
    return STRANGERS_SECONDS + SECONDS_MORE * more, STRANGERS_MEMORY + MEMORY_MORE * more


class ClosedProcess:
    """A process that runs `target(parent)`, which answers each order with `answer`."""

    def __init__(self, target: Callable[[Parent], None], environment: Mapping[str, str] | None = None) -> None:
        self._scratch = scratch_folder("paper")
        folder = Path(self._scratch.name)
        self._printed = folder / "printed"
        self._process = ChildProcess(
            target,
            output=self._printed,
            environment={**(environment or {}), **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self._scratch.name)},
            folder=folder,
            own_group=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close()
        self._scratch.cleanup()

    def ask(self, order: object, answer: type[T], seconds: float) -> T:
        """Send an order, and read the answer, within so many seconds of work, as data of this type.

        Raises the BenchsuiteError that is answered, and ProcessEnded where no answer comes that can be read.
        """
        from pydantic import TypeAdapter, ValidationError

        with self._process.limited(seconds, of_work=True):
            self._process.send(order)
            told = self._process.receive_bytes()
        try:
            if told[:1] == b"!":
                raise _error(TypeAdapter(tuple[str, str, str | None, str | None, str | None]).validate_json(told[1:]))
            return TypeAdapter(answer).validate_json(told[1:])
        except ValidationError:
            raise ProcessEnded(None, timed_out=False, garbled=True) from None

    @property
    def alive(self) -> bool:
        return self._process.alive

    def work(self) -> float:
        """Seconds of processor time that it has had so far."""
        return self._process.work()

    def last_words(self) -> str | None:
        """The last line that the process printed, if it printed any."""
        with self._printed.open("rb") as file:
            file.seek(max(0, self._printed.stat().st_size - MOST_PRINTED))
            printed = file.read().decode(errors="replace").strip().splitlines()
        return cut(printed[-1], 300) if printed else None


def answer(parent: Parent, make: Callable[[], object]) -> None:
    """In the process: send what is made, data, or the BenchsuiteError that making it raises."""
    from pydantic import TypeAdapter
    from pydantic_core import to_json

    try:
        made = make()
        told = b"=" + TypeAdapter(type(made)).dump_json(made)
    except BenchsuiteError as error:
        kind = next(kind for kind in type(error).__mro__ if vars(errors).get(kind.__name__) is kind)
        told = b"!" + to_json((kind.__name__, error.what, error.where, error.expected, error.remedy))
    parent.send_bytes(told)


def _error(told: tuple[str, str, str | None, str | None, str | None]) -> BenchsuiteError:
    name, what, where, expected, remedy = told
    kind = vars(errors).get(name)
    known = isinstance(kind, type) and issubclass(kind, BenchsuiteError)
    kind = cast("type[BenchsuiteError]", kind) if known else PaperError
    return kind(what, where=where, expected=expected, remedy=remedy)


def close(copies: int = 0) -> None:
    """From here on touch no file but what the installation consists of, what matplotlib keeps, and the own scratch.

    The process may be copied so many times.
    """
    import benchsuite

    own = os.path.realpath(tempfile.gettempdir()) + os.sep
    roots = [sys.prefix, sys.base_prefix, str(Path(benchsuite.__file__).parents[1])]
    roots += [sys.modules["matplotlib"].get_cachedir()] if "matplotlib" in sys.modules else []
    roots += [path for path in sys.path if path]
    allowed = tuple(os.path.realpath(root) + os.sep for root in roots)
    left = [None] * copies

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in TOUCHING:
            path = os.path.realpath(os.fsdecode(arguments[0])) if isinstance(arguments[0], str | bytes) else own
            known = event == "open" and (path.startswith(allowed) or path in (os.devnull, "/dev/urandom"))
            if not known and not (path + os.sep).startswith(own):
                raise PermissionError(f"the process may not touch {path}")
        elif event == "os.fork" and left:
            left.pop()
        elif event.startswith(FORBIDDEN):
            raise PermissionError(f"the process may not do {event}")

    sys.addaudithook(watch)
