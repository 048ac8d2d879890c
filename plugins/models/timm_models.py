"""Any image classifier of timm by its name, with its pretrained weights and a new head.

timm (R. Wightman, «PyTorch Image Models», 2019) is an extra: `pip install 'benchsuite[timm]'`. Its networks are taken
as they are; the last layer has as many outputs as there are classes and always starts anew. Where the forward pass is
one part after the other (EfficientNet, MobileNetV2 and V3, MNASNet, ResNet and its kin, RegNet, ConvNeXt, VGG, Swin,
the vision transformers and many more) its blocks are stages; other networks have two, features and head.

The model chooses how images are prepared, as for its weights: size, resizing, interpolation, mean and deviation. A
suite that says otherwise of its data set has its way.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from benchsuite.api import BenchsuiteError, Model, Parameters, SetupError, Task, WeightsRequest

from .packaged_weights import package_file, packaged_weights
from .pretrained import weights_file
from .timm_catalogue import HUB, Classifier, bibtex, classifiers, title

if TYPE_CHECKING:
    from torch import Tensor, nn


def _known(architecture: str) -> str:
    if architecture not in classifiers():
        near = get_close_matches(architecture.lower(), classifiers(), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "timm.list_models() lists them"
        raise ValueError(f"timm has no classifier of this name for colour images; {hint}")
    return architecture


def _no_package(path: Path) -> Path:
    if str(path).startswith("package:"):
        package_file(str(path))
    return path


Weights = Annotated[
    Literal["default", "none"]
    | Annotated[str, Field(pattern="^package:", max_length=500), AfterValidator(package_file)]
    | Annotated[Path, AfterValidator(_no_package), weights_file("default")],
    Field(union_mode="left_to_right"),
]


class TimmParameters(Parameters):
    """Which architecture, and what it starts from."""

    architecture: Annotated[str, Field(max_length=100), AfterValidator(_known)] = "resnet18"
    """The name of the classifier in timm, such as `resnet50`, with the tag of its weights where these are not the
    default ones, as in `resnet50.a1_in1k`."""

    weights: Weights = "default"
    """Pretrained weights: timm's `default`, `none` for a seeded random start, the path of a file, or a file that an
    installed package brings, as `package:MODULE/FILE`."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")] | None = None
    """What the SHA-256 of the file of `weights` begins with: it is called official where that is so (null: what timm
    tells of its own files)."""

    @model_validator(mode="after")
    def _there_are_weights(self) -> Self:
        if self.weights == "default" and not classifiers()[self.architecture].weights:
            raise ValueError(
                f"timm has no pretrained weights for {self.architecture}; write weights: none, or name a file"
            )
        return self


class Timm(Model[TimmParameters]):
    """A classifier of timm; the final layer always starts anew."""

    name = "timm"
    Parameters = TimmParameters
    requires = ("timm",)

    def title(self, params: TimmParameters) -> str:
        return title(_classifier(params).architecture)

    def bibtex(self, params: TimmParameters) -> str:
        return bibtex(_classifier(params).architecture)

    def inputs(self, params: TimmParameters) -> Mapping[str, Any]:
        of = _classifier(params)
        return {
            "image_size": of.side,
            "resize": of.resize,
            "crop_fraction": of.crop_fraction,
            "interpolation": of.interpolation,
            "mean": of.mean,
            "std": of.std,
        }

    def weights(self, params: TimmParameters) -> WeightsRequest | None:
        if params.weights == "none":
            return None
        if isinstance(params.weights, Path):
            file = params.weights
            return WeightsRequest(name=file.name, filename=file.name, sha256=params.sha256, path=file)
        if params.weights != "default":
            return packaged_weights(params.weights, params.sha256)
        return _official(_classifier(params), params.sha256)

    def build(self, params: TimmParameters, task: Task) -> nn.Module:
        timm, name = _timm(), params.architecture
        fixed = timm.get_pretrained_cfg(name, allow_unregistered=False).fixed_input_size
        sized = {"img_size": (task.height, task.width)} if fixed else {}
        try:
            network: nn.Module = timm.create_model(
                name, pretrained=False, num_classes=task.classes, in_chans=task.channels, **sized
            )
        except Exception as error:  # each architecture refuses a size in its own way
            raise _unfit(name, task, f"{type(error).__name__}: {' '.join(str(error).split())}") from error
        _try(network, name, task)
        _start_anew(network)
        return network

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        from .timm_stages import timm_stages

        return timm_stages(module)

    def adapt(
        self, params: TimmParameters, state: dict[str, Tensor], module: nn.Module | None = None
    ) -> dict[str, Tensor]:
        from .timm_names import from_efficientnet_pytorch
        from .timm_stages import classifiers as final_layers

        assert module is not None  # whose size of images positions are to be scaled to
        final = tuple(f"{name}." for name in final_layers(module))
        state = _native(from_efficientnet_pytorch(state, module), module)
        return {name: tensor for name, tensor in state.items() if not name.startswith(final)}


def _timm() -> Any:
    if importlib.util.find_spec("timm") is None:
        raise SetupError(
            "the model timm needs the package timm, which is not installed",
            where="model.name",
            expected="the extra timm of benchsuite",
            remedy="pip install 'benchsuite[timm]'",
        )
    import timm

    return timm


def _classifier(params: TimmParameters) -> Classifier:
    return classifiers()[params.architecture]


def _official(of: Classifier, sha256: str | None) -> WeightsRequest:
    """timm's own weights. Of the files on the hub nobody tells the digest; what was fetched counts with its bytes."""
    if of.weights.startswith("hub:"):
        repository = of.weights.removeprefix("hub:")
        return WeightsRequest(
            name=of.name,
            filename=f"{repository.replace('/', '--')}.safetensors",
            url=HUB.format(repository=repository),
            sha256=sha256,
            licence=of.licence,
        )
    filename = of.weights.rpartition("/")[2]
    told = filename.partition(".")[0].rpartition("-")[2]
    return WeightsRequest(name=of.name, filename=filename, url=of.weights, sha256=sha256 or told, licence=of.licence)


def _native(state: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """The tensors as timm's class has them: many of its modules translate the files of the networks' authors."""
    module = importlib.import_module(type(network).__module__)
    translate = getattr(module, "checkpoint_filter_fn", None)
    return dict(translate(state, network)) if translate is not None else state


def _start_anew(network: nn.Module) -> None:
    """Draw the final layers as torch does. Of some families timm draws them by the number of classes (EfficientNet:
    from ±1/√classes), which for few of them gives logits so large that a few epochs do not mend it."""
    from .timm_stages import classifiers as final_layers

    for name in final_layers(network):
        layer = network.get_submodule(name)
        if callable(reset := getattr(layer, "reset_parameters", None)):
            reset()


def _try(network: nn.Module, name: str, task: Task) -> None:
    """Raise BenchsuiteError where images of the task's size get lost on the way."""
    import copy

    import torch

    ghost = copy.deepcopy(network).to("meta").eval()
    try:
        with torch.inference_mode():
            ghost(torch.empty(1, task.channels, task.height, task.width, device="meta"))
    except (RuntimeError, ValueError, AssertionError, TypeError) as error:
        raise _unfit(name, task, " ".join(str(error).split())) from error


def _unfit(architecture: str, task: Task, why: str) -> BenchsuiteError:
    side = classifiers()[architecture].side
    return BenchsuiteError(
        f"timm's {architecture} cannot take images of shape {task.channels}x{task.height}x{task.width}: {why:.300}",
        where="model.architecture",
        expected=f"images of a size that it can be built for; its weights were trained with {side}x{side}",
        remedy="leave dataset.image_size out, or choose another architecture",
    )
