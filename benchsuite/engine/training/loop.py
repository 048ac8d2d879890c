"""The training loop: the one place where weights change.

It takes a network, a split's inputs and a recipe's phases, and leaves the best checkpoint in the network. It sees
training and validation data only. Metrics gather on the device; the host reads them once an epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from benchsuite.contracts.observer import Epoch, EpochReport
from benchsuite.contracts.parameters import Parameters
from benchsuite.contracts.recipe import Optimizer, Phase, Recipe, Scheduler
from benchsuite.engine.data.augment import Augmenter
from benchsuite.engine.data.inputs import Inputs
from benchsuite.engine.determinism import seeds
from benchsuite.engine.meters import clock
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import Network
from benchsuite.engine.network.feature_cache import Cut
from benchsuite.engine.training.checkpoint import Checkpoint, TrainingProgress
from benchsuite.engine.training.early_stopping import has_ended
from benchsuite.engine.training.evaluate import evaluate
from benchsuite.errors import PluginError, TrainingError
from benchsuite.store.record import Best

OPTIMIZERS: Mapping[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adadelta": torch.optim.Adadelta,
}
SCHEDULERS: Mapping[str, Callable[..., torch.optim.lr_scheduler.LRScheduler]] = {
    "step": torch.optim.lr_scheduler.StepLR,
    "multistep": torch.optim.lr_scheduler.MultiStepLR,
    "exponential": torch.optim.lr_scheduler.ExponentialLR,
    "cosine": torch.optim.lr_scheduler.CosineAnnealingLR,
}
FUSED = ("adam", "adamw", "sgd")
PROGRESS_SECONDS = 0.5


@dataclass(frozen=True)
class Arithmetic:
    """Device and precision of a run."""

    device: torch.device
    precision: str

    def forward(self, module: nn.Module, batch: Tensor) -> Tensor:
        """Apply `module` in the run's precision."""
        with self.autocast():
            output: Tensor = module(batch)
        return output

    def autocast(self) -> Any:
        if self.precision == "fp32":
            return nullcontext()
        dtype = torch.bfloat16 if self.precision == "bf16" else torch.float16
        return torch.autocast(self.device.type, dtype=dtype)

    def scaler(self) -> torch.amp.GradScaler:
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")


@dataclass(frozen=True)
class Supply:
    """What a phase trains and validates on: the tail of the network with its inputs and labels."""

    cut: Cut
    train: Inputs
    train_labels: Tensor
    validation: Inputs
    validation_labels: Tensor
    augmenter: Augmenter | None
    classes: int


class Listener(Protocol):
    """Hears how training goes."""

    def phase(self) -> None:
        """A phase is about to train: its inputs are there."""

    def epoch(self, report: EpochReport) -> None:
        """An epoch has finished."""

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
            progress.optimizer, progress.scheduler, progress.scaler = {}, None, None
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
        optimizer = make_optimizer(phase.optimizer, supply.cut.tail)
        scheduler = make_scheduler(phase.scheduler, optimizer, phase.max_epochs)
        scaler = self.arithmetic.scaler()
        if progress.optimizer:
            optimizer.load_state_dict(progress.optimizer)
            scaler.load_state_dict(progress.scaler or {})
            if scheduler is not None and progress.scheduler is not None:
                scheduler.load_state_dict(progress.scheduler)

        def save() -> None:
            with timed(progress, "checkpoint"):
                progress.state = self._state(mutable)
                progress.optimizer = optimizer.state_dict()
                progress.scheduler = scheduler.state_dict() if scheduler is not None else None
                progress.scaler = scaler.state_dict()
                self.checkpoint.save(progress)

        while not has_ended(phase, progress):
            freeze.train_mode(frozen, stages)
            # Taken before the schedule moves on: the rate this epoch trains with.
            learning_rate = float(optimizer.param_groups[0]["lr"])
            with timed(progress, "training") as spent:
                train_loss, train_accuracy, steps = self.epoch(phase, supply, optimizer, scaler, progress)
            with timed(progress, "validation"):
                validation = evaluate(
                    supply.cut.tail, supply.validation, supply.validation_labels, self.arithmetic.forward
                )
            if scheduler is not None:
                scheduler.step()
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
            if improves(phase, epoch, progress.best):
                progress.best = Best(
                    phase=phase.name,
                    epoch=progress.epoch,
                    validation_loss=validation.loss,
                    validation_accuracy=validation.accuracy,
                    validation_macro_f1=validation.macro_f1,
                )
                progress.best_state = self._state(mutable)
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

    def epoch(
        self,
        phase: Phase,
        supply: Supply,
        optimizer: torch.optim.Optimizer,
        scaler: torch.amp.GradScaler,
        progress: TrainingProgress,
    ) -> tuple[float, float, list[tuple[int, float]]]:
        """One pass over the training split: mean loss, accuracy, and the logged (step, loss).

        Losses are the recipe's own, without the L1 penalty: so they can be compared with the validation loss and with
        those of cases that have another penalty or none.
        """
        device, tail, number = self.arithmetic.device, supply.cut.tail, progress.epoch + 1
        n = len(supply.train)
        order = torch.from_numpy(seeds.order(self.seed, number, n)).to(device)
        if supply.augmenter:
            supply.augmenter.start_epoch(number)
        # A run is resumed at an epoch, so what draws within one (dropout masks) needs no position of its own.
        seeds.reseed(self.seed, "dropout", number)
        transforms = type(self.recipe).transform is not Recipe.transform
        trained = [p for group in optimizer.param_groups for p in group["params"]]
        weights = [p for p in trained if p.dim() >= 2]
        total = math.ceil(n / phase.batch_size)
        # Kept on the device and read once after the epoch: nothing here waits for it.
        losses: list[Tensor] = []
        outputs: list[Tensor] = []
        said = time.monotonic()
        for step, samples in enumerate(order.split(phase.batch_size)):
            batch, labels = supply.train.batch(samples), supply.train_labels.index_select(0, samples)
            targets = labels
            if transforms:
                draw = seeds.generator(self.seed, "transform", number, step)
                chances = nn.functional.one_hot(labels, supply.classes).to(torch.float32)
                batch, targets = self.recipe.transform(self.params, batch, chances, draw)
            with self.arithmetic.autocast():
                logits = tail(batch)
                loss = self.recipe.loss(self.params, logits, targets)
            optimizer.zero_grad(set_to_none=True)
            minimised = loss + phase.l1 * l1_norm(weights) if phase.l1 and weights else loss
            scaler.scale(minimised).backward()
            if phase.gradient_clip is not None:
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(trained, phase.gradient_clip)
            scaler.step(optimizer)
            scaler.update()
            losses.append(loss.detach())
            outputs.append(logits.detach())
            if time.monotonic() - said >= PROGRESS_SECONDS:
                said = time.monotonic()
                self.listener.steps(number, step + 1, total)
        values = torch.stack(losses).double().cpu()
        hits = (torch.cat(outputs).argmax(dim=1) == supply.train_labels.index_select(0, order)).sum()
        bad = torch.nonzero(~values.isfinite())
        if len(bad):
            raise _diverged(
                f"the training loss became {values[bad[0, 0]].item()} at step {int(bad[0, 0]) + 1} of epoch {number}",
                f"phase {phase.name}, learning rate {optimizer.param_groups[0]['lr']:g}",
            )
        sizes = torch.full((total,), phase.batch_size, dtype=torch.float64)
        sizes[-1] = n - phase.batch_size * (total - 1)
        every = self.recipe.log_every(self.params)
        logged = [
            (progress.step + i + 1, float(values[i])) for i in range(total) if (progress.step + i + 1) % every == 0
        ]
        progress.step += total
        return float((values * sizes).sum() / n), int(hits) / n, logged


def l1_norm(weights: Sequence[Tensor]) -> Tensor:
    """Sum of the absolute values of all `weights`, a scalar; its gradient is their sign, and 0 at 0."""
    return torch.stack([weight.abs().sum() for weight in weights]).sum()


def improves(phase: Phase, epoch: Epoch, best: Best | None) -> bool:
    """Whether `epoch` is strictly better than `best` by what the phase monitors."""
    if best is None:
        return True
    if phase.monitor == "validation_loss":
        return epoch.validation_loss < best.validation_loss
    return epoch.validation_accuracy > best.validation_accuracy


def make_optimizer(spec: Optimizer, tail: nn.Module) -> torch.optim.Optimizer:
    """The optimizer over what trains in `tail`; fused where torch has a fused form."""
    options: dict[str, Any] = dict(spec.options)
    if spec.name in FUSED:
        options["fused"] = True
    trained = [parameter for parameter in tail.parameters() if parameter.requires_grad]
    optimizer: Any = OPTIMIZERS[spec.name]
    try:
        made: torch.optim.Optimizer = optimizer(trained, lr=spec.learning_rate, **options)
    except (TypeError, ValueError) as error:
        raise _unfit(f"the optimizer {spec.name}", spec.learning_rate, spec.options, error) from error
    return made


def make_scheduler(
    spec: Scheduler, optimizer: torch.optim.Optimizer, max_epochs: int
) -> torch.optim.lr_scheduler.LRScheduler | None:
    """The learning-rate schedule, stepped once an epoch; None for a constant rate from the start."""
    warmup = spec.warmup_epochs
    options: dict[str, Any] = dict(spec.options)
    if spec.name == "cosine":
        options = {"T_max": max(max_epochs - warmup, 1), **options}
    named: torch.optim.lr_scheduler.LRScheduler | None = None
    if spec.name != "constant":
        try:
            named = SCHEDULERS[spec.name](optimizer, **options)
        except (TypeError, ValueError) as error:
            raise _unfit(f"the schedule {spec.name}", None, spec.options, error) from error
    if not warmup:
        return named
    # Not LinearLR: it multiplies the rate step by step, and so misses the whole rate by a rounding error.
    rising = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1.0, (epoch + 1) / (warmup + 1)))
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [rising, named], [warmup]) if named else rising


def _unfit(what: str, learning_rate: float | None, options: Mapping[str, Any], error: Exception) -> PluginError:
    rate = "" if learning_rate is None else f"learning rate {learning_rate:g}, "
    return PluginError(
        f"{what} does not accept what the recipe gives it: {error}",
        where=f"{rate}options {dict(options)}",
        expected="the options of torch's own class",
        remedy="correct the recipe's parameters, or correct its phases()",
    )


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
