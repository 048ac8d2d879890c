"""Folds: the images of training and validation as one pool, divided anew in each round.

Takes located data; gives, for each fold of a round, the same data with the fold as validation split and the rest of the
pool as training split. The test split is not touched. A division is stratified: the images of a class are shuffled and
dealt out one after the other, so that folds differ by one image at most, and in each class as well. Byte-for-byte
copies of an image, whatever their class, are dealt out together, for else a network would be validated on what it was
trained on. How they are shuffled follows from the names and classes of the images and from the round: not from the
seed of a run, nor from what a study varies, so that all its cases share folds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from benchsuite.contracts.dataset import Images, Split
from benchsuite.errors import DataError
from benchsuite.sources.data import LocatedData
from benchsuite.suite.schema.folds import FEWEST_FOLDS, Fold, Folds

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Pool:
    """The images of training and validation together, by their names. `places` says where each is: in which of
    `parts`, and its number there."""

    parts: tuple[Images, ...]
    places: tuple[tuple[int, int], ...]
    names: tuple[str, ...]
    digests: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.places)

    def read(self, i: int) -> bytes:
        part, number = self.places[i]
        return self.parts[part].read(number)

    def decode(self, i: int, content: bytes) -> Image.Image:
        part, number = self.places[i]
        return self.parts[part].decode(number, content)


@dataclass(frozen=True)
class Pooled:
    """Some images of a pool, by their numbers there."""

    pool: Pool
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.pool.names[number] for number in self.numbers)

    def read(self, i: int) -> bytes:
        return self.pool.read(self.numbers[i])

    def decode(self, i: int, content: bytes) -> Image.Image:
        return self.pool.decode(self.numbers[i], content)


def decoded_as(images: Images, digests: Sequence[str]) -> tuple[Images, Sequence[str], tuple[int, ...] | None]:
    """The images, with their digests, that are decoded and kept in place of these, and which of them these are, None
    for all: those of a fold are kept with the whole pool, once for all folds of all rounds."""
    if isinstance(images, Pooled):
        return images.pool, images.pool.digests, images.numbers
    return images, digests, None


class Partition:
    """The pool of some data, and its division into folds."""

    def __init__(self, data: LocatedData) -> None:
        self.data = data
        splits = (data.index.train, data.index.validation)
        digests = (data.digests["train"], data.digests["validation"])
        rows = sorted(
            (name, digest, part, number)
            for part, (split, own) in enumerate(zip(splits, digests, strict=True))
            for number, (name, digest) in enumerate(zip(split.images.names, own, strict=True))
        )
        self.pool = Pool(
            parts=tuple(split.images for split in splits),
            places=tuple((part, number) for *_, part, number in rows),
            names=tuple(name for name, *_ in rows),
            digests=tuple(digest for _, digest, *_ in rows),
        )
        self.labels = tuple(splits[part].labels[number] for part, number in self.pool.places)
        self._rounds: dict[tuple[int, int], tuple[int, ...]] = {}
        self._made: dict[Fold, LocatedData] = {}

    def folds(self, k: int, number: int) -> tuple[int, ...]:
        """The fold of each image of the pool in this round."""
        if (k, number) not in self._rounds:
            self._rounds[k, number] = self._deal(k, number)
        return self._rounds[k, number]

    def fold(self, fold: Fold) -> LocatedData:
        """The data with this fold as validation split, and the others as training split."""
        if fold not in self._made:
            self._made[fold] = self._make(fold)
        return self._made[fold]

    def _make(self, fold: Fold) -> LocatedData:
        dealt = self.folds(fold.k, fold.round)
        numbers = {
            "train": tuple(i for i, own in enumerate(dealt) if own != fold.number),
            "validation": tuple(i for i, own in enumerate(dealt) if own == fold.number),
        }
        parts = {
            split: Split(Pooled(self.pool, own), tuple(self.labels[i] for i in own)) for split, own in numbers.items()
        }
        return replace(
            self.data,
            index=replace(self.data.index, train=parts["train"], validation=parts["validation"]),
            digests={
                **self.data.digests,
                **{split: tuple(self.pool.digests[i] for i in own) for split, own in numbers.items()},
            },
            fingerprint=_hash([self._content, numbers["validation"]]),
            whole=self.data,
        )

    def check(self, folds: Folds) -> None:
        """Raises DataError where the images must not be divided anew, or are too few."""
        index, where = self.data.index, str(self.data.folder)
        if not index.redivisible and not folds.merge_official:
            raise DataError(
                "these data have a validation split of their own, which folds would mix with the training images",
                where=where,
                expected="data of which nobody else has said which images are for validation",
                remedy=f"leave `folds` out, or write `folds: {{k: {folds.k}, merge_official: true}}` if the images may"
                " be divided anew: if none belong together, such as photos of one plant or patient",
            )
        counts = [0] * len(index.classes)
        for label, _ in self._units:
            counts[label] += 1
        fewest = min(counts)
        if fewest < folds.k:
            name = index.classes[counts.index(fewest)]
            fewer = f"write `folds: {fewest}` or fewer, or " if fewest >= FEWEST_FOLDS else "leave `folds` out, or "
            raise DataError(
                f"there are more folds, {folds.k}, than images of the class {name!r}, of which training and validation"
                f" have {fewest} together (copies count once)",
                where=where,
                expected=f"at least {folds.k} images of each class, one for each fold",
                remedy=f"{fewer}add images of the class",
            )

    @cached_property
    def _units(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """What is dealt out together, an image with its copies: its class, and the numbers in the pool."""
        of_digest: dict[str, list[int]] = {}
        for number, digest in enumerate(self.pool.digests):
            of_digest.setdefault(digest, []).append(number)
        return tuple((self.labels[numbers[0]], tuple(numbers)) for numbers in of_digest.values())

    def _deal(self, k: int, number: int) -> tuple[int, ...]:
        seed = _hash([self._named, number])
        # Units are ordered by a hash, for which a shuffle would need a generator that never changes.
        order = sorted(self._units, key=lambda unit: (unit[0], _hash([seed, unit[1][0]])))
        dealt = [0] * len(self.pool)
        for turn, (_, members) in enumerate(order):
            for member in members:
                dealt[member] = turn % k
        return tuple(dealt)

    @cached_property
    def _named(self) -> str:
        """A hash of the classes, and of the names and classes of the pool's images."""
        return _hash([self.data.index.classes, list(zip(self.pool.names, self.labels, strict=True))])

    @cached_property
    def _content(self) -> str:
        """A hash of all that a run can see of the data, but for the division."""
        test = self.data.index.test
        parts = [self._named, self.pool.digests, test.images.names, self.data.digests["test"], test.labels]
        return _hash([list(part) if not isinstance(part, str) else part for part in parts])


def check_folds(folds: Folds, of_cases: Mapping[str, Partition]) -> None:
    """Whether the data of all cases, by their names, can be divided, and are divided alike. Raises DataError."""
    different = {partition: case for case, partition in reversed(list(of_cases.items()))}
    for partition in different:
        partition.check(folds)
    divided = {(partition.pool.names, partition.folds(folds.k, 0)): partition for partition in different}
    if len(divided) > 1:
        one, other, *_ = reversed(divided.values())
        raise DataError(
            f"the cases {different[one]!r} and {different[other]!r} have other images, so that their folds would not be"
            " the same",
            where=f"{one.data.folder}, {other.data.folder}",
            expected="the same images of training and validation, with the same classes, in every case",
            remedy="leave `folds` out, or make a study of each",
        )


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
