"""What the record tells of a network's layers: in the order of the forward pass, with true shapes, sizes and sums."""

from __future__ import annotations

from typing import Any

import pytest
from torch import Tensor, nn

from benchsuite.contracts.model import Task
from benchsuite.engine.diagnostics.layers import copy_without_data, list_layers
from benchsuite.engine.network.build import Network


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU())

    def forward(self, batch: Tensor) -> Any:
        return batch + self.inner(batch)


def network(**stages: nn.Module) -> Network:
    return Network(nn.ModuleDict(stages), stages)


def test_layers_come_in_order_with_shapes_settings_parameters_and_multiply_adds() -> None:
    stem = nn.Sequential(nn.Conv2d(3, 6, (3, 5), 2, padding=1, groups=3), nn.Sequential(nn.BatchNorm2d(6), nn.ReLU()))
    pool, residual = nn.AvgPool2d(2), Residual(6)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4))
    made = network(stem=stem, pool=pool, body=residual, head=head)
    found = list_layers(made, Task(4, 16, 18))
    assert [(layer.stage, layer.kind, layer.output) for layer in found] == [
        ("stem", "Conv2d", (6, 8, 8)),
        ("stem", "BatchNorm2d", (6, 8, 8)),
        ("stem", "ReLU", (6, 8, 8)),
        ("pool", "AvgPool2d", (6, 4, 4)),
        ("body", "Residual", (6, 4, 4)),
        ("head", "AdaptiveAvgPool2d", (6, 1, 1)),
        ("head", "Flatten", (6,)),
        ("head", "Linear", (4,)),
    ]
    convolution, pooling, block, linear = found[0], found[3], found[4], found[-1]
    assert (convolution.kernel, convolution.stride, convolution.groups) == ((3, 5), (2, 2), 3)
    assert (pooling.kernel, pooling.stride) == ((2, 2), (2, 2))
    assert (convolution.parameters, convolution.macs) == (6 * 15 + 6, 6 * 15 * 8 * 8)
    assert (block.block, block.parameters, block.macs) == (True, 6 * 6 * 9 + 6, 6 * 6 * 9 * 4 * 4)
    assert (linear.parameters, linear.macs) == (28, 24)
    assert sum(layer.parameters for layer in found) == sum(p.numel() for p in made.module.parameters())
    assert all(parameter.device.type == "cpu" for parameter in made.module.parameters())


def test_a_layer_that_is_applied_twice_has_its_parameters_once() -> None:
    shared = nn.Conv2d(3, 3, 1)
    first, second = list_layers(network(body=nn.Sequential(shared, nn.ReLU(), shared)), Task(3, 4, 4))[::2]
    assert (first.parameters, second.parameters) == (12, 0)
    assert first.macs == second.macs == 9 * 16


def test_a_copy_without_data_copies_no_values_and_shares_what_was_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a card, a whole copy would stand in the recorded peak of its memory."""
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(2, 2), nn.Linear(2, 2))
    module[3].weight = module[2].weight
    module[0].requires_grad_(False)

    def refuse(*_: object) -> None:
        raise AssertionError("a tensor was copied with its values")

    monkeypatch.setattr(nn.Parameter, "__deepcopy__", refuse)
    monkeypatch.setattr(Tensor, "__deepcopy__", refuse)
    ghost = copy_without_data(module)
    tensors = [*ghost.parameters(), *ghost.buffers()]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert [t.shape for t in tensors] == [t.shape for t in (*module.parameters(), *module.buffers())]
    assert ghost[3].weight is ghost[2].weight  # type: ignore[index]
    assert [p.requires_grad for p in ghost.parameters()] == [p.requires_grad for p in module.parameters()]
    assert {tensor.device.type for tensor in (*module.parameters(), *module.buffers())} == {"cpu"}
