"""Augmentations that change each image by itself, with torchvision's kernels.

Takes an image uint8 (3, H, W) and the numbers that were worked out for it, and gives it changed, in the same form. An
image never meets another one here, so it is the same in every batch, to the last bit. torchvision is imported when the
first image is changed.

What is planned and what is done are torchvision's own transforms at given draws (`RandomResizedCrop`, `ColorJitter`,
`RandAugment`, `TrivialAugmentWide`), with nearest neighbours and black where its defaults are so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchsuite.contracts.augmentation import MOST_OPERATIONS

Options = Mapping[str, float]
Size = tuple[int, int]
Draws = NDArray[np.float32]
Plan = NDArray[Any]

ATTEMPTS = 10
"""How often a piece is drawn that does not fit before the middle of the image is taken."""
CROP_UNIFORMS = 2 * ATTEMPTS + 2

JITTER = ("brightness", "contrast", "saturation", "hue")
JITTER_UNIFORMS = len(JITTER) + 1
ORDERS = tuple(permutations(range(len(JITTER))))

STEPS = 31
"""Magnitudes in each table."""
RAND_UNIFORMS = 2 * MOST_OPERATIONS
"""As many for every number of operations, so that cases which differ in it share the first ones."""
TRIVIAL_UNIFORMS = 3


@cache
def _kernels() -> Any:
    from torchvision.transforms.v2 import functional

    return functional


def plan_pieces(draws: Draws, options: Options, size: Size) -> Plan:
    """Top and left edge, height and width of the piece: (samples, 4).

    Area uniform, ratio uniform on a logarithmic scale, drawn until the piece fits; after ten attempts the largest piece
    in the middle whose ratio is allowed (C. Szegedy et al., CVPR 2015, section 6; the rest is torchvision's).
    """
    height, width = size
    numbers = draws.astype(np.float64)
    areas, ratios = numbers[:, :ATTEMPTS], numbers[:, ATTEMPTS : 2 * ATTEMPTS]
    pixels = (options["min_area"] + areas * (options["max_area"] - options["min_area"])) * height * width
    low, high = math.log(options["min_ratio"]), math.log(options["max_ratio"])
    shapes = np.exp(low + ratios * (high - low))
    tall, wide = np.rint(np.sqrt(pixels * shapes)), np.rint(np.sqrt(pixels / shapes))
    fits = (tall >= 1) & (tall <= height) & (wide >= 1) & (wide <= width)
    rows, first = np.arange(len(numbers)), fits.argmax(axis=1)
    middle = not_too_long(size, options)
    found = fits.any(axis=1)
    tall = np.where(found, tall[rows, first], middle[0])
    wide = np.where(found, wide[rows, first], middle[1])
    down, right = numbers[:, -2], numbers[:, -1]
    top = np.where(found, np.floor(down * (height - tall + 1)), (height - tall) // 2)
    left = np.where(found, np.floor(right * (width - wide + 1)), (width - wide) // 2)
    return np.stack([top, left, tall, wide], axis=1).astype(np.int64)


def not_too_long(size: Size, options: Options) -> Size:
    """Height and width of the largest piece of an image whose ratio is allowed."""
    height, width = size
    if height / width > options["max_ratio"]:
        return round(width * options["max_ratio"]), width
    if height / width < options["min_ratio"]:
        return height, round(height / options["min_ratio"])
    return size


def scale_piece(image: Tensor, plan: Sequence[float], options: Options) -> Tensor:
    """The piece in the size of the image, bilinear with antialiasing."""
    top, left, height, width = map(int, plan)
    changed: Tensor = _kernels().resized_crop(image, top, left, height, width, list(image.shape[-2:]), antialias=True)
    return changed


def plan_jitter(draws: Draws, options: Options, size: Size) -> Plan:
    """Factors of brightness, contrast and saturation, the turn of the hue, and the order's number: (samples, 5)."""
    numbers = draws.astype(np.float64)
    low = np.array([*(max(0.0, 1 - options[name]) for name in JITTER[:3]), -options["hue"]])
    high = np.array([*(1 + options[name] for name in JITTER[:3]), options["hue"]])
    factors = low + numbers[:, :4] * (high - low)
    return np.column_stack([factors, np.floor(numbers[:, 4] * len(ORDERS))])


def jitter(image: Tensor, plan: Sequence[float], options: Options) -> Tensor:
    """The image with other colours; those that options of 0 leave alone are not even computed."""
    kernels = _kernels()
    change = (kernels.adjust_brightness, kernels.adjust_contrast, kernels.adjust_saturation, kernels.adjust_hue)
    for which in ORDERS[int(plan[4])]:
        if options[JITTER[which]]:
            image = change[which](image, plan[which])
    return image


Operation = Callable[[Any, Tensor, float], Tensor]


def _sheared(kernels: Any, image: Tensor, angles: list[float]) -> Tensor:
    changed: Tensor = kernels.affine(image, angle=0.0, translate=[0, 0], scale=1.0, shear=angles, center=[0, 0])
    return changed


def _translated(kernels: Any, image: Tensor, pixels: list[int]) -> Tensor:
    changed: Tensor = kernels.affine(image, angle=0.0, translate=pixels, scale=1.0, shear=[0.0, 0.0])
    return changed


def _degrees(slope: float) -> float:
    return math.degrees(math.atan(slope))


OPERATIONS: Mapping[str, Operation] = {
    "identity": lambda kernels, image, by: image,
    "shear_x": lambda kernels, image, by: _sheared(kernels, image, [_degrees(by), 0.0]),
    "shear_y": lambda kernels, image, by: _sheared(kernels, image, [0.0, _degrees(by)]),
    "translate_x": lambda kernels, image, by: _translated(kernels, image, [int(by), 0]),
    "translate_y": lambda kernels, image, by: _translated(kernels, image, [0, int(by)]),
    "rotate": lambda kernels, image, by: kernels.rotate(image, by),
    "brightness": lambda kernels, image, by: kernels.adjust_brightness(image, 1 + by),
    "saturation": lambda kernels, image, by: kernels.adjust_saturation(image, 1 + by),
    "contrast": lambda kernels, image, by: kernels.adjust_contrast(image, 1 + by),
    "sharpness": lambda kernels, image, by: kernels.adjust_sharpness(image, 1 + by),
    "posterize": lambda kernels, image, by: kernels.posterize(image, int(by)),
    "solarize": lambda kernels, image, by: kernels.solarize(image, 255 * by),
    "autocontrast": lambda kernels, image, by: kernels.autocontrast(image),
    "equalize": lambda kernels, image, by: kernels.equalize(image),
}
"""In torchvision's order; `by` is the magnitude: a slope, pixels, degrees, a factor beside 1, bits, a brightness."""
NAMES = tuple(OPERATIONS)
EITHER_WAY = NAMES[1:10]
"""Operations whose magnitude is as often below zero as above."""


def _magnitudes(slope: float, across: float, down: float, turn: float, factor: float, bits: int) -> Plan:
    """What each operation does at each step: (operations, steps)."""
    highest = {"shear_x": slope, "shear_y": slope, "translate_x": across, "translate_y": down, "rotate": turn}
    highest |= dict.fromkeys(("brightness", "saturation", "contrast", "sharpness"), factor)
    table = {name: torch.linspace(0.0, most, STEPS) for name, most in highest.items()}
    table["posterize"] = (8 - torch.arange(STEPS) / ((STEPS - 1) / bits)).round()
    table["solarize"] = torch.linspace(1.0, 0.0, STEPS)
    return torch.stack([table.get(name, torch.zeros(STEPS)) for name in NAMES]).double().numpy()


def rand_magnitudes(size: Size) -> Plan:
    """The table of RandAugment for images of this size: (operations, steps)."""
    height, width = size
    return _magnitudes(0.3, 150 / 331 * width, 150 / 331 * height, 30.0, 0.9, 4)


def trivial_magnitudes() -> Plan:
    """The wide table of TrivialAugment, whose translations are in pixels, whatever the size: (operations, steps)."""
    return _magnitudes(0.99, 32.0, 32.0, 135.0, 0.99, 6)


def _signed(which: NDArray[np.int64], magnitudes: Plan, chances: Draws) -> Plan:
    """The magnitudes of operations by number, turned round for half of those that can be."""
    turned = np.isin(which, [NAMES.index(name) for name in EITHER_WAY]) & (chances < 0.5)
    return np.where(turned, -magnitudes, magnitudes)


def plan_rand(draws: Draws, options: Options, size: Size) -> Plan:
    """Number and magnitude of each operation in turn: (samples, 2 x operations)."""
    count, step = int(options["operations"]), int(options["magnitude"])
    chosen = draws.reshape(len(draws), MOST_OPERATIONS, 2)[:, :count]
    which = (chosen[..., 0] * np.float64(len(NAMES))).astype(np.int64)
    by = _signed(which, rand_magnitudes(size)[:, step][which], chosen[..., 1])
    return np.stack([which, by], axis=2).reshape(len(draws), 2 * count)


def plan_trivial(draws: Draws, options: Options, size: Size) -> Plan:
    """Number and magnitude of the operation: (samples, 2)."""
    which = (draws[:, 0] * np.float64(len(NAMES))).astype(np.int64)
    step = (draws[:, 1] * np.float64(STEPS)).astype(np.int64)
    return np.stack([which, _signed(which, trivial_magnitudes()[which, step], draws[:, 2])], axis=1)


def operate(image: Tensor, plan: Sequence[float], options: Options) -> Tensor:
    """The image after its operations."""
    kernels = _kernels()
    for which, by in zip(plan[::2], plan[1::2], strict=True):
        image = OPERATIONS[NAMES[int(which)]](kernels, image, by)
    return image
