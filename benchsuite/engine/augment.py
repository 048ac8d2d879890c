"""Augmentation of whole batches with a draw of its own for every sample.

A sample's draw depends on (seed, epoch, sample) only, so neither the order of the batch nor its size matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from benchsuite.contracts.dataset import Augmentation
from benchsuite.engine import seeds
from benchsuite.errors import PluginError


def _flip(batch: Tensor, draws: Tensor, options: Mapping[str, float], axis: int) -> Tensor:
    chosen = (draws < options.get("p", 0.5)).view(-1, 1, 1, 1)
    return torch.where(chosen, batch.flip(axis), batch)


# Batches are (N, H, W, C), as they lie in the image cache.
AUGMENTATIONS: Mapping[str, Callable[[Tensor, Tensor, Mapping[str, float]], Tensor]] = {
    "horizontal_flip": lambda batch, draws, options: _flip(batch, draws, options, axis=2),
    "vertical_flip": lambda batch, draws, options: _flip(batch, draws, options, axis=1),
}


class Augmenter:
    """The augmentations of a training split of `n` images, in order."""

    def __init__(self, augmentations: Sequence[Augmentation], seed: int, n: int, device: torch.device) -> None:
        for augmentation in augmentations:
            _check(augmentation)
        self._augmentations = tuple(augmentations)
        self._seed, self._n, self._device = seed, n, device
        self._draws: list[Tensor] = []

    def __bool__(self) -> bool:
        return bool(self._augmentations)

    def start_epoch(self, epoch: int) -> None:
        """Draw one uniform number for each sample and augmentation of this epoch."""
        self._draws = [
            torch.from_numpy(
                seeds.generator(self._seed, "augment", epoch, position).random(self._n, dtype=np.float32)
            ).to(self._device)
            for position in range(len(self._augmentations))
        ]

    def __call__(self, batch: Tensor, samples: Tensor) -> Tensor:
        """Augment uint8 `batch` (N, H, W, C) of the training images numbered `samples` (N,)."""
        for augmentation, draws in zip(self._augmentations, self._draws, strict=True):
            batch = AUGMENTATIONS[augmentation.name](batch, draws.index_select(0, samples), augmentation.options)
        return batch


def _check(augmentation: Augmentation) -> None:
    if augmentation.name not in AUGMENTATIONS:
        raise PluginError(
            f"the data set asks for an unknown augmentation: {augmentation.name}",
            expected=f"one of {', '.join(AUGMENTATIONS)}",
            remedy="correct the data set's preprocessing",
        )
    wrong = {name: value for name, value in augmentation.options.items() if name != "p" or not 0 <= value <= 1}
    if wrong:
        raise PluginError(
            f"the augmentation {augmentation.name} has options it does not know: {wrong}",
            expected="p, the probability of a flip, from 0 to 1",
            remedy="correct the data set's preprocessing",
        )
