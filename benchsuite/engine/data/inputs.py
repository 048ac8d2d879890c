"""What the trained part of a network sees of a split: normalised pixels, or cached features of a frozen prefix.

Both live on the device when they fit, and give batches by sample number; no worker processes, no decoding.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from benchsuite.contracts.dataset import Preprocessing
from benchsuite.engine.data.augment import Augmenter

DEVICE_SHARE = 0.5
"""Largest part of the free GPU memory that one split may take; beyond it batches travel one at a time."""


class Inputs(Protocol):
    """The N inputs of a split."""

    def __len__(self) -> int: ...

    @property
    def resident(self) -> bool:
        """Whether all of them lie on the device."""

    def batch(self, samples: Tensor) -> Tensor:
        """The inputs numbered `samples` (int64, on the device), on the device."""


def reside(array: np.ndarray, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """`array` as a tensor, on the device when it takes no more than its share of the free memory."""
    if isinstance(array, np.memmap):
        # torch takes writable arrays only; these are copy-on-write, and so leave their file as it is.
        array = array.view()
        array.flags.writeable = True
    tensor = torch.from_numpy(array)
    if dtype is not None:
        tensor = tensor.view(dtype)
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if tensor.nbytes <= DEVICE_SHARE * free:
            return tensor.to(device)
    return tensor


def select(rows: Tensor, samples: Tensor) -> Tensor:
    """Rows numbered `samples`, on the device of `samples`."""
    if rows.device == samples.device:
        return rows.index_select(0, samples)
    return rows.index_select(0, samples.to(rows.device)).to(samples.device)


class Pixels:
    """Normalised images, float32 (B, C, H, W) in channels-last layout, from uint8 (N, H, W, C)."""

    def __init__(
        self, images: np.ndarray, preprocessing: Preprocessing, device: torch.device, augmenter: Augmenter | None
    ) -> None:
        self._images = reside(images, device)
        mean, std = (torch.tensor(each, device=device) for each in (preprocessing.mean, preprocessing.std))
        # Repeated for a whole row of pixels: by three numbers at a time, arithmetic is five to twelve times slower.
        width = images.shape[2]
        self._scale, self._shift = (1 / (255 * std)).repeat(width), (-mean / std).repeat(width)
        self._augmenter = augmenter

    def __len__(self) -> int:
        return len(self._images)

    @property
    def resident(self) -> bool:
        return self._images.device == self._scale.device

    def batch(self, samples: Tensor) -> Tensor:
        images = select(self._images, samples)
        if self._augmenter:
            images = self._augmenter(images, samples)
        pixels = images.to(torch.float32, memory_format=torch.contiguous_format)
        pixels.flatten(2).mul_(self._scale).add_(self._shift)
        return pixels.permute(0, 3, 1, 2)


class Features:
    """Features of a frozen prefix: (B, C, H, W) in channels-last layout, or (B, C)."""

    def __init__(self, rows: Tensor, device: torch.device) -> None:
        self._rows, self._device = rows, device

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def resident(self) -> bool:
        return self._rows.device.type == self._device.type

    def batch(self, samples: Tensor) -> Tensor:
        rows = select(self._rows, samples)
        return rows.permute(0, 3, 1, 2) if rows.dim() == 4 else rows
