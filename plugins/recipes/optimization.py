"""The parameters of gradient descent that recipes share: optimizer, penalties, learning-rate schedule, stop rule.

Takes what a suite says, refuses what contradicts itself, and gives a `Phase`. Which optimizer has which parameter is
torch's: momentum is for SGD and RMSprop, Nesterov's form of it for SGD alone.

SGD with momentum: I. Sutskever et al., ICML 2013. Adam: D. P. Kingma and J. Ba, ICLR 2015. AdamW: I. Loshchilov and
F. Hutter, ICLR 2019. Adagrad: J. Duchi et al., JMLR 2011. RMSprop: T. Tieleman and G. Hinton, 2012. Adadelta:
M. D. Zeiler, 2012. Cosine schedule: I. Loshchilov and F. Hutter, ICLR 2017. Warm-up: P. Goyal et al., 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, model_validator

from benchsuite.api import EarlyStopping, FreezePolicy, Optimizer, Parameters, Phase, Precision, Recipe, Scheduler

MOMENTUM = ("sgd", "rmsprop")
"""Optimizers that have a momentum."""

SCHEDULE_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "constant": (),
    "step": ("step_size", "gamma"),
    "multistep": ("milestones", "gamma"),
    "exponential": ("gamma",),
    "cosine": ("min_learning_rate",),
}
REQUIRED = ("step_size", "milestones")
GAMMA = {"step": 0.1, "multistep": 0.1, "exponential": 0.95}
"""What `gamma` is where the suite does not say: torch's own values, and for `exponential` a half life of 13 epochs."""


class SchedulerParameters(Parameters):
    """A learning-rate schedule, stepped once an epoch."""

    name: Literal["constant", "step", "multistep", "exponential", "cosine"] = "constant"
    """The schedule: `constant`; `step` and `multistep` multiply the rate by gamma now and then, `exponential` after
    each epoch; `cosine` lets it fall along half a wave until max_epochs."""

    gamma: float | None = Field(default=None, gt=0, le=1)
    """Factor of `step` and `multistep` (0.1 unless given) and of `exponential` (0.95 unless given)."""

    step_size: int | None = Field(default=None, ge=1, le=100_000)
    """Epochs from one fall to the next, for `step`."""

    milestones: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] = ()
    """Epochs after which the rate falls, for `multistep`; increasing."""

    min_learning_rate: float | None = Field(default=None, ge=0, le=10)
    """Where `cosine` ends; 0 unless given."""

    warmup_epochs: int = Field(default=0, ge=0, le=100_000)
    """Epochs in which the rate first rises linearly; the schedule begins after them, and counts its own from there."""

    @model_validator(mode="after")
    def _what_the_schedule_takes(self) -> SchedulerParameters:
        own = SCHEDULE_OPTIONS[self.name]
        given = {name for names in SCHEDULE_OPTIONS.values() for name in names if getattr(self, name) not in (None, ())}
        if foreign := sorted(given - set(own)):
            takes = f"takes {' and '.join(own)}" if own else "takes warmup_epochs alone"
            raise ValueError(f"the schedule {self.name} has no {' and no '.join(foreign)}; it {takes}")
        if missing := [name for name in own if name in REQUIRED and name not in given]:
            raise ValueError(f"the schedule {self.name} needs {missing[0]}")
        if any(later <= earlier for earlier, later in zip(self.milestones, self.milestones[1:], strict=False)):
            raise ValueError("milestones must increase")
        return self

    def declared(self) -> Scheduler:
        """The schedule, with torch's names for its options."""
        options: dict[str, float | tuple[int, ...]] = {}
        if self.name in GAMMA:
            options["gamma"] = GAMMA[self.name] if self.gamma is None else self.gamma
        if self.step_size is not None:
            options["step_size"] = self.step_size
        if self.milestones:
            options["milestones"] = self.milestones
        if self.min_learning_rate is not None:
            options["eta_min"] = self.min_learning_rate
        return Scheduler(self.name, options, self.warmup_epochs)


class LoopParameters(Parameters):
    """What all phases of a recipe share: batches, the stop rule, arithmetic and logging."""

    batch_size: int = Field(default=64, ge=1, le=65536)
    """Images a step."""

    patience: int | None = Field(default=None, ge=1, le=100_000)
    """Epochs without a better `monitor` after which a phase stops; unless given, it runs to its end."""

    monitor: Literal["validation_loss", "validation_accuracy"] = "validation_loss"
    """What the best checkpoint, the one that is kept, is best by."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of each label that is spread over all classes in training (C. Szegedy et al., CVPR 2016)."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic: `auto` is bf16 where the GPU or the CPU has it, else fp16 with a scaler on the GPU and
    fp32 on the CPU."""

    log_every: int = Field(default=10, ge=1)
    """Every how many steps the training loss is logged."""


class OptimizationParameters(Parameters):
    """How the weights move in one phase, and for how long."""

    optimizer: Literal["sgd", "adam", "adamw", "adagrad", "rmsprop", "adadelta"] = "adam"
    """The optimizer, with torch's own values for whatever is not said here."""

    learning_rate: float = Field(default=1e-3, gt=0, le=10)
    """Step size: 1e-3 is usual for Adam, 0.1 to 0.001 for SGD, 1 for Adadelta."""

    momentum: float = Field(default=0.0, ge=0, lt=1)
    """Share of the step before that is kept; for `sgd` and `rmsprop`."""

    nesterov: bool = False
    """Nesterov's momentum; for `sgd` with a momentum."""

    weight_decay: float = Field(default=0.0, ge=0, le=10)
    """Ridge: weight of the L2 penalty, added to the gradient of every parameter; `adamw` shrinks the parameters
    instead."""

    l1: float = Field(default=0.0, ge=0, le=10)
    """Lasso: weight of the L1 norm of the trained weights (not of biases and normalisation), added to the loss that is
    minimised; logged losses are without it."""

    gradient_clip: float | None = Field(default=None, gt=0, le=1e6)
    """Largest norm of the gradient; unless given, it is left alone."""

    max_epochs: int = Field(default=20, ge=1, le=100_000)
    """Epochs at most."""

    scheduler: SchedulerParameters = SchedulerParameters()
    """How the learning rate changes from epoch to epoch."""

    @model_validator(mode="after")
    def _what_the_optimizer_takes(self) -> OptimizationParameters:
        if self.momentum and self.optimizer not in MOMENTUM:
            raise ValueError(f"momentum is for {' and '.join(MOMENTUM)}; {self.optimizer} has none")
        if self.nesterov and (self.optimizer != "sgd" or not self.momentum):
            raise ValueError("nesterov needs the optimizer sgd and a momentum above 0")
        lowest = self.scheduler.min_learning_rate
        if lowest is not None and lowest > self.learning_rate:
            raise ValueError(f"min_learning_rate {lowest:g} is above learning_rate {self.learning_rate:g}")
        return self

    def phase(self, name: str, shared: LoopParameters, freeze: FreezePolicy | None = None) -> Phase:
        """The phase `name` with these parameters, and nothing frozen unless `freeze` says so."""
        options: dict[str, float | bool] = {"weight_decay": self.weight_decay}
        if self.momentum:
            options["momentum"] = self.momentum
        if self.nesterov:
            options["nesterov"] = True
        return Phase(
            name=name,
            max_epochs=self.max_epochs,
            batch_size=shared.batch_size,
            optimizer=Optimizer(self.optimizer, self.learning_rate, options),
            freeze=freeze or FreezePolicy(),
            scheduler=self.scheduler.declared(),
            monitor=shared.monitor,
            early_stopping=None if shared.patience is None else EarlyStopping(shared.patience),
            gradient_clip=self.gradient_clip,
            l1=self.l1,
        )


L = TypeVar("L", bound=LoopParameters)


class LoopRecipe(Recipe[L]):
    """A recipe whose arithmetic, logging and loss are those of its `LoopParameters`."""

    def precision(self, params: L) -> Precision:
        return params.precision

    def log_every(self, params: L) -> int:
        return params.log_every

    def loss(self, params: L, logits: Any, targets: Any) -> Any:
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, targets, label_smoothing=params.label_smoothing)
