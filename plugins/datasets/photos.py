"""What the data sets of photos share: inputs normalised as for networks trained on ImageNet."""

from __future__ import annotations

from typing import Literal, TypeVar

from benchsuite.api import Augmentations, Preprocessing, declared

T = TypeVar("T")


def distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    """A validator of lists that say nothing twice."""
    repeated = [value for value in values if values.count(value) > 1]
    if repeated:
        raise ValueError(f"{repeated[0]} is named twice; name each once")
    return values


def imagenet_input(side: int, resize: Literal["squash", "crop"], augmentation: Augmentations) -> Preprocessing:
    """Square inputs with the mean and deviation of ImageNet's channels, as torchvision's weights expect them."""
    return Preprocessing(
        size=(side, side),
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        resize=resize,
        augmentations=declared(augmentation),
    )
