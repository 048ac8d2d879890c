"""Decoded images, kept as one memory-mapped uint8 array per split, with the sizes they had.

Takes images with their digests and a preprocessing; gives (N, height, width, 3) pixels. Each photo is decoded once
for each size and decoder: the file is keyed by everything that decides its bytes, the code that reads them included,
written whole or not at all, and shared by all runs and processes.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, features
from PIL import __version__ as pillow_version

from benchsuite.contracts.dataset import Images, PhotoFiles, Preprocessing
from benchsuite.engine.data import file_cache
from benchsuite.errors import DataError
from benchsuite.identity.source_fingerprint import component_fingerprint, source_fingerprint
from benchsuite.sources.cache import cannot_write

_FOLDER = "images"
_SUFFIX = ".u8"
_BATCH = 64
_SIZES = np.dtype("<i4")

_Photo = tuple[NDArray[np.uint8], tuple[int, int]]
"""Pixels as wanted, and the (height, width) from which they were resized."""


@dataclass(frozen=True)
class Decoded:
    """The N images of a split, read-only: `pixels`, uint8 (N, height, width, 3), and `sizes`, int32 (N, 2), the
    (height, width) of each photo before it was resized."""

    pixels: np.memmap[tuple[int, int, int, int], np.dtype[np.uint8]]
    sizes: NDArray[np.int32]


def load_images(
    images: Images,
    digests: Sequence[str],
    preprocessing: Preprocessing,
    cache: Path,
    say: Callable[[str], None] | None = None,
) -> Decoded:
    """The pixels of `images`, from the cache or decoded now.

    `digests` are the images' SHA-256 in order. Raises DataError naming the photo that cannot be decoded, and
    StoreError when the cache cannot be written; neither leaves a file behind.
    """
    if len(images) == 0 or len(images) != len(digests):
        raise DataError(f"there are {len(images)} images and {len(digests)} digests", expected="one digest an image")
    height, width = preprocessing.size
    shape = (len(images), height, width, 3)
    path = cache / _FOLDER / f"{_key(images, digests, preprocessing)}{_SUFFIX}"
    try:
        if not _is_whole(path, shape):
            path.parent.mkdir(parents=True, exist_ok=True)
            with file_cache.lock_for(path):
                # Another process may have built it while this one waited.
                if not _is_whole(path, shape):
                    if say is not None:
                        say(f"decoding {len(images)} images once, at {height} x {width}")
                    file_cache.make_room(path.parent, _SUFFIX, _size(shape))
                    _build(images, preprocessing, path)
        file_cache.touch(path)
        pixels = np.memmap(path, dtype=np.uint8, mode="r", shape=shape)
        sizes = np.memmap(path, dtype=_SIZES, mode="r", offset=pixels.nbytes, shape=(len(images), 2))
        return Decoded(pixels, sizes)
    except OSError as error:
        raise cannot_write(error, path) from error


def _key(images: Images, digests: Sequence[str], preprocessing: Preprocessing) -> str:
    decoders = {name: features.version(name) for name in ("jpg", "libjpeg_turbo", "zlib", "zlib_ng", "webp")}
    decides = {
        "code": [source_fingerprint(__name__, PhotoFiles.__module__), component_fingerprint(type(images).__module__)],
        "digests": list(digests),
        "size": list(preprocessing.size),
        "resize": preprocessing.resize,
        "pillow": pillow_version,
        "decoders": decoders,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def _size(shape: tuple[int, int, int, int]) -> int:
    """Bytes of the pixels and of the sizes after them."""
    return math.prod(shape) + shape[0] * 2 * _SIZES.itemsize


def _is_whole(path: Path, shape: tuple[int, int, int, int]) -> bool:
    try:
        return path.stat().st_size == _size(shape)
    except FileNotFoundError:
        return False


def _build(images: Images, preprocessing: Preprocessing, path: Path) -> None:
    temporary = path.with_suffix(".tmp")
    try:
        # Written in order rather than through a mapping: a full disk is then an error, not a SIGBUS.
        sizes = []
        with temporary.open("wb") as output:
            for pixels, size in _decode(images, preprocessing):
                output.write(pixels.data)
                sizes.append(size)
            output.write(np.array(sizes, dtype=_SIZES).data)
            output.flush()
            os.fsync(output.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _decode(images: Images, preprocessing: Preprocessing) -> Iterator[_Photo]:
    """Each image in order, decoded by as many threads as there are cores, a batch at a time."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for start in range(0, len(images), _BATCH):
            batch = range(start, min(start + _BATCH, len(images)))
            yield from pool.map(lambda i: _pixels(images.open(i), preprocessing), batch)


def _pixels(picture: Image.Image, preprocessing: Preprocessing) -> _Photo:
    original = (picture.height, picture.width)
    height, width = preprocessing.size
    if preprocessing.resize == "crop":
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.BILINEAR)
    else:
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(picture, dtype=np.uint8), original
