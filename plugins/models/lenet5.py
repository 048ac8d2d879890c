"""LeNet-5 for colour images: convolutions of 6, 16 and 120 channels, 84 hidden units, a linear head.

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, «Gradient-based learning applied to document recognition», Proceedings
of the IEEE 1998, figure 2. As is usual since, average pooling has no coefficients of its own, every map of the second
convolution sees all maps of the first, and a linear layer takes the place of the radial basis functions. For 32x32
images the third convolution leaves one value a channel.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING

from pydantic import Field

from benchsuite.api import Model, Parameters, Task

from .activations import Activation, activation
from .plain_stages import dense_stages, feature_shape

if TYPE_CHECKING:
    from torch import nn

BIBTEX = """@article{lecun1998gradient,
  author  = {LeCun, Yann and Bottou, L{\\'e}on and Bengio, Yoshua and Haffner, Patrick},
  title   = {Gradient-Based Learning Applied to Document Recognition},
  journal = {Proceedings of the IEEE},
  volume  = {86},
  number  = {11},
  pages   = {2278--2324},
  year    = {1998},
  doi     = {10.1109/5.726791}
}"""


class LeNet5Parameters(Parameters):
    """What follows the layers."""

    activation: Activation = "tanh"
    """What follows every convolution and the hidden layer."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability of dropping one of the 84 hidden units while training."""


class LeNet5(Model[LeNet5Parameters]):
    """Stages conv1, conv2, conv3 (C1 to C5 of the paper), hidden (F6) and head."""

    name = "lenet5"
    Parameters = LeNet5Parameters

    def title(self, params: LeNet5Parameters) -> str:
        return "LeNet-5"

    def bibtex(self, params: LeNet5Parameters) -> str:
        return BIBTEX

    def build(self, params: LeNet5Parameters, task: Task) -> nn.Module:
        from torch import nn

        stages: dict[str, nn.Module] = {
            "conv1": nn.Sequential(nn.Conv2d(task.channels, 6, 5), activation(params.activation), nn.AvgPool2d(2)),
            "conv2": nn.Sequential(nn.Conv2d(6, 16, 5), activation(params.activation), nn.AvgPool2d(2)),
            "conv3": nn.Sequential(nn.Conv2d(16, 120, 5), activation(params.activation)),
        }
        inputs = prod(feature_shape(stages, task, "LeNet-5"))
        stages |= dense_stages(inputs, [84], task.classes, params.activation, params.dropout)
        return nn.Sequential(OrderedDict(stages))

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        return dict(module.named_children())
