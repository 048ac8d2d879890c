"""The memory of the process: kept from step to step, given back between the parts of a run, and its peak.

A training step on the CPU takes and frees the same large tensors again and again. By default the C library returns
each of them to the system, which must find and clear the pages anew for the next step: with ResNet18 at 224 pixels
40,000 pages and a tenth of the step's CPU time. Where memory comes from changes no bit of what is computed.
"""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from contextlib import suppress
from pathlib import Path

# glibc's malloc.h, for mallopt(3).
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
TOP_PAD_BYTES = 64 * 2**20


def keep() -> None:
    """Keep freed memory for the next tensors, where the C library can (glibc); elsewhere nothing changes."""
    libc = _glibc()
    if libc is not None:
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, -1)
        libc.mallopt(M_TOP_PAD, TOP_PAD_BYTES)


def leave_alone() -> None:
    """Leave out of every later search for garbage what is there now. After its imports, a process has a third of a
    million objects that never become garbage, and looking through them takes longer than a short epoch.
    """
    gc.freeze()


def give_back() -> None:
    """Return what is free to the system, where the C library can: what comes next needs other tensors."""
    gc.collect()
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def start_peak() -> None:
    """Give back what is free and count the peak from here on (Linux); elsewhere it stays the process's own."""
    give_back()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """Largest resident memory of this process since `start_peak`, in bytes."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process, if it is glibc."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
