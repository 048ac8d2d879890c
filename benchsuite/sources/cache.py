"""The cache folder: where data sets, samples, weights, digests and decoded images are kept between runs.

Takes nothing but the environment; gives the folder, locks below it, and the words for a folder that cannot be
written.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from benchsuite.atomic_files import sweep
from benchsuite.errors import StoreError

Policy = Literal["auto", "real", "sample"]
"""Which data may be used: the real ones or else the sample, the real ones only, or the sample only."""

Say = Callable[[str], None]
"""Where plain lines for the user go."""

_PATIENCE_SECONDS = 2.0


def cannot_write(error: OSError, where: Path) -> StoreError:
    """What to tell the user when the cache below `where` could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return StoreError(
        "the disk of the cache folder is full"
        if full
        else f"the cache folder cannot be written: {error.strerror or error}",
        where=str(where),
        expected="a folder with free space that this user may write",
        remedy=("free some space" if full else "mend the folder's permissions")
        + ", or set BENCHSUITE_CACHE to a folder elsewhere",
    )


def sweep_cache(cache: Path) -> None:
    """Remove what writers that have ended left in the folders of the cache."""
    for folder in cache.glob("*/"):
        sweep(folder)


@contextmanager
def exclusive(cache: Path, name: str, say: Say) -> Iterator[None]:
    """Hold the cache's lock `name`, so that two processes do not prepare the same thing; says when it waits."""
    # Imported here, because plugins reach this module while commands are only listing them.
    from filelock import Timeout

    from benchsuite.file_locks import FileLock

    path = cache / "locks" / f"{name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=_PATIENCE_SECONDS)
        except Timeout:
            say(f"waiting for another benchsuite process that is preparing {name}")
            lock.acquire()
    except OSError as error:
        raise cannot_write(error, path) from error
    try:
        yield
    finally:
        lock.release()
