from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

from benchsuite.atomic_files import (
    atomic_file,
    atomic_folder,
    atomic_path,
    read_file,
    scratch_folder,
    sweep,
    temporary_path,
    write_bytes,
    write_text,
)
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
    sweep(tmp_path)
    assert names(tmp_path) == ["a.bin"]


WRITER = """
import sys, time
from pathlib import Path
from benchsuite.atomic_files import atomic_path, temporary_path
temporary_path(Path(sys.argv[1]) / "folder").mkdir()
with atomic_path(Path(sys.argv[1]) / "b.bin") as temporary:
    temporary.write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(600)
"""


def test_what_a_writer_leaves_goes_when_it_is_dead_and_no_sooner(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        write_bytes(tmp_path / "a.bin", b"")
        assert len(names(tmp_path)) == 3
        writer.kill()
        # Not waited for yet: a dead process that still has its number.
        while Path(f"/proc/{writer.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
        write_bytes(tmp_path / "a.bin", b"")
        assert names(tmp_path) == ["a.bin"]


SCRATCH = """
import time
from benchsuite.atomic_files import scratch_folder
kept = scratch_folder("paper")
print(kept.name, flush=True)
time.sleep(600)
"""


def test_a_scratch_folder_goes_with_its_process_or_with_the_next_that_makes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    foreign = tmp_path / ".tmp-of-another-program"
    foreign.write_bytes(b"")
    os.utime(foreign, (1, 1))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", SCRATCH], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        with scratch_folder("check"):
            assert left.is_dir()
        process.kill()
    assert left.is_dir()
    with scratch_folder("check") as mine:
        assert names(tmp_path) == sorted([foreign.name, Path(mine).name])
    assert names(tmp_path) == [foreign.name]


def test_a_number_that_another_process_bears_now_is_no_sign_of_life(tmp_path: Path) -> None:
    mine = temporary_path(tmp_path / "a.bin")
    start = mine.name.split("-")[3]
    earlier = mine.with_name(mine.name.replace(f"-{start}-", f"-{int(start) - 1}-"))
    for path in (mine, earlier):
        path.write_bytes(b"")
    sweep(tmp_path)
    assert names(tmp_path) == [mine.name]


def test_what_a_process_writes_of_which_nothing_is_to_be_seen_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    living = temporary_path(tmp_path / "a.bin")
    living.write_bytes(b"")

    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr("benchsuite.atomic_files._started", lambda pid: "")
    monkeypatch.setattr(os, "kill", forbidden)
    sweep(tmp_path)
    assert living.exists()


def test_what_another_machine_writes_is_left_alone_however_old(tmp_path: Path) -> None:
    foreign = tmp_path / ".tmp-0a1b2c3d-99999999-1-0123456789ab-record.json"
    foreign.write_bytes(b"")
    os.utime(foreign, (1, 1))
    sweep(tmp_path)
    assert names(tmp_path) == [foreign.name]


def test_only_old_leftovers_that_tell_no_writer_are_swept(tmp_path: Path) -> None:
    for name, age in ((".tmp-old-a", 7200), (".tmp-young-a", 5), ("record.json", 7200)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    sweep(tmp_path)
    assert names(tmp_path) == [".tmp-young-a", "record.json"]


class Full:
    """A file on a disk that takes no more."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write(self, content: bytes) -> int:
        if self.file.tell() + len(content) > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.file.write(content)


def _torch(output: Any) -> None:
    import torch

    torch.save({"weights": torch.zeros(5000)}, output)


def _swallowing(output: Any) -> None:
    for _ in range(20):
        with suppress(Exception):
            output.write(bytes(100))


def _renaming(output: Any) -> None:
    try:
        output.write(bytes(2000))
        output.check()
    except OSError:
        raise RuntimeError("something failed") from None


@pytest.mark.parametrize("library", [_torch, _swallowing, _renaming])
def test_a_full_disk_is_told_as_one_whatever_a_library_makes_of_it(tmp_path: Path, library: Any) -> None:
    target = tmp_path / "a.bin"
    write_bytes(target, b"old")
    with pytest.raises(StoreError) as caught, atomic_file(target) as output:  # noqa: PT012
        output._file = Full(output._file)  # type: ignore[assignment]
        library(output)
    assert "No space left" in caught.value.what
    assert "free some disk space" in str(caught.value.remedy)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_disk_that_flushes_no_folders_takes_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fsync = os.fsync

    def refuse(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", refuse)
    write_bytes(tmp_path / "a.bin", b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a"
    with pytest.raises(KeyError), atomic_folder(target) as temporary:  # noqa: PT012
        (temporary / "file").write_bytes(b"half")
        raise KeyError
    assert names(target.parent) == []
    for content in (b"one", b"two"):
        with atomic_folder(target) as temporary:
            (temporary / "file").write_bytes(content)
    assert names(target.parent) == ["a"]
    assert (target / "file").read_bytes() == b"one"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_plain_file_is_not_read(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "a")
    with pytest.raises(OSError, match="not a file"):
        read_file(tmp_path / "a")


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
