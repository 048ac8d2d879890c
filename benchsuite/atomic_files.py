"""Atomic writes: a kill at any instant leaves either the old file or the new one.

Each write goes to a temporary file in the same folder, is forced to disk and then renamed over the target. The
temporary name tells who writes, so that what a killed writer left is known from what a living one is at, and removed.
A full disk, a read-only folder or a missing permission becomes a StoreError.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import platform
import shutil
import stat
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO

from benchsuite.errors import StoreError
from benchsuite.legible import legible

_LOG = logging.getLogger(__name__)
TEMPORARY = ".tmp-"
_SCRATCH = "-benchsuite-"
_SCRATCHES = f"*{_SCRATCH}*"
ABANDONED_AFTER = 3600.0
"""Seconds after which a temporary file that does not tell its writer is taken for a leftover."""

_ELSEWHERE = "choose another folder (--results; for the cache, BENCHSUITE_CACHE)"
_REMEDIES = {
    errno.ENOSPC: f"free some disk space, or {_ELSEWHERE}",
    errno.EDQUOT: f"free some of your disk quota, or {_ELSEWHERE}",
    errno.EFBIG: f"allow larger files (ulimit -f; some file systems have a limit), or {_ELSEWHERE}",
    errno.EROFS: f"the file system is read-only: {_ELSEWHERE}",
    errno.EACCES: f"give yourself permission to write there, or {_ELSEWHERE}",
    errno.EPERM: f"give yourself permission to write there, or {_ELSEWHERE}",
    errno.ENOTDIR: f"a part of the path is a file: {_ELSEWHERE}",
    errno.EEXIST: f"a part of the path is a file: {_ELSEWHERE}",
    errno.EISDIR: "a folder stands where this file belongs: remove or rename it",
}
_NO_FOLDER_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What some network and shared folders (SMB, vboxsf) answer who wants a folder flushed; the rename is done by then."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Lend a temporary path, with the suffix of `path`, to a library that writes files itself.

    When the block ends well the file becomes `path`; when it raises, nothing of it stays. The folder is made, and what
    dead writers left in it is removed. Raises StoreError when it cannot be written.
    """
    with atomic_paths(path.parent, [path.name]) as temporary:
        yield temporary[path.name]


@contextmanager
def atomic_paths(folder: Path, names: Iterable[str]) -> Iterator[dict[str, Path]]:
    """As `atomic_path`, for several files of a folder, which is flushed once for all of them."""
    temporary = {name: temporary_path(folder / name) for name in names}
    path = folder.joinpath(*list(temporary)[:1])  # which errors speak of
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        yield temporary
        for name, written in temporary.items():
            path = folder / name
            _flush(written)
            written.replace(path)
        _flush_folder(folder)
    except OSError as error:
        raise store_error(error, path) from error
    finally:
        for written in temporary.values():
            with suppress(OSError):
                written.unlink()


@contextmanager
def atomic_file(path: Path) -> Iterator[Output]:
    """As `atomic_path`, for a library that writes to a file object, whatever it makes of an error of the disk."""
    with atomic_path(path) as temporary, temporary.open("xb") as file:
        output = Output(file)
        try:
            yield output
        except Exception:
            output.check()
            raise
        output.check()


class Output:
    """A file for writing that keeps the first error of its disk for `check`, and takes what comes after for written.

    Libraries that meet one raise something of their own in its place, or end the process.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sum = hashlib.sha256()
        self._error: OSError | None = None

    def write(self, content: bytes | bytearray | memoryview) -> int:
        size = memoryview(content).nbytes
        if self._error is None:
            self._sum.update(content)
            try:
                self._file.write(content)
            except OSError as error:
                self._error = error
        return size

    def flush(self) -> None:
        """For libraries that call it: the file is flushed when it is whole."""

    def sha256(self) -> bytes:
        """Of what was written so far."""
        return self._sum.digest()

    def check(self) -> None:
        """Raise the OSError that was met."""
        if self._error is not None:
            raise self._error


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Lend a new folder that becomes `path` when the block ends well; one that another process made meanwhile is kept.

    What dead writers left beside it is removed. Raises OSError.
    """
    temporary = temporary_path(path)
    try:
        temporary.mkdir(parents=True)
        sweep(path.parent)
        yield temporary
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def scratch_folder(purpose: str) -> tempfile.TemporaryDirectory[str]:
    """A new folder among the system's temporary ones; what dead processes left there for any purpose is removed."""
    sweep(Path(tempfile.gettempdir()), _SCRATCHES)
    return tempfile.TemporaryDirectory(
        prefix=f"{TEMPORARY}{_writer()}-", suffix=f"{_SCRATCH}{purpose}", ignore_cleanup_errors=True
    )


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically. Raises StoreError when it cannot be written."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8 with its line ends as they are. Raises StoreError."""
    write_bytes(path, legible(text).encode("utf-8"))


def check_name(folder: Path) -> None:
    """Raise StoreError for a folder whose name is not UTF-8, which libraries that write in it could not take."""
    if (name := legible(str(folder))) != str(folder):
        raise StoreError(
            "the name of this folder is not UTF-8",
            where=name,
            expected="a folder whose whole path is",
            remedy=f"rename it (convmv does so for whole folders), or {_ELSEWHERE}",
        )


def read_file(path: Path) -> bytes:
    """The bytes of a plain file; a pipe, which would never end, or a folder is an OSError."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "this is a folder, a pipe or a device, not a file", str(path))
    return path.read_bytes()


def temporary_path(path: Path) -> Path:
    """A new name beside `path` for what will become it; it tells that this process writes there."""
    return path.with_name(f"{TEMPORARY}{_writer()}-{uuid.uuid4().hex[:12]}-{path.name}")


def sweep(folder: Path, names: str = "*") -> None:
    """Remove the temporary files and folders that writers which have ended left in `folder`.

    What a living process writes stays, and so does what was written on another machine, whose processes are unknown.
    """
    for leftover in abandoned(folder, names):
        with suppress(OSError):
            shutil.rmtree(leftover) if leftover.is_dir() and not leftover.is_symlink() else leftover.unlink()
            _LOG.info("removed what a process that has ended left: %s", leftover)


def abandoned(folder: Path, names: str = "*") -> Iterator[Path]:
    """What `sweep` would remove."""
    for leftover in folder.glob(f"{TEMPORARY}{names}"):
        with suppress(OSError):
            if is_abandoned(leftover):
                yield leftover


def abandoned_scratch() -> Iterator[Path]:
    """The scratch folders, for whatever purpose, that dead processes left among the system's temporary ones."""
    return abandoned(Path(tempfile.gettempdir()), _SCRATCHES)


def store_error(error: OSError, path: Path) -> StoreError:
    """The StoreError that tells the user of an OSError met at `path`."""
    return StoreError(
        f"cannot write: {error.strerror or error}",
        where=str(path),
        remedy=_REMEDIES.get(error.errno or 0, "check the folder and its disk"),
    )


def is_abandoned(temporary: Path) -> bool:
    """Whether whoever wrote a temporary file has ended."""
    told = temporary.name.removeprefix(TEMPORARY).split("-")
    if len(told) < 5 or not told[1].isdecimal():
        return temporary.lstat().st_mtime < time.time() - ABANDONED_AFTER
    host, pid, started = told[:3]
    now = _started(int(pid))
    return host == _host() and started != now and (now != "" or not _is_hidden(int(pid)))


def _writer() -> str:
    return _name_of(os.getpid())


@cache
def _name_of(pid: int) -> str:
    """What temporary files of a living process of ours are called by."""
    return f"{_host()}-{pid}-{_started(pid)}"


@cache
def _host() -> str:
    """This machine, or the container that is one to its processes: where a number means one process."""
    own = [platform.node()]
    for place, read in (("/etc/machine-id", Path.read_text), ("/proc/self/ns/pid", os.readlink)):
        with suppress(OSError):
            own.append(str(read(Path(place))))
    return hashlib.sha256(repr(own).encode()).hexdigest()[:8]


def _started(pid: int) -> str:
    """When the process of this number was started, in a form that only tells it from others; empty if it is dead."""
    with suppress(OSError, IndexError):
        # Counted from the machine's start, so that setting the clock changes nothing.
        state, *more = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state in "ZX" else more[18]
    if Path("/proc/self/stat").exists():
        return ""
    # By name: plugins are checked against the types of what their packages import, and psutil has none.
    psutil = import_module("psutil")

    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    return ""


def _is_hidden(pid: int) -> bool:
    """Whether a process is alive that is another user's, of which some shared machines let nothing be seen."""
    try:
        if os.name != "nt":  # Windows would take this for a signal
            os.kill(pid, 0)
    except OSError as error:
        return error.errno == errno.EPERM
    return False


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder to flush it
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_FLUSH:
            raise
    finally:
        os.close(handle)
