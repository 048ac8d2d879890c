"""Locks keep processes apart; a disk that has none is told in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from filelock import Timeout

from benchsuite.errors import StoreError
from benchsuite.file_locks import NO_LOCKS, FileLock


def test_a_lock_that_is_held_is_a_timeout(tmp_path: Path) -> None:
    with FileLock(tmp_path / "a.lock"), pytest.raises(Timeout):
        FileLock(tmp_path / "a.lock").acquire(blocking=False)
    with FileLock(tmp_path / "a.lock").acquire(blocking=False):
        pass


@pytest.mark.parametrize("number", sorted({*NO_LOCKS} - {errno.ENOSYS}))
def test_a_disk_without_locks_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(StoreError, match="no locks") as caught, FileLock(tmp_path / "a.lock"):
        pass
    assert caught.value.where == str(tmp_path / "a.lock")
    assert "local disk" in str(caught.value.remedy)


def test_a_lock_that_cannot_be_made_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        FileLock(tmp_path / "file" / "a.lock").acquire(blocking=False)
    assert caught.value.remedy
