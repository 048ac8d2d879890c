"""What every first-party model keeps, and what each keeps besides. The networks are narrow and the images tiny."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from benchsuite_plugins.models.activations import activation
from benchsuite_plugins.models.birdcnn import BirdCNN
from benchsuite_plugins.models.lenet5 import LeNet5
from benchsuite_plugins.models.mlp import MLP
from benchsuite_plugins.models.pooling import adaptive_average
from benchsuite_plugins.models.resnet import ResNet
from benchsuite_plugins.models.small_cnn import SmallCNN
from benchsuite_plugins.models.torchvision_models import Torchvision
from benchsuite_plugins.models.vgg16 import VGG16
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchsuite.api import BenchsuiteError, Model, Task
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import Network, build, weights_hash

ACTIVATIONS = ("relu", "leaky_relu", "relu6", "elu", "tanh", "silu", "sigmoid", "softmax")
NARROW = {"form": "cifar", "weights": "none", "width": 2}


@dataclass(frozen=True)
class Example:
    model: Model[Any]
    given: dict[str, Any]
    size: int = 32

    @property
    def params(self) -> Any:
        return self.model.Parameters.model_validate_json(json.dumps(self.given))

    def task(self, classes: int = 3) -> Task:
        return Task(classes, self.size, self.size)

    def network(self, classes: int = 3, seed: int = 0) -> Network:
        return build(self.model, self.params, self.task(classes), seed, None)

    def images(self, count: int = 4) -> Tensor:
        return torch.randn(count, 3, self.size, self.size, generator=torch.Generator().manual_seed(1))


EXAMPLES = {
    "birdcnn": Example(BirdCNN(), {"channels": [4, 6, 8, 10], "hidden": 12}),
    "birdcnn two convolutions": Example(BirdCNN(), {"channels": [4, 6], "hidden": 12, "activation": "elu"}),
    "birdcnn kernel 6": Example(BirdCNN(), {"channels": [2, 2, 2, 2], "kernel_size": 6, "hidden": 4}, size=64),
    "lenet5": Example(LeNet5(), {}),
    "lenet5 dropout": Example(LeNet5(), {"dropout": 0.5, "activation": "softmax"}),
    "mlp": Example(MLP(), {"hidden": [20, 10]}, size=8),
    "mlp linear": Example(MLP(), {"hidden": []}, size=8),
    "small_cnn": Example(SmallCNN(), {}),
    "resnet": Example(ResNet(), {"weights": "none", "dropout": 0.2}),
    "resnet cifar": Example(ResNet(), {**NARROW, "activation": "relu6", "dropout": 0.2}),
    "resnet34 cifar": Example(ResNet(), {**NARROW, "depth": 34}, size=16),
    "vgg16 cifar": Example(VGG16(), NARROW),
    "vgg16 cifar plain": Example(VGG16(), {**NARROW, "batchnorm": False, "activation": "tanh"}),
    "torchvision": Example(Torchvision(), {"architecture": "shufflenet_v2_x0_5", "weights": "none"}),
}


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest) -> Example:
    return EXAMPLES[request.param]


@pytest.fixture(autouse=True)
def one_deterministic_thread() -> Iterator[None]:
    threads, was = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(was)
    torch.set_num_threads(threads)


def composed(built: Network) -> nn.Sequential:
    return nn.Sequential(*built.stages.values())


def test_the_composition_of_the_stages_is_the_forward_pass(example: Example) -> None:
    built = example.network()
    built.module.eval()
    with torch.inference_mode():
        assert torch.equal(composed(built)(example.images()), built.module(example.images()))
    assert list(built.stages)[-1] == "head"


@pytest.mark.parametrize("classes", [2, 10, 200])
def test_there_is_one_logit_a_class(example: Example, classes: int) -> None:
    built = example.network(classes)
    built.module.eval()
    with torch.inference_mode():
        assert built.module(example.images(2)).shape == (2, classes)


def test_the_seed_decides_the_weights(example: Example) -> None:
    first, again, other = (weights_hash(example.network(seed=seed).module.state_dict()) for seed in (5, 5, 6))
    assert first == again != other


def test_a_frozen_prefix_stays_as_it_is_and_all_else_trains(example: Example) -> None:
    built = example.network()
    names = list(built.stages)
    frozen = freeze.FrozenStages(tuple(names[: len(names) // 2]), held=True)
    freeze.apply(frozen, built.stages)
    freeze.train_mode(frozen, built.stages)
    before = {name: tensor.clone() for name, tensor in built.module.state_dict().items()}
    trained = [p for p in built.module.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.5)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        cross_entropy(composed(built)(example.images()), torch.tensor([0, 1, 2, 0])).backward()
    optimizer.step()
    held = built.names_in(set(frozen.stages))
    after = built.module.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in held)
    assert all(parameter.grad is not None for parameter in trained)
    head = built.names_in({"head"})
    assert any(not torch.equal(after[name], before[name]) for name in head)


def test_gradients_are_the_same_twice(example: Example) -> None:
    def gradients() -> list[Tensor]:
        built = example.network()
        built.module.train()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            cross_entropy(composed(built)(example.images()), torch.tensor([0, 1, 2, 0])).backward()
        return [p.grad for p in built.module.parameters() if p.grad is not None]

    first, second = gradients(), gradients()
    assert first
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_parameters_survive_json_and_the_trial_is_valid(example: Example) -> None:
    params = example.params
    dumped = params.model_dump(mode="json")
    assert type(params).model_validate_json(json.dumps(dumped)) == params
    type(params).model_validate_json(json.dumps({**dumped, **example.model.smoke(params)}))


def test_title_and_bibtex_are_there(example: Example) -> None:
    assert example.model.title(example.params)
    assert example.model.bibtex(example.params).startswith("@")


def test_every_parameter_is_described(example: Example) -> None:
    assert all(field.description for field in example.model.Parameters.model_fields.values())


def test_declaring_a_model_imports_no_torch() -> None:
    code = (
        "import sys, benchsuite_plugins as p\n"
        "models = [model() for model in p.benchsuite_models()]\n"
        "[m.weights(m.Parameters()) for m in models], [m.bibtex(m.Parameters()) for m in models]\n"
        "sys.exit('torch' in sys.modules or 'torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_keeps_the_shape_of_maps_and_of_units(name: Any) -> None:
    for shape in ((2, 3, 4, 5), (2, 3)):
        assert activation(name)(torch.randn(shape)).shape == shape


def test_softmax_is_over_channels() -> None:
    assert torch.allclose(activation("softmax")(torch.randn(2, 3, 4, 4)).sum(1), torch.ones(2, 4, 4))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_of_the_cifar_resnet_trains(name: str) -> None:
    example = Example(ResNet(), {**NARROW, "activation": name}, size=16)
    built = example.network()
    cross_entropy(built.module(example.images()), torch.tensor([0, 1, 2, 0])).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in built.module.parameters())


def parameters_of(model: Model[Any], given: dict[str, Any], size: int, classes: int = 10) -> int:
    with torch.device("meta"):
        module = model.build(model.Parameters.model_validate_json(json.dumps(given)), Task(classes, size, size))
    return sum(p.numel() for p in module.parameters())


def test_the_networks_have_the_sizes_that_are_published() -> None:
    bird = parameters_of(BirdCNN(), {}, 256, 20)
    assert bird == sum(a * b * 9 + b for a, b in ((3, 32), (32, 64), (64, 128), (128, 256))) + (
        256 * 16 * 16 * 512 + 512 + 512 * 20 + 20
    )
    assert parameters_of(LeNet5(), {}, 32) == 62006
    assert parameters_of(SmallCNN(), {}, 32) == 29924
    assert parameters_of(MLP(), {"hidden": [120]}, 32) == 3072 * 120 + 120 + 120 * 10 + 10
    assert parameters_of(ResNet(), {"form": "cifar", "weights": "none"}, 32) == 11173962
    assert parameters_of(VGG16(), {"form": "cifar", "weights": "none"}, 32) == 14728266
    assert parameters_of(VGG16(), {"weights": "none"}, 224, 1000) == 138357544


def test_the_flattened_size_follows_kernel_and_depth() -> None:
    def inputs(given: dict[str, Any]) -> int:
        with torch.device("meta"):
            module = BirdCNN().build(BirdCNN.Parameters.model_validate_json(json.dumps(given)), Task(20, 256, 256))
        return int(module.hidden[1].in_features)

    assert inputs({}) == 256 * 16 * 16
    assert inputs({"kernel_size": 6}) == 256 * 13 * 13
    assert inputs({"channels": [32, 64]}) == 64 * 64 * 64


@pytest.mark.parametrize(
    ("model", "given", "size", "sizes"),
    [
        (BirdCNN(), {"kernel_size": 6}, 48, ("48x48", "conv1 convolution 45x45", "conv3 pooling 3x3", "conv4")),
        (BirdCNN(), {"channels": [1] * 6}, 32, ("conv6", "conv5 pooling 1x1")),
        (LeNet5(), {}, 28, ("conv2 pooling 4x4", "conv3", "5x5")),
        (SmallCNN(), {}, 8, ("conv1 pooling 2x2", "conv2")),
        (VGG16(), {"form": "cifar", "weights": "none"}, 16, ("block5", "block4 pooling 1x1")),
    ],
)
def test_an_image_too_small_for_the_layers_is_refused_with_the_sizes(
    model: Model[Any], given: dict[str, Any], size: int, sizes: tuple[str, ...]
) -> None:
    params = model.Parameters.model_validate_json(json.dumps(given))
    with torch.device("meta"), pytest.raises(BenchsuiteError) as caught:
        model.build(params, Task(3, size, size))
    assert caught.value.remedy
    assert all(part in str(caught.value) for part in sizes)


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        (ResNet(), {"form": "cifar"}, "write weights: none"),
        (ResNet(), {"form": "cifar", "weights": "a.pth"}, "write weights: none"),
        (ResNet(), {"form": "cifar", "weights": "none", "depth": 50}, "18 or 34"),
        (ResNet(), {"activation": "tanh"}, "form: cifar"),
        (ResNet(), {"width": 32}, "form: cifar"),
        (VGG16(), {"form": "cifar"}, "write weights: none"),
        (VGG16(), {"width": 32, "weights": "none"}, "form: cifar"),
        (VGG16(), {"activation": "tanh"}, "belong to the activation relu"),
        (VGG16(), {"weights": "imagenet"}, "imagenet1k_v1"),
        (Torchvision(), {"architecture": "resnet-5O"}, "did you mean resnet50"),
        (Torchvision(), {"weights": "imagenet1k_v1"}, "default"),
        (BirdCNN(), {"channels": []}, "at least 1"),
        (SmallCNN(), {"channels": [4, 4, 4]}, "at most 2"),
        (MLP(), {"hidden": [0]}, "greater than or equal to 1"),
        (MLP(), {"activation": "gelu"}, "softmax"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(model: Model[Any], given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        model.Parameters.model_validate_json(json.dumps(given))


def test_the_basic_block_is_torchvisions() -> None:
    from benchsuite_plugins.models.basic_block import BasicBlock
    from torchvision.models.resnet import BasicBlock as Reference

    for before, after, stride in ((4, 4, 1), (4, 8, 2)):
        shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
        theirs = Reference(before, after, stride, shortcut if before != after else None)
        ours = BasicBlock(before, after, stride, "relu")
        ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
        maps = torch.randn(2, before, 6, 6)
        assert torch.equal(ours(maps), theirs(maps))


@pytest.mark.parametrize("before", [(1, 1), (3, 2), (7, 7), (8, 15)])
def test_exact_pooling_does_what_adaptive_pooling_does(before: tuple[int, int]) -> None:
    maps = torch.randn(2, 3, *before)
    expected = nn.AdaptiveAvgPool2d((7, 6))(maps)
    assert torch.allclose(adaptive_average(before, (7, 6))(maps), expected, atol=1e-6)


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_pooling_in_half_precision_rounds_nothing_but_its_result(half: torch.dtype) -> None:
    maps = torch.randn(2, 3, 8, 8).to(half)
    exact = adaptive_average((8, 8), (3, 3))(maps.float())
    with torch.autocast("cpu", torch.bfloat16):
        pooled = adaptive_average((8, 8), (3, 3))(maps)
    assert pooled.dtype == half
    assert torch.equal(pooled, exact.to(half))


def test_pooling_takes_tensors_without_data_on_which_operations_are_counted() -> None:
    pooled = adaptive_average((5, 5), (7, 7)).to("meta")(torch.empty(1, 3, 5, 5, device="meta"))
    assert pooled.shape == (1, 3, 7, 7)


def test_pooling_to_the_size_that_is_there_is_nothing() -> None:
    assert isinstance(adaptive_average((7, 7), (7, 7)), nn.Identity)


@pytest.mark.parametrize("batchnorm", [False, True])
def test_vgg16_finds_a_place_for_each_of_torchvisions_weights_but_the_heads(batchnorm: bool) -> None:
    from torchvision import models

    params = VGG16.Parameters.model_validate_json(json.dumps({"batchnorm": batchnorm}))
    with torch.device("meta"):
        theirs = (models.vgg16_bn if batchnorm else models.vgg16)(weights=None).state_dict()
        ours = VGG16().build(params, Task(5, 224, 224)).state_dict()
    adapted = VGG16().adapt(params, dict(reversed(theirs.items())))
    own = {name: tensor.shape for name, tensor in ours.items() if not name.startswith("head")}
    assert {name: tensor.shape for name, tensor in adapted.items()} == own


@pytest.mark.slow
def test_vgg16_computes_what_torchvisions_does() -> None:
    from torchvision import models

    params = VGG16.Parameters.model_validate_json(json.dumps({"batchnorm": True, "weights": "none"}))
    theirs, ours = models.vgg16_bn(weights=None, num_classes=5).eval(), VGG16().build(params, Task(5, 64, 96)).eval()
    state = VGG16().adapt(params, theirs.state_dict())
    assert ours.load_state_dict(state, strict=False).unexpected_keys == []
    final = dict(theirs.named_modules())["classifier.6"].state_dict()
    ours.get_submodule("head.0").load_state_dict(final)
    images = torch.randn(1, 3, 64, 96)
    with torch.inference_mode():
        assert torch.allclose(ours(images), theirs(images), atol=1e-5)


def test_weights_are_asked_for_by_their_official_names() -> None:
    def file(model: Model[Any], given: dict[str, Any]) -> str | None:
        request = model.weights(model.Parameters.model_validate_json(json.dumps(given)))
        return request.filename if request else None

    assert file(VGG16(), {}) == "vgg16-397923af.pth"
    assert file(VGG16(), {"batchnorm": True}) == "vgg16_bn-6c64b313.pth"
    assert file(VGG16(), {"weights": "none"}) is None
    assert file(ResNet(), {"depth": 34}) == "resnet34-b627a593.pth"
    assert file(Torchvision(), {}) == "resnet50-11ad3fa6.pth"
    for own in ("own.safetensors", "OWN.SAFETENSORS", "last.ckpt", "pytorch_model.bin", "checkpoint.pth.tar"):
        assert file(Torchvision(), {"weights": own}) == own
