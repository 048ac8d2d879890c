"""Every classification model of torchvision: known by name, cut into stages, given its weights."""

from __future__ import annotations

import re
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from benchsuite_plugins.models import torchvision_catalogue
from benchsuite_plugins.models.torchvision_catalogue import FAMILIES, FAMILY, FORWARD_PASSES, forward_pass
from benchsuite_plugins.models.torchvision_models import Torchvision, TorchvisionParameters
from torch import nn

from benchsuite.api import BenchsuiteError, Task
from benchsuite.engine.network.build import Network, build

CATALOGUE = Path(torchvision_catalogue.__file__).with_suffix(".toml")

SMALLEST = (
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "efficientnet_v2_s",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "resnet18",
    "resnext50_32x4d",
    "wide_resnet50_2",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "swin_t",
    "swin_v2_t",
    "vgg11_bn",
    "vit_b_32",
)
"""One of each family."""

QUICK = ("densenet121", "googlenet", "mnasnet0_5", "mobilenet_v3_small", "regnet_y_400mf", "squeezenet1_1")
HUGE = ("regnet_y_128gf", "regnet_y_32gf", "vit_h_14", "vit_l_16", "vit_l_32")
SIZES = {"inception_v3": 75, "maxvit_t": 224, "vit_h_14": 28}


def size_of(architecture: str) -> int:
    return SIZES.get(architecture, 64)


def params_of(architecture: str, weights: str = "none") -> TorchvisionParameters:
    return TorchvisionParameters.model_validate_json(f'{{"architecture": "{architecture}", "weights": "{weights}"}}')


def built(architecture: str) -> Network:
    side = size_of(architecture)
    return build(Torchvision(), params_of(architecture), Task(3, side, side), 0, None)


def builder(architecture: str) -> Any:
    from torchvision import models

    return getattr(models, architecture)


def compare(architecture: str) -> None:
    """The stages one after the other against torchvision's own network with the same weights."""
    ours = built(architecture)
    # What starts at zero would hide a part that is missing.
    generator = torch.Generator().manual_seed(0)
    for parameter in ours.module.parameters():
        if not parameter.any():
            parameter.data.normal_(0, 0.02, generator=generator)
    options: dict[str, Any] = {}
    if architecture in ("googlenet", "inception_v3"):
        options = {"aux_logits": False, "init_weights": False}
    if architecture.startswith("vit_"):
        options = {"image_size": size_of(architecture)}
    theirs = builder(architecture)(weights=None, num_classes=3, **options)
    state = theirs.state_dict()
    state.update(ours.module.state_dict())
    theirs.load_state_dict(state)
    theirs.eval()
    ours.module.eval()
    images = torch.randn(1, 3, size_of(architecture), size_of(architecture), generator=generator)
    with torch.inference_mode():
        expected = theirs(images)
        assert expected.std() > 0
        assert torch.allclose(ours.module(images), expected, atol=1e-5)
        assert torch.allclose(nn.Sequential(*ours.stages.values())(images), expected, atol=1e-5)


def test_the_catalogue_is_torchvisions() -> None:
    import torchvision
    from torchvision.models import get_model_weights, list_models

    official = {name: get_model_weights(name).DEFAULT for name in list_models(module=torchvision.models)}
    assert set(FAMILY) == set(official)
    for name, weights in official.items():
        assert weights.url == Torchvision().weights(params_of(name, "default")).url


def test_the_digest_of_every_file_is_in_its_name() -> None:
    for name in FAMILY:
        request = Torchvision().weights(params_of(name, "default"))
        assert request is not None
        assert re.fullmatch("[0-9a-f]{8,}", request.sha256 or "")


def test_every_architecture_has_a_title_of_its_own() -> None:
    titles = [each.title for family in FAMILIES for each in family.architectures.values()]
    assert len(set(titles)) == len(titles) == 80


def test_every_family_is_compared_with_torchvision() -> None:
    assert len({id(FAMILY[name]) for name in SMALLEST}) == len(FAMILIES)


def test_the_data_file_decides_no_result() -> None:
    """No run's key covers it, so it may hold nothing but words and the names of files whose bytes the keys hold."""
    with CATALOGUE.open("rb") as file:
        families = tomllib.load(file)
    assert list(families) == list(FORWARD_PASSES)
    for name, family in families.items():
        assert set(family) <= {"bibtex", "architectures"}
        for architecture, told in family["architectures"].items():
            assert set(told) == {"title", "weights"}
            assert forward_pass(architecture) is FORWARD_PASSES[name]


@pytest.mark.parametrize("architecture", QUICK)
def test_the_composition_of_the_stages_is_torchvisions_forward_pass(architecture: str) -> None:
    compare(architecture)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", [name for name in FAMILY if name not in (*QUICK, *HUGE)])
def test_the_composition_is_torchvisions_forward_pass_for_every_architecture(architecture: str) -> None:
    compare(architecture)


@pytest.mark.parametrize("architecture", [name for name in SMALLEST if not name.startswith("regnet")])
def test_the_stages_hold_all_parameters_once_and_torchvisions_weights_fit_all_but_the_final_layer(
    architecture: str,
) -> None:
    side, final = size_of(architecture), f"{forward_pass(architecture).final}."
    options = {"image_size": side} if architecture.startswith("vit_") else {}
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = Torchvision().build(params_of(architecture), Task(7, side, side)).eval()
        stages = Torchvision().stages(module)
        assert nn.Sequential(*stages.values())(torch.empty(2, 3, side, side)).shape == (2, 7)
        theirs = builder(architecture)(weights=None, **options).state_dict()
    held = [id(parameter) for stage in stages.values() for parameter in stage.parameters()]
    assert sorted(held) == sorted(id(parameter) for parameter in module.parameters())
    assert list(stages)[-1] == "head"
    assert len(stages) > 2
    assert {id(p) for p in module.get_submodule(final[:-1]).parameters()} <= {
        id(p) for p in stages["head"].parameters()
    }
    adapted = Torchvision().adapt(params_of(architecture), theirs)
    own = {name: tensor.shape for name, tensor in module.state_dict().items() if not name.startswith(final)}
    assert {name: tensor.shape for name, tensor in adapted.items()} == own


def test_densenets_old_names_are_translated() -> None:
    old = {"features.denseblock1.denselayer2.norm.1.weight": torch.zeros(1), "classifier.weight": torch.zeros(1)}
    adapted = Torchvision().adapt(params_of("densenet121"), old)
    assert set(adapted) == {"features.denseblock1.denselayer2.norm1.weight"}


def test_a_mnasnet_takes_a_state_without_metadata() -> None:
    module = built("mnasnet0_5").module
    module.load_state_dict(dict(module.state_dict()))


def test_inceptions_weights_see_images_in_their_own_scale() -> None:
    task, images = Task(3, 64, 64), torch.randn(2, 3, 64, 64)
    module = Torchvision().build(params_of("googlenet", "default"), task).eval()
    with torch.inference_mode():
        assert torch.allclose(nn.Sequential(*Torchvision().stages(module).values())(images), module(images), atol=1e-5)
        rescale = Torchvision().stages(module)["stem"].get_submodule("0")
        assert torch.equal(rescale(images), module._transform_input(images))


@pytest.mark.parametrize(
    ("architecture", "task", "said"),
    [
        ("vit_b_32", Task(3, 48, 48), "48x48"),
        ("vit_b_16", Task(3, 32, 48), "square"),
        ("maxvit_t", Task(3, 96, 96), "not divisible"),
        ("alexnet", Task(3, 32, 32), "sizes from layer to layer"),
        ("resnet18", Task(3, 32, 32, channels=1), "three channels"),
    ],
)
def test_images_that_do_not_fit_are_refused(architecture: str, task: Task, said: str) -> None:
    with torch.device("meta"), pytest.raises(BenchsuiteError, match="images") as caught:
        Torchvision().build(params_of(architecture), task)
    assert said in str(caught.value)
    assert caught.value.remedy
