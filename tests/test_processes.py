"""Child processes: they answer, and what keeps them from it reaches the caller in words and leaves nothing behind."""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchsuite.errors import PaperError
from benchsuite.processes import ChildProcess, Parent, ProcessEnded, describe_exit, limit_memory


def echo(parent: Parent) -> None:
    while (message := parent.receive()) is not None:
        parent.send(message)


def surroundings(parent: Parent) -> None:
    print("printed")
    print("complained", file=sys.stderr)
    parent.send((sys.path, os.environ.get("FOR_THE_CHILD"), str(Path.cwd()), os.getpgid(0), sys.stdin.read()))


def leave(parent: Parent, code: int) -> None:
    os._exit(code)


def be_killed(parent: Parent) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fall_silent(parent: Parent) -> None:
    parent._connection.close()
    time.sleep(600)


def fail(parent: Parent) -> None:
    raise ZeroDivisionError("in the child")


def hang(parent: Parent) -> None:
    time.sleep(600)


def spin(parent: Parent) -> None:
    while True:
        pass


def nap(parent: Parent) -> None:
    while (seconds := parent.receive()) is not None:
        time.sleep(seconds)
        parent.send("awake")


def start_another(parent: Parent) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    parent.send(child.pid)
    time.sleep(600)


def outlive(parent: Parent) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    parent.send(child.pid)
    os._exit(1)


def be_interrupted(parent: Parent) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    parent.send((signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, ())))


def want_memory(parent: Parent) -> None:
    limit_memory(2**30)
    try:
        bytes(2**31)
    except MemoryError as error:
        parent.send(error)


def give_an_error(parent: Parent) -> None:
    parent.send(PaperError("as told", remedy="none"))


def leave_things_to_the_end(parent: Parent, folder: Path) -> None:
    kept = tempfile.TemporaryDirectory(dir=folder, prefix="scratch-")  # which nobody removes
    atexit.register((folder / "registered").write_text, kept.name)
    threading.Thread(target=lambda: (time.sleep(0.3), (folder / "thread").touch())).start()
    with ThreadPoolExecutor() as pool:
        pool.submit(int)
    lazy = ThreadPoolExecutor()  # nor shuts this down
    lazy.submit(int)
    print("buffered", end="")
    globals()["kept"] = kept, lazy


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 30
    while not gone(pid):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_it_answers_one_message_after_another_and_leaves_when_told() -> None:
    with ChildProcess(echo) as child:
        for message in ("a", {"b": (1, 2)}, b"x" * 5_000_000):
            child.send(message)
            assert child.receive(60) == message
        assert child.alive
        child.stop()
        assert not child.alive


def test_it_does_what_was_left_to_its_end(tmp_path: Path) -> None:
    with ChildProcess(leave_things_to_the_end, tmp_path, output=tmp_path / "printed") as child:
        end = time.monotonic() + 30
        while child.alive:
            assert time.monotonic() < end
            time.sleep(0.02)
        with pytest.raises(ProcessEnded, match="exit code 0"):
            child.receive(5)
    scratch = Path((tmp_path / "registered").read_text())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["printed", "registered", "thread"]
    assert not scratch.exists()
    assert (tmp_path / "printed").read_text() == "buffered"


def test_arguments_may_be_larger_than_a_pipe() -> None:
    with ChildProcess(_send_length, b"x" * 5_000_000) as child:
        assert child.receive(60) == 5_000_000


def _send_length(parent: Parent, content: bytes) -> None:
    parent.send(len(content))


def test_it_has_our_packages_and_what_it_was_given_and_nothing_to_read(tmp_path: Path) -> None:
    output = tmp_path / "output"
    given: dict[str, Any] = {"output": output, "environment": {"FOR_THE_CHILD": "yes"}, "folder": tmp_path}
    with ChildProcess(surroundings, **given, own_group=True) as child:
        path, variable, folder, group, read = child.receive(60)
        child.stop()
    assert path == [entry or str(Path.cwd()) for entry in sys.path]
    assert (variable, folder, group, read) == ("yes", str(tmp_path), child.pid, "")
    assert "FOR_THE_CHILD" not in os.environ
    assert sorted(output.read_text().split()) == ["complained", "printed"]


@pytest.mark.parametrize(
    ("target", "arguments", "code", "words"),
    [
        (leave, (0,), 0, "exit code 0"),
        (leave, (3,), 3, "exit code 3"),
        (be_killed, (), -signal.SIGKILL, "killed by SIGKILL"),
        (fail, (), 1, "exit code 1"),
    ],
)
def test_its_end_is_told_in_words(target: Any, arguments: tuple[Any, ...], code: int, words: str) -> None:
    with ChildProcess(target, *arguments, output=subprocess.DEVNULL) as child:
        with pytest.raises(ProcessEnded, match=words) as caught:
            child.receive(60)
        with pytest.raises(ProcessEnded, match=words):
            child.send("anybody there?")
    assert (caught.value.code, caught.value.timed_out) == (code, False)


def test_one_that_closes_its_connection_has_ended_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchsuite.processes.LEAVING_SECONDS", 0.5)
    with ChildProcess(fall_silent) as child, pytest.raises(ProcessEnded, match="it closed its connection") as caught:
        child.receive(60)
    assert caught.value.code is None
    assert not child.alive


def test_an_error_that_it_sends_is_raised_here() -> None:
    with ChildProcess(give_an_error) as child, pytest.raises(PaperError, match="as told") as caught:
        child.receive(60)
    assert caught.value.remedy == "none"


def test_one_that_takes_too_long_is_ended() -> None:
    with ChildProcess(hang) as child:
        with pytest.raises(ProcessEnded, match="its time was up") as caught:
            child.receive(0.5)
        assert caught.value.timed_out
        assert not child.alive


def test_the_limit_holds_for_sending_too() -> None:
    with ChildProcess(hang) as child, pytest.raises(ProcessEnded) as caught, child.limited(0.5):
        child.send(b"x" * 50_000_000)  # nobody reads it
    assert caught.value.timed_out


def test_waiting_is_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchsuite.processes.PATIENCE", 1000)
    with ChildProcess(nap) as child:
        for seconds in (0.0, 1.5):  # the first time it reads in what it needs
            with child.limited(60 if seconds == 0 else 0.3, of_work=True):
                child.send(seconds)
                assert child.receive() == "awake"


def test_one_that_works_too_long_is_ended_and_so_is_one_that_waits_many_times_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchsuite.processes.PATIENCE", 1000)
    with ChildProcess(spin) as child, pytest.raises(ProcessEnded) as caught, child.limited(0.5, of_work=True):
        child.receive()
    assert caught.value.timed_out
    monkeypatch.setattr("benchsuite.processes.PATIENCE", 2)
    with ChildProcess(hang) as child, pytest.raises(ProcessEnded) as caught, child.limited(0.5, of_work=True):
        child.receive()
    assert caught.value.timed_out


def test_what_its_copies_work_is_its_work() -> None:
    with ChildProcess(have_another_work) as child:
        child.receive(60)
        assert child.work() >= 0.5
    assert child.work() == 0.0


def have_another_work(parent: Parent) -> None:
    another = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    while sum(psutil.Process(another.pid).cpu_times()[:2]) < 0.5:
        time.sleep(0.05)
    parent.send(None)
    parent.receive()


@pytest.mark.parametrize("own_group", [False, True])
def test_what_it_has_started_ends_with_it(own_group: bool) -> None:
    with ChildProcess(start_another, own_group=own_group) as child:
        grandchild = child.receive(60)
        assert not gone(grandchild)
    wait_until_gone(grandchild)


def test_what_outlives_it_in_its_group_is_ended_too() -> None:
    with ChildProcess(outlive, own_group=True) as child:
        orphan = child.receive(60)
        with pytest.raises(ProcessEnded):
            child.receive(60)
    wait_until_gone(orphan)


def test_interruptions_are_the_parents_to_decide_about() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with ChildProcess(be_interrupted) as child:
        assert child.receive(60) == (signal.SIG_IGN, before)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_memory_is_bounded() -> None:
    with ChildProcess(want_memory) as child, pytest.raises(MemoryError):
        child.receive(60)


PARENT = """
import sys, time
from pathlib import Path
sys.path.append({folder!r})
import test_processes
from benchsuite.processes import ChildProcess
child = ChildProcess(test_processes.{target}, **{options})
child.send(1)
print(child.pid, child.receive(), flush=True)
time.sleep(600)
"""


def answer_and_hang(parent: Parent) -> None:
    parent.send(parent.receive())
    time.sleep(600)


def copy_and_hang(parent: Parent) -> None:
    from benchsuite.paper.concurrency.fork import run_in_fork

    reading, writing = os.pipe()

    def tell_and_hang() -> None:
        os.write(writing, os.getpid().to_bytes(4, "big"))
        time.sleep(600)

    with run_in_fork(tell_and_hang):
        parent.send(int.from_bytes(os.read(reading, 4), "big"))
        time.sleep(600)


@contextmanager
def started_by_another(
    target: str, tmp_path: Path, **options: object
) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A process whose child runs `target`, the id of that child and what it answered."""
    program = tmp_path / "parent.py"
    program.write_text(PARENT.format(folder=str(Path(__file__).parent), target=target, options=options))
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as parent:
        assert parent.stdout is not None
        child, answer = map(int, parent.stdout.readline().split())
        yield parent, child, answer


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("own_group", [False, True])
@pytest.mark.parametrize("target", ["echo", "answer_and_hang"])
def test_it_leaves_when_its_parent_is_killed(target: str, own_group: bool, ending: int, tmp_path: Path) -> None:
    with started_by_another(target, tmp_path, own_group=own_group) as (parent, child, _):
        assert not gone(child)
        parent.send_signal(ending)
    wait_until_gone(child)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_its_copies_leave_when_its_parent_is_killed(ending: int, tmp_path: Path) -> None:
    with started_by_another("copy_and_hang", tmp_path, own_group=True) as (parent, child, copy):
        assert not gone(copy)
        parent.send_signal(ending)
    wait_until_gone(child)
    wait_until_gone(copy)


def test_without_the_systems_help_the_parent_is_watched(tmp_path: Path) -> None:
    program = tmp_path / "watching.py"
    program.write_text(WATCHING)
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not gone(child)
        parent.kill()
    wait_until_gone(child)


WATCHING = """
import os, sys, time, psutil
from benchsuite import processes
original = os.getpid()
child = os.fork()
if child == 0:
    sys.platform = "darwin"
    processes.end_with(original)
else:
    print(child, flush=True)
time.sleep(600)
"""


def send_garbage(parent: Parent, garbage: bytes) -> None:
    os.write(parent._connection.fileno(), garbage)


@pytest.mark.parametrize(
    "garbage", [b"", b"\0", b"\0\0\0\x08cut", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff" + b"\x7f" * 8]
)
def test_an_answer_that_is_cut_off_or_too_long_is_the_end_of_it(garbage: bytes) -> None:
    with ChildProcess(send_garbage, garbage) as child, pytest.raises(ProcessEnded):
        child.receive_bytes(60)


def test_bytes_are_not_unpickled() -> None:
    with ChildProcess(echo) as child:
        child.send("a")
        assert pickle.loads(child.receive_bytes(60)) == "a"


def test_exit_codes_in_words() -> None:
    assert [describe_exit(code) for code in (0, 7, -9, -11)] == ["exit code 0", "exit code 7", "SIGKILL", "SIGSEGV"]
