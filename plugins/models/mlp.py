"""Multilayer perceptron: the image as one long vector, any number of hidden layers, and a linear head.

D. E. Rumelhart, G. E. Hinton and R. J. Williams, «Learning representations by back-propagating errors», Nature 1986.
Without hidden layers it is multinomial logistic regression.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from benchsuite.api import Model, Parameters, Task

from .activations import Activation
from .plain_stages import dense_stages

if TYPE_CHECKING:
    from torch import nn

BIBTEX = """@article{rumelhart1986learning,
  author  = {Rumelhart, David E. and Hinton, Geoffrey E. and Williams, Ronald J.},
  title   = {Learning Representations by Back-Propagating Errors},
  journal = {Nature},
  volume  = {323},
  pages   = {533--536},
  year    = {1986},
  doi     = {10.1038/323533a0}
}"""


class MLPParameters(Parameters):
    """The hidden layers."""

    hidden: tuple[Annotated[int, Field(ge=1, le=65536)], ...] = Field(default=(250, 120, 84), max_length=100)
    """Units of each hidden layer, from input to output; empty for a linear classifier."""

    activation: Activation = "relu"
    """What follows every hidden layer."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability of dropping a hidden unit while training."""


class MLP(Model[MLPParameters]):
    """Dense layers on the image's pixels."""

    name = "mlp"
    Parameters = MLPParameters

    def title(self, params: MLPParameters) -> str:
        return "MLP"

    def bibtex(self, params: MLPParameters) -> str:
        return BIBTEX

    def build(self, params: MLPParameters, task: Task) -> nn.Module:
        from torch.nn import Sequential

        pixels = task.channels * task.height * task.width
        return Sequential(
            OrderedDict(dense_stages(pixels, params.hidden, task.classes, params.activation, params.dropout))
        )

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        return dict(module.named_children())
