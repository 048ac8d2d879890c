"""Anyone's own photos: a folder with a folder for each class, so that a study needs no code to run on them.

Takes `<class>/<photo>` or `<split>/<class>/<photo>`; photos may lie in folders of their own below the class. Splits
that the folder lacks are set aside from its training photos, seeded and stratified by class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from benchsuite.api import (
    DataError,
    Dataset,
    DatasetCard,
    DatasetIndex,
    Found,
    Parameters,
    PhotoFiles,
    Preprocessing,
    Split,
)

from .photos import Flips, imagenet_input
from .stratified import shuffled_by_class

SPLIT_NAMES: Mapping[str, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "val", "valid"),
    "test": ("test",),
}
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
SAMPLE_CLASSES = ("circles", "crosses", "squares")
SAMPLE_IMAGES = 40
"""Photos of each class in the synthetic sample."""
_SAMPLE = "image_folder_sample"
_LAYOUT = "<folder>/<class>/*.jpg, or <folder>/{train,validation,test}/<class>/*.jpg"


class ImageFolderParameters(Parameters):
    """Parameters of a folder of photos."""

    folder: Path
    """The folder that holds the class folders or the split folders: an absolute path, or one relative to the data
    folder (--data or BENCHSUITE_DATA) or, where none is named, to the current folder."""

    image_size: int = Field(default=224, ge=16, le=1024)
    """Height and width of the model's input in pixels."""

    resize: Literal["squash", "crop"] = "squash"
    """`squash` scales both sides independently; `crop` scales the shorter side and keeps the centre."""

    validation: float = Field(default=0.15, gt=0, lt=1)
    """Part of the photos of each class (of those in `train`, if there is one) that is set aside for validation; of no
    effect where the folder has a validation split of its own."""

    test: float = Field(default=0.15, gt=0, lt=1)
    """The same for the test split."""

    split_seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """Seed of the choice of the photos that are set aside."""

    augmentation: Flips = ()
    """Random changes of training images, each with probability 0.5."""

    @model_validator(mode="after")
    def _something_to_train_on(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError(f"validation + test = {self.validation + self.test:g} leaves nothing to train on")
        return self


@dataclass(frozen=True)
class _Photos:
    """The photos of one folder of class folders: names relative to the data set's folder, by class."""

    where: Path
    names: Mapping[str, tuple[str, ...]]
    passed_over: int
    """Files that are no photos by their suffix."""


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
            layout=_LAYOUT,
        )

    def preprocessing(self, params: ImageFolderParameters) -> Preprocessing:
        return imagenet_input(params.image_size, params.resize, params.augmentation)

    def find(self, params: ImageFolderParameters, root: Path, scratch: Path) -> Found | None:
        if (root / _SAMPLE).is_dir():
            return Found(root / _SAMPLE, "synthetic sample", "drawn by this plugin")
        home = root / params.folder.expanduser()
        if not home.is_dir():
            what = "the folder of photos is not a folder" if home.exists() else "the folder of photos does not exist"
            raise DataError(
                what,
                where=str(home),
                expected=_LAYOUT,
                remedy="correct the parameter `folder`: an absolute path, or one relative to the folder of --data or"
                " BENCHSUITE_DATA (without them, to the current folder)",
            )
        parts = _parts(home)
        index = _index(params, home, parts)
        photos = sum(len(split) for split in (index.train, index.validation, index.test))
        passed_over = sum(part.passed_over for part in parts.values())
        return Found(
            home,
            "own data",
            f"the user's own folder, which no checksum vouches for: {photos} photos in {len(index.classes)} classes"
            + (f"; {passed_over} files that are no photos were passed over" if passed_over else ""),
        )

    def sample(self, params: ImageFolderParameters, folder: Path) -> None:
        for label in SAMPLE_CLASSES:
            home = folder / _SAMPLE / label
            home.mkdir(parents=True)
            for number in range(SAMPLE_IMAGES):
                _draw(label, number, home / f"{number:03d}.png")

    def index(self, params: ImageFolderParameters, folder: Path) -> DatasetIndex:
        return _index(params, folder, _parts(folder))

    def smoke(self, params: ImageFolderParameters) -> Mapping[str, Any]:
        return {"image_size": min(params.image_size, 48)}


def _parts(home: Path) -> Mapping[str, _Photos]:
    """The photos by split; all of them as `train` where the folder has no splits."""
    inside = _folders(home)
    named = [name for name in inside if name in _spellings()]
    # A class may be called train, too: a split is what holds folders, or has nothing but splits beside it.
    if not any(_folders(home / name) for name in named) and (named != inside or not inside):
        return {"train": _photos(home, home)}
    splits: dict[str, str] = {}
    for name in inside:
        split = _spellings().get(name)
        if split is None:
            raise _error(f"{name!r} lies beside the splits and is none", home / name, _LAYOUT)
        if split in splits:
            raise _error(f"{splits[split]!r} and {name!r} are the same split", home, "one of the two")
        splits[split] = name
    if "train" not in splits:
        raise _error("the split 'train' is missing", home, _LAYOUT)
    return {split: _photos(home, home / splits[split]) for split in SPLIT_NAMES if split in splits}


def _spellings() -> dict[str, str]:
    return {name: split for split, names in SPLIT_NAMES.items() for name in names}


def _photos(home: Path, folder: Path) -> _Photos:
    names: dict[str, tuple[str, ...]] = {}
    passed_over = 0
    for label in _folders(folder):
        inside = (path.relative_to(home) for path in (folder / label).rglob("*") if path.is_file())
        files = [file for file in inside if all(map(_visible, file.parts))]
        photos = sorted(file.as_posix() for file in files if file.suffix.lower() in SUFFIXES)
        if not photos:
            raise _error(
                f"the class {label!r} has no photos", folder / label, f"files that end in {', '.join(SUFFIXES)}"
            )
        names[label] = tuple(photos)
        passed_over += len(files) - len(photos)
    if not names:
        raise _error("there are no class folders", folder, _LAYOUT)
    if len(names) == 1:
        raise _error(f"there is a single class, {next(iter(names))!r}", folder, "at least two class folders")
    return _Photos(folder, names, passed_over)


def _folders(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.is_dir() and _visible(path.name))
    except OSError as error:
        raise _error(f"the folder cannot be read: {error.strerror}", folder, "a folder this user may read") from error


def _visible(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"


def _index(params: ImageFolderParameters, home: Path, parts: Mapping[str, _Photos]) -> DatasetIndex:
    classes = tuple(parts["train"].names)
    for split, part in parts.items():
        for label in classes:
            if label not in part.names:
                raise _error(f"the class {label!r} is missing in the split {split!r}", part.where, "the same classes")
        for label in part.names:
            if label not in classes:
                raise _error(
                    f"the class {label!r} of the split {split!r} is not in train", part.where, "the same classes"
                )
    rows = {
        split: [(name, number) for number, label in enumerate(classes) for name in part.names[label]]
        for split, part in parts.items()
    }
    rows |= _set_aside(params, classes, rows, parts["train"].where)
    splits = {
        split: Split(PhotoFiles(home, tuple(row[0] for row in chosen)), tuple(row[1] for row in chosen))
        for split, chosen in rows.items()
    }
    return DatasetIndex(classes, **splits)


def _set_aside(
    params: ImageFolderParameters,
    classes: Sequence[str],
    rows: Mapping[str, Sequence[tuple[str, int]]],
    where: Path,
) -> dict[str, list[tuple[str, int]]]:
    """The missing splits, taken from train, and what then is left of it; at least one photo of each class goes to
    each."""
    wanted = {"validation": params.validation, "test": params.test}
    missing = {split: fraction for split, fraction in wanted.items() if split not in rows}
    train = rows["train"]
    chosen: dict[str, list[int]] = {split: [] for split in ("train", *missing)}
    for label, order in enumerate(shuffled_by_class([row[1] for row in train], len(classes), params.split_seed)):
        photos = len(order)
        for split, fraction in missing.items():
            count = max(1, round(fraction * photos))
            chosen[split] += order[:count]
            order = order[count:]
        if not order:
            raise _error(
                f"the class {classes[label]!r} has {photos} photos: setting aside {' and '.join(missing)} leaves none"
                " for training",
                where / classes[label],
                f"at least {len(missing) + 1} photos, or smaller parts",
            )
        chosen["train"] += order
    return {split: [train[i] for i in sorted(positions)] for split, positions in chosen.items()}


def _draw(label: str, number: int, file: Path) -> None:
    """A shape in random colours, place and size on a noisy ground; the same bytes at every call."""
    import numpy as np
    from numpy.random import Generator, Philox
    from PIL import Image, ImageDraw

    draw = Generator(Philox(key=[SAMPLE_CLASSES.index(label), number]))
    dark, light = draw.integers(20, 90, 3), draw.integers(150, 230, 3)
    ground, shape = (dark, light) if draw.random() < 0.5 else (light, dark)
    noise = draw.integers(-15, 16, (64, 64, 3))
    picture = Image.fromarray((ground + noise).astype(np.uint8))
    pen, ink = ImageDraw.Draw(picture), (int(shape[0]), int(shape[1]), int(shape[2]))
    half = int(draw.integers(12, 22))
    x, y = (int(value) for value in draw.integers(half + 2, 62 - half, 2))
    if label == "circles":
        pen.ellipse((x - half, y - half, x + half, y + half), fill=ink)
    elif label == "squares":
        pen.rectangle((x - half, y - half, x + half, y + half), fill=ink)
    else:
        pen.line((x - half, y, x + half, y), fill=ink, width=half // 2)
        pen.line((x, y - half, x, y + half), fill=ink, width=half // 2)
    picture.save(file)


def _error(what: str, where: Path, expected: str) -> DataError:
    return DataError(
        f"the folder of photos: {what}", where=str(where), expected=expected, remedy="put the folder in order"
    )
