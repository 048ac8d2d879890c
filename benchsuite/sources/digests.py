"""Content digests of files and data sets, remembered so that planning need not read every photo again.

Takes an index (or paths); gives SHA-256 digests of each file and one fingerprint of the whole. What is remembered
is keyed by relative path and all that the file system tells of a change, one file of digests for each folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from benchsuite.contracts.dataset import DatasetIndex, Images, PhotoFiles, Split
from benchsuite.errors import DataError, unreadable
from benchsuite.file_stamps import Stamp, file_stamp, memory_of, recall, remember
from benchsuite.machine import usable_cores

if TYPE_CHECKING:
    from PIL import Image

_SHOWN = 500
"""Images that an error names; it counts the rest."""

Digests = Mapping[str, Sequence[str]]
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
    return tuple(hashlib.sha256(images.read(i)).hexdigest() for i in range(len(images)))


def read_image(images: Images, i: int, digest: str) -> bytes:
    """The bytes of image `i`. Raises DataError unless they still are those that were hashed when planning."""
    content = images.read(i)
    if hashlib.sha256(content).hexdigest() != digest:
        raise _changed(str(images.path(i)) if isinstance(images, PhotoFiles) else images.names[i])
    return content


def open_image(images: Images, i: int, digest: str) -> Image.Image:
    """The RGB picture of image `i`, decoded from the very bytes that were hashed when planning. Raises DataError."""
    return images.decode(i, read_image(images, i, digest))


class BrokenImages(DataError):
    """Several images that cannot be used; `errors` says what is wrong with each."""

    def __init__(self, errors: Sequence[DataError]) -> None:
        shown = [f"  {error.where}: {error.what}" for error in errors[:_SHOWN]]
        more = [f"  and {len(errors) - _SHOWN} more"] if len(errors) > _SHOWN else []
        super().__init__(
            "\n".join([f"{len(errors)} images cannot be used:", *shown, *more]),
            expected=errors[0].expected,
            remedy="replace the files with intact copies, or leave such photos out with --skip-broken",
        )
        self.errors = tuple(errors)


def broken_images(errors: Sequence[DataError]) -> DataError:
    """One error for all the images that cannot be used, each told once."""
    single = [one for error in errors for one in (error.errors if isinstance(error, BrokenImages) else (error,))]
    distinct = list({(one.where, one.what): one for one in single}.values())
    return BrokenImages(distinct) if len(distinct) > 1 else distinct[0]


def read_file(path: Path, digest: str | None) -> bytes:
    """The bytes of a file. Raises DataError unless they still are those that were hashed when planning, to `digest`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(error, path) from error
    if digest is not None and hashlib.sha256(content).hexdigest() != digest:
        raise _changed(str(path))
    return content


def _changed(where: str) -> DataError:
    return DataError(
        "this file was changed since the study was planned",
        where=where,
        expected="the bytes whose hash is in the key of the run",
        remedy="run the command again: it plans with what lies there now",
    )


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


def content_fingerprint(index: DatasetIndex, known: Mapping[str, str] | None = None) -> str:
    """The fingerprint of an index. Datasets note it in a folder that they unpack themselves. Every image is read, or
    none where `known` gives their digests by name."""
    if known is None:
        return fingerprint(index, digest_index(index))
    of = {split: [str(known.get(name)) for name in part.images.names] for split, part in splits_of(index).items()}
    return fingerprint(index, of)


def _digest_files(root: Path, names: Sequence[str], cache: Path | None) -> list[str]:
    memory = memory_of(root, cache / "digests") if cache is not None else None
    known = recall(memory) if memory is not None else {}
    stamps = _stamps(root, names)
    changed = [i for i, name in enumerate(names) if name not in known or known[name][0] != stamps[i]]
    with ThreadPoolExecutor(max_workers=min(8, usable_cores() * 2)) as pool:
        fresh = dict(zip(changed, pool.map(lambda i: _read_digest(root / names[i]), changed), strict=True))
    # A file that changes while it is read keeps the earlier stamp, and is read again the next time.
    known |= {names[i]: (stamps[i], digest) for i, digest in fresh.items()}
    if fresh and memory is not None:
        remember(memory, known)
    return [known[name][1] for name in names]


def _stamps(root: Path, names: Sequence[str]) -> list[Stamp]:
    """The stamps of all files. Raises DataError for all that cannot be read at once."""
    stamps, errors = [], []
    for name in names:
        try:
            stamps.append(file_stamp(root / name))
        except DataError as error:
            errors.append(error)
    if errors:
        raise broken_images(errors)
    return stamps


def _read_digest(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise unreadable(error, path) from error
