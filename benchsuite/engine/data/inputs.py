"""What the trained part of a network sees of a split: normalised pixels, or cached features of a frozen prefix.

Both live on the device when they fit, and give batches by sample number; no worker processes, no decoding.
"""

from __future__ import annotations

from collections.abc import Sequence
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

    def batch(self, samples: Tensor, here: Tensor | None = None) -> Tensor:
        """The inputs numbered `samples` (int64, on the device), on the device. `here` are the same numbers on the host:
        with them nothing waits for the device, even where the inputs lie on the host."""


class Rows:
    """The rows of an array, on the device when they take no more than their share of its free memory.

    Else they stay on the host, and those of a batch travel through two pieces of pinned memory: while the device
    trains on one, the next is gathered and copied.
    """

    def __init__(self, array: np.ndarray, device: torch.device, dtype: torch.dtype | None = None) -> None:
        self._device = device
        self._rows = reside(array, device, dtype)
        self.resident = self._rows.device.type == device.type
        self._berths: list[_Berth] = []

    def __len__(self) -> int:
        return len(self._rows)

    def select(self, samples: Tensor, here: Tensor | None) -> Tensor:
        """Rows numbered `samples`, on the device; see `Inputs.batch`."""
        if self.resident:
            return self._rows.index_select(0, samples)
        if here is None:
            here = samples.to(self._rows.device)
        if not self._berths:
            copying = torch.cuda.Stream(self._device)
            self._berths = [_Berth(copying) for _ in range(2)]
        self._berths.reverse()
        return self._berths[0].carry(self._rows, here, self._device)


class _Berth:
    """Memory for one batch on its way to the device: pinned on the host, and as much there."""

    def __init__(self, copying: torch.cuda.Stream) -> None:
        self._copying = copying
        self._copied, self._taken = torch.cuda.Event(), torch.cuda.Event()
        self._here = self._there = torch.empty(0)

    def carry(self, rows: Tensor, numbers: Tensor, device: torch.device) -> Tensor:
        """Rows of these numbers, on the device."""
        count, training = len(numbers), torch.cuda.current_stream(device)
        # The copy of two batches ago: the host runs no further ahead than that.
        if not self._copied.query():
            self._copied.synchronize()
        # Who evaluates may come first, and memory that is made in inference mode is of no use outside.
        with torch.inference_mode(False), torch.no_grad():
            if len(self._here) < count:
                self._here = torch.empty(count, *rows.shape[1:], dtype=rows.dtype, pin_memory=True)
                self._there = torch.empty(count, *rows.shape[1:], dtype=rows.dtype, device=device)
                self._taken.record(training)
            torch.index_select(rows, 0, numbers, out=self._here[:count])
            self._copying.wait_event(self._taken)
            there = self._there[:count]
            with torch.cuda.stream(self._copying):
                there.copy_(self._here[:count], non_blocking=True)
                self._copied.record(self._copying)
        training.wait_event(self._copied)
        taken = there.clone()
        self._taken.record(training)
        return taken


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
        torch.cuda.empty_cache()  # what torch keeps from an earlier phase is free, too
        free, _ = torch.cuda.mem_get_info(device)
        if tensor.nbytes <= DEVICE_SHARE * free:
            return tensor.to(device)
    return tensor


class Pixels:
    """Normalised images, float32 (B, C, H, W) in channels-last layout, from uint8 (N, H, W, C)."""

    def __init__(
        self, images: np.ndarray, preprocessing: Preprocessing, device: torch.device, augmenter: Augmenter | None
    ) -> None:
        self._images = Rows(images, device)
        mean, std = (torch.tensor(each, device=device) for each in (preprocessing.mean, preprocessing.std))
        # Repeated for a whole row of pixels: by three numbers at a time, arithmetic is five to twelve times slower.
        width = images.shape[2]
        self._scale, self._shift = (1 / (255 * std)).repeat(width), (-mean / std).repeat(width)
        self._augmenter = augmenter

    def __len__(self) -> int:
        return len(self._images)

    @property
    def resident(self) -> bool:
        return self._images.resident

    def batch(self, samples: Tensor, here: Tensor | None = None) -> Tensor:
        images = self._images.select(samples, here)
        if self._augmenter:
            images = self._augmenter(images, samples, here)
        pixels = images.to(torch.float32, memory_format=torch.contiguous_format)
        pixels.flatten(2).mul_(self._scale).add_(self._shift)
        return pixels.permute(0, 3, 1, 2)


class Features:
    """Features of a frozen prefix: (B, C, H, W) in channels-last layout, or (B, C)."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def resident(self) -> bool:
        return self._rows.resident

    def batch(self, samples: Tensor, here: Tensor | None = None) -> Tensor:
        rows = self._rows.select(samples, here)
        return rows.permute(0, 3, 1, 2) if rows.dim() == 4 else rows


class Chosen:
    """Some of the inputs, by their numbers there: those of a fold, of what is kept once for all folds."""

    def __init__(self, inputs: Inputs, numbers: Sequence[int], device: torch.device) -> None:
        self._inputs = inputs
        self._here = torch.tensor(numbers, dtype=torch.int64)
        self._there = self._here.to(device)

    def __len__(self) -> int:
        return len(self._here)

    @property
    def resident(self) -> bool:
        return self._inputs.resident

    def batch(self, samples: Tensor, here: Tensor | None = None) -> Tensor:
        chosen = None if here is None else self._here.index_select(0, here)
        return self._inputs.batch(self._there.index_select(0, samples), chosen)
