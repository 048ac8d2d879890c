"""Safe extraction of zip and tar archives.

Takes an archive somebody else made and a folder that does not exist yet; gives that folder, whole or not at all.
Nothing is written outside it: absolute paths, `..`, links and devices are refused, and so are archives that grow
past a limit.
"""

from __future__ import annotations

import contextlib
import errno
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from benchsuite.atomic_files import atomic_folder
from benchsuite.errors import DataError
from benchsuite.file_stamps import unchanging
from benchsuite.sources.cache import cannot_write

_CHUNK = 1 << 20
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, struct.error, ArithmeticError,
           LookupError, RuntimeError, ValueError)  # fmt: skip
"""What reading an archive raises that was made, or damaged, to be none."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold, in bytes and in files."""

    bytes: int = 16 << 30
    files: int = 1_000_000


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    stream: IO[bytes]


def unpack(archive: Path, target: Path, limits: Limits | None = None) -> Path:
    """Extract `archive` (zip, or tar in any compression) as the new folder `target`, and return it.

    Everything goes to a temporary folder that is renamed at the end. A `target` that another process finished in
    the meantime is kept. Raises DataError, naming archive and member, for anything unsafe or broken.
    """
    limits = limits or Limits()
    try:
        with atomic_folder(target) as temporary, unchanging(archive):
            _extract(archive, temporary, limits)
    except OSError as error:
        raise cannot_write(error, target) from error
    return target


def _extract(archive: Path, folder: Path, limits: Limits) -> None:
    written = files = 0
    with contextlib.closing(_members(archive)) as members:
        for member in members:
            files += 1
            if files > limits.files:
                raise _refusal(archive, member.name, f"it holds more than {limits.files} files")
            written = _write(archive, member, folder / _safe(archive, member.name), written, limits)


def _write(archive: Path, member: _Member, path: Path, written: int, limits: Limits) -> int:
    """Copy one member, counting what really comes out: declared sizes can lie."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        output = path.open("xb")
    except OSError as error:
        if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
            raise _refusal(archive, member.name, "two of its members have the same path") from error
        if error.errno == errno.ENAMETOOLONG:
            raise _refusal(archive, f"{member.name[:80]}…", "it holds a path that is too long") from error
        raise cannot_write(error, path) from error
    with output:
        while chunk := _read(archive, member):
            written += len(chunk)
            if written > limits.bytes:
                raise _refusal(archive, member.name, f"it unpacks to more than {limits.bytes} bytes")
            try:
                output.write(chunk)
            except OSError as error:
                raise cannot_write(error, path) from error
    return written


def _read(archive: Path, member: _Member) -> bytes:
    try:
        return member.stream.read(_CHUNK)
    except (*_BROKEN, OSError) as error:
        raise _broken(archive, error, member.name) from error


def _members(archive: Path) -> Generator[_Member, None, None]:
    """The regular files of an archive, one at a time; folders come into being with their files."""
    try:
        if zipfile.is_zipfile(archive):
            yield from _zip_members(archive)
        else:
            yield from _tar_members(archive)
    except (*_BROKEN, OSError) as error:
        raise _broken(archive, error) from error


def _zip_members(archive: Path) -> Generator[_Member, None, None]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refusal(archive, info.filename, "it holds a link or a device")
            if info.flag_bits & 0x1:
                raise _refusal(archive, info.filename, "it is encrypted")
            # zipfile shortens names at a null byte and knows folders by the last slash.
            if info.filename and info.is_dir():
                _safe(archive, info.filename, folder=True)
                continue
            with opened.open(info) as stream:
                yield _Member(info.filename, info.file_size, stream)


def _tar_members(archive: Path) -> Generator[_Member, None, None]:
    with tarfile.open(archive, "r:*") as opened:
        for info in opened:
            if info.isdir():
                _safe(archive, info.name, folder=True)
                continue
            stream = opened.extractfile(info) if info.isreg() else None
            if stream is None:
                raise _refusal(archive, info.name, "it holds a link or a device")
            with stream:
                yield _Member(info.name, info.size, stream)


def _safe(archive: Path, name: str, *, folder: bool = False) -> str:
    """The member's path below the folder it is unpacked into; refuses every name that could leave it."""
    path, windows = PurePosixPath(name), PureWindowsPath(name)
    if path.is_absolute() or windows.drive or windows.root:
        raise _refusal(archive, name, "it holds an absolute path")
    if ".." in path.parts or ".." in windows.parts:
        raise _refusal(archive, name, "it holds a path that leaves the folder it is unpacked into")
    if "\\" in name or "\0" in name or not (path.parts or folder):
        raise _refusal(archive, name, "it holds a path that is none")
    return os.fspath(path)


def _refusal(archive: Path, member: str, why: str) -> DataError:
    return DataError(
        f"the archive is refused: {why}",
        where=f"{archive}, member {member!r}",
        expected="an archive of plain files below one folder",
        remedy="get the archive from its official source again",
    )


def _broken(archive: Path, error: Exception, member: str | None = None) -> DataError:
    return DataError(
        f"the archive cannot be read: {error or type(error).__name__}",
        where=f"{archive}, member {member!r}" if member else str(archive),
        expected="a whole zip or tar archive",
        remedy="replace it with an intact copy from where it came; the download was probably cut short",
    )
