"""What a network costs: parameters, floating-point operations, memory, and a few timed steps.

Operations are counted by torch's dispatcher (a multiply-add as two) on tensors without data, so counting is quick
whatever the size of the network.
"""

from __future__ import annotations

import copy
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from benchsuite.contracts.model import Task
from benchsuite.contracts.recipe import Phase
from benchsuite.engine import freeze
from benchsuite.engine.features import Cut, cut
from benchsuite.engine.loop import Arithmetic, make_optimizer
from benchsuite.engine.network import Network
from benchsuite.store.record import ModelFacts

T = TypeVar("T")


@dataclass(frozen=True)
class PhaseCost:
    """What one epoch of a phase is made of, measured by a few steps on random inputs."""

    seconds_per_step: float
    validation_seconds_per_image: float
    prefix_seconds_per_image: float
    feature_bytes_per_image: int


def model_facts(network: Network, frozen: freeze.Frozen, cut_: Cut, task: Task) -> ModelFacts:
    """Sizes and operations of a network under a freeze policy."""
    total, trainable = freeze.parameters(network.module)
    forward = _count(nn.Sequential(*cut_.prefix, *cut_.tail), task, backward=False)
    prefix = _count(cut_.prefix, task, backward=False) if cut_ else 0
    train = _count(nn.Sequential(*cut_.prefix, *cut_.tail), task, backward=True) - prefix
    return ModelFacts(
        parameters_total=total,
        parameters_trainable=trainable,
        forward_flops=forward,
        train_flops=train,
        stages=tuple(network.stages),
        frozen_stages=frozen.stages,
    )


def _count(module: nn.Module, task: Task, *, backward: bool) -> int:
    ghost = copy.deepcopy(module).to("meta").eval()
    images = torch.empty(1, task.channels, task.height, task.width, device="meta")
    counter = FlopCounterMode(display=False)
    with counter:
        output = ghost(images)
        if backward:
            output.sum().backward()
    return int(counter.get_total_flops())


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
            arithmetic.forward(parts.prefix, images)
            prefix_seconds, features = _timed(lambda: arithmetic.forward(parts.prefix, images), device)
        feature_bytes = features[0].nbytes
        inputs = features.clone()

    def step() -> None:
        with arithmetic.autocast():
            loss = cross_entropy(parts.tail(inputs), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    step()
    seconds = min(_timed(step, device)[0] for _ in range(steps))
    parts.tail.eval()
    with torch.inference_mode():
        evaluation, _ = _timed(lambda: arithmetic.forward(parts.tail, inputs), device)
    return PhaseCost(seconds, evaluation / phase.batch_size, prefix_seconds / phase.batch_size, feature_bytes)


def _timed(work: Callable[[], T], device: torch.device) -> tuple[float, T]:
    start = time.perf_counter()
    result = work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start, result


def reset_peak_memory() -> None:
    """Count the peak from here on, where the system can (Linux); elsewhere it stays the process's own."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """Largest resident memory of this process since the last reset, in bytes."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
