"""What goes wrong outside a run ends that run and no other, and leaves a record with a remedy: errors of the system,
raised one by one wherever code of ours asks the disk, a lock or a pipe."""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import shutil
import sys
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import benchsuite
from benchsuite.api import FreezePolicy
from benchsuite.engine.task import RunTask
from benchsuite.errors import StoreError
from benchsuite.execution import worker, worker_pool
from benchsuite.execution.failed_record import record_failure
from benchsuite.execution.worker_pool import Pool
from benchsuite.processes import ProcessEnded
from benchsuite.store.record import Failure, RunRecord
from benchsuite.store.run_store import Store
from support.engine import Bench, Silent, make_case

CALLS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (os, ("open", "fsync", "utime", "fstat")),
    (Path, ("mkdir", "open", "replace", "rename", "unlink", "stat", "read_bytes", "write_bytes", "read_text", "glob")),
    (fcntl, ("flock",)),
    (np.memmap, ("__new__",)),
    (shutil, ("rmtree",)),
)
ROOMS = ("store", "sources", "engine/data", "engine/network", "engine/training", "execution", "atomic_files", "file_l")
HOME = str(Path(benchsuite.__file__).parent) + os.sep
ERRNOS = (
    "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "ENOENT", "ENOLCK", "ESTALE", "EMFILE", "ENOMEM",
    "ETIMEDOUT", "ENAMETOOLONG",
)  # fmt: skip
ERRORS: tuple[Callable[[], Exception], ...] = (
    *(partial(OSError, number, os.strerror(number)) for number in (getattr(errno, name) for name in ERRNOS)),
    partial(UnicodeEncodeError, "utf-8", "\udced", 0, 1, "surrogates not allowed"),
    MemoryError,
)

Place = tuple[str, int, str]
"""A line of benchsuite, by its file and number, and what it calls."""


class Faults:
    """Knows the places that a run passes, and raises an error at the first call from one of them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.places: dict[Place, None] = {}
        self.armed: tuple[Place, Exception] | None = None
        self.listening = False
        for owner, names in CALLS:
            for name in names:
                met = self._before(name, getattr(owner, name))
                patch.setattr(owner, name, staticmethod(met) if name == "__new__" else met)

    def _before(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def met(*arguments: Any, **options: Any) -> Any:
            self.meet(name)
            return call(*arguments, **options)

        return met

    def meet(self, name: str) -> None:
        if not self.listening:
            return
        frame = sys._getframe(2)
        while "filelock" in frame.f_code.co_filename and frame.f_back is not None:
            frame = frame.f_back
        place = (frame.f_code.co_filename.removeprefix(HOME), frame.f_lineno, name)
        if place[0].startswith(ROOMS) or place[0] == __file__:
            self.places.setdefault(place)
            if self.armed is not None and self.armed[0] == place:
                (_, error), self.armed = self.armed, None
                raise error


class InProcess:
    """In the place of a worker process: this one, in which each job is done as soon as it is sent."""

    faults: Faults
    pid = 1

    def __init__(self, target: Any, *arguments: Any, **_: Any) -> None:
        self.faults.meet("start")
        self.arguments = arguments
        self.jobs: deque[Any] = deque()
        self.answers: deque[Any] = deque()
        self.alive = True

    def send(self, message: Any) -> None:
        if self.jobs:  # the worker's answer
            self.faults.meet("answer")
            self.answers.append(message)
            return
        self.faults.meet("send")
        self.jobs = deque([message, None])
        try:
            worker.main(_Parent(self), *self.arguments)  # type: ignore[arg-type]
        except Exception:
            self.alive = False
        self.jobs.clear()

    def receive(self, seconds: float = 0) -> Any:
        self.faults.meet("receive")
        if not self.answers:
            raise ProcessEnded(1, timed_out=False)
        return self.answers.popleft()

    def stop(self) -> None:
        self.alive = False

    kill = close = stop


class _Parent:
    def __init__(self, process: InProcess) -> None:
        self._jobs, self.send = iter(list(process.jobs)), process.send

    def receive(self) -> Any:
        return next(self._jobs)


class _Study(Silent):
    """Two runs, in the first of which something may go wrong."""

    def __init__(self, bench: Bench, faults: Faults, folder: Path) -> None:
        super().__init__()
        own = Bench(folder, bench.data, bench.registry)
        self.tasks = own.tasks(
            make_case("struck", epochs=1, freeze=FreezePolicy(blocks=1)), make_case("next", epochs=1)
        )
        self._faults = faults

    def started(self, task: RunTask) -> None:
        self._faults.listening = task is self.tasks[0]

    def make(self, place: Place | None = None, error: Exception | None = None) -> dict[str, RunRecord]:
        self._faults.armed = (place, error) if place and error else None
        with Pool(self.tasks[0].numerics, (None,), self) as pool:
            records = {record.spec.case.name: record for record in pool.run(self.tasks)}
        self._faults.listening = False
        return records


@pytest.fixture
def faults(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Faults:
    monkeypatch.setattr(worker, "_prepare", lambda *_: None)
    monkeypatch.setattr(worker.logs, "tell_parent", lambda *_: None)  # which is this process
    monkeypatch.setattr(worker, "registry", lambda: bench.registry)
    monkeypatch.setattr(worker_pool, "ChildProcess", InProcess)
    InProcess.faults = Faults(monkeypatch)
    return InProcess.faults


def _strike(bench: Bench, faults: Faults, places: Sequence[Place], errors: Sequence[Callable[[], Exception]]) -> None:
    """Let each error be met at its place, in a study of its own."""
    for number, (place, make) in enumerate(zip(places, errors, strict=True)):
        study, error = _Study(bench, faults, bench.root / str(number)), make()
        records = study.make(place, error)
        said = f"{error!r} at {place}"
        assert list(records) == ["struck", "next"], said
        assert records["next"].failure is None, said
        _check(records["struck"], study.tasks[0], said)
        shutil.rmtree(bench.root / str(number))


def _check(record: RunRecord, task: RunTask, said: str) -> None:
    """The run is done in spite of what happened, or failed with a remedy; either is on disk, or said not to be."""
    stored = Store(task.results).read(task.key.key)
    if record.failure is not None:
        assert record.failure.kind != "defect", f"{said}: {record.failure}"
        assert record.failure.remedy, said
        if "could not be written" in record.failure.what:
            return
    assert stored is not None, said
    assert stored.status in (record.status, "done"), said


def _places(bench: Bench, faults: Faults) -> list[Place]:
    """All that a run passes, the cache being empty."""
    records = _Study(bench, faults, bench.root / "whole").make()
    assert [record.failure for record in records.values()] == [None, None]
    assert {"send", "answer", "receive", "flock", "fsync", "__new__"} <= {name for _, _, name in faults.places}
    return list(faults.places)


@pytest.mark.slow
def test_an_error_outside_a_run_ends_that_run_alone(bench: Bench, faults: Faults) -> None:
    places = _places(bench, faults)[::12]
    _strike(bench, faults, places, [ERRORS[(5 * number) % len(ERRORS)] for number in range(len(places))])


@pytest.mark.slow
@pytest.mark.parametrize("shift", range(0, len(ERRORS), 4))
def test_no_error_of_the_system_anywhere_ends_more_than_its_run(bench: Bench, faults: Faults, shift: int) -> None:
    places = _places(bench, faults)
    _strike(bench, faults, places, list(itertools.islice(itertools.cycle(ERRORS), shift, shift + len(places))))


def test_a_record_that_cannot_be_written_is_handed_on_and_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Store, record: RunRecord) -> None:
        raise StoreError("cannot write: the disk is gone")

    monkeypatch.setattr(Store, "write", refuse)
    record = record_failure(bench.task(), Failure(kind="store", what="no lock", remedy="another disk"))
    assert record.failure is not None
    assert record.failure.what == "no lock (its record could not be written: cannot write: the disk is gone)"
    assert record.failure.remedy == "another disk"
