"""What the data sets of photos share: random flips, and inputs normalised as for networks trained on ImageNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator

from benchsuite.api import Augmentation, Preprocessing

T = TypeVar("T")


def distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    """A validator of lists that say nothing twice."""
    repeated = [value for value in values if values.count(value) > 1]
    if repeated:
        raise ValueError(f"{repeated[0]} is named twice; name each once")
    return values


Flips = Annotated[tuple[Literal["horizontal_flip", "vertical_flip"], ...], AfterValidator(distinct)]


def flips(names: Sequence[str]) -> tuple[Augmentation, ...]:
    """Each with probability 0.5."""
    return tuple(Augmentation(name, {"p": 0.5}) for name in names)


def imagenet_input(side: int, resize: Literal["squash", "crop"], augmentation: Sequence[str]) -> Preprocessing:
    """Square inputs with the mean and deviation of ImageNet's channels, as torchvision's weights expect them."""
    return Preprocessing(
        size=(side, side),
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        resize=resize,
        augmentations=flips(augmentation),
    )
