"""Atomic writes: a kill at any instant leaves either the old file or the new one.

Each write goes to a temporary file in the same folder, is forced to disk and then renamed over the target. A full
disk, a read-only folder or a missing permission becomes a StoreError.
"""

from __future__ import annotations

import errno
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchsuite.errors import StoreError

TEMPORARY = ".tmp-"
ABANDONED_AFTER = 3600.0
"""Seconds after which a temporary file is taken for the leftover of a killed writer."""

_ELSEWHERE = "choose another folder (--results; for the cache, BENCHSUITE_CACHE)"
_REMEDIES = {
    errno.ENOSPC: f"free some disk space, or {_ELSEWHERE}",
    errno.EDQUOT: f"free some of your disk quota, or {_ELSEWHERE}",
    errno.EROFS: f"the file system is read-only: {_ELSEWHERE}",
    errno.EACCES: f"give yourself permission to write there, or {_ELSEWHERE}",
    errno.EPERM: f"give yourself permission to write there, or {_ELSEWHERE}",
    errno.ENOTDIR: f"a part of the path is a file: {_ELSEWHERE}",
    errno.EEXIST: f"a part of the path is a file: {_ELSEWHERE}",
}


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Lend a temporary path, with the suffix of `path`, to a library that writes files itself.

    When the block ends well the file becomes `path`; when it raises, nothing of it stays. The folder is made.
    Raises StoreError when it cannot be written.
    """
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise store_error(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically. Raises StoreError when it cannot be written."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8 with its line ends as they are. Raises StoreError."""
    write_bytes(path, text.encode("utf-8"))


def sweep(folder: Path, older_than: float = ABANDONED_AFTER) -> None:
    """Remove the temporary files that killed writers left in `folder`, if older than `older_than` seconds."""
    limit = time.time() - older_than
    for leftover in folder.glob(f"{TEMPORARY}*"):
        with suppress(OSError):
            if leftover.stat().st_mtime < limit:
                leftover.unlink()


def store_error(error: OSError, path: Path) -> StoreError:
    """The StoreError that tells the user of an OSError met at `path`."""
    return StoreError(
        f"cannot write: {error.strerror or error}",
        where=str(path),
        remedy=_REMEDIES.get(error.errno or 0, "check the folder and its disk"),
    )


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder to flush it
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
