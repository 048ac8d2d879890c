"""The recipe contract: training as a declaration.

A recipe turns its parameters into phases. The engine runs the phases; so determinism, resume, feature caching and
the sealed test set hold for everybody's recipe. A recipe may replace the loss and transform a training batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import Field, model_validator

from benchsuite.contracts.parameters import Parameters

if TYPE_CHECKING:
    from numpy.random import Generator
    from torch import Tensor
    from torch.optim import Optimizer as TorchOptimizer

P = TypeVar("P", bound=Parameters)

Precision = Literal["auto", "fp32", "bf16", "fp16"]
OptionValue = bool | int | float | str | tuple[float | None, ...] | None
"""What an option of an optimizer or a schedule may be."""


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
    """An optimizer, its learning rate and further options, and how they differ between parameters."""

    name: Annotated[str, Field(min_length=1)]
    """One of torch.optim's by its name in lower case (`adam`, `sgd`, `nadam`, ...), or one that `Recipe.optimizer`
    knows."""
    learning_rate: Annotated[float, Field(ge=0)]
    """Its `lr`, which the scheduler multiplies."""
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    """Further arguments by their torch names, such as `{"momentum": 0.9, "weight_decay": 0.01}`."""
    decay_weights_only: bool = False
    """Whether `weight_decay` is for weights alone: tensors of two or more dimensions, neither biases nor
    normalisation's parameters (T. He et al., «Bag of tricks», CVPR 2019, section 3.1)."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] | None = None
    """Factor of the learning rate from one stage to the one before it, the last stage having all of it; None for the
    same rate everywhere (discriminative fine-tuning: J. Howard and S. Ruder, ACL 2018, section 3.2)."""


@dataclass(frozen=True)
class Scheduler:
    """A learning-rate schedule, moved once an epoch or once a step.

    `constant`, or torch's `step`, `multistep`, `exponential`, `cosine`, `cosine_restarts`, `linear`, `polynomial`,
    `cyclic` and `one_cycle`, with torch's options, or one that `Recipe.schedule` knows. Where they are left out, the
    lengths of `cosine` (T_max), `linear`, `polynomial` (total_iters), `one_cycle` (total_steps) and `cyclic`
    (step_size_up: half) are the training's own. The highest rate of `cyclic` and `one_cycle` is the optimizer's.

    At position i of a warm-up of w the rate is i / (w + 1) of the optimizer's (linear warm-up: P. Goyal et al.,
    «Accurate, large minibatch SGD», 2017). The named schedule begins after it with the whole rate, and counts its own
    from there.
    """

    name: Annotated[str, Field(min_length=1)] = "constant"
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    by_step: bool = False
    """Whether the rate moves after each step of the weights, not after each epoch."""
    in_steps: bool = False
    """Whether the lengths among the options count steps, not epochs; only where the rate moves with them."""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """The warm-up in steps, instead of `warmup_epochs`, where the rate moves with them."""


@dataclass(frozen=True)
class Averaging:
    """A running mean of the weights, which is what is validated, kept and tested; training goes on with the weights
    themselves.

    `ema`: after each step mean += (1 - d) * (weights - mean), with d the lesser of `decay` and (1 + t) / (10 + t) at
    the t-th step (B. Polyak and A. Juditsky, 1992; the cap is TensorFlow's). Running statistics of normalisation
    are averaged in the same way. `swa`: the plain mean of the weights at the end of each epoch after the first `start`
    (P. Izmailov et al., «Averaging weights leads to wider optima and better generalization», UAI 2018); statistics of
    batch normalisation are computed anew for it, over the training images. Only averaged epochs can be the best.
    """

    name: Literal["ema", "swa"]
    decay: Annotated[float, Field(gt=0, lt=1)] = 0.999
    """Of `ema`."""
    start: Annotated[int, Field(ge=0)] = 0
    """Of `swa`: epochs of the phase that are not averaged; the last one always is."""


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
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Batches whose gradients are averaged, each image alike, for one step of the weights; the last step of an epoch
    takes what is left."""
    averaging: Averaging | None = None
    """Which mean of the weights is validated and kept; None for the weights themselves."""


class Recipe(ABC, Generic[P]):
    """A way of training that suites can name."""

    name: ClassVar[str]
    Parameters: ClassVar[type[Parameters]]

    @abstractmethod
    def phases(self, params: P) -> tuple[Phase, ...]:
        """The phases in order, at least one."""

    def title(self, params: P, language: str) -> str:
        """What papers in a language (`es` or `en`) call it within a sentence, such as "SAM" or "ajuste fino"; empty
        for its name."""
        return ""

    def summary(self, params: P, language: str) -> str:
        """One or two sentences in that language for the method of the paper, on what it does; empty for none."""
        return ""

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
        numbers and probabilities (N, classes).

        An override may take more, by name: `counts: Tensor | None = None`, how many training images each class has,
        float32 (classes,), and `task: Task | None = None`, how many classes there are and how large the images."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, targets)

    def transform(self, params: P, images: Tensor, targets: Tensor, draw: Generator) -> tuple[Tensor, Tensor]:
        """Change a training batch (mixup and its like): images (N, channels, height, width), normalised, and targets,
        float32 (N, classes), 1 for the class of an image. Draw only from `draw`, which each step has anew. Override it
        and, where `transforms` says so, the engine will not cache features past the input. Of targets that come back
        in the same form, training accuracy counts the share of the predicted class.

        An override may take `preprocessing: Preprocessing | None = None` as well, which has the mean and the deviation
        by which images were normalised, and their size."""
        return images, targets

    def transforms(self, params: P) -> bool:
        """Whether `transform` changes anything with these parameters. Default: whether it is overridden."""
        return type(self).transform is not Recipe.transform

    def optimizer(self, name: str) -> type[TorchOptimizer]:
        """The class of an optimizer of the recipe's own, by the name that its phases give it. It takes parameters or
        groups of them, `lr` and the options. One whose `step` needs a closure is given one: it computes the loss of the
        batch and its gradients anew, and returns the loss. Statistics of normalisation keep what its first call left.

        Raise KeyError for a name that is none."""
        raise KeyError(name)

    def schedule(self, name: str) -> Callable[..., float]:
        """A schedule of the recipe's own, by the name that its phases give it: a function of (position, length, options
        by name) that gives the rate's factor, with positions from 0 to below the length, in epochs or steps.

        Raise KeyError for a name that is none."""
        raise KeyError(name)

    def smoke(self, params: P) -> Mapping[str, Any]:
        """Parameter changes that make a smoke run on the synthetic sample quick, for instance fewer epochs."""
        return {}
