"""Folders of the user's own photos: with and without splits, and everything that can be wrong with them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchsuite_plugins.datasets.image_folder import SAMPLE_CLASSES, SAMPLE_IMAGES, ImageFolder, ImageFolderParameters
from PIL import Image
from pydantic import ValidationError

from benchsuite.contracts.dataset import Split
from benchsuite.engine.data.images import load_images
from benchsuite.errors import DataError
from benchsuite.sources.data import LocatedData, locate_data


def photos(folder: Path, count: int, suffix: str = ".png") -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        draw = np.random.default_rng([*str(folder).encode(), number])
        Image.fromarray(draw.integers(0, 256, (4, 5, 3), np.uint8)).save(folder / f"{number}{suffix}")


def flat(home: Path, cats: int = 20, dogs: int = 10) -> Path:
    photos(home / "dog", dogs, ".JPG")
    photos(home / "cat", cats)
    return home


def with_splits(home: Path, **names: int) -> Path:
    """Split folders with so many photos a class."""
    for name, count in names.items():
        flat(home / name, count, count)
    return home


def locate(tmp_path: Path, folder: Path | str, data: Path | None = None, **parameters: Any) -> LocatedData:
    params = ImageFolderParameters(folder=Path(folder), **parameters)
    cache = tmp_path / "cache"
    return locate_data(ImageFolder(), params, policy="auto", data=data, cache=cache, say=lambda line: None)


def counts(split: Split) -> dict[int, int]:
    return dict(Counter(split.labels))


def names(split: Split) -> set[str]:
    return set(split.images.names)


def test_without_splits_each_class_is_divided_in_proportion(tmp_path: Path) -> None:
    index = locate(tmp_path, flat(tmp_path / "mine")).index
    assert index.classes == ("cat", "dog")
    assert counts(index.train) == {0: 14, 1: 6}
    assert counts(index.validation) == {0: 3, 1: 2}
    assert counts(index.test) == {0: 3, 1: 2}
    assert len(names(index.train) | names(index.validation) | names(index.test)) == 30
    labels = zip(index.test.images.names, index.test.labels, strict=True)
    assert all(name.startswith(index.classes[label]) for name, label in labels)


def test_the_division_depends_on_its_seed_alone(tmp_path: Path) -> None:
    first = locate(tmp_path, flat(tmp_path / "mine")).index
    assert names(locate(tmp_path, flat(tmp_path / "copy")).index.test) == names(first.test)
    assert names(locate(tmp_path, tmp_path / "mine", split_seed=1).index.test) != names(first.test)


@pytest.mark.parametrize("validation", ["validation", "val", "valid"])
def test_splits_of_the_folder_are_taken_as_they_are(validation: str, tmp_path: Path) -> None:
    index = locate(tmp_path, with_splits(tmp_path / "mine", train=5, test=2, **{validation: 3})).index
    assert [counts(split) for split in (index.train, index.validation, index.test)] == [
        {0: 5, 1: 5},
        {0: 3, 1: 3},
        {0: 2, 1: 2},
    ]
    assert index.validation.images.names[0] == f"{validation}/cat/0.png"


def test_a_missing_validation_split_is_set_aside_from_train(tmp_path: Path) -> None:
    index = locate(tmp_path, with_splits(tmp_path / "mine", train=10, test=4), validation=0.3).index
    assert counts(index.train) == {0: 7, 1: 7}
    assert counts(index.validation) == {0: 3, 1: 3}
    assert counts(index.test) == {0: 4, 1: 4}
    assert all(name.startswith("train/") for name in names(index.train) | names(index.validation))


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    photos(tmp_path / "mine" / "train", 5)
    photos(tmp_path / "mine" / "bus", 5)
    assert locate(tmp_path, tmp_path / "mine").index.classes == ("bus", "train")


def test_photos_may_lie_deeper_and_other_files_are_counted_but_not_used(tmp_path: Path) -> None:
    home = flat(tmp_path / "mine")
    photos(home / "cat" / "summer" / "garden", 2)
    (home / "cat" / "notes.txt").write_text("")
    (home / "dog" / "x.pdf").write_text("")
    (home / "dog" / ".thumbnail.png").write_text("")
    (home / ".cache").mkdir()
    (home / "read me.txt").write_text("")
    located = locate(tmp_path, home)
    assert sum(map(len, located.digests.values())) == 32
    assert "32 photos in 2 classes; 3 other files were passed over" in located.evidence
    assert located.provenance == "own data"


def test_the_folder_may_be_absolute_or_relative_to_the_data_folder_or_to_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = flat(tmp_path / "data" / "mine")
    (tmp_path / "other").mkdir()
    absolute = locate(tmp_path, home)
    assert locate(tmp_path, home, data=tmp_path / "other") == absolute
    assert locate(tmp_path, "mine", data=tmp_path / "data") == absolute
    monkeypatch.chdir(tmp_path / "data")
    assert locate(tmp_path, "mine") == absolute


@pytest.mark.parametrize("policy", ["auto", "real"])
@pytest.mark.parametrize("download", [True, False])
def test_a_folder_that_does_not_exist_is_an_error_and_never_the_sample(
    policy: Any, download: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    params = ImageFolderParameters(folder=Path("my_photos"))
    with pytest.raises(DataError, match="does not exist") as caught:
        locate_data(ImageFolder(), params, policy=policy, data=None, cache=tmp_path, download=download, say=print)
    assert str(tmp_path / "my_photos") in str(caught.value)


def rename(old: str, new: str) -> Callable[[Path], object]:
    return lambda home: (home / old).rename(home / new)


BREAKAGES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "a class missing in a split": (rename("test/dog", "elsewhere"), ("'elsewhere' lies beside the splits",)),
    "a class missing in test": (lambda home: shutil.rmtree(home / "test/dog"), ("single class", "test")),
    "a class more in test": (lambda home: photos(home / "test/emu", 1), ("'emu'", "'test' is not in train")),
    "a class more in train": (lambda home: photos(home / "train/emu", 1), ("'emu' is missing in the split 'test'",)),
    "a class without photos": (lambda home: (home / "train/emu").mkdir(), ("'emu' has no photos", "train/emu")),
    "a split twice": (lambda home: with_splits(home, val=1, valid=1), ("'val' and 'valid' are the same split",)),
    "no train": (rename("train", "val"), ("the split 'train' is missing",)),
    "a single class": (
        lambda home: [shutil.rmtree(home / split / "dog") for split in ("train", "test")],
        ("single class, 'cat'",),
    ),
    "photos without class folders": (
        lambda home: [shutil.rmtree(home / split / label) for split in ("train", "test") for label in ("cat", "dog")],
        ("no class folders",),
    ),
    "an empty folder": (
        lambda home: [shutil.rmtree(home / split) for split in ("train", "test")],
        ("no class folders",),
    ),
    "a file": (lambda home: [shutil.rmtree(home), home.write_text("")], ("is not a folder",)),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_folder_out_of_order_is_an_error_naming_what(name: str, tmp_path: Path) -> None:
    breakage, expected = BREAKAGES[name]
    home = with_splits(tmp_path / "mine", train=4, test=2)
    breakage(home)
    with pytest.raises(DataError) as caught:
        locate(tmp_path, home)
    for part in expected:
        assert part in str(caught.value)


def test_a_class_with_too_few_photos_for_every_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'dog' has 2 photos: setting aside validation and test") as caught:
        locate(tmp_path, flat(tmp_path / "mine", dogs=2))
    assert "at least 3 photos" in str(caught.value)
    assert counts(locate(tmp_path, flat(tmp_path / "more", dogs=3)).index.test) == {0: 3, 1: 1}


def test_a_photo_that_cannot_be_read_is_named_by_the_engine(tmp_path: Path) -> None:
    home = flat(tmp_path / "mine")
    for path in (home / "cat").iterdir():
        path.write_bytes(f"no photo, but {path.name}".encode())
    located = locate(tmp_path, home, image_size=16)
    preprocessing = ImageFolder().preprocessing(ImageFolderParameters(folder=Path("mine"), image_size=16))
    with pytest.raises(DataError, match="14 images cannot be used") as caught:
        load_images(located.index.train.images, located.digests["train"], preprocessing, tmp_path / "cache")
    assert str(home / "cat") in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"folder": ""}, {"validation": 0.0}, {"validation": 0.5, "test": 0.5}, {"resize": "stretch"}, {}]
)
def test_parameters_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImageFolderParameters(**({"folder": "mine"} | wrong if wrong else {}))


def test_a_cropped_photo_keeps_its_proportions() -> None:
    assert ImageFolder().preprocessing(ImageFolderParameters(folder=Path("mine"), resize="crop")).resize == "crop"


@pytest.mark.parametrize("folder", ["my_photos", "/absolute/photos"])
def test_the_sample_is_drawn_whatever_the_folder_and_always_the_same(folder: str, tmp_path: Path) -> None:
    params = ImageFolderParameters(folder=Path(folder))

    def sampled(cache: Path) -> LocatedData:
        return locate_data(ImageFolder(), params, policy="sample", data=None, cache=cache, say=print)

    located = sampled(tmp_path / "one")
    assert located.provenance == "synthetic sample"
    assert located.index.classes == SAMPLE_CLASSES
    assert counts(located.index.train) == dict.fromkeys(range(3), SAMPLE_IMAGES - 12)
    assert len({digest for digests in located.digests.values() for digest in digests}) == 3 * SAMPLE_IMAGES
    assert sampled(tmp_path / "two").fingerprint == located.fingerprint
