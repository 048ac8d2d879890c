"""The classifiers of timm: what weights there are for each, and how images were prepared on which they were trained.

Read from `timm_catalogue.tsv`, so that a suite can be checked, and weights be located, without timm, which imports
torch; a test compares the file with the installed timm. It is read when the first classifier is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from .torchvision_catalogue import FAMILIES, FAMILY, FORWARD_PASSES

HUB = "https://huggingface.co/{repository}/resolve/main/model.safetensors"

TIMM = """@misc{wightman2019timm,
  author = {Wightman, Ross},
  title  = {{PyTorch} Image Models},
  year   = {2019},
  doi    = {10.5281/zenodo.4414861},
  url    = {https://github.com/huggingface/pytorch-image-models}
}"""

_FAMILIES: Mapping[str, str] = {
    r"convnext_": "convnext",
    r"densenet\d": "densenet",
    r"inception_v3": "inception_v3",
    r"maxvit_": "maxvit",
    r"(tf_)?(se)?mnasnet_": "mnasnet",
    r"(tf_)?mobilenetv3_": "mobilenet_v3",
    r"mobilenetv2_": "mobilenet_v2",
    r"regnet[xy]_": "regnet",
    r"resnet\d": "resnet",
    r"resnext\d": "resnext",
    r"swin_": "swin",
    r"swinv2_": "swin_v2",
    r"(tf_)?efficientnet_": "efficientnet_b",
    r"(tf_)?efficientnetv2_": "efficientnet_v2",
    r"vgg\d": "vgg",
    r"vit_": "vit",
    r"wide_resnet": "wide_resnet",
}
"""By how timm's names begin, the family of torchvision that the same work introduced."""


@dataclass(frozen=True)
class Classifier:
    """An architecture with the tag of its weights. `weights` is the address of a file whose name begins with its
    SHA-256, `hub:` and a repository, or nothing; images have three channels and `side` pixels in height and width."""

    name: str
    weights: str
    side: int
    resize: str
    crop_fraction: float
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    licence: str

    @property
    def architecture(self) -> str:
        return self.name.partition(".")[0]


@cache
def classifiers() -> Mapping[str, Classifier]:
    """Every classifier, by its architecture (with the default weights) and by its full name."""
    found: dict[str, Classifier] = {}
    text = resources.files(__package__).joinpath("timm_catalogue.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, weights, side, resize, fraction, interpolation, mean, std, licence = line.split("\t")
        means, deviations = (tuple(map(float, values.split())) for values in (mean, std))
        one = Classifier(name, weights, int(side), resize, float(fraction), interpolation, means, deviations, licence)
        found.setdefault(one.architecture, one)
        found[name] = one
    return found


def title(architecture: str) -> str:
    """What a paper calls an architecture: torchvision's title where it has the same, else timm's own name."""
    if architecture in FAMILY:
        return FAMILY[architecture].architectures[architecture].title
    if named := re.fullmatch(r"(tf_)?efficientnet_(b\d|lite\d)", architecture):
        return f"{'TF-' if named[1] else ''}EfficientNet-{named[2].capitalize()}"
    return architecture


def bibtex(architecture: str) -> str:
    """The work that introduced an architecture, where torchvision's catalogue has it, and timm."""
    families = dict(zip(FORWARD_PASSES, FAMILIES, strict=True))
    family = next((name for beginning, name in _FAMILIES.items() if re.match(beginning, architecture)), None)
    return f"{families[family].bibtex.strip()}\n\n{TIMM}" if family else TIMM
