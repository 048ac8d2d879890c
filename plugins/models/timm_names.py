"""Weights under other names than timm's: those of EfficientNet-PyTorch, as packages and older files have them.

Takes a state dict and the network that it is for; gives the same tensors under the network's names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_INVERTED = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_se_reduce": "se.conv_reduce",
    "_se_expand": "se.conv_expand",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_SEPARABLE = {**_INVERTED, "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
"""The names of a block that expands nothing, which has a convolution and a normalisation less."""


def from_efficientnet_pytorch(state: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """The tensors under the names of timm's EfficientNet; what has other names than EfficientNet-PyTorch's stays."""
    if "_conv_stem.weight" not in state:
        return state
    stages = network.get_submodule("blocks").named_children()
    places = [f"blocks.{stage}.{name}" for stage, blocks in stages for name, _ in blocks.named_children()]
    renamed = {}
    for name, tensor in state.items():
        part, _, rest = name.partition(".")
        if part == "_blocks":
            number, layer, leaf = rest.split(".")
            names = _INVERTED if f"_blocks.{number}._expand_conv.weight" in state else _SEPARABLE
            renamed[f"{places[int(number)]}.{names[layer]}.{leaf}"] = tensor
        else:
            renamed[f"{_OUTSIDE.get(part, part)}.{rest}"] = tensor
    return renamed
