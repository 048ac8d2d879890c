"""The stages of torchvision's networks, made of their own parts and of what their forward() does besides.

Imports torch: import it late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

import torch
from torch import Tensor, nn


def stages_of(network: nn.Module, written: Mapping[str, str]) -> dict[str, nn.Module]:
    """The stages of `network` as they are written for its architecture; see `torchvision_catalogue`."""
    stages: dict[str, nn.Module] = {}
    for name, parts in written.items():
        how, _, container = parts.partition(" ")
        if how == "each":
            last = container.rpartition(".")[2]
            children = network.get_submodule(container).named_children()
            stages |= {f"{last}{child}" if child.isdigit() else child: part for child, part in children}
        elif how == "pooled":
            stages |= {f"block{n}": part for n, part in enumerate(_pooled(network.get_submodule(container)), 1)}
        else:
            found = [_GLUE[part](network) if part in _GLUE else network.get_submodule(part) for part in parts.split()]
            stages[name] = found[0] if len(found) == 1 else nn.Sequential(*found)
    return stages


def plain_mnasnet(network: nn.Module) -> nn.Sequential:
    """MNASNet as a plain sequence with the same names: its own class loads nothing but whole checkpoint files."""
    sequence = nn.Sequential()
    sequence.add_module("layers", network.get_submodule("layers"))
    sequence.add_module("pooling", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    sequence.add_module("classifier", network.get_submodule("classifier"))
    return sequence


def _pooled(container: nn.Module) -> Iterator[nn.Sequential]:
    block: list[nn.Module] = []
    for part in container.children():
        block.append(part)
        if isinstance(part, nn.MaxPool2d):
            yield nn.Sequential(*block)
            block = []
    if block:
        yield nn.Sequential(*block)


class _Tokens(nn.Module):
    """The patches of an image and the class token, with their positions: (N, 3, H, W) to (N, tokens, units)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.projection = network.get_submodule("conv_proj")
        self.class_token = network.get_parameter("class_token")
        self.positions = network.get_parameter("encoder.pos_embedding")
        self.dropout = network.get_submodule("encoder.dropout")

    def forward(self, images: Tensor) -> Tensor:
        patches = self.projection(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(images), -1, -1), patches], dim=1)
        return cast(Tensor, self.dropout(tokens + self.positions))


class _ClassToken(nn.Module):
    """The first token: (N, tokens, units) to (N, units)."""

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, 0]


class _Rescale(nn.Module):
    """From ImageNet's mean and deviation to 0.5 and 0.5, which Inception's original weights want."""

    def forward(self, images: Tensor) -> Tensor:
        scales, means = (0.229, 0.224, 0.225), (0.485, 0.456, 0.406)
        planes = zip(images.split(1, dim=1), scales, means, strict=True)
        return torch.cat([plane * (scale / 0.5) + (mean - 0.5) / 0.5 for plane, scale, mean in planes], dim=1)


_GLUE: Mapping[str, Callable[[nn.Module], nn.Module]] = {
    ":average": lambda network: nn.AdaptiveAvgPool2d(1),
    ":class_token": lambda network: _ClassToken(),
    ":flatten": lambda network: nn.Flatten(1),
    ":relu": lambda network: nn.ReLU(),
    ":rescale": lambda network: _Rescale() if network.transform_input else nn.Identity(),
    ":tokens": _Tokens,
}
