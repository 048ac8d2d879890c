"""What CUDA cannot repeat is found in networks and losses without a GPU, and nothing that ships has any of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from benchsuite.contracts.model import Task
from benchsuite.registry import registry
from benchsuite.testing.harness.cuda_operations import UNREPEATABLE, in_loss, in_network

TASK = Task(4, 32, 32)


@pytest.fixture(autouse=True)
def _deterministic() -> Iterator[None]:
    """As a run has it: torch then takes other ways, where it has any."""
    was = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(was)


class Does(nn.Module):
    """A layer that applies a function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, maps: Any) -> Any:
        return self.function(maps)


def found(function: Callable[[Any], Any], trained: bool = True) -> tuple[str, ...]:
    """What there is in a network that applies `function` to maps; first of all, where nothing before it is trained."""
    before: dict[str, nn.Module] = {"stem": nn.Conv2d(3, 4, 3, padding=1)} if trained else {}
    return in_network({**before, "neck": Does(function)}, TASK)


@pytest.mark.parametrize("name", UNREPEATABLE)
def test_torch_has_every_operation_of_the_list(name: str) -> None:
    operation, _, overload = name.partition(".")
    assert overload in ("", *getattr(torch.ops.aten, operation).overloads())


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (nn.AdaptiveAvgPool2d(2), "adaptive average pooling to more than 1 x 1"),
        (nn.AdaptiveMaxPool2d(2), "adaptive maximum pooling"),
        (nn.FractionalMaxPool2d(2, output_size=8), "fractional maximum pooling"),
        (nn.ReflectionPad2d(1), "padding by reflection"),
        (nn.Upsample(scale_factor=2, mode="bicubic"), "bicubic interpolation"),
        (lambda maps: functional.interpolate(maps, scale_factor=0.5, mode="bilinear", antialias=True), "antialiasing"),
        (lambda maps: functional.grid_sample(maps, maps[:, :2].movedim(1, -1), align_corners=False), "grid_sample"),
        (lambda maps: maps.median(dim=1).values, "the median along a dimension"),
        (lambda maps: maps.detach().kthvalue(2).values, "kthvalue"),
    ],
)
def test_an_operation_that_cuda_cannot_repeat_is_named_with_its_stage(function: Any, told: str) -> None:
    names = found(function)
    assert len(names) == 1
    assert names[0].startswith("neck: ")
    assert told in names[0]


@pytest.mark.parametrize(
    "function",
    [
        nn.AdaptiveAvgPool2d(1),
        nn.MaxPool2d(2),
        nn.AvgPool2d(2),
        nn.ReplicationPad2d(1),
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Dropout2d(0.5),
        nn.Softmax(dim=1),
        nn.ConvTranspose2d(4, 2, 2),
        nn.GroupNorm(2, 4),
        lambda maps: maps.flatten(1)[:, torch.tensor([0, 5])],
        lambda maps: maps.cumsum(1),
    ],
)
def test_what_cuda_can_repeat_is_not_named(function: Any) -> None:
    assert found(function) == ()


def test_what_no_gradient_passes_through_is_not_named() -> None:
    assert found(nn.AdaptiveAvgPool2d(2), trained=False) == ()


def test_arguments_decide_where_torch_says_so() -> None:
    labels = torch.tensor([0, 1, 1])
    weights = torch.ones(3)
    assert in_loss(lambda x: x.sum() + torch.bincount(labels).sum(), torch.ones(3)) == ()
    assert in_loss(lambda x: x.sum() + torch.bincount(labels, weights).sum(), torch.ones(3)) == (
        "bincount with weights",
    )
    assert in_loss(lambda x: torch.zeros(2).scatter_reduce(0, labels, x, "sum").sum(), torch.ones(3)) == ()
    named = in_loss(lambda x: torch.ones(2).scatter_reduce(0, labels, x, "prod").sum(), torch.ones(3))
    assert "scatter_reduce of products" in named
    bags = nn.EmbeddingBag(3, 2, mode="max")
    (only,) = in_loss(lambda x: (bags(labels.view(1, 3)) * x).sum(), torch.ones(2))
    assert "EmbeddingBag" in only


SHIPPED: list[tuple[str, dict[str, Any], int]] = [
    ("resnet", {"weights": "none"}, 224),
    ("resnet", {"depth": 50, "weights": "none"}, 96),
    ("resnet", {"form": "cifar", "weights": "none", "dropout": 0.2}, 32),
    ("vgg16", {"weights": "none"}, 160),
    ("vgg16", {"form": "cifar", "weights": "none"}, 32),
    ("lenet5", {}, 32),
    ("mlp", {"dropout": 0.2}, 32),
    ("birdcnn", {}, 64),
    *(
        ("small_cnn", {"activation": name}, 32)
        for name in ("relu", "leaky_relu", "relu6", "elu", "tanh", "silu", "sigmoid", "softmax")
    ),
]


def of_model(name: str, parameters: dict[str, Any], size: int) -> tuple[str, ...]:
    entry = registry().model(name)
    task = Task(10, size, size)
    module: Any = entry.component.build(entry.component.Parameters(**parameters), task)  # type: ignore[union-attr]
    return in_network(dict(entry.component.stages(module)), task)  # type: ignore[union-attr]


@pytest.mark.parametrize(("name", "parameters", "size"), SHIPPED)
def test_no_model_that_ships_has_such_an_operation(name: str, parameters: dict[str, Any], size: int) -> None:
    assert of_model(name, parameters, size) == ()
