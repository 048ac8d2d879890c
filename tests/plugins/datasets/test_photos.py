"""Splits that a data set lacks are set aside from training, alike for every data set of photos."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from benchsuite_plugins.datasets.huggingface import ParquetFolderParameters
from benchsuite_plugins.datasets.image_folder import ImageFolderParameters
from benchsuite_plugins.datasets.photos import DividedPhotos
from pydantic import ValidationError

from benchsuite.api import DataError, PhotoFiles

CLASSES = ("cat", "dog")
TRAIN = [(f"{CLASSES[label]}/{number}.png", label) for label in (0, 1) for number in range(20)]


def nothing_is_read(photos: PhotoFiles) -> list[int]:
    raise AssertionError("nothing is set aside")


def test_only_what_is_missing_is_set_aside_in_each_class() -> None:
    both = DividedPhotos(validation=0.2, test=0.1).index(Path("x"), CLASSES, {"train": TRAIN})
    sizes = [Counter(split.labels) for split in (both.train, both.validation, both.test)]
    assert sizes == [{0: 14, 1: 14}, {0: 4, 1: 4}, {0: 2, 1: 2}]
    assert both.redivisible
    own = DividedPhotos().index(Path("x"), CLASSES, {"train": TRAIN, "validation": TRAIN[:1]})
    assert (len(own.train), len(own.validation), len(own.test), own.redivisible) == (34, 1, 6, False)
    whole = {"train": TRAIN, "validation": TRAIN[:1], "test": TRAIN[:2]}
    assert len(DividedPhotos().index(Path("x"), CLASSES, whole, nothing_is_read).train) == 40


def test_copies_stay_together_and_are_counted_once() -> None:
    first = [*range(20), *range(20, 30), *range(20, 30)]  # every dog is there twice
    index = DividedPhotos(validation=0.2, test=0.2).index(Path("x"), CLASSES, {"train": TRAIN}, lambda photos: first)
    parts = (index.train, index.validation, index.test)
    dogs = [sorted(int(name[4:-4]) % 10 for name in part.images.names if name.startswith("dog")) for part in parts]
    assert [len(numbers) for numbers in dogs] == [12, 4, 4]
    assert all(numbers[::2] == numbers[1::2] for numbers in dogs)


def test_a_class_that_is_too_small_is_told_with_a_remedy() -> None:
    with pytest.raises(DataError, match="'dog' has 2 photos: setting aside validation and test leaves none") as caught:
        DividedPhotos().index(Path("x"), CLASSES, {"train": TRAIN[:22]})
    assert caught.value.remedy


@pytest.mark.parametrize("kind", [ImageFolderParameters, ParquetFolderParameters])
def test_parts_that_leave_nothing_to_train_on_are_refused(kind: Any) -> None:
    with pytest.raises(ValidationError, match=r"validation \+ test = 1\.1 leaves nothing to train on"):
        kind(folder=Path("x"), validation=0.6, test=0.5)
