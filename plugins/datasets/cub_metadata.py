"""The metadata files of CUB-200-2011: which photos there are, of which class, and what the official split says.

Takes the folder that holds images.txt, image_class_labels.txt, train_test_split.txt and classes.txt; gives the photos
in their order. Whatever the files contradict, each other or the official classes, is a DataError.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchsuite.api import DataError

from .cub_species import SPECIES

IMAGES, LABELS, SPLIT, CLASSES = FILES = (
    "images.txt",
    "image_class_labels.txt",
    "train_test_split.txt",
    "classes.txt",
)
PHOTOS = "images"
"""The folder of the photos, one folder a class below it."""


class Photo(NamedTuple):
    """A photo: its path below `images/`, its class (1 to 200), and whether the official split trains on it."""

    path: str
    species: int
    training: bool


def read_photos(home: Path, chosen: Collection[int], expected: Mapping[int, tuple[int, int]]) -> list[Photo]:
    """The photos of the classes `chosen` that the metadata below `home` list, in the order of images.txt.

    `expected` gives for each class how many photos it must have and how many of them the official split trains on.
    Whether the photos are there is not asked. Raises DataError.
    """
    paths, labels, split, classes = (_rows(home / name) for name in FILES)
    _check_classes(home / CLASSES, classes, chosen)
    for name, rows in ((LABELS, labels), (SPLIT, split)):
        if rows.keys() != paths.keys():
            image = min(rows.keys() ^ paths.keys())
            listed, missing = (name, IMAGES) if image in rows else (IMAGES, name)
            raise broken(f"image {image} is in {listed} and not in {missing}", home, "the same images in every list")
    photos = []
    for image, path in paths.items():
        label, training = labels[image], split[image]
        if not label.isdecimal() or int(label) not in classes:
            raise broken(f"image {image} has the label {label!r}", home / LABELS, "a class number of classes.txt")
        if training not in ("0", "1"):
            raise broken(f"image {image} is marked {training!r}", home / SPLIT, "1 (training) or 0 (test)")
        folder, _, file = path.partition("/")
        if file in ("", ".", "..") or any(mark in file for mark in "/\\\0"):
            raise broken(f"image {image} has the path {path!r}", home / IMAGES, "<class folder>/<file>")
        if folder != classes[int(label)]:
            raise broken(
                f"image {image} lies in the folder {folder!r}, but its label is {label} ({classes[int(label)]})",
                home / LABELS,
                "the same class in images.txt and image_class_labels.txt",
            )
        photos.append(Photo(path, int(label), training == "1"))
    _check_counts(home, photos, chosen, expected)
    wanted = set(chosen)
    return [photo for photo in photos if photo.species in wanted]


def check_present(home: Path, photos: Sequence[Photo]) -> None:
    """Raise DataError, naming classes or photos, unless every one of `photos` is there and not empty."""
    sizes: dict[str, int] = {}
    for folder in dict.fromkeys(photo.path.partition("/")[0] for photo in photos):
        if (home / PHOTOS / folder).is_dir():
            with os.scandir(home / PHOTOS / folder) as entries:
                sizes.update({f"{folder}/{entry.name}": entry.stat().st_size for entry in entries if entry.is_file()})
    absent = [photo for photo in photos if photo.path not in sizes]
    present = {photo.species for photo in photos if photo.path in sizes}
    gone = sorted({photo.species for photo in absent} - present)
    if gone:
        raise DataError(
            f"CUB-200-2011: the photos of {len(gone)} of the classes asked for are missing: {_spoken(gone)}",
            where=str(home / PHOTOS),
            expected="a folder of photos for each class that the suite asks for",
            remedy="bring the missing photos, or ask for other classes (dataset.classes)",
        )
    if absent:
        many = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise broken(f"{IMAGES} names {absent[0].path}{many}, not there", home / PHOTOS, "every photo of the list")
    for photo in photos:
        if sizes[photo.path] == 0:
            raise broken("the image file is empty", home / PHOTOS / photo.path, "a JPEG file")


def broken(what: str, where: Path, expected: str) -> DataError:
    """What to tell the user about files that are there but wrong."""
    return DataError(
        f"CUB-200-2011: {what}",
        where=str(where),
        expected=expected,
        remedy="replace it with an intact copy, or name another folder with --data",
    )


def _rows(path: Path) -> dict[int, str]:
    """The lines `<number> <value>` of a file, by number."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise broken(f"the metadata file {path.name} is missing", path, f"the files {', '.join(FILES)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise broken(f"the metadata file cannot be read: {error}", path, "lines of text") from error
    rows: dict[int, str] = {}
    for place, line in enumerate(text.split("\n"), 1):
        number, _, value = line.strip().partition(" ")
        if not number and not value:
            continue
        if not (number.isascii() and number.isdecimal() and value):
            raise DataError(
                f"CUB-200-2011: {line[:60]!r} is not a line of {path.name}",
                where=f"{path}, line {place}",
                expected="a number, a space and a value",
                remedy="replace the file with an intact copy",
            )
        if int(number) in rows:
            raise broken(f"line {place} repeats the number {number}", path, "each number once")
        rows[int(number)] = value
    if not rows:
        raise broken("the metadata file lists nothing", path, "a number, a space and a value on each line")
    values = Counter(rows.values())
    if path.name in (IMAGES, CLASSES) and len(values) < len(rows):
        raise broken(f"{values.most_common(1)[0][0]} is listed twice", path, "each once")
    return rows


def _check_classes(path: Path, classes: Mapping[int, str], chosen: Collection[int]) -> None:
    for number, name in classes.items():
        if not 1 <= number <= len(SPECIES) or name != SPECIES[number - 1].name:
            official = SPECIES[number - 1].name if 1 <= number <= len(SPECIES) else f"numbers 1 to {len(SPECIES)}"
            raise broken(f"class {number} is {name!r}", path, official)
    missing = sorted(set(chosen) - classes.keys())
    if missing:
        raise broken(f"{path.name} does not list {_spoken(missing)}", path, "every class that the suite asks for")


def _check_counts(
    home: Path, photos: Sequence[Photo], chosen: Collection[int], expected: Mapping[int, tuple[int, int]]
) -> None:
    images = Counter(photo.species for photo in photos)
    training = Counter(photo.species for photo in photos if photo.training)
    for number in chosen:
        found, due = (images[number], training[number]), expected[number]
        if found != due:
            raise broken(
                f"{_spoken([number])} has {found[0]} photos in the lists, {found[1]} of them for training",
                home / (IMAGES if found[0] != due[0] else SPLIT),
                f"{due[0]} photos, {due[1]} of them for training",
            )


def _spoken(numbers: Sequence[int]) -> str:
    """The names of classes in ascending order, three or more in a row as `first to last`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    spans = [[run[0], run[-1]] if len(run) > 2 else run for run in runs]
    return ", ".join(
        (" to " if len(run) > 2 else ", ").join(SPECIES[number - 1].name for number in span)
        for run, span in zip(runs, spans, strict=True)
    )
