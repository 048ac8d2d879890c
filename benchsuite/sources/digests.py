"""Content digests of files and data sets, remembered so that planning need not read every photo again.

Takes an index (or paths); gives SHA-256 digests of each file and one fingerprint of the whole. What is remembered
is keyed by relative path, size and modification time, one file of digests for each folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from benchsuite.atomic_files import write_bytes
from benchsuite.contracts.dataset import DatasetIndex, Images, PhotoFiles, Split
from benchsuite.errors import DataError, StoreError

_CHUNK = 1 << 20

Digests = Mapping[str, tuple[str, ...]]
"""For each split (train, validation, test), the digest of each image in order."""


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def splits_of(index: DatasetIndex) -> dict[str, Split]:
    """The splits by name, in their fixed order."""
    return {"train": index.train, "validation": index.validation, "test": index.test}


def digest_index(index: DatasetIndex, cache: Path | None = None) -> Digests:
    """The digest of every image. With `cache`, digests of photo files are remembered below it."""
    return {name: digest_images(split.images, cache) for name, split in splits_of(index).items()}


def digest_images(images: Images, cache: Path | None = None) -> tuple[str, ...]:
    """The digest of every image in order; photo files are read by several threads, and only if they changed."""
    if isinstance(images, PhotoFiles):
        return tuple(_digest_files(images.root, images.names, cache))
    return tuple(images.digest(i) for i in range(len(images)))


def digest_file(path: Path, cache: Path) -> str:
    """The remembered SHA-256 of one file. Raises DataError when it cannot be read."""
    return _digest_files(path.parent, [path.name], cache)[0]


def fingerprint(index: DatasetIndex, digests: Digests) -> str:
    """One SHA-256 of the classes and of the sorted (split, class, image name, digest) of the whole index."""
    rows = sorted(
        (name, index.classes[label], image, digest)
        for name, split in splits_of(index).items()
        for label, image, digest in zip(split.labels, split.images.names, digests[name], strict=True)
    )
    canonical = json.dumps([index.classes, rows], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def content_fingerprint(index: DatasetIndex) -> str:
    """The fingerprint of an index, every image read. Datasets note it in a folder that they unpack themselves."""
    return fingerprint(index, digest_index(index))


def _digest_files(root: Path, names: Sequence[str], cache: Path | None) -> list[str]:
    remembered_at = _memory_of(root, cache) if cache is not None else None
    known = _recall(remembered_at) if remembered_at is not None else {}
    stamps = [_stamp(root, name) for name in names]
    changed = [i for i, name in enumerate(names) if known.get(name, [None])[:2] != stamps[i]]
    with ThreadPoolExecutor(max_workers=min(8, (os.cpu_count() or 1) * 2)) as pool:
        fresh = dict(zip(changed, pool.map(lambda i: _read_digest(root / names[i]), changed), strict=True))
    for i, digest in fresh.items():
        known[names[i]] = [*stamps[i], digest]
    if fresh and remembered_at is not None:
        _remember(remembered_at, known)
    return [str(known[name][2]) for name in names]


def _memory_of(root: Path, cache: Path) -> Path:
    return cache / "digests" / f"{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:32]}.json"


def _recall(path: Path) -> dict[str, list[int | str]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {name: [int(size), int(time), str(digest)] for name, (size, time, digest) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(path: Path, known: Mapping[str, list[int | str]]) -> None:
    # A cache that cannot be written only costs time: the digests themselves are already right.
    with suppress(StoreError):
        write_bytes(path, json.dumps(known, separators=(",", ":"), sort_keys=True).encode())


def _stamp(root: Path, name: str) -> list[int | str]:
    try:
        status = (root / name).stat()
    except OSError as error:
        raise DataError(f"cannot read the file: {error.strerror}", where=str(root / name)) from error
    return [status.st_size, status.st_mtime_ns]


def _read_digest(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise DataError(f"cannot read the file: {error.strerror}", where=str(path)) from error
