"""The stages of plain networks, those without shortcuts: convolutions with pooling, dense layers, the head.

Also how many values leave the convolutions: computed from the layers and the image's shape, so that no size is typed;
an image that is too small for the layers is refused with its size after each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchsuite.api import BenchsuiteError, Task

from .activations import Activation, activation

if TYPE_CHECKING:
    from torch import nn


def pooled_convolutions(
    before: int, channels: Sequence[int], kernel_size: int, padding: int, activation_name: Activation
) -> dict[str, nn.Module]:
    """`conv1`, `conv2`, ...: each a convolution, an activation and 2x2 max pooling; `before` channels enter."""
    from torch import nn

    stages: dict[str, nn.Module] = {}
    for number, after in enumerate(channels, 1):
        convolution = nn.Conv2d(before, after, kernel_size, padding=padding)
        stages[f"conv{number}"] = nn.Sequential(convolution, activation(activation_name), nn.MaxPool2d(2))
        before = after
    return stages


def feature_shape(stages: Mapping[str, nn.Module], task: Task, title: str) -> tuple[int, int, int]:
    """(channels, height, width) of what leaves `stages`, which hold plain layers one after the other.

    Raises BenchsuiteError when a layer's window is larger than what reaches it.
    """
    from torch import nn

    channels, height, width = task.channels, task.height, task.width
    sizes = [f"image {height}x{width}"]
    for stage, part in stages.items():
        for layer in part.modules():
            if not isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
                continue
            kernel, stride, padding = (_pair(value) for value in (layer.kernel_size, layer.stride, layer.padding))
            kind = "convolution" if isinstance(layer, nn.Conv2d) else "pooling"
            if height + 2 * padding[0] < kernel[0] or width + 2 * padding[1] < kernel[1]:
                raise BenchsuiteError(
                    f"{title} is too deep, or its kernels are too large, for images of {task.height}x{task.width}:"
                    f" in {stage}, the {kind} of {kernel[0]}x{kernel[1]} meets {height}x{width}",
                    where=f"sizes from layer to layer: {', '.join(sizes)}",
                    expected=f"at least {kernel[0] - 2 * padding[0]}x{kernel[1] - 2 * padding[1]} before this {kind}",
                    remedy="use larger images, fewer convolutions, a smaller kernel or more padding",
                )
            height = (height + 2 * padding[0] - kernel[0]) // stride[0] + 1
            width = (width + 2 * padding[1] - kernel[1]) // stride[1] + 1
            channels = layer.out_channels if isinstance(layer, nn.Conv2d) else channels
            sizes.append(f"{stage} {kind} {height}x{width}")
    return channels, height, width


def _pair(value: object) -> tuple[int, int]:
    """Torch's way of writing a size: one number for both sides, or one for each."""
    first, second = value if isinstance(value, tuple) else (value, value)
    return int(first), int(second)


def dense_stages(
    inputs: int, hidden: Sequence[int], classes: int, activation_name: Activation, dropout: float
) -> dict[str, nn.Module]:
    """Hidden layers (`hidden`, or `hidden1`, `hidden2`, ... if there are several), then `head`; the first flattens.

    Every hidden layer is linear, activation and, unless it is 0, dropout.
    """
    from torch import nn

    stages: dict[str, nn.Module] = {}
    before: list[nn.Module] = [nn.Flatten()]
    for number, units in enumerate(hidden, 1):
        layers = [*before, nn.Linear(inputs, units), activation(activation_name)]
        layers += [nn.Dropout(dropout)] if dropout else []
        stages["hidden" if len(hidden) == 1 else f"hidden{number}"] = nn.Sequential(*layers)
        before, inputs = [], units
    stages["head"] = nn.Sequential(*before, nn.Linear(inputs, classes))
    return stages
