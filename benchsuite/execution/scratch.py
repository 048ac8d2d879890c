"""The runs that a site has made or begun for others: a results folder in the cache. What was handed over goes from it
at once; what nobody has fetched waits there until it is asked for again, so long and so much of it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from benchsuite.settings import CACHE_GB, cache_root
from benchsuite.store.run_store import Store

FOLDER = "sites"
MOST_DAYS = 30
TIDY_SECONDS = 3600.0
"""Between two looks of a process."""

_tidied = -math.inf


def scratch() -> Store:
    """Where this site makes runs."""
    return Store(cache_root() / FOLDER)


def tidy(store: Store, say: Callable[[str], None]) -> None:
    """Now and then, remove the runs that nobody has touched for MOST_DAYS, and, of more than BENCHSUITE_CACHE_GB, those
    untouched for longest; `say` is told of it."""
    global _tidied
    if time.monotonic() - _tidied < TIDY_SECONDS:
        return
    _tidied = time.monotonic()
    runs = sorted(_untouched(store), reverse=True)
    total, most = sum(size for _, size, _ in runs), CACHE_GB.value() * 2**30
    removed = freed = 0
    for days, size, key in runs:
        if days < MOST_DAYS and total <= most:
            break
        if store.remove(key):
            removed, freed, total = removed + 1, freed + size, total - size
    if removed:
        say(
            f"{removed} of the runs that were made here and never fetched are removed, {freed / 2**20:,.0f} MiB: they "
            f"had waited {MOST_DAYS} days, or took more than BENCHSUITE_CACHE_GB in {store.root}"
        )


def _untouched(store: Store) -> Iterator[tuple[float, int, str]]:
    """Of each run, the days for which none of its files has changed, its bytes and its key. The disk's own clock tells
    what day it is: it may be another machine's."""
    with suppress(OSError):
        clock = store.root / "runs" / ".clock"
        clock.touch()
        now = clock.stat().st_mtime
        for key in store.run_keys():
            with suppress(OSError):
                files = [path.stat() for path in store.folder(key).iterdir()]
                days = (now - max((file.st_mtime for file in files), default=now)) / 86_400
                yield days, sum(file.st_size for file in files), key
