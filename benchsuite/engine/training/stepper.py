"""A training step: the numbers of a batch's samples in, its loss and its logits out, and the weights moved.

A small network computes a step faster than the host launches its hundreds of operations. So on CUDA the fourth step of
a phase is recorded as a graph, which the steps after it replay at once. A recording is used only when it has been seen
to give the very bits of a step that was launched one operation at a time; else the steps go on as the first ones did.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from benchsuite.contracts.dataset import Preprocessing
from benchsuite.contracts.model import Task
from benchsuite.contracts.optional_arguments import asked_for
from benchsuite.contracts.parameters import Parameters
from benchsuite.contracts.recipe import Phase, Recipe
from benchsuite.engine.data.augment import Augmenter
from benchsuite.engine.data.inputs import Inputs
from benchsuite.engine.determinism import seeds
from benchsuite.engine.meters.data_time import DataTime, NoTime, data_time
from benchsuite.engine.network.feature_cache import Cut
from benchsuite.engine.training.arithmetic import Arithmetic
from benchsuite.engine.training.descent import Descent
from benchsuite.errors import first_line
from benchsuite.settings import GRAPHS

WARM_UP = 3
"""Steps before the one that is recorded: the first ones allocate what later ones find."""

Output = tuple[Tensor, Tensor]
"""Loss, a scalar, and logits (N, classes), on the device."""


@dataclass(frozen=True)
class Supply:
    """What a phase trains and validates on: the tail of the network with its inputs and labels."""

    cut: Cut
    train: Inputs
    train_labels: Tensor
    validation: Inputs
    validation_labels: Tensor
    augmenter: Augmenter | None
    task: Task
    preprocessing: Preprocessing


class Step(Protocol):
    """Makes the steps of a phase. Nothing in it waits for the device, but for a recording, once a phase."""

    phase: Phase
    supply: Supply
    descent: Descent
    execution: str
    """How the steps are made, for the record."""
    targets: Tensor | None
    """What the last step trained on, (N, classes), where the recipe has changed it."""
    data_time: DataTime
    """How long steps wait for their batches."""

    def start_epoch(self, number: int) -> None:
        """The steps of this epoch come next."""

    def __call__(self, samples: Tensor, here: Tensor) -> Output:
        """Train on the samples of these numbers (int64, on the device, and the same on the host)."""


class EagerStep:
    """Launches every operation of every step."""

    def __init__(
        self,
        recipe: Recipe[Any],
        params: Parameters,
        phase: Phase,
        supply: Supply,
        descent: Descent,
        arithmetic: Arithmetic,
        seed: int,
    ) -> None:
        self.execution = "eager"
        self.targets: Tensor | None = None
        self.data_time = data_time(arithmetic.device)
        self.phase, self.supply, self.descent = phase, supply, descent
        self.recipe, self.arithmetic = recipe, arithmetic
        self.transforms = recipe.transforms(params)
        self._params, self._seed = params, seed
        self._to_loss = asked_for(recipe.loss, {"counts": lambda: _count(supply), "task": lambda: supply.task})
        self._to_transform = asked_for(recipe.transform, {"preprocessing": lambda: supply.preprocessing})
        self._penalised = [weight for weight in descent.trained if weight.dim() >= 2] if phase.l1 else []
        self._epoch, self._done = 0, 0

    @property
    def size(self) -> int:
        """Samples of a whole batch."""
        return min(self.phase.batch_size, len(self.supply.train))

    def start_epoch(self, number: int) -> None:
        self._epoch, self._done = number, 0
        with self.data_time:
            if self.supply.augmenter:
                self.supply.augmenter.start_epoch(number)
        # A run is resumed at an epoch, so what draws within one (dropout masks) needs no position of its own.
        seeds.reseed(self._seed, "dropout", number)

    def __call__(self, samples: Tensor, here: Tensor | None = None) -> Output:
        with self.data_time:
            batch, targets = self._batch(samples, here)
        self._done += 1
        if self.descent.asks:
            return self._asked(batch, targets)
        loss, logits, total = self._forward(batch, targets)
        if self.phase.accumulate == 1:
            self.descent.minimise(total)
        else:
            share, first, last = self._place(len(samples))
            self.descent.minimise(share * total, first=first, last=last)
        return loss.detach(), logits.detach()

    def _batch(self, samples: Tensor, here: Tensor | None) -> tuple[Tensor, Tensor]:
        """Inputs and targets, as the network is to see them."""
        supply = self.supply
        batch, labels = supply.train.batch(samples, here), supply.train_labels.index_select(0, samples)
        if not self.transforms:
            return batch, labels
        draw = seeds.generator(self._seed, "transform", self._epoch, self._done)
        chances = nn.functional.one_hot(labels, supply.task.classes).to(torch.float32)
        batch, self.targets = self.recipe.transform(self._params, batch, chances, draw, **self._to_transform)
        return batch, self.targets

    def _forward(self, batch: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, logits, and what is minimised."""
        with self.arithmetic.autocast():
            logits = self.supply.cut.tail(batch)
            loss = self.recipe.loss(self._params, logits, targets, **self._to_loss)
        return loss, logits, loss + self.phase.l1 * l1_norm(self._penalised) if self._penalised else loss

    def _asked(self, batch: Tensor, targets: Tensor) -> Output:
        """A step of an optimizer that asks for the loss itself: what it was told first is the loss of the batch."""
        told: list[Output] = []

        def evaluate() -> Tensor:
            loss, logits, total = self._forward(batch, targets)
            told.append((loss.detach(), logits.detach()))
            return total

        self.descent.ask(evaluate)
        return told[0]

    def _place(self, images: int) -> tuple[float, bool, bool]:
        """Of the batch of so many images that was counted last: its share in the images of its step, and whether it is
        the first and the last batch of it."""
        size, each = self.phase.batch_size, self.phase.accumulate
        n, at = len(self.supply.train), (self._done - 1) % each
        begun = (self._done - 1 - at) * size
        together = min(n, begun + each * size) - begun
        return images / together, at == 0, at == each - 1 or self._done * size >= n


def _count(supply: Supply) -> Tensor:
    """How many training images each class has, float32 (classes,), on the device."""
    labels = supply.train_labels
    return torch.bincount(labels.cpu(), minlength=supply.task.classes).to(labels.device, torch.float32)


def l1_norm(weights: Sequence[Tensor]) -> Tensor:
    """Sum of the absolute values of all `weights`, a scalar; its gradient is their sign, and 0 at 0."""
    return torch.stack([weight.abs().sum() for weight in weights]).sum()


def make_step(eager: EagerStep, say: Callable[[str], None]) -> Step:
    """What makes the steps: on CUDA by a recording where that can be, and `say` tells where it cannot."""
    if eager.arithmetic.device.type != "cuda":
        return eager
    if not GRAPHS.value():
        eager.execution = f"eager: {GRAPHS.name} is 0"
        return eager
    if eager.transforms:
        why = "the recipe transforms batches on the host"
    elif eager.supply.augmenter is not None and eager.supply.augmenter.one_by_one:
        why = "images are augmented one at a time"
    elif not eager.supply.train.resident:
        why = "the data do not fit on the GPU"
    elif eager.phase.accumulate > 1:
        why = "gradients are gathered over several batches"
    elif not eager.descent.recordable:
        why = f"torch cannot record {type(eager.descent.optimizer).__name__}"
    else:
        return GraphStep(eager, say)
    eager.execution = f"eager: {why}"
    say(f"its steps are launched one operation at a time: {why}")
    return eager


@dataclass(frozen=True)
class _Recording:
    """A step that was recorded: it reads `samples` where they lie, and leaves loss and logits where they lie."""

    graph: Any
    samples: Tensor
    output: Output

    def replay(self) -> Output:
        self.graph.replay()
        loss, logits = self.output
        return loss.clone(), logits.clone()


class GraphStep:
    """Records the fourth step of whole size as a CUDA graph, and replays it from then on.

    The recording is tried on the very step after which it is made: the step is made by `eager`, undone, and made again
    by the recording, and all that it has changed must be the same bits. Batches of another size are made by `eager`.
    """

    def __init__(self, eager: EagerStep, say: Callable[[str], None]) -> None:
        self.execution = f"eager: there were no more than {WARM_UP} whole batches"
        self.targets: Tensor | None = None  # what transforms batches is not recorded
        self.phase, self.supply, self.descent = eager.phase, eager.supply, eager.descent
        self._eager, self._say = eager, say
        self.data_time: DataTime = NoTime()
        eager.data_time = self.data_time
        self._stream = torch.cuda.Stream()
        self._seen = 0
        self._recording: _Recording | None = None
        self._given_up = False

    def start_epoch(self, number: int) -> None:
        self._eager.start_epoch(number)

    def __call__(self, samples: Tensor, here: Tensor | None = None) -> Output:
        if self._given_up or len(samples) != self._eager.size:
            return self._eager(samples)
        if self._recording is not None:
            self._recording.samples.copy_(samples)
            return self._recording.replay()
        self._seen += 1
        if self._seen <= WARM_UP:
            with self._aside():
                return self._eager(samples)
        return self._record(samples)

    def _record(self, samples: Tensor) -> Output:
        """Make a step, and the recording of it if that can be; else give it up."""
        tensors, before = self._changing(), _Host(self._owners())
        start = _copies(tensors)
        with self._aside(), _waits() as waits:
            output = self._eager(samples)
        end, last = _copies(tensors), _copies(output)
        why = before.difference(_Host(self._owners()))
        if why is None and waits:
            why = f"a step waits for the GPU at {waits[0]}"
        if why is None:
            _restore(tensors, start)
            try:
                recording = self._captured(samples)
                again = recording.replay()
                if _same(_copies(tensors), end) and _same(_copies(again), last):
                    self._recording, self.execution = recording, "graph"
                    return again
                why = "recorded, they would have other bits"
            except Exception as error:  # whatever it is, the step has been made without it
                root = error
                while isinstance(root.__context__, Exception):
                    root = root.__context__
                why = f"they cannot be recorded ({first_line(root)})"
            self.descent.forget_step()
            _restore(tensors, end)
        self._given_up, self.execution = True, f"eager: {why}"
        self._say(f"its steps are launched one operation at a time: {why}")
        return output

    def _captured(self, samples: Tensor) -> _Recording:
        """The recording of a step, which does nothing yet."""
        mine = samples.clone()
        device = torch.cuda.current_device()
        generator = torch.cuda.default_generators[device]
        # A capture that fails leaves generator and allocator as if it went on, so they must be told; the generator
        # by the state that it had, in place of which it works with a copy from here on.
        usual = generator.graphsafe_get_state()
        generator.graphsafe_set_state(generator.clone_state())
        pool = torch.cuda.graph_pool_handle()
        graph = torch.cuda.CUDAGraph()
        torch.cuda.empty_cache()
        reserved = torch.cuda.memory_reserved()
        try:
            with self._aside(), torch.cuda.graph(graph, pool=pool, stream=self._stream):
                output = self._eager(mine)
        except BaseException:
            generator.graphsafe_set_state(usual)
            with suppress(RuntimeError):
                torch._C._cuda_endAllocateToPool(device, pool)
                torch._C._cuda_releasePool(device, pool)
            raise
        taken, (free, _) = torch.cuda.memory_reserved() - reserved, torch.cuda.mem_get_info()
        if free < taken:
            # It keeps its memory, of which evaluation and the last batch of an epoch need as much besides.
            raise MemoryError(f"the recording takes {taken >> 20} MiB, and only {free >> 20} MiB are left")
        return _Recording(graph, mine, output)

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """On the stream of the recording: what is allocated for a stream is there when the recording begins."""
        usual = torch.cuda.current_stream()
        self._stream.wait_stream(usual)
        with torch.cuda.stream(self._stream):
            yield
        usual.wait_stream(self._stream)

    def _owners(self) -> Iterable[object]:
        return chain([self._eager.recipe], self.supply.cut.tail.modules())

    def _changing(self) -> list[Tensor]:
        """All tensors that a step may change: weights, buffers, what the optimizer keeps, and what plugins do."""
        held = (part for owner in self._owners() for part in _parts(owner) if isinstance(part, Tensor))
        return list({id(tensor): tensor for tensor in chain(held, self.descent.tensors())}.values())


class _Host:
    """What a step might change on the host, where no recording would change it again: draws, and what plugins count."""

    def __init__(self, owners: Iterable[object]) -> None:
        legacy: Any = np.random.get_state()
        self._draws = (
            random.getstate(),
            (legacy[1].tobytes(), *legacy[2:]),
            torch.default_generator.get_state().numpy().tobytes(),
        )
        # Of anything else it shows whether it is another one.
        self._kept = [
            part if isinstance(part, bool | int | float | str) else id(part) for own in owners for part in _parts(own)
        ]

    def difference(self, after: _Host) -> str | None:
        """What a step did that no recording can do."""
        if self._draws != after._draws:
            return "a step draws random numbers on the host"
        if self._kept != after._kept:
            return "a plugin keeps count of its steps on the host"
        return None


def _parts(owner: object) -> Iterator[object]:
    """The attributes of an object, and what is in those that are collections."""
    for value in vars(owner).values():
        if isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, list | tuple | set):
            yield from value
        else:
            yield value


@contextmanager
def _waits() -> Iterator[list[str]]:
    """Yields a list that will hold the lines of the block that have waited for the device."""
    found: list[str] = []
    mode = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield found
        finally:
            torch.cuda.set_sync_debug_mode(mode)
    found += [f"{Path(w.filename).name}:{w.lineno}" for w in heard if "called a synchronizing" in str(w.message)]


def _copies(tensors: Iterable[Tensor]) -> list[Tensor]:
    """What tensors hold, and where the generator of the device stands; on the host, for the device may be full."""
    copies = [tensor.detach().to("cpu", copy=True) for tensor in tensors]
    return [*copies, torch.cuda.get_rng_state()]


def _restore(tensors: Iterable[Tensor], copies: Sequence[Tensor]) -> None:
    for tensor, copy in zip(tensors, copies[:-1], strict=True):
        tensor.detach().copy_(copy)
    torch.cuda.set_rng_state(copies[-1])


def _same(some: Sequence[Tensor], others: Sequence[Tensor]) -> bool:
    """Whether all bits are equal, those of values that are no numbers too."""

    def bits(tensor: Tensor) -> Tensor:
        return tensor.contiguous().reshape(-1).view(torch.uint8)

    return all(torch.equal(bits(one), bits(other)) for one, other in zip(some, others, strict=True))
