"""The activations that the models offer: their names in suites, and torch's layer for each.

Softmax runs over the channels of a feature map, or the units of a dense layer: those of one place compete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn

Activation = Literal["relu", "leaky_relu", "relu6", "elu", "tanh", "silu", "sigmoid", "softmax"]


def activation(name: Activation) -> nn.Module:
    """A new layer, with torch's own constants (leaky_relu: slope 0.01; elu: alpha 1)."""
    from torch import nn

    if name == "softmax":
        return nn.Softmax(dim=1)
    plain: dict[str, type[nn.Module]] = {
        "relu": nn.ReLU,
        "leaky_relu": nn.LeakyReLU,
        "relu6": nn.ReLU6,
        "elu": nn.ELU,
        "tanh": nn.Tanh,
        "silu": nn.SiLU,
        "sigmoid": nn.Sigmoid,
    }
    return plain[name]()
