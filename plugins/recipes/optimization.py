"""The parameters of gradient descent that recipes share: optimizer, penalties, learning-rate schedule, stop rule.

Takes what a suite says, refuses what contradicts itself, and gives a `Phase`. Which optimizer has which parameter is
torch's: momentum is for SGD and RMSprop, Nesterov's form of it for SGD alone. What has no parameter here goes by
torch's own name into `optimizer_options`.

SGD with momentum: I. Sutskever et al., ICML 2013. Adam: D. P. Kingma and J. Ba, ICLR 2015. AdamW: I. Loshchilov and
F. Hutter, ICLR 2019. Adagrad: J. Duchi et al., JMLR 2011. RMSprop: T. Tieleman and G. Hinton, 2012. Adadelta:
M. D. Zeiler, 2012. Cosine schedule: I. Loshchilov and F. Hutter, ICLR 2017. Warm-up: P. Goyal et al., 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, model_validator

from benchsuite.api import (
    Averaging,
    EarlyStopping,
    FreezePolicy,
    Optimizer,
    Parameters,
    Phase,
    Precision,
    Recipe,
    Scheduler,
)

from .mixing import mix

OptimizerName = Literal[
    "sgd", "adam", "adamw", "adagrad", "rmsprop", "adadelta",
    "adafactor", "adamax", "asgd", "nadam", "radam", "rprop",
]  # fmt: skip
ScheduleName = Literal[
    "constant", "step", "multistep", "exponential", "cosine",
    "cosine_restarts", "linear", "polynomial", "cyclic", "one_cycle",
]  # fmt: skip
Options = Mapping[str, bool | int | float | str | tuple[float | None, ...] | None]

WITHOUT_DECAY = ("rprop",)
"""Optimizers that have no weight decay."""

MOMENTUM = ("sgd", "rmsprop")
"""Optimizers that have a momentum."""

SCHEDULE_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "constant": (),
    "step": ("step_size", "gamma"),
    "multistep": ("milestones", "gamma"),
    "exponential": ("gamma",),
    "cosine": ("min_learning_rate",),
}
"""The parameters that schedules have here; others have torch's, in `options`."""
REQUIRED = ("step_size", "milestones")
GAMMA = {"step": 0.1, "multistep": 0.1, "exponential": 0.95}
"""What `gamma` is where the suite does not say: torch's own values, and for `exponential` a half life of 13 epochs."""


class SchedulerParameters(Parameters):
    """A learning-rate schedule, moved once an epoch or once a step."""

    name: ScheduleName = "constant"
    """The schedule: `constant`; `step` and `multistep` multiply the rate by gamma now and then, `exponential` each time
    it moves; `cosine` lets it fall along half a wave until max_epochs; torch's `cosine_restarts`, `linear`,
    `polynomial`, `cyclic` and `one_cycle` take `options`. The learning rate is the highest of the last two."""

    options: Options = Field(default_factory=dict)
    """What torch's class takes, by its names, such as `{T_0: 10}` for `cosine_restarts`. The lengths of `linear`,
    `polynomial`, `one_cycle` and `cyclic` are those of the training unless given."""

    by_step: bool = False
    """Whether the rate moves after each step of the weights, not after each epoch."""

    in_steps: bool = False
    """Whether lengths are counted in steps, not in epochs; only where the rate moves by step."""

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

    warmup_steps: int = Field(default=0, ge=0, le=10_000_000)
    """The same in steps, where the rate moves by step."""

    @model_validator(mode="after")
    def _what_the_schedule_takes(self) -> SchedulerParameters:
        own = SCHEDULE_OPTIONS.get(self.name, ())
        given = {name for names in SCHEDULE_OPTIONS.values() for name in names if getattr(self, name) not in (None, ())}
        if foreign := sorted(given - set(own)):
            takes = f"takes {' and '.join(own)}" if own else "takes warmup_epochs alone"
            takes = takes if self.name in SCHEDULE_OPTIONS else "takes torch's, in options"
            raise ValueError(f"the schedule {self.name} has no {' and no '.join(foreign)}; it {takes}")
        if missing := [name for name in own if name in REQUIRED and name not in given]:
            raise ValueError(f"the schedule {self.name} needs {missing[0]}")
        if self.options and self.name in SCHEDULE_OPTIONS:
            raise ValueError(f"the schedule {self.name} takes no options beside its own parameters")
        if any(later <= earlier for earlier, later in zip(self.milestones, self.milestones[1:], strict=False)):
            raise ValueError("milestones must increase")
        return self

    def declared(self) -> Scheduler:
        """The schedule, with torch's names for its options."""
        options: dict[str, Any] = dict(self.options)
        if self.name in GAMMA:
            options["gamma"] = GAMMA[self.name] if self.gamma is None else self.gamma
        if self.step_size is not None:
            options["step_size"] = self.step_size
        if self.milestones:
            options["milestones"] = self.milestones
        if self.min_learning_rate is not None:
            options["eta_min"] = self.min_learning_rate
        return Scheduler(self.name, options, self.warmup_epochs, self.by_step, self.in_steps, self.warmup_steps)


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

    mixup: float | None = Field(default=None, gt=0, le=100)
    """Alpha of mixup, such as 0.2: each training batch becomes a weighted mean of itself and of itself in another
    order, with targets alike and a weight drawn from Beta(alpha, alpha) (H. Zhang et al., ICLR 2018)."""

    cutmix: float | None = Field(default=None, gt=0, le=100)
    """Alpha of CutMix, such as 1.0: a rectangle of each training image comes from another one, and targets are mixed by
    its area, whose share is drawn from Beta(alpha, alpha) (S. Yun et al., ICCV 2019). With mixup, each batch is mixed
    by one of the two."""

    class_weights: Literal["balanced"] | None = None
    """`balanced` weighs the loss of each training image by n / (classes x images of its class), so that all classes
    count alike (G. King and L. Zeng, 2001); unless given, all images do."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic: `auto` is bf16 where the GPU or the CPU has it, else fp16 with a scaler on the GPU and
    fp32 on the CPU."""

    log_every: int = Field(default=10, ge=1)
    """Every how many steps the training loss is logged."""


class OptimizationParameters(Parameters):
    """How the weights move in one phase, and for how long."""

    optimizer: OptimizerName = "adam"
    """Torch's optimizer of this name, with torch's own values for whatever is not said here."""

    optimizer_options: Options = Field(default_factory=dict)
    """Further options by torch's names, such as `{betas: [0.9, 0.95], eps: 1.0e-6}`."""

    learning_rate: float = Field(default=1e-3, gt=0, le=10)
    """Step size: 1e-3 is usual for Adam, 0.1 to 0.001 for SGD, 1 for Adadelta."""

    layer_decay: float | None = Field(default=None, gt=0, le=1)
    """Factor of the learning rate from one stage to the one before it; unless given, all have the same."""

    momentum: float = Field(default=0.0, ge=0, lt=1)
    """Share of the step before that is kept; for `sgd` and `rmsprop`."""

    nesterov: bool = False
    """Nesterov's momentum; for `sgd` with a momentum."""

    weight_decay: float = Field(default=0.0, ge=0, le=10)
    """Ridge: weight of the L2 penalty, added to the gradient of every parameter; `adamw` shrinks the parameters
    instead."""

    decay_weights_only: bool = False
    """Weight decay for weights alone, neither for biases nor for normalisation."""

    l1: float = Field(default=0.0, ge=0, le=10)
    """Lasso: weight of the L1 norm of the trained weights (not of biases and normalisation), added to the loss that is
    minimised; logged losses are without it."""

    gradient_clip: float | None = Field(default=None, gt=0, le=1e6)
    """Largest norm of the gradient; unless given, it is left alone."""

    max_epochs: int = Field(default=20, ge=1, le=100_000)
    """Epochs at most."""

    scheduler: SchedulerParameters = SchedulerParameters()
    """How the learning rate changes from epoch to epoch, or from step to step."""

    accumulate: int | None = Field(default=None, ge=2, le=65536)
    """Batches whose gradients are averaged for one step of the weights; unless given, each batch makes one."""

    ema: float | None = Field(default=None, gt=0, lt=1)
    """Decay of an exponential moving average of the weights, such as 0.999, which is validated, kept and tested."""

    swa_after: int | None = Field(default=None, ge=0, le=100_000)
    """Epochs after which the weights at the end of each are averaged: their mean is what is validated, kept and tested,
    with statistics of batch normalisation of its own."""

    @model_validator(mode="after")
    def _what_the_optimizer_takes(self) -> OptimizationParameters:
        if self.momentum and self.optimizer not in MOMENTUM:
            raise ValueError(f"momentum is for {' and '.join(MOMENTUM)}; {self.optimizer} has none")
        if self.nesterov and (self.optimizer != "sgd" or not self.momentum):
            raise ValueError("nesterov needs the optimizer sgd and a momentum above 0")
        said = {"lr", "learning_rate", "weight_decay", "momentum", "nesterov"} & self.optimizer_options.keys()
        if said:
            raise ValueError(f"{' and '.join(sorted(said))} stands beside the optimizer, not in optimizer_options")
        if self.weight_decay and self.optimizer in WITHOUT_DECAY:
            raise ValueError(f"{self.optimizer} has no weight decay")
        if self.decay_weights_only and not self.weight_decay:
            raise ValueError("decay_weights_only needs a weight_decay above 0")
        if self.ema is not None and self.swa_after is not None:
            raise ValueError("ema and swa_after are two means of the weights; give one")
        lowest = self.scheduler.min_learning_rate
        if lowest is not None and lowest > self.learning_rate:
            raise ValueError(f"min_learning_rate {lowest:g} is above learning_rate {self.learning_rate:g}")
        return self

    def phase(self, name: str, shared: LoopParameters, freeze: FreezePolicy | None = None) -> Phase:
        """The phase `name` with these parameters, and nothing frozen unless `freeze` says so."""
        options: dict[str, Any] = dict(self.optimizer_options)
        if self.optimizer not in WITHOUT_DECAY:
            options["weight_decay"] = self.weight_decay
        if self.momentum:
            options["momentum"] = self.momentum
        if self.nesterov:
            options["nesterov"] = True
        return Phase(
            name=name,
            max_epochs=self.max_epochs,
            batch_size=shared.batch_size,
            optimizer=Optimizer(self.optimizer, self.learning_rate, options, self.decay_weights_only, self.layer_decay),
            freeze=freeze or FreezePolicy(),
            scheduler=self.scheduler.declared(),
            monitor=shared.monitor,
            early_stopping=None if shared.patience is None else EarlyStopping(shared.patience),
            gradient_clip=self.gradient_clip,
            l1=self.l1,
            accumulate=self.accumulate or 1,
            averaging=self._averaging(),
        )

    def _averaging(self) -> Averaging | None:
        if self.ema is not None:
            return Averaging("ema", decay=self.ema)
        return None if self.swa_after is None else Averaging("swa", start=self.swa_after)


L = TypeVar("L", bound=LoopParameters)


class LoopRecipe(Recipe[L]):
    """A recipe whose arithmetic, logging, mixing and loss are those of its `LoopParameters`."""

    def precision(self, params: L) -> Precision:
        return params.precision

    def log_every(self, params: L) -> int:
        return params.log_every

    def transform(self, params: L, images: Any, targets: Any, draw: Any) -> tuple[Any, Any]:
        return mix(images, targets, draw, mixup=params.mixup, cutmix=params.cutmix)

    def transforms(self, params: L) -> bool:
        mixes = params.mixup is not None or params.cutmix is not None
        return mixes or type(self).transform is not LoopRecipe.transform  # that of a recipe which is made of this one

    def loss(self, params: L, logits: Any, targets: Any, counts: Any = None) -> Any:
        from torch.nn.functional import cross_entropy

        if params.class_weights is None:
            return cross_entropy(logits, targets, label_smoothing=params.label_smoothing)
        # Of each image, not over the sum of the weights, so that a batch counts for what it holds.
        weights = (counts.sum() / (len(counts) * counts)).nan_to_num(posinf=0.0)
        losses = cross_entropy(
            logits, targets, weight=weights, reduction="none", label_smoothing=params.label_smoothing
        )
        return losses.mean()
