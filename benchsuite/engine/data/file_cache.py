"""Files of a cache that several processes share: each is built once, under a lock of its own, written whole or not at
all, and checked by its hash when a process first reads it; those not used for longest give way when the cache grows
too large.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from filelock import Timeout

from benchsuite.atomic_files import TEMPORARY, atomic_path, write_text
from benchsuite.errors import StoreError
from benchsuite.file_locks import FileLock
from benchsuite.file_stamps import file_stamp
from benchsuite.settings import CACHE_GB
from benchsuite.sources.cache import cannot_write

FACTS = ".json"
"""Suffix of the file of facts that lies beside a cached file, and goes with it."""

LOCK = ".lock"

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class CachedFile:
    """A file that was found, or `built` now: the facts beside it, and its bytes, which stay even if it is deleted."""

    facts: Facts
    content: BinaryIO
    built: bool = False


_checked: dict[Path, tuple[int, ...]] = {}
"""Files whose bytes this process has compared with their hash, and their stamps then."""


def find_or_build(
    path: Path, build: Callable[[Path], Facts], meanwhile: Callable[[], None] | None = None
) -> CachedFile:
    """The cached file `path`. Where it is not there, or has not the hash that it was written with, `build` writes it
    at the path that it is given and returns the facts, which must survive JSON. Where another process is at that,
    `meanwhile` is called before this one waits for it.

    Raises StoreError when the cache cannot be written.
    """
    try:
        file = find(path)
        if file is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if meanwhile is not None and _is_taken(path):
                with suppress(StoreError):  # of which the one that builds is told
                    meanwhile()
            with lock_for(path):
                # Another process may have built it while this one waited.
                file = find(path) or _build(path, build)
        with suppress(OSError):  # another process prunes, or the file is another user's
            os.utime(path.with_suffix(FACTS))  # marked as used, where the file's own stamp stays as it is
    except OSError as error:
        raise cannot_write(error, path) from error
    except StoreError as error:
        if isinstance(error.__cause__, OSError):
            raise cannot_write(error.__cause__, path) from error
        raise
    return file


def build_if_free(path: Path, build: Callable[[Path], Facts], whole: Path) -> None:
    """Build `path`, which is a part of the cached file `whole`, unless another process is at it, or either is there."""
    with suppress(Timeout), lock_for(path).acquire(blocking=False):
        if _is_there(whole):
            remove(path)
        elif not _is_there(path):
            _build(path, build).content.close()


def _is_taken(path: Path) -> bool:
    try:
        with lock_for(path).acquire(blocking=False):
            return False
    except Timeout:
        return True


def _is_there(path: Path) -> bool:
    file = find(path)
    if file is not None:
        file.content.close()
    return file is not None


def find(path: Path) -> CachedFile | None:
    """The file, if it is there with its own bytes."""
    try:
        facts = json.loads(path.with_suffix(FACTS).read_text(encoding="utf-8"))
        digest, content = facts.pop("sha256"), path.open("rb")
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None
    stamp = file_stamp(content.fileno())
    if _checked.get(path) != stamp:
        if hashlib.file_digest(content, "sha256").hexdigest() != digest:
            content.close()
            return None
        _checked[path] = stamp
    return CachedFile(facts, content)


def _build(path: Path, build: Callable[[Path], Facts]) -> CachedFile:
    with atomic_path(path) as temporary:
        facts = build(temporary)
        content = temporary.open("rb")
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    _checked[path] = file_stamp(content.fileno())
    write_text(path.with_suffix(FACTS), json.dumps({**facts, "sha256": digest}))
    return CachedFile(facts, content, built=True)


def lock_for(path: Path) -> FileLock:
    """The lock under which the cached file `path` is written and deleted, not yet taken."""
    return FileLock(path.with_suffix(LOCK))


def remove(path: Path) -> None:
    """Remove a cached file, under its lock, with all that lies beside it."""
    path.unlink(missing_ok=True)
    path.with_suffix(FACTS).unlink(missing_ok=True)
    # Whoever waits for it sees that it is gone, and makes a new one.
    path.with_suffix(LOCK).unlink(missing_ok=True)


def make_room(folder: Path, suffix: str, size: int) -> None:
    """Prune so that a file of `size` bytes keeps the files `*suffix` of all studies within BENCHSUITE_CACHE_GB."""
    prune(folder, suffix, max(int(CACHE_GB.value() * 2**30) - size, 0))


def prune(folder: Path, suffix: str, budget_bytes: int) -> tuple[Path, ...]:
    """Delete the files `*suffix` of `folder` that were not used for longest until those left fit `budget_bytes`;
    returns them.

    Files that a process is building are left alone, under their temporary names and their own ones. A file that is
    mapped somewhere lives on there until it is closed.
    """
    files = []
    for path in folder.glob(f"*{suffix}"):
        if path.name.startswith(TEMPORARY):
            continue
        with suppress(FileNotFoundError):  # another process prunes too
            used = path.with_suffix(FACTS).stat().st_mtime_ns if path.with_suffix(FACTS).exists() else 0
            files.append((used, path.stat().st_size, path))
    total = sum(size for _, size, _ in files)
    deleted: list[Path] = []
    for _, size, path in sorted(files):
        if total <= budget_bytes:
            break
        try:
            with lock_for(path).acquire(blocking=False):
                remove(path)
        except Timeout:
            continue
        total -= size
        deleted.append(path)
    return tuple(deleted)
