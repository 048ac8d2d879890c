from __future__ import annotations

import io
import os
import stat
import tarfile
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.errors import DataError
from benchsuite.sources import archives
from benchsuite.sources.archives import Limits, _safe, unpack


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, *members: tarfile.TarInfo | tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def refused(archive: Path, *expected: str) -> None:
    target = archive.parent / "out"
    with pytest.raises(DataError) as caught:
        unpack(archive, target)
    assert archive.name in str(caught.value)
    for word in expected:
        assert word in str(caught.value)
    assert [path for path in archive.parent.iterdir() if path != archive] == []


@pytest.mark.parametrize("make", [make_zip, lambda path, members: make_tar(path, *members.items())])
def test_files_come_out_as_they_went_in(make, tmp_path: Path) -> None:
    archive = make(tmp_path / "a", {"train/healthy/1.jpg": b"one", "./train/2.jpg": b"", "note": b"x" * 3_000_000})
    out = unpack(archive, tmp_path / "out")
    assert (out / "train/healthy/1.jpg").read_bytes() == b"one"
    assert (out / "train/2.jpg").read_bytes() == b""
    assert (out / "note").stat().st_size == 3_000_000


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "C:/x", "..\\x", "\\\\host\\x"])
def test_names_that_leave_the_folder_are_refused(name: str, tmp_path: Path) -> None:
    refused(make_zip(tmp_path / "a.zip", {"fine": b"", name: b"evil"}), repr(name)[1:-1])


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x"])
def test_names_that_leave_the_folder_are_refused_in_tar(name: str, tmp_path: Path) -> None:
    refused(make_tar(tmp_path / "a.tar.gz", ("fine", b""), (name, b"evil")), name)


@pytest.mark.parametrize(
    "member",
    [
        special("link", tarfile.SYMTYPE, "/etc"),
        special("hard", tarfile.LNKTYPE, "../x"),
        special("device", tarfile.CHRTYPE),
        special("pipe", tarfile.FIFOTYPE),
    ],
)
def test_links_and_devices_are_refused(member: tarfile.TarInfo, tmp_path: Path) -> None:
    refused(make_tar(tmp_path / "a.tar", member), member.name, "link or a device")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(tmp_path / "a.zip", "link")


def test_an_archive_that_grows_past_the_limit_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 5_000_000)
    with pytest.raises(DataError, match="more than 1000000 bytes"):
        unpack(tmp_path / "bomb.zip", tmp_path / "out", Limits(bytes=1_000_000))
    archive_of_many = make_zip(tmp_path / "many.zip", {str(i): b"" for i in range(20)})
    with pytest.raises(DataError, match="more than 10 files"):
        unpack(archive_of_many, tmp_path / "out", Limits(files=10))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_a_truncated_archive_is_refused(suffix: str, tmp_path: Path) -> None:
    members = {"a": os.urandom(50_000), "b": os.urandom(50_000)}
    path = tmp_path / f"a.{suffix}"
    _ = make_zip(path, members) if suffix == "zip" else make_tar(path, *members.items())
    path.write_bytes(path.read_bytes()[:70_000])
    refused(path, "cannot be read")


def test_a_changed_byte_in_a_zip_is_noticed(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a": b"y" * 1000})
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.write_bytes(content)
    refused(path, "'a'", "CRC")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"<html>403</html>")
    refused(tmp_path / "a.zip", "cannot be read")


def test_the_same_path_twice_is_refused(tmp_path: Path) -> None:
    refused(make_tar(tmp_path / "a.tar", ("x", b"1"), ("./x", b"2")), "same path")
    (tmp_path / "a.tar").unlink()
    refused(make_tar(tmp_path / "b.tar", ("x", b"1"), ("x/y", b"2")), "same path")


@given(st.text(alphabet=st.sampled_from("./\\a:C\0 "), max_size=12))
def test_no_name_leads_outside(name: str) -> None:
    root = Path("/some/root")
    try:
        inside = _safe(Path("archive"), name)
    except DataError:
        return
    assert Path(os.path.normpath(root / inside)).is_relative_to(root)


def test_an_archive_that_changes_while_it_is_unpacked_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "growing.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a.txt", "first")
    extract = archives._extract

    def slowly(*arguments: Any) -> None:
        extract(*arguments)
        with zipfile.ZipFile(archive, "a") as opened:
            opened.writestr("b.txt", "second")

    monkeypatch.setattr(archives, "_extract", slowly)
    with pytest.raises(DataError, match="changed while it was read") as caught:
        unpack(archive, tmp_path / "target")
    assert str(archive) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["growing.zip"]


@pytest.mark.parametrize("name", ["", ".", "./", "x" * 300])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_files_without_a_name_of_their_own_are_refused(kind: str, name: str, tmp_path: Path) -> None:
    archive = tmp_path / f"a.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as made:
            info = zipfile.ZipInfo("x")
            info.filename = name
            made.writestr(info, b"" if name.endswith("/") else b"evil")
        if name == "./":  # which is a folder in a zip
            unpack(archive, tmp_path / "out")
            return
    else:
        with tarfile.open(archive, "w") as tar:
            info = tarfile.TarInfo(name)
            info.size = 4
            tar.addfile(info, io.BytesIO(b"evil"))
    refused(archive, "too long" if len(name) > 99 else "it holds a path that is none")


def test_a_zip_with_an_empty_name_among_others_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"photo.jpg": b"", "yy": b"evil"})
    archive.write_bytes(archive.read_bytes().replace(b"yy", b"\0y"))  # cut at the null byte when it is read
    refused(archive, "it holds a path that is none")


bytes_of_archives = st.sampled_from(["zip", "w:", "w:gz", "w:bz2", "w:xz"])


@given(bytes_of_archives, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6), st.floats(0.3, 1))
@settings(max_examples=300, deadline=None)
def test_damaged_archives_are_unpacked_or_refused(kind: str, changes: list[tuple[float, int]], kept: float) -> None:
    made = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("á/uno.txt", b"hola" * 20)
            archive.writestr("b/dos.bin", bytes(range(99)))
    else:
        with tarfile.open(fileobj=made, mode=kind) as tar:
            info = tarfile.TarInfo("b/" + "y" * 150)
            info.size = 300
            tar.addfile(info, io.BytesIO(bytes(300)))
    content = bytearray(made.getvalue())
    for place, value in changes:
        content[int(place * (len(content) - 1))] = value
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "archive"
        file.write_bytes(content[: int(kept * len(content))])
        with suppress(DataError):
            unpack(file, Path(folder) / "out", Limits(1_000_000, 100))
