"""What was found in files, remembered by what the file system tells of them, so that it need not be looked for again.

A memory is one JSON file in the cache for each folder. One that is lost, damaged or cannot be written only costs time.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from benchsuite.atomic_files import write_bytes
from benchsuite.errors import DataError, StoreError, unreadable

SETTLED_NS = 2_000_000_000
"""Coarsest step of a file system's clock (FAT)."""

Stamp = tuple[int, ...]
"""Of one file, or of several, one after the other."""
ABSENT: Stamp = (0, 0, 0, 0)


def file_stamp(file: Path | int) -> Stamp:
    """What a file system tells of a file, open or not, that is other after any change of it: size, times of the last
    changes of content and of state, and the file's number, since tools that copy keep size and time. Raises
    DataError, and OSError for an open one, which whoever opened it can name.
    """
    if isinstance(file, int):
        return _stamp(os.fstat(file))
    try:
        return _stamp(file.stat())
    except OSError as error:
        raise unreadable(error, file) from error


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


@contextmanager
def unchanging(file: Path) -> Iterator[None]:
    """Around what reads a file more than once, or for a while. Raises DataError when it was changed meanwhile."""
    stamp = file_stamp(file)
    yield
    if file_stamp(file) != stamp:
        raise DataError(
            "this file was changed while it was read",
            where=str(file),
            expected="a file that stays as it is",
            remedy="run the command again when it is whole: it may still be on its way here",
        )


def files_stamp(paths: Iterable[Path | str]) -> Stamp:
    """The stamp of several files together, any of which may be absent."""
    stamp: list[int] = []
    for path in paths:
        try:
            stamp += _stamp(os.stat(path))  # noqa: PTH116  (a Path takes as long as looking, and there are many)
        except OSError:
            stamp += ABSENT
    return tuple(stamp)


def memory_of(folder: Path, place: Path) -> Path:
    """The file below `place` in which is remembered what was found in `folder`."""
    return place / f"{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]}.json"


def recall(memory: Path) -> dict[str, tuple[Stamp, str]]:
    """By name, what was found and the stamp that the files had; nothing where the memory cannot be read."""
    try:
        rows = json.loads(memory.read_text(encoding="utf-8"))
        known = {name: (tuple(map(int, stamp)), str(found)) for name, (stamp, found) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return {name: row for name, row in known.items() if row[0] and len(row[0]) % len(ABSENT) == 0}


def remember(memory: Path, known: Mapping[str, tuple[Stamp, str]]) -> None:
    """Keep what was found, but of files that changed just now: they may change once more within the same tick of the
    file system's clock."""
    settled, step = time.time_ns() - SETTLED_NS, len(ABSENT)
    rows = {name: row for name, row in known.items() if max(*row[0][1::step], *row[0][2::step]) < settled}
    with suppress(StoreError):
        write_bytes(memory, json.dumps(rows, separators=(",", ":"), sort_keys=True).encode())
