"""The basic block of ResNet with any activation (He et al., 2016, figure 5, left). Imports torch: import it late."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from .activations import Activation, activation


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch normalisation, added to a shortcut; the first one has the stride.

    Where the shape changes, the shortcut is a 1x1 convolution with batch normalisation (option B of the paper).
    """

    def __init__(self, before: int, after: int, stride: int, activation_name: Activation) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
            activation(activation_name),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
        self.activation = activation(activation_name)

    def forward(self, batch: Tensor) -> Tensor:
        """(N, before, height, width) to (N, after, height / stride, width / stride)."""
        return cast(Tensor, self.activation(self.residual(batch) + self.shortcut(batch)))
