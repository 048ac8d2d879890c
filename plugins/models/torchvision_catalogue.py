"""The classification models of torchvision: how their networks are cut into stages, what they are called and cite.

Written down so that a suite can be checked, and weights be located, without importing torchvision; a test compares it
with the installed torchvision. What decides a result stands here, as code, so that the key of a run covers it; titles,
BibTeX and the files of the weights stand in `torchvision_catalogue.toml`.

Stages are written as the names of their parts, in the order of the forward pass: submodules, or with a colon what
torchvision's forward() does in words (`torchvision_stages` has them). `each X` makes every child of X a stage, and
`pooled X` cuts the children of X after each pooling layer, into block1, block2, ....
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from . import resnet, vgg16


@dataclass(frozen=True)
class ForwardPass:
    """A network as stages, and the layer that a new number of classes replaces, `final`."""

    stages: Mapping[str, str]
    final: str


@dataclass(frozen=True)
class Architecture:
    """What an architecture is called, and the file of its default weights."""

    title: str
    weights: str


@dataclass(frozen=True)
class Family:
    """Architectures that one work introduced, by torchvision's names."""

    bibtex: str
    architectures: Mapping[str, Architecture]


_EFFICIENT = {"*": "each features", "head": "avgpool :flatten classifier"}
_SWIN = {"*": "each features", "head": "norm permute avgpool flatten head"}
_RESIDUAL = {
    "stem": "conv1 bn1 relu maxpool",
    "layer1": "layer1",
    "layer2": "layer2",
    "layer3": "layer3",
    "layer4": "layer4",
    "head": "avgpool :flatten fc",
}
_POOLED = {
    "*": "pooled features",
    "hidden": "avgpool :flatten classifier.0 classifier.1 classifier.2 classifier.3 classifier.4 classifier.5",
    "head": "classifier.6",
}

FORWARD_PASSES = {
    "alexnet": ForwardPass(_POOLED, "classifier.6"),
    "convnext": ForwardPass({"*": "each features", "head": "avgpool classifier"}, "classifier.2"),
    "densenet": ForwardPass(
        {
            "stem": "features.conv0 features.norm0 features.relu0 features.pool0",
            "denseblock1": "features.denseblock1 features.transition1",
            "denseblock2": "features.denseblock2 features.transition2",
            "denseblock3": "features.denseblock3 features.transition3",
            "denseblock4": "features.denseblock4 features.norm5",
            "head": ":relu :average :flatten classifier",
        },
        "classifier",
    ),
    "efficientnet_b": ForwardPass(_EFFICIENT, "classifier.1"),
    "efficientnet_v2": ForwardPass(_EFFICIENT, "classifier.1"),
    "googlenet": ForwardPass(
        {
            "stem": ":rescale conv1 maxpool1 conv2 conv3 maxpool2",
            "inception3": "inception3a inception3b maxpool3",
            "inception4": "inception4a inception4b inception4c inception4d inception4e maxpool4",
            "inception5": "inception5a inception5b",
            "head": "avgpool :flatten dropout fc",
        },
        "fc",
    ),
    "inception_v3": ForwardPass(
        {
            "stem": ":rescale Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2",
            "mixed5": "Mixed_5b Mixed_5c Mixed_5d",
            "mixed6": "Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e",
            "mixed7": "Mixed_7a Mixed_7b Mixed_7c",
            "head": "avgpool dropout :flatten fc",
        },
        "fc",
    ),
    "maxvit": ForwardPass(
        {
            "stem": "stem",
            "*": "each blocks",
            "hidden": "classifier.0 classifier.1 classifier.2 classifier.3 classifier.4",
            "head": "classifier.5",
        },
        "classifier.5",
    ),
    "mnasnet": ForwardPass(
        {
            "stem": "layers.0 layers.1 layers.2 layers.3 layers.4 layers.5 layers.6 layers.7",
            "stack1": "layers.8",
            "stack2": "layers.9",
            "stack3": "layers.10",
            "stack4": "layers.11",
            "stack5": "layers.12",
            "stack6": "layers.13",
            "final": "layers.14 layers.15 layers.16",
            "head": "pooling classifier",
        },
        "classifier.1",
    ),
    "mobilenet_v2": ForwardPass({"*": "each features", "head": ":average :flatten classifier"}, "classifier.1"),
    "mobilenet_v3": ForwardPass(
        {
            "*": "each features",
            "hidden": "avgpool :flatten classifier.0 classifier.1 classifier.2",
            "head": "classifier.3",
        },
        "classifier.3",
    ),
    "regnet": ForwardPass({"stem": "stem", "*": "each trunk_output", "head": "avgpool :flatten fc"}, "fc"),
    "resnet": ForwardPass(_RESIDUAL, "fc"),
    "resnext": ForwardPass(_RESIDUAL, "fc"),
    "wide_resnet": ForwardPass(_RESIDUAL, "fc"),
    "shufflenet_v2": ForwardPass(
        {
            "stem": "conv1 maxpool",
            "stage2": "stage2",
            "stage3": "stage3",
            "stage4": "stage4",
            "conv5": "conv5",
            "head": ":average :flatten fc",
        },
        "fc",
    ),
    "squeezenet": ForwardPass({"*": "pooled features", "head": "classifier :flatten"}, "classifier.1"),
    "swin": ForwardPass(_SWIN, "head"),
    "swin_v2": ForwardPass(_SWIN, "head"),
    "vgg": ForwardPass(_POOLED, "classifier.6"),
    "vit": ForwardPass(
        {
            "embedding": ":tokens",
            "*": "each encoder.layers",
            "head": "encoder.ln :class_token heads",
        },
        "heads.head",
    ),
}
"""By the beginning of the architectures' names."""

_CITED_BY_THEIR_OWN_MODELS = {"resnet": resnet.BIBTEX, "vgg": vgg16.BIBTEX}


def forward_pass(architecture: str) -> ForwardPass:
    """The forward pass of an architecture, by the longest beginning of its name: `swin_v2_b` is no `swin`.

    The name alone decides, so that no change of the data file gives a network other stages.
    """
    return FORWARD_PASSES[max(filter(architecture.startswith, FORWARD_PASSES), key=len)]


def _load_families() -> tuple[Family, ...]:
    file = resources.files(__package__).joinpath("torchvision_catalogue.toml")
    families = []
    for name, told in tomllib.loads(file.read_text(encoding="utf-8")).items():
        bibtex = told.get("bibtex") or _CITED_BY_THEIR_OWN_MODELS[name]
        architectures = {each: Architecture(**fields) for each, fields in told["architectures"].items()}
        families.append(Family(bibtex, architectures))
    return tuple(families)


FAMILIES = _load_families()
FAMILY: Mapping[str, Family] = {name: family for family in FAMILIES for name in family.architectures}
"""The family of every architecture."""
