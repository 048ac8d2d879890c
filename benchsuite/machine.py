"""What this process may use of the machine: cores and memory, by affinity and by the limits of its control groups, as
containers and batch systems set them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Cores that this process may keep busy, at least 1; half a core more counts as one."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows know no affinity
        cores = os.cpu_count() or 1
    for group in _groups("cpu"):
        with suppress(OSError, ValueError, ZeroDivisionError):
            cores = math.floor(min(cores, _quota(group) + 0.5))
    return max(cores, 1)


def free_memory() -> int:
    """Bytes of memory that this process and its children may still take without swapping."""
    # By name: plugins are checked against the types of what their packages import, and psutil has none.
    psutil = import_module("psutil")
    free = int(psutil.virtual_memory().available)
    for group in _groups("memory"):
        with suppress(OSError, ValueError):
            free = min(free, _free(group))
    return max(free, 0)


def _groups(controller: str) -> Iterator[Path]:
    """The folders of the control groups that may limit this process, from its own to the root; some may not be there,
    since a container sees its own group as the root."""
    try:
        lines = MEMBERSHIP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = CGROUPS / controller if controllers else CGROUPS
        own = root / path.lstrip("/")
        yield from (group for group in (own, *own.parents) if group.is_relative_to(root))


def _quota(group: Path) -> float:
    """Cores that a group may use; infinite where it has no limit."""
    if (file := group / "cpu.max").exists():  # version 2
        quota, period = file.read_text(encoding="ascii").split()
        return math.inf if quota == "max" else int(quota) / int(period)
    quota, period = ((group / f"cpu.cfs_{name}_us").read_text(encoding="ascii") for name in ("quota", "period"))
    return int(quota) / int(period) if int(quota) > 0 else math.inf


def _free(group: Path) -> int:
    """Bytes that a group may still take; what it keeps of files and would give back counts as free."""
    limit, used, kept = "memory.max", "memory.current", "inactive_file"  # version 2
    if not (group / limit).exists():
        limit, used, kept = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
    facts = dict(line.split() for line in (group / "memory.stat").read_text(encoding="ascii").splitlines())
    most = (group / limit).read_text(encoding="ascii").strip()  # "max", which is no number, without a limit
    return int(most) - int((group / used).read_text(encoding="ascii")) + int(facts.get(kept, 0))
