"""Decoded images, kept as one memory-mapped uint8 array per split, with the sizes they had.

Takes images with their digests and a preprocessing; gives (N, height, width, 3) pixels. Each photo is decoded once
for each size and decoder: the file is keyed by everything that decides its bytes, the code that reads them included,
written whole or not at all, checked by its hash, and shared by all runs and processes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, features
from PIL import __version__ as pillow_version

from benchsuite.contracts.dataset import CHANGES, Images, PhotoFiles, Preprocessing
from benchsuite.engine.data import file_cache
from benchsuite.errors import DataError
from benchsuite.identity.source_fingerprint import component_fingerprint, source_fingerprint
from benchsuite.machine import usable_cores
from benchsuite.sources.digests import broken_images, open_image
from benchsuite.sources.folds import Pool

_FOLDER = "images"
_SUFFIX = ".u8"
_AHEAD = 4
"""Batches of images that are decoded ahead, for each core: one that takes long leaves no other core without work."""
_BATCH = 64
"""Images at most in a batch, so that handing small ones over does not cost more than decoding them."""
_BATCHES = 32
"""Batches at least for each core, if there are so many images."""
_DECODERS = ("jpg", "libjpeg_turbo", "jpg_2000", "zlib", "zlib_ng", "libtiff", "webp", "avif")
_SIZES = np.dtype("<i4")
_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True)
class _Photo:
    """Pixels as wanted, the (height, width) from which they were resized, and what was done to them before."""

    pixels: NDArray[np.uint8]
    size: tuple[int, int]
    changes: frozenset[str]


@dataclass(frozen=True)
class Decoded:
    """The N images of a split, read-only: `pixels`, uint8 (N, height, width, 3), and `sizes`, int32 (N, 2), the
    (height, width) of each photo before it was resized. `changes` counts the photos that were changed to show them as
    people see them, by what was done."""

    pixels: np.memmap[tuple[int, int, int, int], np.dtype[np.uint8]]
    sizes: NDArray[np.int32]
    changes: Mapping[str, int]


def load_images(
    images: Images,
    digests: Sequence[str],
    preprocessing: Preprocessing,
    cache: Path,
    say: Callable[[str], None] | None = None,
) -> Decoded:
    """The pixels of `images`, from the cache or decoded now.

    `digests` are the images' SHA-256 in order. Raises DataError naming every photo that cannot be decoded or
    was changed since, and StoreError when the cache cannot be written; neither leaves a file behind.
    """
    if len(images) == 0 or len(images) != len(digests):
        raise DataError(
            f"there are {len(images)} images and {len(digests)} digests",
            expected="at least one image, and one digest for each",
            remedy="correct the data set's index()",
        )
    height, width = preprocessing.size
    shape = (len(images), height, width, 3)
    path = cache / _FOLDER / f"{decoding_key(images, digests, preprocessing)}{_SUFFIX}"

    def build(target: Path) -> file_cache.Facts:
        if say is not None:
            say(f"decoding {len(images)} images once, at {height} x {width}")
        file_cache.make_room(path.parent, _SUFFIX, _size(shape))
        return _build(images, digests, preprocessing, target)

    file = file_cache.find_or_build(path, build)
    with file.content as content:
        # Copy-on-write, because torch wants arrays that could be written; read-only, because nobody shall.
        pixels = np.memmap(content, dtype=np.uint8, mode="c", shape=shape)
        sizes = np.memmap(content, dtype=_SIZES, mode="c", offset=pixels.nbytes, shape=(len(images), 2))
    pixels.flags.writeable = sizes.flags.writeable = False
    return Decoded(pixels, sizes, file.facts["changes"])


def decoding_key(images: Images, digests: Sequence[str], preprocessing: Preprocessing | None = None) -> str:
    """SHA-256 of all that decides the pixels of `images`, as they are or as a `preprocessing` resizes them."""
    modules = dict.fromkeys(type(part).__module__ for part in (images.parts if isinstance(images, Pool) else [images]))
    decides = {
        "code": [source_fingerprint(__name__, PhotoFiles.__module__), *map(component_fingerprint, modules)],
        "digests": list(digests),
        "resize": geometry(preprocessing) if preprocessing else None,
        "pillow": pillow_version,
        "decoders": {name: features.version(name) for name in _DECODERS},
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def geometry(preprocessing: Preprocessing) -> list[object]:
    """What of a preprocessing decides the pixels."""
    of = preprocessing
    return [list(of.size), of.resize, of.crop_fraction, of.interpolation]


def _size(shape: tuple[int, int, int, int]) -> int:
    """Bytes of the pixels and of the sizes after them."""
    return math.prod(shape) + shape[0] * 2 * _SIZES.itemsize


def _build(images: Images, digests: Sequence[str], preprocessing: Preprocessing, target: Path) -> file_cache.Facts:
    """Write the pixels and sizes; returns how many photos were changed to show them as people see them, and how."""
    sizes, changes, broken = [], Counter[str](), []
    # Written in order rather than through a mapping: a full disk is then an error, not a SIGBUS.
    with target.open("wb") as output:
        for photo in _decode(images, digests, preprocessing):
            if isinstance(photo, DataError):
                broken.append(photo)
            elif not broken:
                output.write(photo.pixels.data)
                sizes.append(photo.size)
                changes.update(photo.changes)
        if not broken:
            output.write(np.array(sizes, dtype=_SIZES).data)
    if broken:
        raise broken_images(broken)
    return {"changes": dict(sorted(changes.items()))}


def _decode(images: Images, digests: Sequence[str], preprocessing: Preprocessing) -> Iterator[_Photo | DataError]:
    """Each image in order, decoded by as many threads as there are cores, a few batches ahead of what is taken."""

    def decode(i: int) -> _Photo | DataError:
        try:
            return _resize(open_image(images, i, digests[i]), preprocessing)
        except DataError as error:
            return error

    cores = usable_cores()
    size = min(max(len(images) // (cores * _BATCHES), 1), _BATCH)
    ahead: deque[Future[list[_Photo | DataError]]] = deque()
    with ThreadPoolExecutor(max_workers=cores) as pool:
        for start in range(0, len(images), size):
            numbers = range(start, min(start + size, len(images)))
            ahead.append(pool.submit(lambda batch: [decode(i) for i in batch], numbers))
            if len(ahead) > cores * _AHEAD:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def _resize(picture: Image.Image, preprocessing: Preprocessing) -> _Photo:
    original, changes = (picture.height, picture.width), frozenset(picture.info.get(CHANGES, ()))
    height, width = preprocessing.size
    filter_, border = _FILTERS[preprocessing.interpolation], (1 - preprocessing.crop_fraction) / 2
    if preprocessing.resize == "crop":
        picture = ImageOps.fit(picture, (width, height), filter_, bleed=border)
    else:
        box = (border * picture.width, border * picture.height)
        kept = (*box, picture.width - box[0], picture.height - box[1]) if border else None
        picture = picture.resize((width, height), filter_, box=kept)
    return _Photo(np.ascontiguousarray(picture, dtype=np.uint8), original, changes)
