from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchsuite.atomic_files import atomic_path, sweep, write_bytes, write_text
from benchsuite.errors import StoreError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_write_leaves_the_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.bin"
    write_bytes(target, b"one")
    write_bytes(target, b"two")
    assert target.read_bytes() == b"two"
    assert names(target.parent) == ["a.bin"]


def test_text_is_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "año\r\n\n")
    assert (tmp_path / "a.txt").read_bytes() == "año\r\n\n".encode()


def test_a_block_that_raises_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    write_bytes(target, b"old")
    with pytest.raises(KeyError), atomic_path(target) as temporary:  # noqa: PT012
        temporary.write_bytes(b"half")
        raise KeyError
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_the_temporary_path_is_beside_the_target_and_keeps_its_suffix(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.safetensors") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".safetensors"
        temporary.write_bytes(b"")


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError), atomic_path(tmp_path / "a.bin"):
        pass
    assert names(tmp_path) == []


def test_a_kill_in_the_middle_of_writing_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    write_bytes(target, b"old")
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from benchsuite.atomic_files import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    status = subprocess.run([sys.executable, "-c", program, str(target)], check=False).returncode
    assert status == -signal.SIGKILL
    assert target.read_bytes() == b"old"
    assert len(names(tmp_path)) == 2
    sweep(tmp_path, older_than=-60)
    assert names(tmp_path) == ["a.bin"]


def test_only_old_leftovers_are_swept(tmp_path: Path) -> None:
    for name, age in ((".tmp-old-a", 7200), (".tmp-young-a", 5), ("record.json", 7200)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    sweep(tmp_path)
    assert names(tmp_path) == [".tmp-young-a", "record.json"]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "free some disk space"), (errno.EROFS, "read-only"), (errno.EACCES, "permission")],
)
def test_a_disk_that_refuses_is_told_with_a_remedy_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    target = tmp_path / "a.bin"
    write_bytes(target, b"old")

    def refuse(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError) as caught:
        write_bytes(target, b"new")
    assert caught.value.where == str(target)
    assert remedy in str(caught.value.remedy)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]
