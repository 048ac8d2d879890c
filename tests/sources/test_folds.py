"""Images divided into folds: each once a round, every class alike, the same for all who ask, the test split apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.contracts.dataset import DatasetIndex, Split
from benchsuite.errors import DataError
from benchsuite.sources.data import LocatedData
from benchsuite.sources.folds import Partition, Pooled, check_folds, decoded_as
from benchsuite.suite.schema.folds import Fold, Folds

CLASSES = ("cat", "dog")


@dataclass(frozen=True)
class Texts:
    """Images that are their own names."""

    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def read(self, i: int) -> bytes:
        return self.names[i].encode()

    def decode(self, i: int, content: bytes) -> Any:
        return (self.names[i], content)


def located(
    train: Sequence[int], validation: Sequence[int], *, copies: Sequence[str] = (), redivisible: bool = True
) -> LocatedData:
    """Data with images of these classes, named `c<class>-<number>`; those in `copies` have the same bytes."""
    names = [f"c{label}-{i:03}" for i, label in enumerate([*train, *validation, 0, 1])]
    labels = [*train, *validation, 0, 1]
    ends = (0, len(train), len(train) + len(validation), len(names))
    parts, digests = {}, {}
    for number, split in enumerate(("train", "validation", "test")):
        own = slice(ends[number], ends[number + 1])
        parts[split] = Split(Texts(tuple(names[own])), tuple(labels[own]))
        digests[split] = tuple("twin" if name in copies else name for name in names[own])
    index = DatasetIndex(CLASSES, **parts, redivisible=redivisible)
    return LocatedData(Path("photos"), "own data", "", index, "f" * 64, digests)


DATA = located([0] * 10 + [1] * 7, [1] * 4 + [0] * 2)


def folds_of(data: LocatedData, k: int, number: int) -> list[LocatedData]:
    partition = Partition(data)
    return [partition.fold(Fold(k=k, number=fold, round=number)) for fold in range(k)]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(0, 3), st.integers(6, 30), st.integers(6, 30), st.integers(1, 5))
def test_every_image_is_held_out_once_a_round_and_classes_and_folds_differ_by_one_at_most(
    k: int, number: int, cats: int, dogs: int, aside: int
) -> None:
    labels = ([0] * cats + [1] * dogs)[::-1]
    data = located(labels[aside:], labels[:aside])
    every = {*data.index.train.images.names, *data.index.validation.images.names}
    parts = folds_of(data, k, number)
    held_out = [name for part in parts for name in part.index.validation.images.names]
    assert (set(held_out), len(held_out)) == (every, len(every))
    for part in parts:
        own = {*part.index.validation.images.names}
        assert own.isdisjoint(part.index.train.images.names)
        assert own | {*part.index.train.images.names} == every
        assert part.index.test is data.index.test
    assert max(len(part.index.validation) for part in parts) - min(len(part.index.validation) for part in parts) <= 1
    for label in (0, 1):
        own_class = [part.counts["validation"][label] for part in parts]
        assert max(own_class) - min(own_class) <= 1


def test_images_keep_their_class_their_bytes_and_their_digest() -> None:
    for part in folds_of(DATA, 3, 0):
        for name in ("train", "validation"):
            split: Split = getattr(part.index, name)
            for i, image in enumerate(split.images.names):
                assert split.images.read(i) == image.encode() == part.digests[name][i].encode()
                assert split.images.decode(i, b"x") == (image, b"x")  # type: ignore[comparison-overlap]
                assert split.labels[i] == int(image[1])


def test_rounds_differ_and_what_was_set_aside_before_does_not_matter() -> None:
    first, again, second = folds_of(DATA, 3, 0), folds_of(DATA, 3, 0), folds_of(DATA, 3, 1)
    assert [part.fingerprint for part in first] == [part.fingerprint for part in again]
    held_out = {frozenset(part.index.validation.images.names) for part in first}
    assert held_out.isdisjoint(frozenset(part.index.validation.images.names) for part in second)
    names = {*DATA.index.train.images.names, *DATA.index.validation.images.names}
    labels = [int(name[1]) for name in sorted(names, key=lambda name: name[3:])]
    moved = located(labels[:3], labels[3:])
    assert [part.ordered_fingerprint for part in folds_of(moved, 3, 0)] == [part.ordered_fingerprint for part in first]


def test_the_fingerprint_of_a_fold_is_its_own_and_changes_with_the_photos() -> None:
    parts = [part for k in (2, 3) for number in (0, 1) for part in folds_of(DATA, k, number)]
    assert len({part.ordered_fingerprint for part in parts}) == len(parts)
    other = replace(DATA, digests={**DATA.digests, "test": ("another", "other")})
    assert folds_of(other, 2, 0)[0].fingerprint != parts[0].fingerprint


def test_copies_are_never_on_both_sides() -> None:
    copies = ("c0-000", "c0-005", "c1-012", "c1-018")
    data = located([0] * 10 + [1] * 7, [1] * 4 + [0] * 2, copies=copies)
    for number in range(4):
        sides = [set(copies) & {*part.index.validation.images.names} for part in folds_of(data, 3, number)]
        assert sorted(map(len, sides)) == [0, 0, 4]


def test_what_is_decoded_is_the_pool_once_for_all_folds() -> None:
    one, other = folds_of(DATA, 3, 0)[0], folds_of(DATA, 2, 1)[1]
    images, digests, numbers = decoded_as(one.index.train.images, one.digests["train"])
    assert isinstance(one.index.train.images, Pooled)
    assert (images.names, digests) == (one.index.train.images.pool.names, tuple(sorted(images.names)))
    assert decoded_as(other.index.validation.images, ())[0].names == images.names
    assert numbers is not None
    assert [images.names[i] for i in numbers] == list(one.index.train.images.names)
    assert decoded_as(DATA.index.test.images, "ab") == (DATA.index.test.images, "ab", None)


def refused(folds: Folds, **data: LocatedData) -> str:
    with pytest.raises(DataError) as caught:
        check_folds(folds, {case: Partition(own) for case, own in data.items()})
    return str(caught.value)


def test_more_folds_than_images_of_a_class_are_refused() -> None:
    few = located([0] * 9 + [1] * 2, [1, 1])
    check_folds(Folds(k=4), {"only": Partition(few)})
    told = refused(Folds(k=5), only=few)
    assert "there are more folds, 5, than images of the class 'dog', of which training and validation have 4" in told
    assert "write `folds: 4` or fewer" in told
    one = refused(Folds(k=2), only=located([0] * 9, [1]))
    assert "leave `folds` out, or add images of the class" in one
    assert "have 1 together" in refused(Folds(k=2), only=located([0] * 9 + [1], [1], copies=("c1-009", "c1-010")))


def test_an_official_division_is_given_up_only_when_asked() -> None:
    official = located([0] * 9 + [1] * 9, [0, 1], redivisible=False)
    told = refused(Folds(k=3), only=official)
    assert "these data have a validation split of their own" in told
    assert "write `folds: {k: 3, merge_official: true}`" in told
    check_folds(Folds(k=3, merge_official=True), {"only": Partition(official)})


def test_all_cases_have_the_same_folds_or_none() -> None:
    same = replace(DATA, digests={name: tuple(f"crop of {d}" for d in own) for name, own in DATA.digests.items()})
    check_folds(Folds(k=3), {"whole": Partition(DATA), "cropped": Partition(same)})
    assert Counter(Partition(DATA).folds(3, 0)) == Counter(Partition(same).folds(3, 0))
    told = refused(Folds(k=3), whole=DATA, small=located([0] * 9 + [1] * 7, [1] * 4 + [0] * 2))
    assert "the cases 'whole' and 'small' have other images" in told
