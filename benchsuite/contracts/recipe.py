"""The recipe contract: training as a declaration.

A recipe turns its parameters into phases. The engine runs the phases; so determinism, resume, feature caching and
the sealed test set hold for everybody's recipe. A recipe may replace the loss and transform a training batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import Field, model_validator

from benchsuite.contracts.parameters import Parameters

if TYPE_CHECKING:
    from numpy.random import Generator
    from torch import Tensor

P = TypeVar("P", bound=Parameters)

Precision = Literal["auto", "fp32", "bf16", "fp16"]


class FreezePolicy(Parameters):
    """Which stages do not train, and what their batch-norm layers do.

    Either `blocks` (with `stem`), or `stages`, or `train_last` says what is frozen. Blocks are the stages between the
    first (the stem) and the last (the head), counted from the input.
    """

    blocks: int = Field(default=0, ge=0)
    """How many blocks are frozen, from the input on; 0 trains them all."""

    stem: Literal["with_first_block", "always", "never"] = "with_first_block"
    """Whether the stem is frozen: as soon as one block is, always, or never."""

    batchnorm: Literal["eval", "train"] = "eval"
    """Frozen stages' batch-norm: `eval` keeps the stored statistics, `train` goes on updating them."""

    stages: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] | None = None
    """Names of the frozen stages; replaces `blocks` and `stem`."""

    train_last: int | None = Field(default=None, ge=1)
    """How many stages train, counted from the output: 1 is the head alone, and more than there are is all of them.
    Replaces `blocks` and `stem`."""

    @model_validator(mode="after")
    def _one_way_of_saying_it(self) -> FreezePolicy:
        if self.train_last is not None:
            others = {"blocks": self.blocks > 0, "stages": self.stages is not None}
            others["stem"] = self.stem != "with_first_block"
            said = [name for name, given in others.items() if given]
            if said:
                raise ValueError(f"train_last already says what is frozen; leave out {' and '.join(said)}")
        return self


@dataclass(frozen=True)
class Optimizer:
    """An optimizer by its torch name in lower case (`adam`, `sgd`, ...), its learning rate and further options."""

    name: Literal["adam", "adamw", "sgd", "adagrad", "rmsprop", "adadelta"]
    """Which of torch's optimizers."""
    learning_rate: Annotated[float, Field(ge=0)]
    """Its `lr`, which the scheduler multiplies."""
    options: Mapping[str, float | bool] = field(default_factory=dict)
    """Further arguments by their torch names, such as `{"momentum": 0.9, "weight_decay": 0.01}`."""


@dataclass(frozen=True)
class Scheduler:
    """A learning-rate schedule, stepped once an epoch: `constant`, `step`, `multistep`, `exponential`, `cosine`.

    In epoch i of `warmup_epochs` = w the rate is i / (w + 1) of the optimizer's (linear warm-up, by the epoch: P. Goyal
    et al., «Accurate, large minibatch SGD», 2017). The named schedule begins after them with the whole rate, and counts
    its own epochs from there.
    """

    name: Literal["constant", "step", "multistep", "exponential", "cosine"] = "constant"
    options: Mapping[str, float | tuple[int, ...]] = field(default_factory=dict)
    warmup_epochs: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when `patience` epochs have passed without an improvement of the phase's `monitor`."""

    patience: Annotated[int, Field(ge=1)]
    """Epochs in a row without an improvement."""


@dataclass(frozen=True)
class Phase:
    """A stretch of training with its own freeze policy, optimizer, scheduler and stop rule.

    The checkpoint kept is the one with the best `monitor` over validation; a phase starts from the best
    checkpoint of the phase before it.
    """

    name: str
    """What records and papers call it; unique in its recipe."""
    max_epochs: Annotated[int, Field(ge=1)]
    """Epochs at most, at least 1."""
    batch_size: Annotated[int, Field(ge=1)]
    """Images a step; the last step of an epoch takes what is left."""
    optimizer: Optimizer
    """Made anew for the phase."""
    freeze: FreezePolicy = field(default_factory=FreezePolicy)
    """Which stages do not train."""
    scheduler: Scheduler = Scheduler()
    """How the learning rate changes from epoch to epoch."""
    monitor: Literal["validation_loss", "validation_accuracy"] = "validation_loss"
    """What the best checkpoint is best in."""
    early_stopping: EarlyStopping | None = None
    """When to stop before `max_epochs`; None for never."""
    gradient_clip: Annotated[float, Field(gt=0)] | None = None
    """Largest norm of the gradient; None leaves it alone."""
    l1: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the L1 norm of the trained weights, which is added to the loss that is minimised (the lasso:
    R. Tibshirani, 1996). Weights are the trained tensors of two or more dimensions: neither biases nor normalisation's
    parameters. Losses are logged and compared without it."""


class Recipe(ABC, Generic[P]):
    """A way of training that suites can name."""

    name: ClassVar[str]
    Parameters: ClassVar[type[Parameters]]

    @abstractmethod
    def phases(self, params: P) -> tuple[Phase, ...]:
        """The phases in order, at least one."""

    def bibtex(self, params: P) -> str:
        """The BibTeX entries of the papers it follows; empty where there is none to cite."""
        return ""

    def precision(self, params: P) -> Precision:
        """Arithmetic of forward and backward; `auto` is bf16 where the device has it, else fp16 on CUDA
        and fp32 on the CPU."""
        return "auto"

    def log_every(self, params: P) -> int:
        """Every how many steps the training loss is logged."""
        return 10

    def loss(self, params: P, logits: Tensor, targets: Tensor) -> Tensor:
        """The scalar training loss, averaged over the batch, of `logits` (N, classes). `targets` are class numbers
        (N,), or what `transform` returned where the recipe has one. Default: cross-entropy, which takes both class
        numbers and probabilities (N, classes)."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, targets)

    def transform(self, params: P, images: Tensor, targets: Tensor, draw: Generator) -> tuple[Tensor, Tensor]:
        """Change a training batch (mixup and its like): images (N, channels, height, width), normalised, and targets,
        float32 (N, classes), 1 for the class of an image. Draw only from `draw`, which each step has anew. Override it
        and the engine will not cache features past the input."""
        return images, targets

    def smoke(self, params: P) -> Mapping[str, Any]:
        """Parameter changes that make a smoke run on the synthetic sample quick, for instance fewer epochs."""
        return {}
