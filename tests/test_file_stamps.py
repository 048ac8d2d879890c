"""What was found in files is remembered as long as nothing about them changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchsuite import file_stamps
from benchsuite.file_stamps import ABSENT, file_stamp, files_stamp, memory_of, recall, remember


def test_every_change_of_a_file_is_another_stamp(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    stamps = [file_stamp(file)]
    before = file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    stamps.append(file_stamp(file))
    (tmp_path / "copy").write_bytes(b"two")
    (tmp_path / "copy").replace(file)
    stamps.append(file_stamp(file))
    assert len(set(stamps)) == 3


def test_absent_files_have_a_stamp_beside_others(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    assert files_stamp([tmp_path / "absent", file]) == (*ABSENT, *file_stamp(file))


def test_what_settled_is_recalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, memory = tmp_path / "file", memory_of(tmp_path, tmp_path / "cache")
    file.write_bytes(b"one")
    known = {"file": (file_stamp(file), "found")}
    remember(memory, known)
    assert recall(memory) == {}
    monkeypatch.setattr(file_stamps, "SETTLED_NS", 0)
    remember(memory, known)
    assert recall(memory) == known
    assert recall(memory_of(tmp_path / "other", tmp_path / "cache")) == {}
