"""BirdCNN: convolutions with 2x2 max pooling, one hidden layer with dropout, a linear head.

The network of a course report on CUB-200-2011 (P. Valenzuela Álvarez, Universidad de Granada): four 3x3 convolutions
of 32 to 256 channels with padding 1, and 512 hidden units. The report fits the hidden layer to 256x256 images by hand;
here its inputs are computed, so that other kernels, depths and images fit too. In the report's variant with two
convolutions nothing is said of the hidden layer, which then has 64 x 64 x 64 inputs instead of 256 x 16 x 16.
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

BIBTEX = """@misc{valenzuela_birdcnn,
  author       = {Valenzuela Álvarez, Pablo},
  title        = {Deep Learning para Clasificación},
  howpublished = {Práctica 2, Sistemas Inteligentes para la Gestión en la Empresa, Universidad de Granada}
}"""


class BirdCNNParameters(Parameters):
    """The convolutions and the hidden layer."""

    channels: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(
        default=(32, 64, 128, 256), min_length=1, max_length=10
    )
    """Channels of each convolution; their number is the number of convolutions."""

    kernel_size: int = Field(default=3, ge=1, le=31)
    """Height and width of every convolution's kernel."""

    padding: int = Field(default=1, ge=0, le=15)
    """Zeros added on every side before each convolution."""

    hidden: int = Field(default=512, ge=1, le=65536)
    """Units of the hidden layer."""

    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Probability of dropping a hidden unit while training."""

    activation: Activation = "relu"
    """What follows every convolution and the hidden layer."""


class BirdCNN(Model[BirdCNNParameters]):
    """Stages conv1, conv2, ..., hidden and head."""

    name = "birdcnn"
    Parameters = BirdCNNParameters

    def title(self, params: BirdCNNParameters) -> str:
        return "BirdCNN"

    def bibtex(self, params: BirdCNNParameters) -> str:
        return BIBTEX

    def build(self, params: BirdCNNParameters, task: Task) -> nn.Module:
        from torch.nn import Sequential

        stages = pooled_convolutions(
            task.channels, params.channels, params.kernel_size, params.padding, params.activation
        )
        inputs = prod(feature_shape(stages, task, "BirdCNN"))
        stages |= dense_stages(inputs, [params.hidden], task.classes, params.activation, params.dropout)
        return Sequential(OrderedDict(stages))

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        return dict(module.named_children())
