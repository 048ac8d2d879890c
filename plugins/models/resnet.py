"""ResNet (He et al., 2016) in stages stem, layer1 to layer4, head: torchvision's for photos, and one for 32x32 images.

The `imagenet` form is torchvision's, with its ImageNet weights. The `cifar` form has the same basic blocks, built here
with any activation, behind a stem for small images: one 3x3 convolution with stride 1 and no pooling, as is usual on
CIFAR-10 (the paper's own networks for CIFAR-10 are narrower and have three groups of blocks).
K. He, X. Zhang, S. Ren and J. Sun, «Deep residual learning for image recognition», CVPR 2016, table 1.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from benchsuite.api import Model, Parameters, Task, WeightsRequest

from .activations import Activation, activation
from .pretrained import ImageNetWeights, requested

if TYPE_CHECKING:
    from torch import Tensor, nn

IMAGENET1K_V1 = {18: "resnet18-f37072fd.pth", 34: "resnet34-b627a593.pth", 50: "resnet50-0676ba61.pth"}
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
"""Basic blocks in layer1 to layer4, by depth."""

BIBTEX = """@inproceedings{he2016deep,
  author    = {He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian},
  title     = {Deep Residual Learning for Image Recognition},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2016},
  pages     = {770--778},
  doi       = {10.1109/CVPR.2016.90}
}"""


class ResNetParameters(Parameters):
    """Which ResNet, and what it starts from."""

    depth: Literal[18, 34, 50] = 18
    """Number of layers with weights."""

    form: Literal["imagenet", "cifar"] = "imagenet"
    """`imagenet` for photos (torchvision's network), or `cifar` for images of about 32x32: depth 18 or 34."""

    weights: ImageNetWeights = "imagenet1k_v1"
    """Pretrained weights: torchvision's `imagenet1k_v1`, `none` for a seeded random start, or the path of a file."""

    activation: Activation = "relu"
    """What follows every convolution and every sum; the imagenet form has relu."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability of dropping a feature before the linear layer while training."""

    width: int = Field(default=64, ge=1, le=1024)
    """Channels of stem and layer1; each later layer has twice as many. The imagenet form has 64."""

    @model_validator(mode="after")
    def _agrees(self) -> ResNetParameters:
        if self.form == "imagenet":
            if self.activation != "relu":
                raise ValueError("the imagenet form has the activation relu; choose form: cifar for another")
            if self.width != 64:
                raise ValueError("the imagenet form is 64 channels wide; choose form: cifar for another width")
            return self
        if self.depth not in BLOCKS:
            raise ValueError("the cifar form is made of basic blocks; its depth is 18 or 34")
        if self.weights != "none":
            raise ValueError("there are no pretrained weights for the cifar form; write weights: none")
        return self


class ResNet(Model[ResNetParameters]):
    """ResNet18, 34 or 50; the head (average pooling and a linear layer) always starts anew."""

    name = "resnet"
    Parameters = ResNetParameters

    def title(self, params: ResNetParameters) -> str:
        return f"ResNet{params.depth}"

    def bibtex(self, params: ResNetParameters) -> str:
        return BIBTEX

    def weights(self, params: ResNetParameters) -> WeightsRequest | None:
        return requested(params.weights, IMAGENET1K_V1[params.depth])

    def build(self, params: ResNetParameters, task: Task) -> nn.Module:
        if params.form == "cifar":
            return _small_images(params, task)
        from torch.nn import Dropout, Sequential
        from torchvision import models

        constructor = {18: models.resnet18, 34: models.resnet34, 50: models.resnet50}[params.depth]
        network: nn.Module = constructor(weights=None, num_classes=task.classes)
        if params.dropout:
            network.fc = Sequential(Dropout(params.dropout), network.get_submodule("fc"))
        return network

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        from torch.nn import Flatten, Sequential

        part = dict(module.named_children())
        if isinstance(module, Sequential):
            return part
        return {
            "stem": Sequential(part["conv1"], part["bn1"], part["relu"], part["maxpool"]),
            **{name: part[name] for name in ("layer1", "layer2", "layer3", "layer4")},
            "head": Sequential(part["avgpool"], Flatten(1), part["fc"]),
        }

    def adapt(self, params: ResNetParameters, state: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}

    def smoke(self, params: ResNetParameters) -> Mapping[str, Any]:
        return {"width": 8} if params.form == "cifar" else {}


def _small_images(params: ResNetParameters, task: Task) -> nn.Module:
    """The cifar form, the stages themselves in sequence."""
    from torch import nn

    from .basic_block import BasicBlock

    channels = params.width
    stages: dict[str, nn.Module] = {
        "stem": nn.Sequential(
            nn.Conv2d(task.channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            activation(params.activation),
        )
    }
    for number, blocks in enumerate(BLOCKS[params.depth], 1):
        before, channels, stride = channels, params.width * 2 ** (number - 1), 1 if number == 1 else 2
        first = BasicBlock(before, channels, stride, params.activation)
        others = (BasicBlock(channels, channels, 1, params.activation) for _ in range(blocks - 1))
        stages[f"layer{number}"] = nn.Sequential(first, *others)
    dropout = [nn.Dropout(params.dropout)] if params.dropout else []
    stages["head"] = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), *dropout, nn.Linear(channels, task.classes))
    return nn.Sequential(OrderedDict(stages))
