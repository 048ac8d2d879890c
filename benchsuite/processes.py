"""Child processes: a function run in a fresh Python, talked to by messages, watched, limited, and ended for certain.

A worker that makes runs, a check of a plugin, the renderer of a paper: each is a function that takes a `Parent` and
arguments, and is started by a `ChildProcess`. What keeps such a process from answering (it was killed, it left, its
time was up) reaches the caller as one exception, `ProcessEnded`; the words around it are the caller's.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import connection as channels
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from benchsuite.legible import let_pillow_remark, let_streams_escape

GRACE_SECONDS = 5.0
"""How long a process that was told to leave may take to end."""
LEAVING_SECONDS = 60.0
"""How long one that has closed its connection may: it is leaving by itself, and only its exit code tells why. On a
machine that many share this takes long."""
LARGEST_ANSWER = 2**29
"""Bytes of a message from a process that is not trusted."""
PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.5
LOOK_SECONDS = 0.1
"""Between two looks at how much a process has worked, at least."""
PATIENCE = 10
"""How many times the seconds of work that it is allowed a process may take, where others want its machine, too."""
ENTRY = "import sys; sys.path[:] = sys.argv[2:]; from benchsuite.processes import serve; serve(int(sys.argv[1]))"


class ProcessEnded(Exception):
    """A child process can answer no more. `code` is its exit code, a signal's number if negative, and None where it
    has merely closed its connection; `timed_out` tells that it was ended because its time was up, `garbled` that what
    it says cannot be read."""

    def __init__(self, code: int | None, timed_out: bool, garbled: bool = False) -> None:
        self.code, self.timed_out = code, timed_out
        if timed_out:
            super().__init__("its time was up")
        elif garbled:
            super().__init__("its answer cannot be read")
        elif code is None:
            super().__init__("it closed its connection")
        else:
            super().__init__(describe_exit(code) if code >= 0 else f"killed by {describe_exit(code)}")


class ChildProcess:
    """A process that runs `target(parent, *arguments)`, with the packages of this one. Use as a context manager.

    `target` is a function of a module, whatever is sent can be pickled. `output` takes what the process prints (a file,
    or subprocess.DEVNULL), which goes where ours does without it. `environment` is added to ours, `folder` is its
    current folder. With `own_group` its copies are ended with it even if they outlive it, and no signal of a terminal
    reaches any of them.
    """

    def __init__(
        self,
        target: Callable[..., None],
        *arguments: Any,
        output: Path | int | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        own_group: bool = False,
    ) -> None:
        self._own_group, self._timed_out = own_group, False
        self._connection, theirs = channels.Pipe()
        command = [sys.executable, "-c", ENTRY, str(theirs.fileno())]
        with _opened(output) as stream, theirs, interrupts_blocked():
            self._process = subprocess.Popen(
                command + [path or str(Path.cwd()) for path in sys.path],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=_environment(environment or {}),
                cwd=folder,
                start_new_session=own_group,
                **_inheriting(theirs),
            )
        with suppress(OSError):  # if it is dead already, whoever receives is told so
            self._connection.send((os.getpid(), target, arguments))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, message: object) -> None:
        """Raises ProcessEnded."""
        try:
            self._connection.send(message)
        except OSError:
            raise self._ended() from None

    def receive(self, seconds: float = 0) -> Any:
        """The next message within so many seconds (0: whenever it comes); an exception that was sent is raised.

        Raises ProcessEnded.
        """
        with self.limited(seconds), self._listening():
            message = self._connection.recv()
        if isinstance(message, Exception):
            raise message
        return message

    def receive_bytes(self, seconds: float = 0) -> bytes:
        """The next message of a process that sends bytes, within so many seconds: nothing is unpickled.

        Raises ProcessEnded, too, for a message that is cut off or longer than LARGEST_ANSWER.
        """
        with self.limited(seconds), self._listening():
            return self._connection.recv_bytes(LARGEST_ANSWER)

    @contextmanager
    def limited(self, seconds: float, *, of_work: bool = False) -> Iterator[None]:
        """End the process when the block takes longer than so many seconds (0: no limit): what then waits for it
        raises ProcessEnded. Seconds `of_work` are those in which it and its copies have a processor: on a machine that
        many share, what is slow is not stuck. After PATIENCE times as long it is ended all the same."""
        # A thread that kills bounds all of a conversation, sending too, which no timeout of a pipe does.
        over = Event()
        if seconds:
            with interrupts_blocked():
                Thread(target=self._limit, args=(over, seconds, of_work), daemon=True).start()
        try:
            yield
        finally:
            over.set()

    def work(self) -> float:
        """Seconds of processor time that it and its copies have had so far; 0 once it has ended."""
        import psutil

        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
            return float(sum(one.user + one.system + one.children_user + one.children_system for one in times))
        return 0.0

    def stop(self) -> None:
        """Let it leave by itself: send None, and end it when it has not left after a moment."""
        with suppress(OSError):  # it may be dying
            self._connection.send(None)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)
        self.close()

    def kill(self) -> None:
        """End it at once, with all that it has started. Any thread may do so while another waits for a message."""
        import psutil

        family = []
        if self._own_group and hasattr(os, "killpg"):
            if self._process.poll() != 0:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
        elif self.alive:
            with suppress(psutil.NoSuchProcess):
                family = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)

    def close(self) -> None:
        """End it, and let go of the connection."""
        self.kill()
        self._connection.close()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError):
            raise self._ended() from None

    def _limit(self, over: Event, seconds: float, of_work: bool) -> None:
        """End it once the seconds are over, unless what is limited is over before."""
        most = seconds + (self.work() if of_work else 0.0)
        latest, left = time.monotonic() + PATIENCE * seconds, seconds
        while not over.wait(left):
            left = min(most - self.work(), latest - time.monotonic()) if of_work else 0.0
            if left <= 0:
                self._timed_out = True
                self.kill()
                return
            left = max(left, LOOK_SECONDS)

    def _ended(self) -> ProcessEnded:
        code = None
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(LEAVING_SECONDS)
        self.kill()
        return ProcessEnded(code, self._timed_out)


class ParentGone(BaseException):
    """The process that started this one has ended: an interruption, not a failure of what was being done."""


class Parent:
    """The process that started this one. Its end is a ParentGone, at which this process leaves quietly."""

    def __init__(self, connection: channels.Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()  # any thread may have something to say

    def send(self, message: object) -> None:
        try:
            with self._sending:
                self._connection.send(message)
        except OSError as error:
            raise ParentGone from error

    def send_bytes(self, message: bytes) -> None:
        try:
            self._connection.send_bytes(message)
        except OSError as error:
            raise ParentGone from error

    def receive(self) -> Any:
        try:
            return self._connection.recv()
        except (EOFError, OSError) as error:
            raise ParentGone from error


def serve(handle: int) -> None:
    """What a child process does: call the function that its parent sends over the connection of this handle."""
    let_streams_escape()
    let_pillow_remark()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if sys.platform == "win32":
        parent = Parent(channels.PipeConnection(handle))
    else:
        parent = Parent(channels.Connection(handle))
    try:
        starter, target, arguments = parent.receive()
        end_with(starter)
        target(parent, *arguments)
    except ParentGone:
        pass
    _leave()


def _leave() -> None:
    """End as an interpreter ends, but for taking every object apart, which takes a second where torch was read in."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(0)


def end_with(parent: int) -> None:
    """From here on this process is ended, whatever it is doing, when its parent, the process of this id, has ended."""
    if sys.platform == "linux":
        _prctl()(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended already
            os._exit(1)
    else:
        Thread(target=_watch, args=(parent,), daemon=True).start()


@cache
def _prctl() -> Callable[..., int]:
    import ctypes

    prctl: Callable[..., int] = ctypes.CDLL(None).prctl
    return prctl


def _watch(parent: int) -> None:
    import psutil

    while os.getppid() == parent and psutil.pid_exists(parent):
        time.sleep(WATCH_SECONDS)
    os._exit(1)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Processes and threads that the block starts do not get Ctrl-C, which a terminal sends to all: a process must not
    before it can ignore it, and a thread never, for only the main thread can act on it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def describe_exit(code: int) -> str:
    """What an exit code tells: "exit code 3", or "SIGKILL" for a process that was killed."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def limit_memory(most: int) -> None:
    """Bound the address space of this process to so many bytes beyond what it takes now, where the system can."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        import psutil

        most += psutil.Process().memory_info().vms
        _, highest = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most if highest < 0 else min(most, highest), highest))


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    """Ours, without what notebooks and builds set for other programs: drawing goes by it, and papers must not."""
    ours = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    return {**ours, "MPLBACKEND": "agg", **added}


@contextmanager
def _opened(output: Path | int | None) -> Iterator[Any]:
    if isinstance(output, Path):
        with output.open("wb") as stream:
            yield stream
    else:
        yield output


def _inheriting(connection: channels.Connection) -> dict[str, Any]:
    """The arguments by which a process that is started gets this end of a connection, and nothing else of ours."""
    if sys.platform == "win32":
        os.set_handle_inheritable(connection.fileno(), True)
        return {"startupinfo": subprocess.STARTUPINFO(lpAttributeList={"handle_list": [connection.fileno()]})}
    return {"pass_fds": [connection.fileno()]}
