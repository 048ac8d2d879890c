"""ResNet (He et al., 2016) in torchvision's form, with its ImageNet weights, in stages stem, layer1 to layer4, head.

K. He, X. Zhang, S. Ren and J. Sun, «Deep residual learning for image recognition», CVPR 2016, table 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from benchsuite.api import Model, Parameters, Task, WeightsRequest

if TYPE_CHECKING:
    from torch import Tensor, nn

IMAGENET1K_V1 = {18: "resnet18-f37072fd.pth", 34: "resnet34-b627a593.pth", 50: "resnet50-0676ba61.pth"}
FILE_TYPES = (".pth", ".pt", ".safetensors")

BIBTEX = """@inproceedings{he2016deep,
  author    = {He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian},
  title     = {Deep Residual Learning for Image Recognition},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2016},
  pages     = {770--778},
  doi       = {10.1109/CVPR.2016.90}
}"""


def _weights_file(path: Path) -> Path:
    if path.suffix not in FILE_TYPES:
        raise ValueError(f"neither imagenet1k_v1 nor none, nor a file ending in {', '.join(FILE_TYPES)}")
    return path


class ResNetParameters(Parameters):
    """Which ResNet, and what it starts from."""

    depth: Literal[18, 34, 50] = 18
    """Number of layers with weights."""

    weights: Annotated[
        Literal["imagenet1k_v1", "none"] | Annotated[Path, AfterValidator(_weights_file)],
        Field(union_mode="left_to_right"),
    ] = "imagenet1k_v1"
    """Pretrained weights: torchvision's `imagenet1k_v1`, `none` for a seeded random start, or the path of a file."""


class ResNet(Model[ResNetParameters]):
    """ResNet18, 34 or 50; the head (average pooling and a linear layer) always starts anew."""

    name = "resnet"
    Parameters = ResNetParameters

    def title(self, params: ResNetParameters) -> str:
        return f"ResNet{params.depth}"

    def bibtex(self, params: ResNetParameters) -> str:
        return BIBTEX

    def weights(self, params: ResNetParameters) -> WeightsRequest | None:
        if params.weights == "none":
            return None
        if isinstance(params.weights, Path):
            return WeightsRequest(name=params.weights.name, filename=params.weights.name, path=params.weights)
        filename = IMAGENET1K_V1[params.depth]
        return WeightsRequest(
            name=params.weights,
            filename=filename,
            url=f"https://download.pytorch.org/models/{filename}",
            sha256=filename.removesuffix(".pth").rpartition("-")[2],
        )

    def build(self, params: ResNetParameters, task: Task) -> nn.Module:
        from torchvision import models

        constructor = {18: models.resnet18, 34: models.resnet34, 50: models.resnet50}[params.depth]
        network: nn.Module = constructor(weights=None, num_classes=task.classes)
        return network

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        from torch.nn import Flatten, Sequential

        part = dict(module.named_children())
        return {
            "stem": Sequential(part["conv1"], part["bn1"], part["relu"], part["maxpool"]),
            **{name: part[name] for name in ("layer1", "layer2", "layer3", "layer4")},
            "head": Sequential(part["avgpool"], Flatten(1), part["fc"]),
        }

    def adapt(self, params: ResNetParameters, state: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
