"""What the data sets of photos share: how photos become the input of a network, and splits that are not there.

What a suite leaves open of the input is the choice of the model, which knows how the images were prepared on which its
weights were trained; where the model does not care, inputs are normalised as for networks trained on ImageNet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, model_validator

from benchsuite.api import (
    Augmentations,
    DataError,
    DatasetIndex,
    Parameters,
    PhotoFiles,
    Preprocessing,
    Split,
    declared,
)

from .stratified import shuffled_by_class

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

T = TypeVar("T")
Unit = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1)]
Part = Annotated[float, Field(gt=0, lt=1)]
Rows = Sequence[tuple[str, int]]
"""The photos of a split: the path of each below the folder, and the number of its class."""


def distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    """A validator of lists that say nothing twice."""
    repeated = [value for value in values if values.count(value) > 1]
    if repeated:
        raise ValueError(f"{repeated[0]} is named twice; name each once")
    return values


class PhotoInput(Parameters):
    """How photos become the input of a network: the parameters that data sets of photos have in common."""

    image_size: int = Field(default=224, ge=16, le=1024)
    """Height and width of the model's input in pixels."""

    resize: Literal["squash", "crop"] = "squash"
    """`squash` scales both sides independently; `crop` scales the shorter side and keeps the centre."""

    crop_fraction: Positive | None = None
    """How much of each side is kept, around the centre, before the photo is scaled (null: all of it)."""

    interpolation: Literal["bilinear", "bicubic"] | None = None
    """How pixels are computed when a photo is scaled, with antialiasing in any case (null: `bilinear`)."""

    mean: tuple[Unit, Unit, Unit] | None = None
    """What is subtracted from the red, green and blue of each pixel, which are from 0 to 1 (null: ImageNet's mean)."""

    std: tuple[Positive, Positive, Positive] | None = None
    """What they are divided by then (null: ImageNet's standard deviation)."""

    augmentation: Augmentations = ()
    """Random changes of training images, in order: names, or mappings such as `{name: pad_crop, padding: 8}`."""

    def preprocessing(self) -> Preprocessing:
        """Square inputs, by default with the mean and deviation of ImageNet's channels."""
        return Preprocessing(
            size=(self.image_size, self.image_size),
            mean=self.mean or IMAGENET_MEAN,
            std=self.std or IMAGENET_STD,
            resize=self.resize,
            augmentations=declared(self.augmentation),
            crop_fraction=self.crop_fraction or 1.0,
            interpolation=self.interpolation or "bilinear",
        )


def _all_differ(photos: PhotoFiles) -> Sequence[int]:
    return range(len(photos))


class DividedPhotos(PhotoInput):
    """Photos of which splits may be missing: these are set aside from training, seeded and stratified by class."""

    validation: Part = 0.15
    """Part of the training photos of each class (of all, where there are no splits) that is set aside for validation;
    of no effect where there is a validation split."""

    test: Part = 0.15
    """The same for the test split."""

    split_seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """Seed of the choice of the photos that are set aside."""

    @model_validator(mode="after")
    def _something_to_train_on(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError(f"validation + test = {self.validation + self.test:g} leaves nothing to train on")
        return self

    def index(
        self,
        home: Path,
        classes: Sequence[str],
        rows: Mapping[str, Rows],
        first_copies: Callable[[PhotoFiles], Sequence[int]] = _all_differ,
    ) -> DatasetIndex:
        """The three splits of photos that lie below `home`, of which `rows` has `train` at least. Where a split is to
        be set aside, `first_copies` is asked for the position of each training photo's first copy. Raises DataError
        where a class has too few photos."""
        splits = {**rows, **self._set_aside(home, classes, rows, first_copies)}
        return DatasetIndex(
            tuple(classes),
            redivisible="validation" not in rows,
            **{
                name: Split(PhotoFiles(home, tuple(row[0] for row in part)), tuple(row[1] for row in part))
                for name, part in splits.items()
            },
        )

    def _set_aside(
        self,
        home: Path,
        classes: Sequence[str],
        rows: Mapping[str, Rows],
        first_copies: Callable[[PhotoFiles], Sequence[int]],
    ) -> dict[str, list[tuple[str, int]]]:
        """The missing splits, taken from train, and what then is left of it; at least one photo of each class goes to
        each, and copies of a photo, whatever their class, go where it goes."""
        wanted = {"validation": self.validation, "test": self.test}
        missing = {split: part for split, part in wanted.items() if split not in rows}
        if not missing:
            return {}
        train = rows["train"]
        first = first_copies(PhotoFiles(home, tuple(name for name, _ in train)))
        side: dict[int, str] = {}
        for label, positions in enumerate(shuffled_by_class([row[1] for row in train], len(classes), self.split_seed)):
            order = [i for i in positions if first[i] == i]
            different = len(order)
            for split, part in missing.items():
                count = max(1, round(part * different))
                side |= dict.fromkeys(order[:count], split)
                order = order[count:]
            if not order:
                copies = " that are no copies of others" if different < len(positions) else ""
                raise DataError(
                    f"the class {classes[label]!r} has {different} photo{'s' if different != 1 else ''}{copies}:"
                    f" setting aside {' and '.join(missing)} leaves none for training",
                    where=str(home),
                    expected=f"at least {len(missing) + 1} photos of each class, or smaller parts",
                    remedy="add photos of the class, take it away, or set smaller parts",
                )
            side |= dict.fromkeys(order, "train")
        chosen: dict[str, list[tuple[str, int]]] = {split: [] for split in ("train", *missing)}
        for i, row in enumerate(train):
            chosen[side[first[i]]].append(row)
        return chosen
