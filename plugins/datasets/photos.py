"""What the data sets of photos share: how photos become the input of a network.

What a suite leaves open of it is the choice of the model, which knows how the images were prepared on which its weights
were trained; where the model does not care, inputs are normalised as for networks trained on ImageNet.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field

from benchsuite.api import Augmentations, Parameters, Preprocessing, declared

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

T = TypeVar("T")
Unit = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1)]


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
