"""Mixing the images of a training batch in pairs, and their targets in the same shares: mixup and CutMix.

Both work on normalised images, after whatever the data set's augmentations have changed. A batch is mixed as a whole:
each image gets a partner by one permutation, and all have one share, as in the authors' own code.

mixup: H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz, «mixup: beyond empirical risk minimization», ICLR 2018,
equations 1 and 2. CutMix: S. Yun et al., «CutMix: regularization strategy to train strong classifiers with localizable
features», ICCV 2019, equations 1 and 2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchsuite.api import TrainingError

if TYPE_CHECKING:
    from numpy.random import Generator
    from torch import Tensor

Box = tuple[int, int, int, int]
"""Top, bottom, left and right edges in pixels."""


def mix(
    images: Tensor, targets: Tensor, draw: Generator, *, mixup: float | None, cutmix: float | None
) -> tuple[Tensor, Tensor]:
    """Images (N, channels, height, width) and targets (N, classes), mixed by one of the two, or by either with the same
    probability where both are given; `mixup` and `cutmix` are the alpha of Beta(alpha, alpha), from which the share is
    drawn. Raises TrainingError where there is a single class, which nothing could be mixed with."""
    import torch

    if targets.shape[-1] < 2:
        raise TrainingError(
            "mixup and cutmix mix images of different classes, and the data have a single class",
            expected="two classes or more",
            remedy="leave out the recipe's mixup and cutmix, or take data with more classes",
        )
    # The share comes last: how many numbers it takes depends on alpha, and cases that differ in it stay paired.
    partners = torch.from_numpy(draw.permutation(len(images))).to(images.device)
    which, down, right = draw.random(3)
    cuts = cutmix is not None and (mixup is None or which < 0.5)
    alpha = cutmix if cuts else mixup
    assert alpha is not None
    share = float(draw.beta(alpha, alpha))
    if not cuts:
        return blend(images, partners, share), blend(targets, partners, share)
    height, width = images.shape[-2:]
    box = cut_box(share, (height, width), (int(down * height), int(right * width)))
    top, bottom, left, right_edge = box
    kept = 1 - (bottom - top) * (right_edge - left) / (height * width)
    return paste(images, partners, box), blend(targets, partners, kept)


def blend(values: Tensor, partners: Tensor, share: float) -> Tensor:
    """`share` of each row, and of its partner the rest."""
    return share * values + (1 - share) * values.index_select(0, partners)


def cut_box(share: float, size: tuple[int, int], centre: tuple[int, int]) -> Box:
    """The rectangle that comes from the partner: 1 - share of the image, in its form, about a centre (row and column),
    less what would lie outside."""
    half = 0.5 * math.sqrt(1 - share)
    (height, width), (row, column) = size, centre
    tall, wide = int(half * height), int(half * width)
    return max(row - tall, 0), min(row + tall, height), max(column - wide, 0), min(column + wide, width)


def paste(images: Tensor, partners: Tensor, box: Box) -> Tensor:
    """Images with the rectangle of their partners; those that are given stay as they are."""
    top, bottom, left, right = box
    pasted = images.clone()
    pasted[..., top:bottom, left:right] = images[..., top:bottom, left:right].index_select(0, partners)
    return pasted
