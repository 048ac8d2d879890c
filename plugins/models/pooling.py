"""Adaptive average pooling for images of known size, with a deterministic gradient on every device.

torch's own AdaptiveAvgPool2d has no deterministic gradient on CUDA unless it pools to 1x1. Imports torch: import it
late.
"""

from __future__ import annotations

import math
from contextlib import nullcontext

import torch
from torch import Tensor, nn


def adaptive_average(before: tuple[int, int], after: tuple[int, int]) -> nn.Module:
    """What AdaptiveAvgPool2d(after) does to maps of size `before`: nothing where the sizes agree."""
    return nn.Identity() if before == after else _AdaptiveAverage(before, after)


class _AdaptiveAverage(nn.Module):
    """The average over rows, then over columns, each the product with a constant matrix.

    Output i averages the inputs from floor(i n / m) to ceil((i + 1) n / m), n inputs and m outputs a side.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        super().__init__()
        self.register_buffer("rows", _averages(before[0], after[0]), persistent=False)
        self.register_buffer("columns", _averages(before[1], after[1]), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, channels, *before) to (N, channels, *after)."""
        # In half precision 1/3 is wrong by 0.2 %: the averages are taken as torch's own pooling takes them.
        # Tensors that have shapes alone, on which operations are counted, know no autocast.
        kind = maps.device.type
        with torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext():
            return (self.rows @ maps.float() @ self.columns.T).to(maps.dtype)


def _averages(inputs: int, outputs: int) -> Tensor:
    matrix = torch.zeros(outputs, inputs)
    for i in range(outputs):
        first, last = i * inputs // outputs, math.ceil((i + 1) * inputs / outputs)
        matrix[i, first:last] = 1 / (last - first)
    return matrix
