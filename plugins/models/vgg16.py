"""VGG16 in stages block1 to block5, the hidden layers, head: as published for photos, and one for 32x32 images.

Thirteen 3x3 convolutions in five blocks that end in 2x2 max pooling. The `imagenet` form has two hidden layers of 4,096
units and takes torchvision's weights; its maps are averaged to 7x7, which for 224x224 images they already are, with a
deterministic gradient where torchvision's pooling has none on CUDA. The `cifar` form has one linear layer, on the one
value a channel that five poolings leave of a 32x32 image, and batch normalisation, without which so deep a network
hardly starts to learn.
K. Simonyan and A. Zisserman, «Very deep convolutional networks for large-scale image recognition», ICLR 2015, table 1,
configuration D.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from benchsuite.api import Model, Parameters, Task, WeightsRequest

from .activations import Activation, activation
from .plain_stages import dense_stages, feature_shape
from .pretrained import ImageNetWeights, requested

if TYPE_CHECKING:
    from torch import Tensor, nn

BLOCKS = ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8))
"""Channels of each convolution in units of `width`, by block."""

POOLED = (7, 7)
"""Size of the maps that the imagenet form's first hidden layer takes."""

BIBTEX = """@inproceedings{simonyan2015very,
  author    = {Simonyan, Karen and Zisserman, Andrew},
  title     = {Very Deep Convolutional Networks for Large-Scale Image Recognition},
  booktitle = {International Conference on Learning Representations (ICLR)},
  year      = {2015},
  url       = {https://arxiv.org/abs/1409.1556}
}"""


class VGG16Parameters(Parameters):
    """Which form of VGG16, and what it starts from."""

    form: Literal["imagenet", "cifar"] = "imagenet"
    """`imagenet` for photos (as published), or `cifar` for images of about 32x32, with one linear layer."""

    weights: ImageNetWeights = "imagenet1k_v1"
    """Pretrained weights: torchvision's `imagenet1k_v1`, `none` for a seeded random start, or the path of a file."""

    batchnorm: bool | None = None
    """Batch normalisation after every convolution; left out, the cifar form has it and the imagenet form has not."""

    activation: Activation = "relu"
    """What follows every convolution and hidden layer."""

    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Probability of dropping a hidden unit, or a feature before the cifar form's linear layer, while training."""

    width: int = Field(default=64, ge=1, le=1024)
    """Channels of the first block; the others have 2, 4, 8 and 8 times as many. The imagenet form has 64."""

    @model_validator(mode="after")
    def _agrees(self) -> VGG16Parameters:
        if self.form == "cifar" and self.weights != "none":
            raise ValueError("there are no pretrained weights for the cifar form; write weights: none")
        if self.form == "imagenet" and self.width != 64:
            raise ValueError("the imagenet form is 64 channels wide; choose form: cifar for another width")
        if self.weights == "imagenet1k_v1" and self.activation != "relu":
            raise ValueError("the weights imagenet1k_v1 belong to the activation relu; write weights: none")
        return self

    @property
    def normalised(self) -> bool:
        """Whether there is batch normalisation."""
        return self.form == "cifar" if self.batchnorm is None else self.batchnorm


class VGG16(Model[VGG16Parameters]):
    """VGG16; the head (a linear layer) always starts anew."""

    name = "vgg16"
    Parameters = VGG16Parameters

    def title(self, params: VGG16Parameters) -> str:
        return "VGG16"

    def bibtex(self, params: VGG16Parameters) -> str:
        return BIBTEX

    def weights(self, params: VGG16Parameters) -> WeightsRequest | None:
        return requested(params.weights, "vgg16_bn-6c64b313.pth" if params.normalised else "vgg16-397923af.pth")

    def build(self, params: VGG16Parameters, task: Task) -> nn.Module:
        from torch import nn

        from .pooling import adaptive_average

        stages: dict[str, nn.Module] = {}
        before = task.channels
        for number, block in enumerate(BLOCKS, 1):
            layers: list[nn.Module] = []
            for channels in (params.width * multiple for multiple in block):
                layers.append(nn.Conv2d(before, channels, 3, padding=1))
                layers += [nn.BatchNorm2d(channels)] if params.normalised else []
                layers.append(activation(params.activation))
                before = channels
            stages[f"block{number}"] = nn.Sequential(*layers, nn.MaxPool2d(2))
        channels, height, width = feature_shape(stages, task, "VGG16")
        if params.form == "cifar":
            dropout = [nn.Dropout(params.dropout)] if params.dropout else []
            linear = nn.Linear(channels * height * width, task.classes)
            stages["head"] = nn.Sequential(nn.Flatten(), *dropout, linear)
        else:
            inputs = channels * prod(POOLED)
            dense = dense_stages(inputs, (4096, 4096), task.classes, params.activation, params.dropout)
            pooling = adaptive_average((height, width), POOLED)
            dense["hidden1"] = nn.Sequential(pooling, *dense["hidden1"].children())
            stages |= dense
        return nn.Sequential(OrderedDict(stages))

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        return dict(module.named_children())

    def adapt(self, params: VGG16Parameters, state: dict[str, Tensor]) -> dict[str, Tensor]:
        own = _own_names(params)
        adapted = {}
        for name, tensor in state.items():
            layer, _, kind = name.rpartition(".")
            if not layer.startswith(("classifier.6", "head")):
                adapted[f"{own.get(layer, layer)}.{kind}"] = tensor
        return adapted

    def smoke(self, params: VGG16Parameters) -> Mapping[str, Any]:
        return {"width": 8} if params.form == "cifar" else {}


def _own_names(params: VGG16Parameters) -> dict[str, str]:
    """Our names of torchvision's layers, without the head."""
    layers = 3 if params.normalised else 2
    ours = [
        f"block{number}.{place}" for number, block in enumerate(BLOCKS, 1) for place in range(layers * len(block) + 1)
    ]
    features = {f"features.{place}": name for place, name in enumerate(ours)}
    return {**features, "classifier.0": "hidden1.2", "classifier.3": "hidden2.0"}
