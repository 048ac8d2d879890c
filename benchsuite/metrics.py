"""The metrics of a run, each declared once: how it is read from a record, which way it is better, and in which unit
it is printed.

Everything else follows from `METRICS`, and from the metrics of plugins that a suite adds to them: what it may compare,
claim, quote and search by, the editors' schema, the findings, the tables of papers, the reference pages and the results
that the test kit makes up. Here is what follows from the record of a run; what follows from its predictions is a plugin
(`benchsuite.contracts.metric`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal, Protocol

from benchsuite.contracts.observer import Epoch

CONVERGED = 0.95


class ChosenEpoch(Protocol):
    """The checkpoint that validation chose."""

    @property
    def epoch(self) -> int: ...
    @property
    def validation_loss(self) -> float: ...
    @property
    def validation_accuracy(self) -> float: ...
    @property
    def validation_macro_f1(self) -> float: ...


class MeasuredTest(Protocol):
    """The test split, evaluated once, from the chosen checkpoint."""

    @property
    def loss(self) -> float: ...
    @property
    def accuracy(self) -> float: ...
    @property
    def macro_f1(self) -> float: ...


class MeasuredCost(Protocol):
    """What a run cost; `seconds` by part, such as training."""

    @property
    def seconds(self) -> Mapping[str, float]: ...
    @property
    def data_seconds(self) -> float | None: ...
    @property
    def images_per_second(self) -> float: ...
    @property
    def peak_memory_bytes(self) -> int: ...
    @property
    def peak_device_memory_bytes(self) -> int | None: ...
    @property
    def energy_joules(self) -> float | None: ...


class MeasuredRun(Protocol):
    """A run, as far as metrics read it: a `RunRecord` is one. (The store stands above this module, whose names suites
    need, so that the record's own class cannot be named here.)"""

    @property
    def epochs(self) -> Sequence[Epoch]: ...
    @property
    def best(self) -> ChosenEpoch | None: ...
    @property
    def test(self) -> MeasuredTest | None: ...
    @property
    def cost(self) -> MeasuredCost | None: ...
    @property
    def measured(self) -> Mapping[str, float]: ...


Reader = Callable[[MeasuredRun], float | None]
"""Reads a metric from a finished run, in the units of the record; None where the run does not tell it."""


@dataclass(frozen=True)
class Unit:
    """How values of a metric are rounded and written."""

    symbol: str = ""
    scale: float = 1.0
    """From a value as it is recorded to one in this unit."""
    decimals: int = 3
    difference: str = ""
    """The unit of differences, where it is another: those of percentages are points."""
    recorded: str = ""
    """The record's own unit, where every printed value carries its unit (some durations are minutes, some hours) and
    columns of tables do not: data files then hold what is recorded."""
    whole: bool = False
    """Single values are whole numbers, so that only means of several have decimals."""
    of_machine: bool = False
    """What is measured in it tells of the machine as much as of the run."""


PERCENT = Unit("%", 100, 1, difference="points")
POINTS = Unit("points", 100, 1)
NUMBER = Unit()
EPOCHS = Unit(decimals=1, difference="epochs", whole=True)
DURATION = Unit("s", decimals=1, recorded="s", of_machine=True)
TIME_SHARE = replace(PERCENT, of_machine=True)
MEMORY = Unit("MiB", 2**-20, 0, recorded="bytes", of_machine=True)
ENERGY = Unit("kJ", 0.001, 1, of_machine=True)
SPEED = Unit("images/s", decimals=0, of_machine=True)


@dataclass(frozen=True)
class Metric:
    """A metric. What papers call it is in the catalogues of their languages, unless a plugin has given it titles."""

    name: str
    about: str
    """What it is, for the reference pages."""
    read: Reader
    unit: Unit
    higher_is_better: bool | None
    """None where no value is better than another."""
    least: float = 0.0
    most: float = math.inf
    """What it can be; intervals are cut there."""
    quality: bool = False
    """It tells how good the model is: the table of a single case lists it."""
    guides_search: bool = False
    """A search may choose its best trial by it."""
    of_gpu: bool = False
    """Only runs on a GPU have it."""
    compared_as: Literal["quality", "cost"] | None = None
    """In which table of a comparison of two papers it stands."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """By language, what a plugin calls it, without the split; empty for those of benchsuite."""
    title_gender: str = ""
    """The grammatical gender of the plugin's title in Spanish."""

    @property
    def split(self) -> str:
        """The split that its name begins with, such as `test`."""
        return self.name.partition("_")[0]

    @property
    def sealed(self) -> bool:
        """Whether it comes from the test split, which no trial of a search may show."""
        return is_sealed(self.name)

    @property
    def of_machine(self) -> bool:
        """It tells of the machine as much as of the run: values from different kinds of machine do not compare."""
        return self.unit.of_machine

    @property
    def sign(self) -> int:
        """-1 where smaller values are better, else 1: `sign * value` grows with what is better."""
        return -1 if self.higher_is_better is False else 1


def _at_best_epoch(read: Callable[[Epoch], float]) -> Reader:
    """Read from the epoch that validation chose."""

    def measure(run: MeasuredRun) -> float | None:
        epoch = next((epoch for epoch in run.epochs if run.best is not None and epoch.epoch == run.best.epoch), None)
        return None if epoch is None else read(epoch)

    return measure


def _of_best(read: Callable[[ChosenEpoch], float]) -> Reader:
    return lambda run: None if run.best is None else read(run.best)


def _of_test(read: Callable[[MeasuredTest], float]) -> Reader:
    return lambda run: None if run.test is None else read(run.test)


def _of_cost(read: Callable[[MeasuredCost], float | None]) -> Reader:
    return lambda run: None if run.cost is None else read(run.cost)


def _seconds_per_epoch(run: MeasuredRun) -> float | None:
    return sum(epoch.seconds for epoch in run.epochs) / len(run.epochs) if run.epochs else None


def _data_time_share(cost: MeasuredCost) -> float | None:
    training = cost.seconds.get("training")
    return cost.data_seconds / training if cost.data_seconds is not None and training else None


def _epochs_to_95(run: MeasuredRun) -> int | None:
    best = max((epoch.validation_accuracy for epoch in run.epochs), default=0.0)
    return next((epoch.epoch for epoch in run.epochs if epoch.validation_accuracy >= CONVERGED * best), None)


def _accuracy_steps(run: MeasuredRun) -> float | None:
    steps = [abs(after.validation_accuracy - epoch.validation_accuracy) for epoch, after in pairwise(run.epochs)]
    return sum(steps) / len(steps) if steps else None


_DECLARED = (
    Metric(
        "test_accuracy", "share of the test images that the model has right",
        _of_test(lambda test: test.accuracy), PERCENT, higher_is_better=True, most=1,
        quality=True, compared_as="quality",
    ),
    Metric(
        "test_macro_f1", "mean over classes of the F1 score on the test images",
        _of_test(lambda test: test.macro_f1), NUMBER, higher_is_better=True, most=1,
        quality=True, compared_as="quality",
    ),
    Metric(
        "test_loss", "mean loss over the test images",
        _of_test(lambda test: test.loss), NUMBER, higher_is_better=False, quality=True, compared_as="quality",
    ),
    Metric(
        "validation_accuracy", "validation accuracy at the best epoch",
        _of_best(lambda best: best.validation_accuracy), PERCENT, higher_is_better=True, most=1,
        quality=True, guides_search=True, compared_as="quality",
    ),
    Metric(
        "validation_loss", "validation loss at the best epoch",
        _of_best(lambda best: best.validation_loss), NUMBER, higher_is_better=False,
        quality=True, guides_search=True,
    ),
    Metric(
        "train_accuracy", "training accuracy in the best epoch",
        _at_best_epoch(lambda epoch: epoch.train_accuracy), PERCENT, higher_is_better=True, most=1, quality=True,
    ),
    Metric(
        "train_loss", "training loss in the best epoch",
        _at_best_epoch(lambda epoch: epoch.train_loss), NUMBER, higher_is_better=False, quality=True,
    ),
    Metric(
        "overfitting_gap", "training minus validation accuracy at the best epoch",
        _at_best_epoch(lambda epoch: epoch.train_accuracy - epoch.validation_accuracy), POINTS,
        higher_is_better=False, least=-1, most=1, quality=True,
    ),
    Metric(
        "best_epoch", "the epoch that validation chose",
        _of_best(lambda best: best.epoch), EPOCHS, higher_is_better=None,
    ),
    Metric(
        "epochs_run", "epochs until training ended",
        lambda run: len(run.epochs) or None, EPOCHS, higher_is_better=False,
    ),
    Metric(
        "epochs_to_95",
        "epochs until 95 % of the run's own best validation accuracy",
        _epochs_to_95, EPOCHS, higher_is_better=False,
    ),
    Metric(
        "accuracy_steps", "mean change of the validation accuracy from one epoch to the next, upwards or downwards",
        _accuracy_steps, POINTS, higher_is_better=False, most=1,
    ),
    Metric(
        "training_seconds", "time of the training steps, without validation",
        _of_cost(lambda cost: cost.seconds.get("training")), DURATION, higher_is_better=False,
        compared_as="cost",
    ),
    Metric(
        "seconds_per_epoch", "mean time of an epoch's training steps",
        _seconds_per_epoch, DURATION, higher_is_better=False,
    ),
    Metric(
        "data_time_share", "share of the training time in which steps waited for their batches, where that is known",
        _of_cost(_data_time_share), TIME_SHARE, higher_is_better=False, most=1,
    ),
    Metric(
        "images_per_second", "training images per second of training",
        _of_cost(lambda cost: cost.images_per_second), SPEED, higher_is_better=True, compared_as="cost",
    ),
    Metric(
        "peak_memory_bytes", "most memory of the process, without the GPU's",
        _of_cost(lambda cost: cost.peak_memory_bytes), MEMORY, higher_is_better=False, compared_as="cost",
    ),
    Metric(
        "peak_device_memory_bytes", "most memory of the GPU that the run's tensors had",
        _of_cost(lambda cost: cost.peak_device_memory_bytes), MEMORY, higher_is_better=False, of_gpu=True,
        compared_as="cost",
    ),
    Metric(
        "energy_joules", "energy of the whole GPU while the run was made, where its driver tells",
        _of_cost(lambda cost: cost.energy_joules), ENERGY, higher_is_better=False, of_gpu=True, compared_as="cost",
    ),
)  # fmt: skip

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _DECLARED}
"""Every metric by its name, in the order in which findings and error messages list them."""


def is_sealed(name: str) -> bool:
    """Whether a metric of this name comes from the test split."""
    return name.startswith("test_")


SPLITS = ("validation", "test")
"""Of which a metric of a plugin has a value each: «validation_auc», «test_auc»."""


def of_splits(name: str) -> tuple[str, ...]:
    """What a metric of a plugin is called that a suite calls by this name."""
    return tuple(f"{split}_{name}" for split in SPLITS)


def reader_of(name: str) -> Reader:
    """Reads what was computed from a run's predictions and put beside its record."""
    return lambda run: run.measured.get(name)


RESULTS_COLUMNS = ("validation_accuracy", "test_accuracy", "test_macro_f1")
"""What the table of results shows of each case."""
COST_COLUMNS = (
    "epochs_run",
    "training_seconds",
    "seconds_per_epoch",
    "data_time_share",
    "images_per_second",
    "peak_memory_bytes",
    "peak_device_memory_bytes",
    "energy_joules",
)
"""What the table of costs shows of each case; where there is memory of a GPU, that of the process gives way to it."""
TRIAL_COLUMNS = ("validation_accuracy", "train_accuracy", "validation_loss", "train_loss")
"""What the table of a search shows of each trial, beside its epochs and its time."""
