"""The images of a data set looked at one by one before anything trains: sizes, what is broken or odd, and copies.

Takes located data; gives plain findings. Copies are told by their digests, and near ones (the same photo saved anew,
smaller, or a little brighter) by a perceptual hash of their pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchsuite.contracts.dataset import CHANGES
from benchsuite.errors import DataError
from benchsuite.machine import usable_cores
from benchsuite.sources.data import LocatedData
from benchsuite.sources.digests import open_image, splits_of

if TYPE_CHECKING:
    from PIL import Image

NEAR = 6
"""Bits of 64 in which the hashes of near copies may differ; those of photos that have nothing in common differ in 32 or
so."""
ALIKE = 0.9
"""The least correlation of the colours of near copies: a bird against the sky has the hash of an aeroplane."""
SMALL, LONG, FLAT = 32, 3, 2.0
"""What is odd: a side of fewer pixels, sides of which one is longer than so many of the other, and grey levels (of 256)
that deviate less."""
_BLOCK = 512
"""Hashes that are compared with all earlier ones at once."""

Look = NDArray[np.float32]
"""What a picture looks like: the 64 bits of a perceptual hash, each 1 or -1, so that products count those that agree,
then the colours of 8x8 squares, so that products are correlations."""
_BITS = 64


@dataclass(frozen=True)
class Picture:
    """An image, `number` of its split. `size` is (width, height) as people see it, None where the image cannot be
    decoded, which `fault` then explains; `changes` says what was done to show it, `odd` what is unusual."""

    split: str
    label: int
    name: str
    number: int
    digest: str
    size: tuple[int, int] | None = None
    changes: frozenset[str] = frozenset()
    odd: tuple[str, ...] = ()
    fault: str | None = None
    look: Look | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Pair:
    """A picture and an earlier one of which it is a copy; `distance` counts the bits of their hashes that differ, None
    where they are equal byte for byte."""

    first: Picture
    second: Picture
    distance: int | None = None

    @property
    def harm(self) -> int:
        """2 in two classes, of which one is wrong; 1 in two splits; 0 in one class of one split."""
        return 2 if self.first.label != self.second.label else int(self.first.split != self.second.split)


@dataclass(frozen=True)
class Inspection:
    """All that was seen. A picture that is a copy of several stands in the pair that does most harm alone."""

    data: LocatedData
    pictures: tuple[Picture, ...]
    copies: tuple[Pair, ...]
    near: tuple[Pair, ...]


def inspect_data(data: LocatedData, told: Callable[[int], None] = lambda done: None) -> Inspection:
    """Decode every image of `data` once, and compare them all; `told` hears how many have been looked at."""
    waiting = [
        Picture(split, label, part.images.names[i], i, data.digests[split][i])
        for split, part in splits_of(data.index).items()
        for i, label in enumerate(part.labels)
    ]
    pictures = []
    with ThreadPoolExecutor(max_workers=usable_cores()) as pool:
        for picture in pool.map(lambda one: _looked_at(one, data), waiting):
            pictures.append(picture)
            told(len(pictures))
    copies = tuple(_copies(pictures))
    repeated = {(pair.second.split, pair.second.number) for pair in copies}
    return Inspection(
        data, tuple(pictures), copies, tuple(_near([p for p in pictures if (p.split, p.number) not in repeated]))
    )


def _looked_at(picture: Picture, data: LocatedData) -> Picture:
    images = splits_of(data.index)[picture.split].images
    try:
        shown = open_image(images, picture.number, picture.digest)
    except DataError as error:
        return replace(picture, fault=error.what)
    grey, look = _see(shown)
    short, long = sorted(shown.size)
    odd = {
        f"with a side of fewer than {SMALL} pixels": short < SMALL,
        f"with one side more than {LONG} times the other": long > LONG * short,
        "of one colour": grey < FLAT,
    }
    return replace(
        picture,
        size=shown.size,
        changes=frozenset(shown.info.get(CHANGES, ())),
        odd=tuple(what for what, is_so in odd.items() if is_so),
        look=None if grey < FLAT else look,
    )


def _see(picture: Image.Image) -> tuple[float, Look]:
    """The deviation of the grey levels, and the look. The hash is which of the 8x8 lowest frequencies of the cosine
    transform of a small grey picture are above their median.

    C. Zauner, «Implementation and benchmarking of perceptual image hash functions», 2010 (pHash).
    """
    from PIL import Image
    from scipy.fft import dctn

    small = np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.LANCZOS), dtype=np.float64)
    low = dctn(small, norm="ortho")[:8, :8].ravel()
    squares = np.asarray(picture.resize((8, 8), Image.Resampling.BOX), dtype=np.float64).ravel()
    colours = squares - squares.mean()
    bits = np.where(low > np.median(low), 1.0, -1.0)
    return float(small.std()), np.concatenate([bits, colours / max(np.linalg.norm(colours), 1.0)]).astype(np.float32)


def _copies(pictures: Sequence[Picture]) -> Iterator[Pair]:
    """Pictures with the bytes of earlier ones."""
    known: dict[str, list[Picture]] = {}
    for picture in pictures:
        if earlier := known.get(picture.digest):
            yield max((Pair(other, picture) for other in earlier), key=lambda pair: pair.harm)
        known.setdefault(picture.digest, []).append(picture)


def _near(pictures: Sequence[Picture]) -> Iterator[Pair]:
    """Pictures that look like earlier ones; those of one colour look like anything, and are left out."""
    seen = [picture for picture in pictures if picture.look is not None]
    if not seen:
        return
    looks = np.stack([picture.look for picture in seen if picture.look is not None])
    bits, colours = looks[:, :_BITS], looks[:, _BITS:]
    labels = np.array([picture.label for picture in seen])
    splits = np.unique([picture.split for picture in seen], return_inverse=True)[1]
    for start in range(0, len(seen), _BLOCK):
        differing = (_BITS - bits[start : start + _BLOCK] @ bits[: start + _BLOCK].T) / 2
        later, earlier = np.nonzero(differing <= NEAR)
        alike = (colours[later + start] * colours[earlier]).sum(axis=1) >= ALIKE
        kept = alike & (earlier < later + start)
        later, earlier = later[kept], earlier[kept]
        harm = np.where(labels[later + start] != labels[earlier], 2, splits[later + start] != splits[earlier])
        order = np.lexsort((differing[later, earlier], -harm, later))
        _, firsts = np.unique(later[order], return_index=True)
        for at in order[firsts]:
            one, other = int(later[at]), int(earlier[at])
            yield Pair(seen[other], seen[one + start], round(float(differing[one, other])))
