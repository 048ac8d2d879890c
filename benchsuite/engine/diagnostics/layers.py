"""The layers of a network as one image passes through them: what a paper's table of the architecture is made from."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.hooks import RemovableHandle

from benchsuite.contracts.model import Task
from benchsuite.engine.network.build import Network
from benchsuite.store.record import Layer


def list_layers(network: Network, task: Task) -> tuple[Layer, ...]:
    """The layers in the order of the forward pass, counted on tensors without data.

    Sequences are taken apart; what has a forward pass of its own, such as a residual block, counts as one.
    """
    stages = {name: copy_without_data(part).eval() for name, part in network.stages.items()}
    images = torch.empty(1, task.channels, task.height, task.width, device="meta")
    found: list[Layer] = []
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        for name, part in stages.items():
            hooks = [hook for module in dict.fromkeys(_parts(part)) for hook in _watch(module, name, counter, found)]
            images = part(images)
            for hook in hooks:
                hook.remove()
    return tuple(found)


def copy_without_data(module: nn.Module) -> nn.Module:
    """A copy of a module whose tensors have shapes and no values; nothing is copied on the module's device."""
    ghosts: dict[int, torch.Tensor] = {
        id(parameter): nn.Parameter(parameter.detach().to("meta"), requires_grad=parameter.requires_grad)
        for parameter in module.parameters()
    }
    ghosts |= {id(buffer): buffer.to("meta") for buffer in module.buffers()}
    return copy.deepcopy(module, ghosts).to("meta")


def _parts(module: nn.Module) -> Iterator[nn.Module]:
    if type(module).forward is nn.Sequential.forward:
        for part in module.children():
            yield from _parts(part)
    else:
        yield module


def _watch(module: nn.Module, stage: str, counter: FlopCounterMode, found: list[Layer]) -> Iterator[RemovableHandle]:
    """Add the module to `found` each time that it has been applied."""
    before, parameters = 0, sum(parameter.numel() for parameter in module.parameters())
    block = next(module.children(), None) is not None

    def entered(*_: object) -> None:
        nonlocal before
        before = int(counter.get_total_flops())

    def left(_: nn.Module, __: object, output: object) -> None:
        nonlocal parameters
        found.append(
            Layer(
                stage=stage,
                kind=type(module).__name__,
                block=block,
                output=tuple(output.shape[1:]) if isinstance(output, torch.Tensor) else (),
                parameters=parameters,
                macs=(int(counter.get_total_flops()) - before) // 2,
                kernel=() if block else _sides(module, "kernel_size"),
                stride=() if block else _sides(module, "stride"),
                groups=1 if block else int(getattr(module, "groups", 1)),
            )
        )
        parameters = 0  # applied again, it brings no new ones

    yield module.register_forward_pre_hook(entered)
    yield module.register_forward_hook(left)


def _sides(module: nn.Module, name: str) -> tuple[int, ...]:
    """A setting of a convolution or pooling by dimension, as torch writes it: one number for all, or one for each."""
    value = getattr(module, name, ())
    sides = value if isinstance(value, tuple) else (value, value)
    return sides if all(isinstance(side, int) for side in sides) else ()
