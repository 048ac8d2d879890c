"""Locks by which processes keep out of each other's way: the system releases them when their holder dies.

A disk without locks, as some network disks are, and a lock file that cannot be made become a StoreError.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from filelock import FileLock as _FileLock
from filelock import Timeout

from benchsuite.atomic_files import store_error
from benchsuite.errors import StoreError

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENODEV, errno.ENOTTY)


class FileLock(_FileLock):
    """The lock of a file, not yet taken. `acquire(blocking=False)` raises filelock.Timeout when another holds it."""

    def acquire(self, *arguments: Any, **options: Any) -> Any:
        """Take the lock. Raises StoreError where that cannot be, and Timeout."""
        try:
            return super().acquire(*arguments, **options)
        except Timeout:
            raise
        except NotImplementedError:
            raise _no_locks(self.lock_file) from None
        except OSError as error:
            if error.errno in NO_LOCKS:
                raise _no_locks(self.lock_file) from None
            raise store_error(error, Path(self.lock_file)) from error


def _no_locks(path: str) -> StoreError:
    return StoreError(
        "this disk has no locks, by which two processes keep from writing the same files",
        where=path,
        expected="a disk with file locks, as every local one is; of NFS, one with its lock service",
        remedy="put the results (--results), or the cache (BENCHSUITE_CACHE), on a local disk",
    )
