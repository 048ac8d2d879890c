"""A small convolutional network: two convolutions with max pooling, then dense layers of few units.

The «cnn_lessvalues» of a report on CIFAR-10, which says that it has two convolutions, fully connected layers and fewer
parameters than its rivals, and no sizes. Ours: LeNet-5's convolutions (6 and 16 channels, 5x5) and half of its dense
units (60 and 42 for 120 and 84), 29,924 parameters on CIFAR-10 against LeNet-5's 62,006. The pattern is that of
Y. LeCun et al., «Backpropagation applied to handwritten zip code recognition», Neural Computation 1989.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from benchsuite.api import Model, Parameters, Task

from .activations import Activation
from .plain_stages import dense_stages, feature_shape, pooled_convolutions

if TYPE_CHECKING:
    from torch import nn

BIBTEX = """@article{lecun1989backpropagation,
  author  = {LeCun, Yann and Boser, Bernhard and Denker, John S. and Henderson, Donnie and Howard, Richard E. and
             Hubbard, Wayne and Jackel, Lawrence D.},
  title   = {Backpropagation Applied to Handwritten Zip Code Recognition},
  journal = {Neural Computation},
  volume  = {1},
  number  = {4},
  pages   = {541--551},
  year    = {1989},
  doi     = {10.1162/neco.1989.1.4.541}
}"""


class SmallCNNParameters(Parameters):
    """The two convolutions and the dense layers."""

    channels: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(default=(6, 16), min_length=2, max_length=2)
    """Channels of the two convolutions."""

    kernel_size: int = Field(default=5, ge=1, le=31)
    """Height and width of both convolutions' kernels; there is no padding."""

    hidden: tuple[Annotated[int, Field(ge=1, le=65536)], ...] = Field(default=(60, 42), max_length=100)
    """Units of each hidden layer."""

    activation: Activation = "relu"
    """What follows every convolution and hidden layer."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability of dropping a hidden unit while training."""


class SmallCNN(Model[SmallCNNParameters]):
    """Stages conv1, conv2, the hidden layers and head."""

    name = "small_cnn"
    Parameters = SmallCNNParameters

    def title(self, params: SmallCNNParameters) -> str:
        return "SmallCNN"

    def bibtex(self, params: SmallCNNParameters) -> str:
        return BIBTEX

    def build(self, params: SmallCNNParameters, task: Task) -> nn.Module:
        from torch.nn import Sequential

        stages = pooled_convolutions(task.channels, params.channels, params.kernel_size, 0, params.activation)
        inputs = prod(feature_shape(stages, task, "SmallCNN"))
        stages |= dense_stages(inputs, params.hidden, task.classes, params.activation, params.dropout)
        return Sequential(OrderedDict(stages))

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        return dict(module.named_children())
