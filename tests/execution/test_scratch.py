"""What a site keeps of runs that nobody has fetched."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

import pytest

from benchsuite.execution import scratch
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from support.runs import put_run

DAY = 86_400


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path))
    monkeypatch.setattr(scratch, "_tidied", -math.inf)
    return scratch.scratch()


def left(store: Store, seed: int, days: float) -> RunRecord:
    """A run that nobody has touched for so many days."""
    record = put_run(store.root, seed=seed)
    leave(store, record, days)
    return record


def leave(store: Store, record: RunRecord, days: float) -> None:
    for path in store.folder(record.key).iterdir():
        os.utime(path, (time.time() - days * DAY,) * 2)


def tidied(store: Store) -> list[str]:
    said: list[str] = []
    scratch.tidy(store, said.append)
    return said


def test_what_was_left_for_long_goes_with_a_word_and_the_rest_stays(store: Store) -> None:
    old, young = left(store, 0, 31), left(store, 1, 29)
    (said,) = tidied(store)
    assert said.startswith("1 of the runs that were made here and never fetched")
    assert str(store.root) in said
    assert list(store.run_keys()) == [young.key]
    assert not store.folder(old.key).exists()


def test_of_too_much_goes_what_was_left_for_longest(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [left(store, seed, days) for seed, days in enumerate((3, 9, 6))]
    size = sum(path.stat().st_size for path in store.folder(runs[0].key).iterdir())
    monkeypatch.setenv("BENCHSUITE_CACHE_GB", str(2.5 * size / 2**30))
    assert len(tidied(store)) == 1
    assert set(store.run_keys()) == {runs[0].key, runs[2].key}


def test_a_run_that_is_being_made_stays(store: Store) -> None:
    record = put_run(store.root)
    with store.lock(record.key):
        leave(store, record, 31)
        assert tidied(store) == []
        assert not store.remove(record.key)
    assert store.read(record.key) is not None
    assert store.remove(record.key)
    assert list(store.run_keys()) == []


def test_it_is_looked_now_and_then(store: Store) -> None:
    assert tidied(store) == []
    left(store, 0, 31)
    assert tidied(store) == []
    assert len(list(store.run_keys())) == 1


@pytest.mark.parametrize("days", [-1, 1, 3650])
def test_a_clock_that_is_wrong_removes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    left(store, 0, 29)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + days * DAY)
    assert tidied(store) == []
    assert len(list(store.run_keys())) == 1


def test_a_site_without_runs_has_nothing_to_tidy(store: Store) -> None:
    assert tidied(store) == []
