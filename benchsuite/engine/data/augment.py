"""Augmentation of whole batches with draws of its own for every sample.

Takes uint8 batches (N, H, W, C), as they lie in the image cache, and gives them changed. A sample's draws depend on
(seed, epoch, place of the augmentation in the list, sample) only, so neither the order of the batch nor its size
matters. What they mean (whether to flip, where to cut) is worked out on the CPU once an epoch, so it is the same on
every device; batches then only move bytes, and nothing waits for the device. Those of `image_kernels` are made one
image at a time, by numbers on the host.

Sources: padding and cropping as in K. He et al., CVPR 2016, section 4.2; Z. Zhong et al., «Random erasing data
augmentation», AAAI 2020.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic.fields import FieldInfo
from torch import Tensor
from torch.nn.functional import pad

from benchsuite.contracts.augmentation import OPTIONS, Augmentation, AugmentationOptions
from benchsuite.engine.data import image_kernels
from benchsuite.engine.determinism import seeds
from benchsuite.errors import PluginError

Options = Mapping[str, float]
Size = tuple[int, int]
"""Height and width in pixels."""

REMEDY = "correct the data set's preprocessing"


@dataclass(frozen=True)
class Option:
    """A number that an augmentation takes, from `low` to `high`; without `high`, pixels that leave some image."""

    default: float
    low: float
    high: float | None
    whole: bool

    def fault(self, value: object, size: Size) -> str | None:
        """What was expected instead of `value`; None when it will do."""
        high = min(size) - 1 if self.high is None else self.high
        broken = self.whole and isinstance(value, float) and not value.is_integer()
        if isinstance(value, int | float) and self.low <= value <= high and not broken:
            return None
        number = "a whole number" if self.whole else "a number"
        return f"{number}{' of pixels' if self.high is None else ''} from {self.low:g} to {high:g}"


@dataclass(frozen=True)
class Kind:
    """One augmentation: `plan` turns each sample's uniform numbers into what will be done to it, `apply` does it."""

    declared: type[AugmentationOptions]
    uniforms: int
    """How many numbers from [0, 1) it draws for each sample."""
    plan: Callable[[NDArray[np.float32], Options, Size], NDArray[Any]]
    """(samples, uniforms) -> (samples, numbers that `apply` needs)"""
    apply: Callable[[Tensor, Tensor, Options], Tensor]
    """A batch and the plan of its samples -> the changed batch"""
    one_by_one: bool = False
    """Whether `apply` reads the plan on the host, and changes each image by operations of its own."""

    @property
    def options(self) -> Mapping[str, Option]:
        """What it takes, as it is declared."""
        fields = self.declared.model_fields.items()
        return {name: _option(field) for name, field in fields if name != "name"}


def _option(field: FieldInfo) -> Option:
    bounds = {word: getattr(rule, word) for rule in field.metadata for word in ("ge", "le") if hasattr(rule, word)}
    return Option(field.default, bounds["ge"], bounds.get("le"), whole=field.annotation is int)


def _flip(name: str, axis: int) -> Kind:
    def plan(draws: NDArray[np.float32], options: Options, size: Size) -> NDArray[Any]:
        return draws < options["p"]

    def apply(batch: Tensor, chosen: Tensor, options: Options) -> Tensor:
        # Eight bytes at a time, where they fit: whole images are chosen.
        word = torch.int64 if batch[0].numel() % 8 == 0 else torch.uint8
        flipped, kept = (images.reshape(len(batch), -1).view(word) for images in (batch.flip(axis), batch))
        return torch.where(chosen, flipped, kept).view(torch.uint8).view(batch.shape)

    return Kind(OPTIONS[name], 1, plan, apply)


def _plan_crops(draws: NDArray[np.float32], options: Options, size: Size) -> NDArray[Any]:
    """Top and left edges in the padded image."""
    return (draws.astype(np.float64) * (2 * int(options["padding"]) + 1)).astype(np.int64)


def _crop(batch: Tensor, corners: Tensor, options: Options) -> Tensor:
    n, height, width, channels = batch.shape
    padding = int(options["padding"])
    padded = pad(batch, (0, 0, padding, padding, padding, padding))
    image, row, pixel, _ = padded.stride()
    places = 2 * padding + 1
    # Every window of every image, without copying one: two places to choose, then the window's rows.
    windows = padded.as_strided((n, places, places, height, width * channels), (image, row, pixel, row, 1))
    top, left = corners.unbind(1)
    return windows[torch.arange(n, device=batch.device), top, left].view(batch.shape)


def _plan_erasures(draws: NDArray[np.float32], options: Options, size: Size) -> NDArray[Any]:
    """Top, bottom, left and right edges of the rectangle; an empty one where nothing is erased.

    The ratio is drawn uniformly on a logarithmic scale, so that tall and wide rectangles are equally likely. One that
    is higher or wider than the image is cut down to it, where the paper draws anew: so every sample takes five draws.
    """
    height, width = size
    chosen, area, ratio, down, right = draws.astype(np.float64).T
    pixels = (options["min_area"] + area * (options["max_area"] - options["min_area"])) * height * width
    low, high = math.log(options["min_ratio"]), math.log(options["max_ratio"])
    shape = np.exp(low + ratio * (high - low))
    tall = np.clip(np.rint(np.sqrt(pixels * shape)), 1, height) * (chosen < options["p"])
    wide = np.clip(np.rint(np.sqrt(pixels / shape)), 1, width)
    top, left = np.floor(down * (height - tall + 1)), np.floor(right * (width - wide + 1))
    return np.stack([top, top + tall, left, left + wide], axis=1).astype(np.int64)


def _erase(batch: Tensor, edges: Tensor, options: Options) -> Tensor:
    n, height, width, channels = batch.shape
    top, bottom, left, right = edges.split(1, dim=1)
    y = torch.arange(height, device=batch.device)
    x = torch.arange(width * channels, device=batch.device)
    # Bits rather than truth values: the bytes of an image are masked fastest by bytes.
    rows = ((y >= top) & (y < bottom)).to(torch.uint8) * 255
    columns = ((x >= left * channels) & (x < right * channels)).to(torch.uint8) * 255
    kept: Tensor = ~(rows[:, :, None] & columns[:, None, :])
    return (batch.reshape(n, height, -1) & kept).view(batch.shape)


def _each(
    name: str,
    uniforms: int,
    plan: Callable[[NDArray[np.float32], Options, Size], NDArray[Any]],
    change: Callable[[Tensor, Sequence[float], Options], Tensor],
) -> Kind:
    """An augmentation that `change` makes of one image, uint8 (C, H, W), by its row of the plan."""

    def apply(batch: Tensor, plans: Tensor, options: Options) -> Tensor:
        changed = torch.empty_like(batch)
        for image, place, row in zip(batch, changed, plans.tolist(), strict=True):
            place.copy_(change(image.permute(2, 0, 1), row, options).permute(1, 2, 0))
        return changed

    return Kind(OPTIONS[name], uniforms, plan, apply, one_by_one=True)


AUGMENTATIONS: Mapping[str, Kind] = {
    "horizontal_flip": _flip("horizontal_flip", axis=2),
    "vertical_flip": _flip("vertical_flip", axis=1),
    "pad_crop": Kind(OPTIONS["pad_crop"], 2, _plan_crops, _crop),
    "random_resized_crop": _each(
        "random_resized_crop", image_kernels.CROP_UNIFORMS, image_kernels.plan_pieces, image_kernels.scale_piece
    ),
    "color_jitter": _each(
        "color_jitter", image_kernels.JITTER_UNIFORMS, image_kernels.plan_jitter, image_kernels.jitter
    ),
    "randaugment": _each("randaugment", image_kernels.RAND_UNIFORMS, image_kernels.plan_rand, image_kernels.operate),
    "trivialaugment": _each(
        "trivialaugment", image_kernels.TRIVIAL_UNIFORMS, image_kernels.plan_trivial, image_kernels.operate
    ),
    "random_erasing": Kind(OPTIONS["random_erasing"], 5, _plan_erasures, _erase),
}


class Augmenter:
    """The augmentations of a training split of `n` images of `size`, in order."""

    def __init__(
        self, augmentations: Sequence[Augmentation], size: Size, seed: int, n: int, device: torch.device
    ) -> None:
        checked = [_complete(augmentation, size) for augmentation in augmentations]
        self._steps = [(AUGMENTATIONS[known.name], known.options) for known in checked]
        self._size, self._seed, self._n, self._device = size, seed, n, device
        self._plans: list[Tensor] = []

    def __bool__(self) -> bool:
        return bool(self._steps)

    @property
    def one_by_one(self) -> bool:
        """Whether some images are changed by operations of their own, which differ from batch to batch."""
        return any(kind.one_by_one for kind, _ in self._steps)

    def start_epoch(self, epoch: int) -> None:
        """Draw for each sample and augmentation of this epoch."""
        plans = [
            torch.from_numpy(kind.plan(self._uniforms(epoch, position, kind.uniforms), options, self._size))
            for position, (kind, options) in enumerate(self._steps)
        ]
        if not self._plans:
            self._plans = [
                plan if kind.one_by_one else plan.to(self._device)
                for (kind, _), plan in zip(self._steps, plans, strict=True)
            ]
            return
        for mine, plan in zip(self._plans, plans, strict=True):
            mine.copy_(plan)  # in place: recorded steps read it where it lies

    def _uniforms(self, epoch: int, position: int, each: int) -> NDArray[np.float32]:
        return seeds.generator(self._seed, "augment", epoch, position).random((self._n, each), dtype=np.float32)

    def __call__(self, batch: Tensor, samples: Tensor, here: Tensor | None = None) -> Tensor:
        """Augment uint8 `batch` (N, H, W, C) of the training images numbered `samples` (N,). `here` are the same
        numbers on the host; without them, what is changed one by one waits for the device."""
        if here is None and self.one_by_one:
            here = samples.cpu()
        for (kind, options), plan in zip(self._steps, self._plans, strict=True):
            numbers = samples if here is None or not kind.one_by_one else here
            batch = kind.apply(batch, plan.index_select(0, numbers), options)
        return batch


def _complete(augmentation: Augmentation, size: Size) -> Augmentation:
    """The augmentation with all its options. Raises PluginError when it or one of them is none of the engine's."""
    name = augmentation.name
    if name not in AUGMENTATIONS:
        raise PluginError(
            f"the data set asks for an unknown augmentation: {name}",
            expected=f"one of {', '.join(AUGMENTATIONS)}",
            remedy=REMEDY,
        )
    kind = AUGMENTATIONS[name]
    options = {option: limits.default for option, limits in kind.options.items()} | dict(augmentation.options)
    unknown = [option for option in options if option not in kind.options]
    if unknown:
        raise PluginError(
            f"the augmentation {name} has no option {', '.join(unknown)}",
            expected=f"some of {', '.join(kind.options)}" if kind.options else "no option",
            remedy=REMEDY,
        )
    for option, value in options.items():
        if expected := kind.options[option].fault(value, size):
            raise PluginError(
                f"the augmentation {name} cannot have {option} = {value}, with images of {size[0]} x {size[1]} pixels",
                expected=expected,
                remedy=REMEDY,
            )
    for low, high in kind.declared.rising:
        if options[low] > options[high]:
            raise PluginError(
                f"the augmentation {name} has {low} = {options[low]:g} above {high} = {options[high]:g}",
                expected=f"{low} no greater than {high}",
                remedy=REMEDY,
            )
    return Augmentation(name, options)
