"""Augmentations as data sets and suites declare them: their names, their options with bounds, and where each is from.

All of them change uint8 images of the size that the network sees, before normalisation, in the order in which they
are listed; what a change leaves empty is black. A data set hands a list of them to the engine in its `Preprocessing`.
For one that suites choose, a parameter of the type `Augmentations` takes names, or mappings with options, and
`declared` makes the list of it:

    augmentation: Augmentations = ()
    ...
    augmentations=declared(params.augmentation)

`randaugment` and `trivialaugment` draw from the same 14 operations: nothing at all, shearing and translation in two
directions, rotation, brightness, saturation, contrast, sharpness, posterisation, solarisation, autocontrast and
equalisation, with torchvision's tables of strength in 31 steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from benchsuite.contracts.parameters import Parameters


@dataclass(frozen=True)
class Augmentation:
    """One random change of a training image, drawn anew for each sample and epoch by the engine.

    `name` is one of the engine's augmentations, `options` are its numbers, such as `{"p": 0.5}`; what they do not say
    is as usual:

    - `horizontal_flip` and `vertical_flip`: `p` (0.5) is the probability of a flip.
    - `pad_crop`: the image gets a black edge of `padding` (4) pixels, and a piece of its own size is cut out at random.
    - `random_resized_crop`: a piece of `min_area` (0.08) to `max_area` (1) of the image, its height over its width
      from `min_ratio` (3 / 4) to `max_ratio` (4 / 3), is scaled to the whole size (C. Szegedy et al., CVPR 2015).
    - `color_jitter`: `brightness`, `contrast` and `saturation` (0.4 each) are multiplied by up to so much more or less
      than 1, and the `hue` (0.1) is turned by up to so much of the circle, in random order (A. G. Howard, 2013).
    - `randaugment`: as many `operations` (2) as it says, one after the other, of `magnitude` 0 to 30 (9) (E. D. Cubuk
      et al., NeurIPS 2020).
    - `trivialaugment`: one operation of a random magnitude, from wider tables (S. G. Müller and F. Hutter, ICCV 2021).
    - `random_erasing`: with probability `p` (0.5) a rectangle becomes black. `min_area` (0.02) and `max_area` (0.4) are
      fractions of the image, `min_ratio` (0.3) and `max_ratio` (1 / 0.3) height over width (Z. Zhong et al., «Random
      erasing data augmentation», AAAI 2020).
    """

    name: str
    options: Mapping[str, float] = field(default_factory=dict)


class AugmentationOptions(Parameters):
    """The options of one augmentation, with their bounds."""

    rising: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of options of which the first must not be above the second."""

    name: str
    """Which augmentation."""

    @model_validator(mode="after")
    def _in_order(self) -> AugmentationOptions:
        for low, high in self.rising:
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} {getattr(self, low):g} is above {high} {getattr(self, high):g}")
        return self


class HorizontalFlip(AugmentationOptions):
    """Left becomes right."""

    name: Literal["horizontal_flip"]
    """Which augmentation."""

    p: float = Field(default=0.5, ge=0, le=1)
    """Probability of a flip."""


class VerticalFlip(AugmentationOptions):
    """Up becomes down."""

    name: Literal["vertical_flip"]
    """Which augmentation."""

    p: float = Field(default=0.5, ge=0, le=1)
    """Probability of a flip."""


class PadCrop(AugmentationOptions):
    """A black edge, then a piece of the old size out of the larger image (K. He et al., CVPR 2016, section 4.2)."""

    name: Literal["pad_crop"]
    """Which augmentation."""

    padding: int = Field(default=4, ge=1)
    """Pixels on each side, fewer than the image has."""


class RandomResizedCrop(AugmentationOptions):
    """A piece, scaled to the whole size (C. Szegedy et al., «Going deeper with convolutions», CVPR 2015, section 6)."""

    rising = (("min_area", "max_area"), ("min_ratio", "max_ratio"))

    name: Literal["random_resized_crop"]
    """Which augmentation."""

    min_area: float = Field(default=0.08, ge=0.001, le=1)
    """Smallest piece, as a fraction of the image."""

    max_area: float = Field(default=1.0, ge=0.001, le=1)
    """Largest piece."""

    min_ratio: float = Field(default=3 / 4, ge=0.01, le=100)
    """Lowest ratio of its height to its width."""

    max_ratio: float = Field(default=4 / 3, ge=0.01, le=100)
    """Highest ratio."""


class ColorJitter(AugmentationOptions):
    """Brightness, contrast, saturation and hue, in random order (A. G. Howard, «Some improvements on deep convolutional
    neural network based image classification», 2013)."""

    name: Literal["color_jitter"]
    """Which augmentation."""

    brightness: float = Field(default=0.4, ge=0, le=10)
    """Most by which its factor differs from 1; 0 leaves it alone."""

    contrast: float = Field(default=0.4, ge=0, le=10)
    """The same of contrast."""

    saturation: float = Field(default=0.4, ge=0, le=10)
    """The same of saturation."""

    hue: float = Field(default=0.1, ge=0, le=0.5)
    """Most by which it is turned, in circles."""


MOST_OPERATIONS = 8
"""Of RandAugment, for an image."""


class RandAugment(AugmentationOptions):
    """Some of 14 operations, of one magnitude (E. D. Cubuk et al., «RandAugment: practical automated data augmentation
    with a reduced search space», NeurIPS 2020)."""

    name: Literal["randaugment"]
    """Which augmentation."""

    operations: int = Field(default=2, ge=1, le=MOST_OPERATIONS)
    """How many, one after the other; any may come again."""

    magnitude: int = Field(default=9, ge=0, le=30)
    """How strong they are."""


class TrivialAugment(AugmentationOptions):
    """One of 14 operations, of a random magnitude (S. G. Müller and F. Hutter, «TrivialAugment: tuning-free yet
    state-of-the-art data augmentation», ICCV 2021; its wide tables)."""

    name: Literal["trivialaugment"]
    """Which augmentation."""


class RandomErasing(AugmentationOptions):
    """A black rectangle (Z. Zhong et al., «Random erasing data augmentation», AAAI 2020)."""

    rising = (("min_area", "max_area"), ("min_ratio", "max_ratio"))

    name: Literal["random_erasing"]
    """Which augmentation."""

    p: float = Field(default=0.5, ge=0, le=1)
    """Probability of a rectangle."""

    min_area: float = Field(default=0.02, ge=0, le=1)
    """Smallest rectangle, as a fraction of the image."""

    max_area: float = Field(default=0.4, ge=0, le=1)
    """Largest rectangle."""

    min_ratio: float = Field(default=0.3, ge=0.01, le=100)
    """Lowest ratio of its height to its width."""

    max_ratio: float = Field(default=1 / 0.3, ge=0.01, le=100)
    """Highest ratio."""


AugmentationName = Literal[
    "horizontal_flip", "vertical_flip", "pad_crop", "random_resized_crop",
    "color_jitter", "randaugment", "trivialaugment", "random_erasing",
]  # fmt: skip
AnyAugmentation = (
    HorizontalFlip
    | VerticalFlip
    | PadCrop
    | RandomResizedCrop
    | ColorJitter
    | RandAugment
    | TrivialAugment
    | RandomErasing
)
OPTIONS: Mapping[str, type[AugmentationOptions]] = {
    get_args(model.model_fields["name"].annotation)[0]: model for model in get_args(AnyAugmentation)
}
"""The options of each augmentation."""


def _form(given: Any) -> str:
    return "with options" if isinstance(given, Mapping | AugmentationOptions) else "by name"


def _shortest(entry: Any) -> Any:
    """The name alone of what is as usual: so both ways of writing it are one run."""
    return entry.name if isinstance(entry, AugmentationOptions) and entry == usual(entry.name) else entry


def _each_once(entries: tuple[Any, ...]) -> tuple[Any, ...]:
    names = [entry if isinstance(entry, str) else entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is named twice; name each once")
    return entries


AugmentationChoice = Annotated[
    Annotated[AugmentationName, Tag("by name")]
    | Annotated[Annotated[AnyAugmentation, Field(discriminator="name")], Tag("with options")],
    Discriminator(_form),
    AfterValidator(_shortest),
]
Augmentations = Annotated[tuple[AugmentationChoice, ...], AfterValidator(_each_once)]
"""The type of a data set's parameter that takes augmentations, in order: names, or mappings such as
`{name: randaugment, magnitude: 5}`."""


def usual(name: str) -> AugmentationOptions:
    """The augmentation of this name with all options as usual."""
    return OPTIONS[name].model_validate({"name": name})


def declared(entries: Iterable[str | AugmentationOptions]) -> tuple[Augmentation, ...]:
    """What a parameter of the type `Augmentations` holds, as the engine takes it."""
    chosen = [usual(entry) if isinstance(entry, str) else entry for entry in entries]
    return tuple(Augmentation(one.name, one.model_dump(exclude={"name"})) for one in chosen)
