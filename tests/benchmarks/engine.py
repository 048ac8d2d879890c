"""The engine's side of a benchmark: the trainer that runs use, an epoch at a time, and how times become ratios."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.engine.task import RunTask
from benchsuite.execution.preparation import Place, prepare
from benchsuite.registry import registry
from benchsuite.settings import cache_root
from benchsuite.suite import expand, read_suite


def tasks_of(suite: str, data: Path | None, device: str, overrides: Sequence[str] = ()) -> tuple[RunTask, ...]:
    """The tasks of a suite with its first seed."""
    known = registry()
    plan = expand(read_suite(suite, known), known, overrides=overrides, seeds="1")
    place = Place("auto", data, cache_root(), Path(tempfile.gettempdir()), device)  # type: ignore[arg-type]
    preparation = prepare(plan, known, place, download=True, say=print)
    return preparation.tasks


class Engine:
    """The first phase of a task, with everything that a run prepares for it, on the first `images` training images."""

    def __init__(self, task: RunTask, images: int) -> None:
        import torch

        from benchsuite.engine.network import freeze
        from benchsuite.engine.run.components import load_components
        from benchsuite.engine.run.pipeline import Pipeline
        from benchsuite.engine.training.checkpoint import Checkpoint, TrainingProgress
        from benchsuite.engine.training.descent import Descent

        self.device = torch.device(task.numerics.device)
        self.progress = TrainingProgress()
        self.run = Pipeline(task, load_components(task, registry()), self.progress, print)
        self.phase = self.run.components.phases[0]
        self.frozen = freeze.resolve(self.phase.freeze, self.run.network.stages)
        freeze.apply(self.frozen, self.run.network.stages)
        self.whole = self.run.supply(self.frozen)
        self.use(images)
        self.folder = tempfile.TemporaryDirectory(prefix="benchsuite-bench-")  # which goes with this
        checkpoint = Checkpoint(Path(self.folder.name) / "checkpoint.pt", "", 1e9)
        self.trainer = self.run.trainer(checkpoint, _Silent())
        self.step: Any = None
        self.descent = Descent(self.phase, self.supply.cut.tail, self.run.arithmetic)
        freeze.train_mode(self.frozen, self.run.network.stages)

    def use(self, n: int) -> None:
        """Train on the first `n` images only, or on all there are."""
        self.used = n = min(n, len(self.whole.train))
        labels = self.whole.train_labels[:n]
        self.supply = replace(self.whole, train=_First(self.whole.train, n), train_labels=labels)

    def epoch(self) -> float:
        """Seconds of one training epoch."""
        if self.step is None or self.step.supply is not self.supply:
            self.step = self.trainer.step(self.phase, self.supply, self.descent)
        return timed(lambda: self.trainer.epoch(self.step, self.progress), self.device)

    def bare(self) -> float:
        """Seconds of the barest loop over the same tensors with the same network and optimizer."""
        import torch
        from torch.nn.functional import cross_entropy

        tail, inputs, labels = self.supply.cut.tail, self.supply.train, self.supply.train_labels
        optimizer = self.descent.optimizer

        def epoch() -> None:
            for samples in torch.randperm(self.used, device=self.device).split(self.phase.batch_size):
                with self.run.arithmetic.autocast():
                    loss = cross_entropy(tail(inputs.batch(samples)), labels.index_select(0, samples))
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()

        return timed(epoch, self.device)


def timed(work: Callable[[], Any], device: Any) -> float:
    """Seconds that `work` takes, what it leaves running on the device included."""
    import torch

    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def interval(ratios: np.ndarray) -> tuple[float, float]:
    """Bootstrap 95 % interval of the median."""
    draws = np.random.default_rng(0).choice(ratios, size=(10_000, len(ratios)))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    return float(low), float(high)


def data_folder() -> Path | None:
    """Where the environment says the real data are."""
    data = os.environ.get("BENCHSUITE_DATA")
    return Path(data) if data else None


class _First:
    """The first `n` of some inputs."""

    def __init__(self, inputs: Any, n: int) -> None:
        self._inputs, self._n = inputs, n

    def __len__(self) -> int:
        return self._n

    @property
    def resident(self) -> bool:
        return bool(self._inputs.resident)

    def batch(self, samples: Any, here: Any = None) -> Any:
        return self._inputs.batch(samples, here)


class _Silent:
    """A watcher and listener that keeps what it hears to itself."""

    def phase(self) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def epoch(self, *details: Any) -> None:
        pass

    def steps(self, *details: Any) -> None:
        pass
