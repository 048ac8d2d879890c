"""A closed process reaches nothing, and what it answers is data or an error, never an object to unpickle."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchsuite.errors import BenchsuiteError, PaperError, SetupError, StoreError
from benchsuite.paper.concurrency.closed_process import (
    BYTES_AS_BASE64,
    MEMORY_MORE,
    ORDINARY,
    SECONDS_MORE,
    STRANGERS_MEMORY,
    STRANGERS_SECONDS,
    ClosedProcess,
    allowed,
    answer,
    close,
)
from benchsuite.processes import Parent, ProcessEnded
from benchsuite.store.migrations import DamagedRecord

ATTEMPTS = {
    "reading": "open('/etc/passwd')",
    "reading nearby": "open('{folder}/secret')",
    "writing": "open('{folder}/new', 'w')",
    "connecting": "socket.create_connection(('127.0.0.1', 9))",
    "asking for a name": "socket.getaddrinfo('example.invalid', 80)",
    "starting a program": "subprocess.run(['true'])",
    "starting a shell": "os.system('true')",
    "removing": "os.remove('{folder}/secret')",
    "removing all": "__import__('shutil').rmtree('{folder}')",
    "copying itself": "os.fork()",
}


@dataclass(frozen=True)
class Answer:
    __pydantic_config__ = BYTES_AS_BASE64

    content: bytes
    words: Mapping[str, str]


def close_and_try(parent: Parent) -> None:
    """Try what is sent once the process is closed, and tell what became of it."""
    import socket
    import subprocess

    import weasyprint  # noqa: F401

    names = {"os": os, "socket": socket, "subprocess": subprocess}
    close()
    while True:
        attempt = parent.receive()

        def outcome(attempt: str = attempt) -> str:
            try:
                exec(attempt, names)
            except PermissionError as error:
                return f"refused {error}"
            return "done"

        answer(parent, outcome)


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of each attempt, one after the other in one process."""
    folder = tmp_path_factory.mktemp("apart")
    (folder / "secret").write_text("x")
    with ClosedProcess(close_and_try) as process:
        refused = {name: process.ask(attempt.format(folder=folder), str, 60) for name, attempt in ATTEMPTS.items()}
    assert (folder / "secret").exists()
    return refused


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_once_it_has_its_libraries_it_reaches_nothing(attempt: str, refusals: dict[str, str]) -> None:
    assert refusals[attempt].startswith("refused the process may not")


def give_back(parent: Parent) -> None:
    while True:
        sent = parent.receive()

        def made(sent: object = sent) -> object:
            if isinstance(sent, Exception):
                raise sent
            return sent

        answer(parent, made)


def test_what_it_makes_comes_back_as_it_was() -> None:
    sent = Answer(bytes(range(256)), {"á": "«»\u2028", "": "\0"})
    with ClosedProcess(give_back) as process:
        assert process.ask(sent, Answer, 60) == sent


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (PaperError("what", where="w", expected="e", remedy="r"), PaperError),
        (SetupError("what"), SetupError),
        (DamagedRecord("what", remedy="r"), StoreError),  # the nearest of the family that every process knows
    ],
)
def test_an_error_comes_back_as_it_was(sent: BenchsuiteError, kind: type[BenchsuiteError]) -> None:
    with ClosedProcess(give_back) as process, pytest.raises(BenchsuiteError) as caught:
        process.ask(sent, Answer, 60)
    assert type(caught.value) is kind
    assert str(caught.value) == str(sent)


class Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("sprung"),)


def send_bytes(parent: Parent) -> None:
    parent.send_bytes(parent.receive())


@pytest.mark.parametrize(
    "told",
    [b"", b"=", b"={", b"=[]", b"=null", b'={"content": "!", "words": {}}', b'={"content": "YQ=="', b"!", b"![]",
     b'!["PaperError", "cut', pickle.dumps(Trap()), b"=" + b"[" * 100_000],
)  # fmt: skip
def test_an_answer_that_is_none_is_its_end(told: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ClosedProcess(send_bytes) as process, pytest.raises(ProcessEnded, match="its answer cannot be read"):
        process.ask(told, Answer, 60)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["os", "first_line", "Nothing", "ClassVar"])
def test_an_error_of_no_known_kind_is_one_of_the_paper(name: str) -> None:
    with ClosedProcess(send_bytes) as process, pytest.raises(PaperError, match="what"):
        process.ask(f'!["{name}", "what", null, null, null]'.encode(), Answer, 60)


def nap(parent: Parent) -> None:
    while True:
        seconds = parent.receive()

        def rested(seconds: float = seconds) -> str:
            time.sleep(seconds)
            return "rested"

        answer(parent, rested)


def test_it_may_wait_longer_than_it_may_work() -> None:
    with ClosedProcess(nap) as process:
        assert process.ask(0.0, str, 60) == "rested"
        assert process.ask(1.5, str, 0.5) == "rested"


def test_what_it_printed_last_is_told() -> None:
    with ClosedProcess(print_and_leave) as process:
        with pytest.raises(ProcessEnded, match="exit code 3"):
            process.ask(None, Answer, 60)
        assert process.last_words() == "the last"


def print_and_leave(parent: Parent) -> None:
    parent.receive()
    print("x" * 50_000)
    print("the last", flush=True)
    os._exit(3)


def test_what_a_strangers_paper_may_take_grows_with_it() -> None:
    assert allowed(0) == allowed(ORDINARY) == (STRANGERS_SECONDS, STRANGERS_MEMORY)
    seconds, memory = allowed(ORDINARY + 10_000_000)
    assert seconds == pytest.approx(STRANGERS_SECONDS + 1e7 * SECONDS_MORE)
    assert memory == STRANGERS_MEMORY + 10_000_000 * MEMORY_MORE
