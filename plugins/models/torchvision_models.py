"""Any classification model of torchvision by its name, with its ImageNet weights and a new head.

All 80 architectures are supported: AlexNet, ConvNeXt, DenseNet, EfficientNet, EfficientNetV2, GoogLeNet, Inception-v3,
MaxViT, MNASNet, MobileNetV2 and V3, RegNet, ResNet, ResNeXt, WideResNet, ShuffleNetV2, SqueezeNet, Swin, SwinV2, VGG
and ViT. They are torchvision's networks with four differences: the last layer has as many outputs as there are classes
and always starts anew; GoogLeNet and Inception-v3 have no auxiliary outputs; where AlexNet and VGG average their maps
to a fixed size, they do so with a deterministic gradient; ViT and MaxViT are built for the size of the images, so that
ViT's weights fit only images of the size that they were trained with (224x224; 518x518 for vit_h_14).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import AfterValidator, Field

from benchsuite.api import BenchsuiteError, Model, Parameters, Task, WeightsRequest

from .pretrained import DefaultWeights, requested
from .torchvision_catalogue import FAMILY, Architecture, forward_pass

if TYPE_CHECKING:
    from torch import Tensor, nn

POOLED = {"alexnet": (6, 6), "vgg": (7, 7)}
"""Size of the maps that the first dense layer takes, by how the architecture's name begins."""

_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
"""Names in DenseNet's weights files that torch no longer allows."""


def _known(architecture: str) -> str:
    if architecture not in FAMILY:
        near = get_close_matches(architecture.lower().replace("-", "_"), FAMILY, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it is one of {', '.join(FAMILY)}"
        raise ValueError(f"torchvision has no classification model of this name; {hint}")
    return architecture


class TorchvisionParameters(Parameters):
    """Which architecture, and what it starts from."""

    architecture: Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": [*FAMILY]})] = "resnet50"
    """The model's name in torchvision.models, such as `resnet50`, `efficientnet_b0` or `vit_b_16`."""

    weights: DefaultWeights = "default"
    """Pretrained weights: torchvision's `default`, `none` for a seeded random start, or the path of a file."""


class Torchvision(Model[TorchvisionParameters]):
    """A network of torchvision.models; the final layer always starts anew."""

    name = "torchvision"
    Parameters = TorchvisionParameters

    def title(self, params: TorchvisionParameters) -> str:
        return _architecture(params).title

    def bibtex(self, params: TorchvisionParameters) -> str:
        return FAMILY[params.architecture].bibtex

    def weights(self, params: TorchvisionParameters) -> WeightsRequest | None:
        return requested(params.weights, _architecture(params).weights)

    def build(self, params: TorchvisionParameters, task: Task) -> nn.Module:
        from torchvision import models

        from .torchvision_stages import plain_mnasnet

        name = params.architecture
        if task.channels != 3:
            raise _unfit(name, task, "it takes colour images, of three channels", "images of three channels")
        try:
            network: nn.Module = getattr(models, name)(num_classes=task.classes, **_options(params, task))
        except (ValueError, AssertionError) as error:
            raise _unfit(name, task, " ".join(str(error).split()), "an image size that it can be built for") from error
        if name.startswith("mnasnet"):
            network = plain_mnasnet(network)
        for family, size in POOLED.items():
            if name.startswith(family):
                _pool_exactly(network, task, size, self.title(params))
        cast(Any, network).architecture = name
        return network

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        from .torchvision_stages import stages_of

        return stages_of(module, forward_pass(str(module.architecture)).stages)

    def adapt(self, params: TorchvisionParameters, state: dict[str, Tensor]) -> dict[str, Tensor]:
        final = f"{forward_pass(params.architecture).final}."
        auxiliary = ("aux1.", "aux2.", "AuxLogits.")
        return {
            _OLD_DENSENET.sub(r"\1\2.", name): tensor
            for name, tensor in state.items()
            if not name.startswith((final, *auxiliary))
        }


def _architecture(params: TorchvisionParameters) -> Architecture:
    return FAMILY[params.architecture].architectures[params.architecture]


def _options(params: TorchvisionParameters, task: Task) -> dict[str, Any]:
    """What torchvision's constructor has to be told besides the number of classes."""
    if params.architecture in ("googlenet", "inception_v3"):
        return {"aux_logits": False, "init_weights": True, "transform_input": params.weights != "none"}
    if params.architecture.startswith("vit_"):
        if task.height != task.width:
            raise _unfit(params.architecture, task, "it takes square images", "square images")
        return {"image_size": task.height}
    if params.architecture.startswith("maxvit_"):
        return {"input_size": (task.height, task.width)}
    return {}


def _pool_exactly(network: nn.Module, task: Task, size: tuple[int, int], title: str) -> None:
    from .plain_stages import feature_shape
    from .pooling import adaptive_average

    _, height, width = feature_shape({"features": network.get_submodule("features")}, task, title)
    network.add_module("avgpool", adaptive_average((height, width), size))


def _unfit(architecture: str, task: Task, why: str, expected: str) -> BenchsuiteError:
    return BenchsuiteError(
        f"torchvision's {architecture} cannot take images of shape {task.channels}x{task.height}x{task.width}: {why}",
        where="model.architecture",
        expected=expected,
        remedy="choose another image size (224 suits every architecture but inception_v3) or another architecture",
    )
