"""The layers of EfficientNet-Lite, in the arithmetic of the weights' origin."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Rescale(nn.Module):
    """From ImageNet's normalization (N, 3, height, width), which photo data sets use, to (pixel - 127) / 128.

    In memory the channels become the last axis: depthwise convolutions on a CPU are several times faster so.
    """

    def __init__(self) -> None:
        super().__init__()
        mean, std = (torch.tensor(of).view(1, 3, 1, 1) for of in (IMAGENET_MEAN, IMAGENET_STD))
        self.register_buffer("scale", std * 255 / 128, persistent=False)
        self.register_buffer("shift", (mean * 255 - 127) / 128, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.scale + self.shift).contiguous(memory_format=torch.channels_last)


class SamePadding(nn.Conv2d):
    """A convolution that pads as TensorFlow's SAME: the odd pixel goes to the right and to the bottom."""

    def forward(self, x: Tensor) -> Tensor:
        (high, wide), (down, across) = self.kernel_size, self.stride
        rows = max(0, (-(-x.shape[-2] // down) - 1) * down + high - x.shape[-2])
        columns = max(0, (-(-x.shape[-1] // across) - 1) * across + wide - x.shape[-1])
        padded = functional.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return functional.conv2d(padded, self.weight, None, self.stride, 0, 1, self.groups)


def convolution(before: int, after: int, kernel: int, stride: int, groups: int = 1) -> nn.Conv2d:
    if kernel == 1:
        return nn.Conv2d(before, after, 1, bias=False)
    return SamePadding(before, after, kernel, stride, groups=groups, bias=False)


def normalization(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    """An inverted residual block (M. Sandler et al., «MobileNetV2», CVPR 2018, figure 4d) without its stochastic depth.

    Names are those of the weights' file.
    """

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = before * expansion
        if expansion > 1:
            self.expand_conv = convolution(before, inner, 1, 1)
            self.bn0 = normalization(inner)
        self.expands, self.residual = expansion > 1, stride == 1 and before == after
        self.depthwise_conv = convolution(inner, inner, kernel, stride, groups=inner)
        self.bn1 = normalization(inner)
        self.project_conv = convolution(inner, after, 1, 1)
        self.bn2 = normalization(after)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu6(self.bn0(self.expand_conv(x))) if self.expands else x
        inner = functional.relu6(self.bn1(self.depthwise_conv(inner)))
        out: Tensor = self.bn2(self.project_conv(inner))
        return out + x if self.residual else out
