"""Anyone's own photos: a folder with a folder for each class, so that a study needs no code to run on them.

Takes `<class>/<photo>` or `<split>/<class>/<photo>`; photos may lie in folders of their own below the class. Splits
that the folder lacks are set aside from its training photos, seeded and stratified by class; copies of one photo stay
on one side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from benchsuite.api import (
    CardTranslation,
    DataError,
    Dataset,
    DatasetCard,
    DatasetIndex,
    Found,
    Parameters,
    PhotoFiles,
    Preprocessing,
    file_stamp,
)

from .photo_folders import LAYOUT, read_folder
from .photos import DividedPhotos

if TYPE_CHECKING:
    from PIL import Image

SAMPLE_CLASSES = ("circles", "crosses", "squares")
SAMPLE_IMAGES = 40
"""Photos of each class in the synthetic sample."""
_SAMPLE = "image_folder_sample"


class ImageFolderParameters(DividedPhotos):
    """Parameters of a folder of photos."""

    folder: Path
    """The folder that holds the class folders or the split folders: an absolute path, or one relative to the data
    folder (--data or BENCHSUITE_DATA) or, where none is named, to the current folder."""


class ImageFolder(Dataset[ImageFolderParameters]):
    """The user's own photos."""

    name: ClassVar[str] = "image_folder"
    Parameters: ClassVar[type[Parameters]] = ImageFolderParameters
    origin = "own"

    def card(self, params: ImageFolderParameters) -> DatasetCard:
        return DatasetCard(
            title=params.folder.name or str(params.folder),
            summary=(
                "El conjunto de datos es una colección propia de fotografías, sin distribución oficial, en la que cada"
                " carpeta es una clase."
            ),
            licence="",
            bibtex="",
            homepage="",
            sources=(),
            classes=(),
            splits={},
            layout=LAYOUT,
            translations={
                "en": CardTranslation(
                    summary=(
                        "The data set is the authors’ own collection of photographs, without an official distribution,"
                        " in which each folder is a class."
                    )
                )
            },
        )

    def preprocessing(self, params: ImageFolderParameters) -> Preprocessing:
        return params.preprocessing()

    def find(self, params: ImageFolderParameters, root: Path, scratch: Path) -> Found | None:
        if (root / _SAMPLE).is_dir():
            return Found(root / _SAMPLE, "synthetic sample", "drawn by this plugin")
        home = root / params.folder.expanduser()
        if not home.is_dir():
            what = "the folder of photos is not a folder" if home.exists() else "the folder of photos does not exist"
            raise DataError(
                what,
                where=str(home),
                expected=LAYOUT,
                remedy="correct the parameter `folder`: an absolute path, or one relative to the folder of --data or"
                " BENCHSUITE_DATA (without them, to the current folder)",
            )
        folder = read_folder(home)
        photos = sum(len(names) for labels in folder.splits.values() for names in labels.values())
        return Found(
            home,
            "own data",
            f"the user's own folder, which no checksum vouches for: {photos} photos in {len(folder.classes)} classes"
            + {0: "", 1: "; 1 other file was passed over"}.get(
                folder.passed_over, f"; {folder.passed_over} other files were passed over"
            ),
        )

    def sample(self, params: ImageFolderParameters, folder: Path) -> None:
        for label in SAMPLE_CLASSES:
            home = folder / _SAMPLE / label
            home.mkdir(parents=True)
            for number in range(SAMPLE_IMAGES):
                drawing(SAMPLE_CLASSES.index(label), number).save(home / f"{number:03d}.png")

    def index(self, params: ImageFolderParameters, folder: Path) -> DatasetIndex:
        found = read_folder(folder)
        rows = {
            split: [(name, number) for number, label in enumerate(found.classes) for name in labels[label]]
            for split, labels in found.splits.items()
        }
        return params.index(folder, found.classes, rows, _first_copies)

    def smoke(self, params: ImageFolderParameters) -> Mapping[str, Any]:
        return {"image_size": min(params.image_size, 48)}


def _first_copies(photos: PhotoFiles) -> list[int]:
    """For each photo, the position of the first with the same bytes. Only those that are equally long are read."""
    of_size: dict[int, list[int]] = {}
    for i in range(len(photos)):
        of_size.setdefault(file_stamp(photos.path(i))[0], []).append(i)
    first = list(range(len(photos)))
    for group in of_size.values():
        seen: dict[bytes, int] = {}
        for i in group if len(group) > 1 else ():
            first[i] = seen.setdefault(hashlib.sha256(photos.read(i)).digest(), i)
    return first


def drawing(label: int, number: int) -> Image.Image:
    """A shape in random colours, place and size on a noisy ground; the same pixels at every call."""
    import numpy as np
    from numpy.random import Generator, Philox
    from PIL import Image, ImageDraw

    draw = Generator(Philox(key=[label, number]))
    dark, light = draw.integers(20, 90, 3), draw.integers(150, 230, 3)
    ground, shape = (dark, light) if draw.random() < 0.5 else (light, dark)
    noise = draw.integers(-15, 16, (64, 64, 3))
    picture = Image.fromarray((ground + noise).astype(np.uint8))
    pen, ink = ImageDraw.Draw(picture), (int(shape[0]), int(shape[1]), int(shape[2]))
    half = int(draw.integers(12, 22))
    x, y = (int(value) for value in draw.integers(half + 2, 62 - half, 2))
    if SAMPLE_CLASSES[label] == "circles":
        pen.ellipse((x - half, y - half, x + half, y + half), fill=ink)
    elif SAMPLE_CLASSES[label] == "squares":
        pen.rectangle((x - half, y - half, x + half, y + half), fill=ink)
    else:
        pen.line((x - half, y, x + half, y), fill=ink, width=half // 2)
        pen.line((x, y - half, x, y + half), fill=ink, width=half // 2)
    return picture
