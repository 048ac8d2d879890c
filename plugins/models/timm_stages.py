"""The stages of timm's networks: cut by hand where the forward pass is a sequence, else in features and head.

timm writes the forward pass of every classifier as `forward_features` and `forward_head`. Where the first is one part
after the other it is written down here, by the class of the network, so that blocks can be frozen one by one.
Imports torch: import it late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from torch import Tensor, nn

from .torchvision_stages import stages_of

FORWARD_PASSES: Mapping[str, Mapping[str, str]] = {
    "ByobNet": {"stem": "stem", "*": "each stages", "head": "final_conv head"},
    "ConvNeXt": {"stem": "stem", "*": "each stages", "head": "norm_pre head"},
    "EfficientNet": {
        "stem": "conv_stem bn1",
        "*": "each blocks",
        "final": "conv_head bn2",
        "head": "global_pool classifier",
    },
    "MobileNetV3": {
        "stem": "conv_stem bn1",
        "*": "each blocks",
        "hidden": "global_pool conv_head norm_head act2 flatten",
        "head": "classifier",
    },
    "RegNet": {"stem": "stem", "s1": "s1", "s2": "s2", "s3": "s3", "s4": "s4", "head": "final_conv head"},
    "ResNet": {
        "stem": "conv1 bn1 act1 maxpool",
        "layer1": "layer1",
        "layer2": "layer2",
        "layer3": "layer3",
        "layer4": "layer4",
        "head": "global_pool fc",
    },
    "SwinTransformer": {"stem": "patch_embed", "*": "each layers", "head": "norm head"},
    "SwinTransformerV2": {"stem": "patch_embed", "*": "each layers", "head": "norm head"},
    "VGG": {"*": "pooled features", "hidden": "pre_logits", "head": "head"},
}
"""By the name of the class, as `torchvision_catalogue` writes them."""

_TOKENS = ("cls_token", "reg_token", "pos_embed")
"""Parameters of a vision transformer that lie in no part of it."""
_EMBEDDING = ("patch_embed", *_TOKENS, "pos_drop", "patch_drop", "norm_pre")


def timm_stages(network: nn.Module) -> dict[str, nn.Module]:
    """The stages of a network that timm has built; the last one is the head, which the classifier lies in."""
    kind = type(network).__name__
    if kind in FORWARD_PASSES:
        return stages_of(network, FORWARD_PASSES[kind])
    if kind == "VisionTransformer":
        blocks = {f"blocks{name}": block for name, block in network.get_submodule("blocks").named_children()}
        rest = [name for name in _names(network) if name not in (*_EMBEDDING, "blocks")]
        return {"embedding": Embedding(network, _EMBEDDING), **blocks, "head": TokenHead(network, rest)}
    heads = {name.partition(".")[0] for name in classifiers(network)}
    body = [name for name in _names(network) if name not in heads]
    return {"features": Features(network, body), "head": Head(network, sorted(heads))}


def classifiers(network: nn.Module) -> tuple[str, ...]:
    """The names of the layers that a new number of classes replaces: two where a network learnt from a teacher."""
    told = cast("str | tuple[str, ...]", network.default_cfg["classifier"])  # type: ignore[index]
    return (told,) if isinstance(told, str) else tuple(told)


def _names(network: nn.Module) -> list[str]:
    """The parts of a network, and the parameters and buffers that lie in none."""
    tensors = (*network.named_parameters(recurse=False), *network.named_buffers(recurse=False))
    return [*(name for name, _ in network.named_children()), *(name for name, _ in tensors)]


class _Part(nn.Module):
    """What some of a network's own methods do, as a module that holds the parts and tensors that they use."""

    def __init__(self, network: nn.Module, names: Iterable[str]) -> None:
        super().__init__()
        self._of = (network,)  # in a tuple, for it is no part of its part
        for name in names:
            held = getattr(network, name, None)
            if isinstance(held, nn.Parameter):
                self.register_parameter(name, held)
            elif isinstance(held, Tensor):
                self.register_buffer(name, held)
            elif isinstance(held, nn.Module):
                self.add_module(name, held)

    def _network(self) -> nn.Module:
        """The network, in the mode of this part: its methods may ask for it."""
        (network,) = self._of
        network.training = self.training
        return network


class Features(_Part):
    """All that comes before the head."""

    def forward(self, images: Tensor) -> Tensor:
        return cast(Tensor, self._network().forward_features(images))  # type: ignore[operator]


class Head(_Part):
    """From features to logits."""

    def forward(self, features: Tensor) -> Tensor:
        return cast(Tensor, self._network().forward_head(features))  # type: ignore[operator]


class Embedding(_Part):
    """From images to the tokens of a vision transformer, with their positions."""

    def forward(self, images: Tensor) -> Tensor:
        network = self._network()
        tokens = network.get_submodule("patch_embed")(images)
        tokens = network._pos_embed(tokens)  # type: ignore[operator]
        return cast(Tensor, network.get_submodule("norm_pre")(network.get_submodule("patch_drop")(tokens)))


class TokenHead(_Part):
    """From the tokens of a vision transformer to logits."""

    def forward(self, tokens: Tensor) -> Tensor:
        network = self._network()
        return cast(Tensor, network.forward_head(network.get_submodule("norm")(tokens)))  # type: ignore[operator]
