"""The folder of a site: what was written there is listed with its checksum, and nothing else is ever touched.

A page is written when what it is made of has changed, and removed when it is no longer part of the site. The list is
written before the pages, with what is about to change, and after them: a kill in between is made good by the next
build, which takes nothing of its own for somebody else's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import Timeout

from benchsuite.atomic_files import atomic_paths, read_file, store_error, write_text
from benchsuite.errors import StoreError
from benchsuite.file_locks import FileLock

LIST = "benchsuite-site.json"
LOCK = ".benchsuite-site.lock"
FORMAT = 1
BATCH = 200
"""Files that become visible together, the folder being flushed once for all of them."""
SHOWN = 5
OTHER_FOLDER = "name another folder with -o"


@dataclass(frozen=True)
class Page:
    """A file of the site: `path` below its folder, `order` a digest of all that its bytes follow from."""

    path: str
    order: str
    make: Callable[[], bytes]


@dataclass(frozen=True)
class Tally:
    """What a build did, in files."""

    written: int
    kept: int
    removed: int


@dataclass(frozen=True)
class Listed:
    """What the list says: the order and the SHA-256 of each file, and the files that were about to change."""

    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    changing: frozenset[str] = frozenset()


class SiteFolder:
    """A folder that holds a site, or will. Raises StoreError for one that holds anything else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed = self._read_list()

    def update(self, pages: Sequence[Page]) -> Tally:
        """Make the folder hold these pages. Raises StoreError where another file is in the place of one of them, or one
        of them was changed by somebody else; nothing is written then."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise store_error(error, self.root) from error
        lock = FileLock(self.root / LOCK)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise StoreError(
                "another process is writing this site",
                where=str(self.root),
                expected="one process at a time",
                remedy="wait for it to end, and start the command again",
            ) from None
        try:
            self._listed = self._read_list()
            return self._update(pages)
        finally:
            lock.release()

    def _update(self, pages: Sequence[Page]) -> Tally:
        listed = self._listed
        planned = {page.path for page in pages}
        on_disk = self._check({*planned, *listed.files, *listed.changing})
        files = {
            page.path: listed.files[page.path]
            for page in pages
            if page.path in on_disk and listed.files.get(page.path) == (page.order, on_disk[page.path])
        }
        due = [page for page in pages if page.path not in files]
        gone = sorted(path for path in {*listed.files, *listed.changing} - planned if path in on_disk)
        tally = Tally(len(due), len(files), len(gone))
        if not due and set(listed.files) == planned and not listed.changing:
            return tally
        self._write_list(Listed(files, frozenset({*(page.path for page in due), *gone, *listed.changing})))
        files |= {path: (order, digest) for path, order, digest in self._write(due)}
        for path in gone:
            self._remove(path)
        self._write_list(Listed(files))
        return tally

    def _write(self, due: Iterable[Page]) -> Iterator[tuple[str, str, str]]:
        """Write pages, some of a folder at a time; yields path, order and checksum of each."""
        for folder, pages in groupby(sorted(due, key=_place), key=lambda page: PurePosixPath(page.path).parent):
            of_folder = list(pages)
            for start in range(0, len(of_folder), BATCH):
                batch = of_folder[start : start + BATCH]
                with atomic_paths(self.root / folder, [PurePosixPath(page.path).name for page in batch]) as temporary:
                    for page in batch:
                        content = page.make()
                        temporary[PurePosixPath(page.path).name].write_bytes(content)
                        yield page.path, page.order, _digest(content)

    def _remove(self, path: str) -> None:
        """Remove a file of ours, and the folders that held nothing else."""
        file = self.root / path
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise store_error(error, file) from error
        for folder in file.relative_to(self.root).parents[:-1]:
            with suppress(OSError):  # it holds something else
                (self.root / folder).rmdir()

    def _check(self, paths: Iterable[str]) -> dict[str, str]:
        """The checksums of those files that are there. Raises StoreError unless all of them are ours, and as we wrote
        them."""
        on_disk, foreign, changed = {}, [], []
        for path in sorted(paths):
            file = self.root / path
            if any((self.root / folder).is_symlink() for folder in PurePosixPath(path).parents):
                foreign.append(path)
                continue
            try:
                found = _digest(read_file(file))
            except (FileNotFoundError, NotADirectoryError):
                if file.is_symlink():
                    foreign.append(path)
                continue
            except OSError:
                foreign.append(path)
                continue
            if file.is_symlink() or path not in {*self._listed.files, *self._listed.changing}:
                foreign.append(path)
            elif path not in self._listed.changing and self._listed.files[path][1] != found:
                changed.append(path)
            on_disk[path] = found
        if foreign:
            raise self._refusal("files that the site did not write are where it would write", foreign)
        if changed:
            raise self._refusal("something else has changed files of this site", changed)
        return on_disk

    def _refusal(self, what: str, paths: Sequence[str]) -> StoreError:
        more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
        return StoreError(
            f"{what}: {', '.join(paths[:SHOWN])}{more}",
            where=str(self.root),
            expected="a folder in which nobody else writes there; other files in it are left alone",
            remedy=f"move them elsewhere, and start the command again, or {OTHER_FOLDER}",
        )

    def _read_list(self) -> Listed:
        file = self.root / LIST
        try:
            content: Any = json.loads(read_file(file))
            if content["format"] != FORMAT:
                raise StoreError(
                    f"the site in this folder has format {content['format']!r}, and this benchsuite knows {FORMAT}",
                    where=str(file),
                    remedy=f"use the benchsuite that made it, remove the folder, or {OTHER_FOLDER}",
                )
            files = {_own(path): (str(order), str(digest)) for path, (order, digest) in content["files"].items()}
            return Listed(files, frozenset(map(_own, content["changing"])))
        except FileNotFoundError:
            self._require_empty()
            return Listed()
        except NotADirectoryError as error:
            raise store_error(error, self.root) from error
        except OSError as error:
            raise StoreError(
                f"the list of the site's files cannot be read: {error.strerror or error}",
                where=str(file),
                remedy=f"give yourself permission to read it, or {OTHER_FOLDER}",
            ) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StoreError(
                "the list of the site's files is damaged, so that nobody knows which files are its own",
                where=str(file),
                expected="the list as benchsuite site wrote it",
                remedy=f"remove the folder if it holds nothing but the site, or {OTHER_FOLDER}",
            ) from error

    def _require_empty(self) -> None:
        """Raise StoreError for a folder that is no site and holds something: it may be anybody's."""
        try:
            found = sorted(path.name for path in self.root.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return
        except OSError as error:
            raise store_error(error, self.root) from error
        if found:
            more = " …" if len(found) > SHOWN else ""
            raise StoreError(
                f"this folder is no site, and holds other files: {', '.join(found[:SHOWN])}{more}",
                where=str(self.root),
                expected="a folder that does not exist yet, an empty one, or one that benchsuite site wrote",
                remedy=OTHER_FOLDER,
            )

    def _write_list(self, listed: Listed) -> None:
        content = {
            "made by": "benchsuite site, which overwrites and removes the files that are listed here, and no others",
            "format": FORMAT,
            "changing": sorted(listed.changing),
            "files": {path: list(found) for path, found in sorted(listed.files.items())},
        }
        write_text(self.root / LIST, json.dumps(content, indent=0) + "\n")


def _place(page: Page) -> tuple[str, str]:
    return str(PurePosixPath(page.path).parent), page.path


def _own(path: str) -> str:
    """A path that the list names. Raises ValueError for one that would lead out of the site's folder."""
    parts = PurePosixPath(path).parts
    if not parts or not path.isprintable() or set(path) & set("\\:") or {"..", ".", ""} & set(path.split("/")):
        raise ValueError(f"{path!r} is no file of a site")
    return path


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
