"""What a network costs: parameters, floating-point operations, and a few timed steps.

Operations are counted by torch's dispatcher (a multiply-add as two) on tensors without data, so counting is quick
whatever the size of the network.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from benchsuite.contracts.model import Task
from benchsuite.contracts.recipe import Phase
from benchsuite.engine.diagnostics.layers import copy_without_data, list_layers
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import Network
from benchsuite.engine.network.feature_cache import Cut, cut
from benchsuite.engine.training.arithmetic import Arithmetic
from benchsuite.engine.training.descent import make_optimizer
from benchsuite.errors import PluginError
from benchsuite.store.record import ModelFacts

T = TypeVar("T")

ENOUGH_SECONDS = 0.5
"""A step that takes longer needs no second one to be timed well enough for an estimate."""

FILLED = 1.5
"""A device that works so many times as long as the work takes to be given has little room for another run."""


@dataclass(frozen=True)
class PhaseCost:
    """What one epoch of a phase is made of, measured by a few steps on random inputs."""

    seconds_per_step: float
    validation_seconds_per_image: float
    prefix_seconds_per_image: float
    feature_bytes_per_image: int
    fills_device: bool
    """Whether a step keeps the device at work for longer than it takes to give it the work."""


def model_facts(network: Network, frozen: freeze.FrozenStages, cut_: Cut, task: Task) -> ModelFacts:
    """Sizes and operations of a network under a freeze policy.

    Raises PluginError when its stages, one after the other, do not turn an image into one logit a class.
    """
    whole = nn.Sequential(*cut_.prefix, *cut_.tail)
    try:
        forward, output = _count(whole, task, backward=False)
    except (RuntimeError, TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise _no_network(network, task, f"fails: {type(error).__name__}: {error}") from error
    if output != (1, task.classes):
        raise _no_network(network, task, f"gives a tensor of shape {output}")
    prefix = _count(cut_.prefix, task, backward=False)[0] if cut_ else 0
    train = _count(whole, task, backward=True)[0] - prefix
    return ModelFacts(
        parameters_total=sum(p.numel() for p in network.module.parameters()),
        parameters_trainable=sum(p.numel() for p in network.module.parameters() if p.requires_grad),
        forward_flops=forward,
        train_flops=train,
        stages=tuple(network.stages),
        frozen_stages=frozen.stages,
        layers=list_layers(network, task),
    )


def _no_network(network: Network, task: Task, what: str) -> PluginError:
    image = (1, task.channels, task.height, task.width)
    return PluginError(
        f"applying the model's stages to an image of shape {image} {what}",
        where=network.origin,
        expected=f"stages whose composition gives logits of shape (1, {task.classes})",
        remedy="correct the model's build() or stages(), or choose an image size that it can take",
    )


def _count(module: nn.Module, task: Task, *, backward: bool) -> tuple[int, tuple[int, ...]]:
    """Operations for one image, and the shape of the output."""
    ghost = copy_without_data(module).eval()
    images = torch.empty(1, task.channels, task.height, task.width, device="meta")
    counter = FlopCounterMode(
        display=False, custom_mapping={torch.ops.aten.convolution_backward: _convolution_gradients}
    )
    with counter:
        output = ghost(images)
        if backward:
            output.sum().backward()
    return int(counter.get_total_flops()), tuple(output.shape)


def _convolution_gradients(
    output: Sequence[int], images: Sequence[int], weights: Sequence[int], *rest: Any, **_: Any
) -> int:
    """Operations of the gradients of a convolution, by the shapes of its tensors: each of the two takes as many as the
    forward pass. torch's own count takes grouped convolutions for dense ones in the gradient of the weights."""
    _bias, _stride, _padding, _dilation, transposed, _output_padding, _groups, wanted = rest[:8]
    places = math.prod((images if transposed else output)[2:])
    return 2 * output[0] * places * math.prod(weights) * sum(map(int, wanted[:2]))


def time_phase(
    network: Network,
    phase: Phase,
    cacheable: bool,
    arithmetic: Arithmetic,
    task: Task,
    steps: int = 3,
) -> PhaseCost:
    """Time a few training steps, evaluation and the frozen prefix of a phase. The network is a throw-away one."""
    frozen = freeze.resolve(phase.freeze, network.stages)
    freeze.apply(frozen, network.stages)
    freeze.train_mode(frozen, network.stages)
    parts = cut(network, frozen, cacheable)
    device = arithmetic.device
    images = torch.randn(phase.batch_size, task.channels, task.height, task.width, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.zeros(phase.batch_size, dtype=torch.int64, device=device)
    optimizer = make_optimizer(phase.optimizer, parts.tail)

    prefix_seconds, feature_bytes, inputs = 0.0, 0, images
    if parts:
        parts.prefix.eval()
        with torch.inference_mode():
            prefix_seconds, _, features = _time(lambda: arithmetic.forward(parts.prefix, images), device, steps)
        feature_bytes = features[0].nbytes
        inputs = features.clone()

    def step() -> None:
        with arithmetic.autocast():
            loss = cross_entropy(parts.tail(inputs), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    seconds, given, _ = _time(step, device, steps)
    parts.tail.eval()
    with torch.inference_mode():
        evaluation, _, _ = _time(lambda: arithmetic.forward(parts.tail, inputs), device, steps)
    return PhaseCost(
        seconds_per_step=seconds,
        validation_seconds_per_image=evaluation / phase.batch_size,
        prefix_seconds_per_image=prefix_seconds / phase.batch_size,
        feature_bytes_per_image=feature_bytes,
        fills_device=seconds > FILLED * given,
    )


def _time(work: Callable[[], T], device: torch.device, times: int) -> tuple[float, float, T]:
    """The least of some times that the work takes once it has been done to warm up, in seconds: until the device has
    done it, and until it was all given to the device."""
    result, least, given = work(), math.inf, math.inf
    for _ in range(times):
        _wait(device)
        start = time.perf_counter()
        result = work()
        given = min(given, time.perf_counter() - start)
        _wait(device)
        least = min(least, time.perf_counter() - start)
        if least > ENOUGH_SECONDS:
            break
    return least, given, result


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
