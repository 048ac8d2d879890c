"""The training loop: the one place where weights change.

It takes a network, a split's inputs and a recipe's phases, and leaves the best checkpoint in the network. It sees
training and validation data only. Metrics gather on the device; the host reads them once an epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from benchsuite.contracts.observer import Epoch, EpochReport
from benchsuite.contracts.parameters import Parameters
from benchsuite.contracts.recipe import Phase, Recipe
from benchsuite.engine.determinism import seeds
from benchsuite.engine.meters import clock
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import Network
from benchsuite.engine.training.arithmetic import Arithmetic
from benchsuite.engine.training.checkpoint import Checkpoint, TrainingProgress
from benchsuite.engine.training.descent import Descent
from benchsuite.engine.training.early_stopping import has_ended
from benchsuite.engine.training.evaluate import evaluate
from benchsuite.engine.training.stepper import EagerStep, Step, Supply, make_step
from benchsuite.errors import TrainingError
from benchsuite.store.record import Best

PROGRESS_SECONDS = 0.5


class Listener(Protocol):
    """Hears how training goes."""

    def phase(self) -> None:
        """A phase is about to train: its inputs are there."""

    def epoch(self, report: EpochReport) -> None:
        """An epoch has finished."""

    def say(self, text: str) -> None:
        """A line worth telling."""

    def steps(self, epoch: int, done: int, total: int) -> None:
        """`done` of `total` steps of `epoch` are under way; called now and then, never waits for the device."""


@dataclass(frozen=True)
class Trainer:
    """All that a run's training depends on, but for how far it has come."""

    network: Network
    recipe: Recipe[Any]
    params: Parameters
    phases: tuple[Phase, ...]
    """What the recipe declares, checked. It is asked once: a second answer might be another one."""
    arithmetic: Arithmetic
    seed: int
    supply: Callable[[freeze.FrozenStages], Supply]
    """Gives the inputs of a phase from what it freezes."""
    checkpoint: Checkpoint
    listener: Listener

    def run(self, progress: TrainingProgress) -> None:
        """Train from `progress` to the end of the last phase; the network then holds the best checkpoint."""
        phases = self.phases
        mutable = self._mutable()
        if progress.state:
            self.network.module.load_state_dict(progress.state, strict=False)
        while progress.phase < len(phases):
            phase = phases[progress.phase]
            self._phase(phase, progress, mutable)
            self.network.module.load_state_dict(progress.best_state, strict=False)
            if progress.phase + 1 < len(phases):
                progress.best, progress.best_state, progress.best_validation = None, {}, None
            progress.phase += 1
            progress.phase_start = progress.epoch
            progress.descent = {}
            # One that has just been written is enough; after the last phase it would only be written to be deleted.
            if self.checkpoint.due():
                self.save(progress)

    def save(self, progress: TrainingProgress) -> None:
        """Write a checkpoint between phases, or after the last one."""
        progress.state = self._state(self._mutable())
        self.checkpoint.save(progress)

    def _mutable(self) -> list[str]:
        """Names in the state dict that some phase may change."""
        resolved = [freeze.resolve(phase.freeze, self.network.stages) for phase in self.phases]
        always = set.intersection(*(set(f.stages) if f.held else set() for f in resolved))
        fixed = self.network.names_in(always)
        return [name for name in self.network.module.state_dict() if name not in fixed]

    def _state(self, names: list[str]) -> dict[str, Tensor]:
        state = self.network.module.state_dict()
        return {name: state[name].detach().clone() for name in names}

    def _phase(self, phase: Phase, progress: TrainingProgress, mutable: list[str]) -> None:
        stages = self.network.stages
        frozen = freeze.resolve(phase.freeze, stages)
        freeze.apply(frozen, stages)
        supply = self.supply(frozen)
        self.listener.phase()
        moves = math.ceil(math.ceil(len(supply.train) / phase.batch_size) / phase.accumulate)
        descent = Descent(phase, supply.cut.tail, self.arithmetic, self.recipe, moves)
        if progress.descent:
            descent.load(progress.descent)
        step = self.step(phase, supply, descent)

        def save() -> None:
            with timed(progress, "checkpoint"):
                progress.state = self._state(mutable)
                progress.descent = descent.state()
                self.checkpoint.save(progress)

        while not has_ended(phase, progress):
            freeze.train_mode(frozen, stages)
            # Taken before the schedule moves on: the rate this epoch trains with.
            learning_rate = descent.learning_rate
            with timed(progress, "training") as spent:
                train_loss, train_accuracy, steps = self.epoch(step, progress)
            progress.execution[phase.name] = step.execution
            progress.wait(step.data_time.take(), spent[0])
            descent.end_epoch()
            with timed(progress, "validation"), self._kept(descent, supply, phase):
                validation = evaluate(
                    supply.cut.tail, supply.validation, supply.validation_labels, self.arithmetic.forward
                )
                kept = descent.average and self._state(mutable)
            progress.epoch += 1
            if not math.isfinite(validation.loss):
                what = f"the validation loss became {validation.loss} in epoch {progress.epoch}"
                raise _diverged(what, f"phase {phase.name}")
            epoch = Epoch(
                phase=phase.name,
                epoch=progress.epoch,
                train_loss=train_loss,
                train_accuracy=train_accuracy,
                validation_loss=validation.loss,
                validation_accuracy=validation.accuracy,
                learning_rate=learning_rate,
                seconds=spent[0],
            )
            progress.epochs.append(epoch)
            progress.steps += steps
            candidate = descent.average is None or descent.average.begun
            if candidate and improves(phase, epoch, progress.best):
                progress.best = Best(
                    phase=phase.name,
                    epoch=progress.epoch,
                    validation_loss=validation.loss,
                    validation_accuracy=validation.accuracy,
                    validation_macro_f1=validation.macro_f1,
                )
                progress.best_state = kept or self._state(mutable)
                progress.best_validation = validation
            due = self.checkpoint.due()
            if due:
                save()
            try:
                self.listener.epoch(EpochReport(**vars(epoch), steps=tuple(steps)))
            except BaseException:
                # Whoever listens may break or interrupt the run, but not cost it what it has trained.
                if not due:
                    save()
                raise
        descent.forget_step()  # gradients of what the next phase freezes would stay for good

    @contextmanager
    def _kept(self, descent: Descent, supply: Supply, phase: Phase) -> Iterator[None]:
        """The network as it is validated and kept: with the mean of its weights, where there is one."""
        if descent.average is None or not descent.average.begun:
            yield
            return

        def forwards() -> None:
            here = torch.arange(len(supply.train))
            for samples in here.split(phase.batch_size):
                batch = supply.train.batch(samples.to(self.arithmetic.device), samples)
                self.arithmetic.forward(supply.cut.tail, batch)

        with descent.average.in_place(forwards):
            yield

    def step(self, phase: Phase, supply: Supply, descent: Descent) -> Step:
        """What makes the steps of a phase."""
        eager = EagerStep(self.recipe, self.params, phase, supply, descent, self.arithmetic, self.seed)
        return make_step(eager, lambda text: self.listener.say(f"phase {phase.name}: {text}"))

    def epoch(self, step: Step, progress: TrainingProgress) -> tuple[float, float, list[tuple[int, float]]]:
        """One pass over the training split: mean loss, accuracy, and the logged (step, loss).

        An image whose target the recipe has mixed counts as right by the share that the predicted class has in it.

        Losses are the recipe's own, without the L1 penalty: so they can be compared with the validation loss and with
        those of cases that have another penalty or none.
        """
        phase, supply, number = step.phase, step.supply, progress.epoch + 1
        n = len(supply.train)
        here = torch.from_numpy(seeds.order(self.seed, number, n))
        order = here.to(self.arithmetic.device)
        step.start_epoch(number)
        total = math.ceil(n / phase.batch_size)
        # Kept on the device and read once after the epoch: nothing here waits for it.
        losses: list[Tensor] = []
        outputs: list[Tensor] = []
        targets: list[Tensor] = []
        said = time.monotonic()
        for samples in zip(order.split(phase.batch_size), here.split(phase.batch_size), strict=True):
            loss, logits = step(*samples)
            losses.append(loss)
            outputs.append(logits)
            if step.targets is not None and step.targets.shape == logits.shape:
                targets.append(step.targets)
            if step.descent.moves and (len(losses) % phase.accumulate == 0 or len(losses) == total):
                step.descent.end_step()
            if time.monotonic() - said >= PROGRESS_SECONDS:
                said = time.monotonic()
                self.listener.steps(number, len(losses), total)
        values = torch.stack(losses).double().cpu()
        predicted = torch.cat(outputs).argmax(dim=1)
        if len(targets) == total:
            right = torch.cat(targets).gather(1, predicted[:, None]).double()
        else:
            right = predicted == supply.train_labels.index_select(0, order)
        bad = torch.nonzero(~values.isfinite())
        if len(bad):
            raise _diverged(
                f"the training loss became {values[bad[0, 0]].item()} at step {int(bad[0, 0]) + 1} of epoch {number}",
                f"phase {phase.name}, learning rate {step.descent.learning_rate:g}",
            )
        sizes = torch.full((total,), phase.batch_size, dtype=torch.float64)
        sizes[-1] = n - phase.batch_size * (total - 1)
        every = self.recipe.log_every(self.params)
        logged = [
            (progress.step + i + 1, float(values[i])) for i in range(total) if (progress.step + i + 1) % every == 0
        ]
        progress.step += total
        return float((values * sizes).sum() / n), float(right.sum()) / n, logged


def improves(phase: Phase, epoch: Epoch, best: Best | None) -> bool:
    """Whether `epoch` is strictly better than `best` by what the phase monitors."""
    if best is None:
        return True
    if phase.monitor == "validation_loss":
        return epoch.validation_loss < best.validation_loss
    return epoch.validation_accuracy > best.validation_accuracy


def _diverged(what: str, where: str) -> TrainingError:
    return TrainingError(
        what,
        where=where,
        expected="a finite loss",
        remedy="lower the learning rate, clip the gradient, or look for broken images or labels",
    )


@contextmanager
def timed(progress: TrainingProgress, part: str) -> Iterator[list[float]]:
    """Add the time of the block to `progress.seconds[part]`; yields a list whose only item will be that time."""
    spent = [0.0]
    start = clock.seconds()
    try:
        yield spent
    finally:
        spent[0] = clock.seconds() - start
        progress.seconds[part] = progress.seconds.get(part, 0.0) + spent[0]
