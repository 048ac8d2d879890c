"""Running means of the weights while they train: exponential moving average, and stochastic weight averaging.

They are held beside the network. For validation, and for the checkpoint that is kept, they take the place of its own
weights, in the very same memory, for recorded steps read them where they lie; then the network has its own again.

EMA: B. Polyak and A. Juditsky, 1992. SWA: P. Izmailov et al., UAI 2018, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from benchsuite.contracts.recipe import Averaging

Forwards = Callable[[], None]
"""Passes the training images once through the network, without changing weights."""


class Average:
    """The mean of what trains in `tail`: its weights that are not frozen, and the statistics of its layers.

    What does not change (frozen weights, statistics that are held) is the mean of itself, to the last bit.
    """

    def __init__(self, averaging: Averaging, tail: nn.Module, max_epochs: int) -> None:
        self._averaging, self._tail = averaging, tail
        self._start = min(averaging.start, max_epochs - 1)
        self._count = 0
        """Steps (EMA) or epochs (SWA) that are in the mean."""
        self._epochs = 0
        trained = [parameter for parameter in tail.parameters() if parameter.requires_grad]
        moving = [buffer for buffer in tail.buffers() if buffer.is_floating_point()]
        self._live: list[Tensor] = [*trained, *moving]
        self._mean = [tensor.detach().clone() for tensor in self._live]

    @property
    def by_step(self) -> bool:
        return self._averaging.name == "ema"

    @property
    def begun(self) -> bool:
        """Whether there is a mean yet."""
        return self._count > 0

    def end_step(self) -> None:
        """Take the weights into the mean, after a step."""
        if self.by_step:
            self._count += 1
            self._move(1 - min(self._averaging.decay, (1 + self._count) / (10 + self._count)))

    def end_epoch(self) -> None:
        """Take the weights into the mean, after an epoch."""
        self._epochs += 1
        if not self.by_step and self._epochs > self._start:
            self._count += 1
            self._move(1 / self._count)

    def _move(self, share: float) -> None:
        with torch.no_grad():
            torch._foreach_lerp_(self._mean, [tensor.detach() for tensor in self._live], share)

    @contextmanager
    def in_place(self, forwards: Forwards) -> Iterator[None]:
        """The network with the mean, within the block. For SWA, layers of batch normalisation that are in training mode
        get the statistics of `forwards`; that of EMA has a mean of theirs."""
        buffers = list(self._tail.buffers())
        changed = [*self._live, *buffers]
        kept = [tensor.detach().clone() for tensor in changed]
        with torch.no_grad():
            for tensor, mean in zip(self._live, self._mean, strict=True):
                tensor.copy_(mean)
            if not self.by_step:
                _measure_again(self._tail, forwards)
        try:
            yield
        finally:
            with torch.no_grad():
                for tensor, before in zip(changed, kept, strict=True):
                    tensor.copy_(before)

    def state(self) -> dict[str, Any]:
        """All it takes to go on."""
        return {"mean": self._mean, "count": self._count, "epochs": self._epochs}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from an earlier `state`."""
        for mine, saved in zip(self._mean, state["mean"], strict=True):
            mine.copy_(saved)
        self._count, self._epochs = state["count"], state["epochs"]


def _measure_again(tail: nn.Module, forwards: Forwards) -> None:
    """Give batch normalisation the mean statistics of all batches. Dropout is off, so that nothing is drawn."""
    norms = [part for part in tail.modules() if isinstance(part, _BatchNorm) and part.training]
    measured = [(norm, norm.momentum) for norm in norms if norm.track_running_stats]
    if not measured:
        return
    tail.eval()
    for norm, _ in measured:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None  # of all batches alike
    try:
        forwards()
    finally:
        for norm, momentum in measured:
            norm.momentum = momentum
