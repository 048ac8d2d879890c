"""A parcel: what one run left, on its way from another machine to a results folder.

It is a list of (name, SHA-256, size), and the bytes of these files in order. `read_folder` finds it in a folder, where
the bytes stay until they are asked for; `pack` makes one message of it, and `unpack` takes such a message apart. There
is no code in it, every size is known before it is believed, and whatever else arrives is a DamagedParcel.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from benchsuite.errors import StoreError
from benchsuite.identity.run_key import hash_fields
from benchsuite.store.migrations import DamagedRecord, load_record
from benchsuite.store.record import RunRecord, StoredFile
from benchsuite.store.run_store import FILES, LOG, PREDICTIONS, RECORD, WEIGHTS

NAMES = (*FILES, LOG, RECORD)
"""What a parcel may hold, in the order in which it is written."""
LARGEST = {RECORD: 2**28, LOG: 2**24}
"""Bytes of a file that is taken into memory. Of a longer log its end travels; weights and predictions have no bound but
that of the message."""
MAGIC = b"benchsuite parcel 1\n"
LONGEST_LIST = 4096
PIECE = 2**20
_SHA256 = re.compile("[0-9a-f]{64}")
_AGAIN = "send or copy it again from the machine that made it; if it is damaged there, too, make the run again"


class DamagedParcel(StoreError):
    """What arrived is not what a run has left."""

    kind = "damaged parcel"


def damaged_parcel(what: str, where: str, expected: str | None = None, remedy: str = _AGAIN) -> DamagedParcel:
    """The error for a parcel, or a file of it, that is not taken."""
    return DamagedParcel(what, where=where, expected=expected, remedy=remedy)


@dataclass(frozen=True)
class Parcel:
    """The files of one run: what each should be, and its bytes or the file that has them. `where` says whence it is."""

    where: str
    parts: Mapping[str, StoredFile]
    contents: Mapping[str, bytes | memoryview | Path]

    def open(self, name: str) -> IO[bytes]:
        """A file of the parcel. Raises DamagedParcel when it cannot be read."""
        content = self.contents[name]
        if not isinstance(content, Path):
            return io.BytesIO(content)
        try:
            _check_plain(content)
            return content.open("rb")
        except OSError as error:
            raise unreadable(error, content) from error

    def copy(self, name: str, target: IO[bytes] | None = None) -> None:
        """Write a file of the parcel to `target`, a piece at a time; without one it is only looked at.

        Raises DamagedParcel unless size and SHA-256 are those of the list, and OSError of the target.
        """
        part, total, size = self.parts[name], hashlib.sha256(), 0
        with self.open(name) as file:
            while piece := self._read(file, name):
                size += len(piece)
                if size > part.bytes:
                    break
                total.update(piece)
                if target is not None:
                    target.write(piece)
        if (size, total.hexdigest()) != (part.bytes, part.sha256):
            raise damaged_parcel(
                "this file is not the one that its run has left: "
                + ("its checksum differs" if size == part.bytes else "its size differs"),
                self.place(name),
                f"{part.bytes} bytes with the SHA-256 {part.sha256}",
            )

    def record(self, key: str | None = None) -> RunRecord:
        """The record, which must be that of run `key` where one was asked for.

        Raises DamagedParcel where it is not, where it is no whole record, and where the parcel does not hold what it
        tells of; StoreError when a newer benchsuite wrote it.
        """
        record = self._record
        if key not in (None, record.key):
            what = f"this record belongs to run {record.key}"
            raise damaged_parcel(what, self.place(RECORD), f"the record of run {key}")
        self._check_list(record)
        return record

    @cached_property
    def _record(self) -> RunRecord:
        where = self.place(RECORD)
        record = _load(self.contents[RECORD], where)
        try:
            fits = hash_fields(record.key_fields) == record.key
        except (ValueError, TypeError, RecursionError):  # what no key could cover
            fits = False
        if not fits:
            raise damaged_parcel("the key of this record is not the hash of what it says that the run was", where)
        return record

    def without_weights(self) -> Parcel:
        """The same run, as if it had kept none: its record goes on to tell of their hash. Raises what `record` does."""
        if WEIGHTS not in self.parts:
            return self
        slim = self.record().model_copy(update={"files": {PREDICTIONS: self.parts[PREDICTIONS]}})
        content = slim.model_dump_json(indent=1).encode() + b"\n"
        kept = [name for name in self.parts if name != WEIGHTS]
        return Parcel(
            self.where,
            {name: _described(content) if name == RECORD else self.parts[name] for name in kept},
            {name: content if name == RECORD else self.contents[name] for name in kept},
        )

    def place(self, name: str) -> str:
        """What errors call a file of the parcel."""
        content = self.contents[name]
        return str(content) if isinstance(content, Path) else f"{name} of {self.where}"

    def _check_list(self, record: RunRecord) -> None:
        """Raise DamagedParcel unless the files are those that the record lists, and enough."""
        listed = record.files if record.status == "done" else {}
        for name in FILES:
            here = self.parts.get(name)
            if name in listed and here != listed[name]:
                what = "is another one" if here else "is missing"
                raise damaged_parcel(f"a file that the record lists {what}: {name}", self.where)
            if here and name not in listed and (listed or record.status == "failed"):
                raise damaged_parcel(f"a file that the record does not list: {name}", self.where)
        if not listed.keys() <= set(FILES):
            raise damaged_parcel("the record lists what is no file of a run", self.place(RECORD))
        if record.status == "done" and (
            PREDICTIONS not in self.parts or None in (record.test, record.weights_hash, record.predictions_hash)
        ):
            raise damaged_parcel("a run that is done has results, and they are missing", self.where)

    def _read(self, file: IO[bytes], name: str) -> bytes:
        try:
            return file.read(PIECE)
        except OSError as error:
            raise unreadable(error, Path(self.place(name))) from error


def read_folder(folder: Path, within: Path | None = None) -> Parcel | None:
    """The parcel in the folder of a run; None where no record is (yet). Of large files only the size is looked at.

    Raises DamagedParcel, also for a link that leads out of `within`, and StoreError when a newer benchsuite wrote it.
    """
    path = folder / RECORD
    try:
        content = _small(path, within)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unreadable(error, path) from error
    record = _load(content, str(path))
    parts = {RECORD: _described(content)}
    contents: dict[str, bytes | memoryview | Path] = {RECORD: content}
    if record.status == "done":
        for name in FILES:
            file = folder / name
            if name in record.files or (not record.files and file.exists()):
                try:
                    _check_inside(file, within)
                    _check_plain(file)
                    parts[name] = record.files.get(name) or _hashed(file)
                except OSError as error:
                    raise unreadable(error, file) from error
                contents[name] = file
    try:
        log = _small(folder / LOG, within, cut=True)
    except OSError:  # it is for people, and no result
        log = b""
    if log:
        parts[LOG], contents[LOG] = _described(log), log
    return Parcel(
        str(folder),
        {name: parts[name] for name in NAMES if name in parts},
        {name: contents[name] for name in NAMES if name in parts},
    )


def pack(folder: Path, *, weights: bool = True) -> bytes:
    """The message that carries the run in `folder`, or all of it but its weights. Raises what `read_folder` raises, and
    DamagedParcel where there is no record, or a file is not the one that the record lists."""
    parcel = read_folder(folder)
    if parcel is None:
        raise damaged_parcel("there is no record here", str(folder), "the folder of a run that has ended")
    if not weights:
        parcel = parcel.without_weights()
    return to_message(parcel)


def to_message(parcel: Parcel) -> bytes:
    """The message that carries a parcel. Raises DamagedParcel where a file is not the one that is listed."""
    listed = _list(parcel.parts)
    target = io.BytesIO()
    target.write(MAGIC + len(listed).to_bytes(4) + listed)
    for name in parcel.parts:
        parcel.copy(name, target)
    return target.getvalue()


def unpack(message: bytes, where: str = "a parcel") -> Parcel:
    """The parcel that a message of `pack` carries, each file compared with its checksum. Raises DamagedParcel."""
    view, start = memoryview(message), len(MAGIC) + 4
    if bytes(view[: len(MAGIC)]) != MAGIC:
        raise damaged_parcel("this parcel is damaged: it does not begin as one does", where)
    size = int.from_bytes(view[len(MAGIC) : start])
    if size > LONGEST_LIST or start + size > len(view):
        raise damaged_parcel("this parcel is damaged: its list is cut off", where)
    parts = _parts(bytes(view[start : start + size]), where)
    at, contents = start + size, {}
    for name, part in parts.items():
        contents[name] = view[at : at + part.bytes]
        at += part.bytes
    if at != len(view):
        raise damaged_parcel("this parcel is damaged: its size differs", where, f"{at} bytes, not {len(view)}")
    parcel = Parcel(where, parts, contents)
    for name in parts:
        parcel.copy(name)
    return parcel


def unreadable(error: OSError, path: Path) -> DamagedParcel:
    """The error for a file of a parcel that the system does not give."""
    return damaged_parcel(
        f"a file of this run cannot be read: {error.strerror or error}",
        str(path),
        "a file that is there and that this user may read",
        "check the file, its permissions and its disk, or copy it again from the machine that made it",
    )


def _list(parts: Mapping[str, StoredFile]) -> bytes:
    return json.dumps([[name, part.sha256, part.bytes] for name, part in parts.items()]).encode()


def _parts(text: bytes, where: str) -> dict[str, StoredFile]:
    """The list of a message. One spelling of it is right, so that no changed byte goes unseen."""
    parts = {}
    try:
        for name, sha256, size in json.loads(text):
            known = name in NAMES and _SHA256.fullmatch(sha256) and type(size) is int
            if not known or not 0 <= size <= LARGEST.get(name, size):
                raise ValueError("an entry is none of a run")
            parts[name] = StoredFile(bytes=size, sha256=sha256)
        if RECORD not in parts or list(parts) != [name for name in NAMES if name in parts] or _list(parts) != text:
            raise ValueError("it is not as it was written")
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged_parcel("this parcel is damaged: its list of files cannot be read", where) from error
    return parts


def _load(content: bytes | memoryview | Path, where: str) -> RunRecord:
    assert not isinstance(content, Path)
    try:
        return load_record(bytes(content).decode(), where=where)
    except UnicodeDecodeError as error:
        raise damaged_parcel(f"this record is not UTF-8: {error.reason}", where) from error
    except DamagedRecord as error:
        raise damaged_parcel(error.what, where) from error


def _small(path: Path, within: Path | None, cut: bool = False) -> bytes:
    """A file that fits into memory; of a longer one its end, where it may be cut."""
    _check_inside(path, within)
    _check_plain(path)
    longest = LARGEST[path.name]
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size > longest and not cut:
            raise OSError(errno.EFBIG, f"it has {size} bytes, more than any such file")
        file.seek(max(0, size - longest))
        return file.read(longest)


def _check_plain(path: Path) -> None:
    """Raise OSError for what is no file, such as a pipe, which would never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "this is a folder, a pipe or a device, not a file")


def _check_inside(path: Path, within: Path | None) -> None:
    if within is not None and not path.resolve().is_relative_to(within):
        raise OSError(errno.EPERM, f"it is a link that leads out of {within}")


def _described(content: bytes) -> StoredFile:
    return StoredFile(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def _hashed(path: Path) -> StoredFile:
    """Of a file that its record, an older one, does not list."""
    with path.open("rb") as file:
        return StoredFile(bytes=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())
