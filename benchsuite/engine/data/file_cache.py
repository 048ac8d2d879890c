"""Files of a cache that several processes share: each is written whole or not at all, under a lock of its own, and
those not used for longest give way when the cache grows too large.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from benchsuite.settings import CACHE_GB

FACTS = ".json"
"""Suffix of the file of facts that may lie beside a cached file, and goes with it."""


def lock_for(path: Path) -> FileLock:
    """The lock under which the cached file `path` is written and deleted, not yet taken."""
    return FileLock(path.with_suffix(".lock"))


def touch(path: Path) -> None:
    """Mark a cached file as used now."""
    os.utime(path)


def make_room(folder: Path, suffix: str, size: int) -> None:
    """Prune so that a file of `size` bytes keeps the files `*suffix` of all studies within BENCHSUITE_CACHE_GB."""
    prune(folder, suffix, max(int(CACHE_GB.value() * 2**30) - size, 0))


def prune(folder: Path, suffix: str, budget_bytes: int) -> tuple[Path, ...]:
    """Delete the files `*suffix` of `folder` that were not used for longest until those left fit `budget_bytes`;
    returns them.

    Files that a process is building are left alone. A file that is mapped somewhere lives on there until it is
    closed.
    """
    files = []
    for path in folder.glob(f"*{suffix}"):
        with suppress(FileNotFoundError):  # another process prunes too
            status = path.stat()
            files.append((status.st_mtime_ns, status.st_size, path))
    total = sum(size for _, size, _ in files)
    deleted: list[Path] = []
    for _, size, path in sorted(files):
        if total <= budget_bytes:
            break
        try:
            with lock_for(path).acquire(blocking=False):
                path.unlink(missing_ok=True)
                path.with_suffix(FACTS).unlink(missing_ok=True)
        except Timeout:
            continue
        total -= size
        deleted.append(path)
    return tuple(deleted)
