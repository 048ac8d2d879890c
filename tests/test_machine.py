"""Cores and memory that a process may use: by affinity, and by the control groups of containers and batch systems."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchsuite import machine
from benchsuite.machine import free_memory, usable_cores

GIB = 2**30


class Limits:
    """A machine of 8 cores and 32 GiB, and control groups that limit it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "cgroup"
        self.folder.mkdir()
        self.membership = folder / "self"
        patch.setattr(machine, "CGROUPS", self.folder)
        patch.setattr(machine, "MEMBERSHIP", self.membership)
        patch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
        patch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 32 * GIB}))

    def belong(self, *lines: str) -> None:
        self.membership.write_text("".join(f"{line}\n" for line in lines))

    def write(self, group: str, **files: str) -> None:
        """Files of a group; `_` stands for the dots in their names, `__` for an underscore."""
        (self.folder / group).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (self.folder / group / name.replace("__", "\0").replace("_", ".").replace("\0", "_")).write_text(text)


@pytest.fixture
def limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Limits:
    return Limits(tmp_path, monkeypatch)


def test_without_control_groups_affinity_and_free_memory_count(limits: Limits) -> None:
    assert (usable_cores(), free_memory()) == (8, 32 * GIB)


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max", 8), ("200000", 2), ("150000", 2), ("140000", 1), ("50000", 1), ("1000", 1), ("6400000", 8), ("junk", 8)],
)
def test_a_quota_counts_as_cores_and_half_of_one_as_one(limits: Limits, quota: str, cores: int) -> None:
    limits.belong("0::/job")
    limits.write("job", cpu_max=f"{quota} 100000\n")
    assert usable_cores() == cores


def test_the_limits_of_the_groups_above_hold_too(limits: Limits) -> None:
    limits.belong("0::/batch/job")
    limits.write("batch", cpu_max="300000 100000", memory_max=str(4 * GIB), memory_current="0", memory_stat="")
    limits.write("batch/job", cpu_max="max 100000", memory_max="max", memory_current="0", memory_stat="")
    assert (usable_cores(), free_memory()) == (3, 4 * GIB)


def test_a_container_that_sees_its_own_group_as_the_root_is_limited(limits: Limits) -> None:
    limits.belong("0::/../../docker/abc")
    stat = f"anon 5\ninactive_file {GIB}\n"
    limits.write(".", cpu_max="100000 100000", memory_max=str(6 * GIB), memory_current=str(5 * GIB), memory_stat=stat)
    assert (usable_cores(), free_memory()) == (1, 2 * GIB)  # files that the kernel keeps would give way


def test_the_first_version_of_control_groups_is_read(limits: Limits) -> None:
    limits.belong("4:cpu,cpuacct:/job", "3:memory:/job", "1:name=systemd:/job")
    limits.write("cpu/job", cpu_cfs__quota__us="250000\n", cpu_cfs__period__us="100000\n")
    limits.write("cpu", cpu_cfs__quota__us="-1", cpu_cfs__period__us="100000")
    stat = f"cache 7\ntotal_inactive_file {GIB}\n"
    used = {"memory_limit__in__bytes": str(3 * GIB), "memory_usage__in__bytes": str(3 * GIB), "memory_stat": stat}
    limits.write("memory/job", **used)
    assert (usable_cores(), free_memory()) == (3, GIB)


def test_memory_that_is_used_up_is_none(limits: Limits) -> None:
    limits.belong("0::/")
    limits.write(".", memory_max=str(GIB), memory_current=str(2 * GIB), memory_stat="")
    assert free_memory() == 0
