"""What observers are told: frozen facts about a run, nothing they could change it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict


@dataclass(frozen=True)
class RunInfo:
    """A run at its start. `folder` is the run's own folder, where an observer may write files of its own."""

    key: str
    """The run key: 32 hexadecimal digits."""
    suite: str
    """The suite's name."""
    case: str
    """The case's name, as `benchsuite plan` shows it."""
    seed: int
    """The run's seed."""
    folder: Path
    """The run's own folder."""
    parameters: Mapping[str, Any]
    """The case as plain values: `dataset`, `model` and `recipe`, each with `name`, `distribution` and `parameters`."""
    resumed_from_epoch: int
    """Epochs that an interrupted start of this run had already finished; 0 for a fresh one."""


@dataclass(frozen=True)
class Epoch:
    """The metrics of one epoch, as they are recorded. Losses are means over images, accuracies fractions of 1."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    phase: str
    """The phase's name."""
    epoch: int
    """Its number, from 1, over all phases."""
    train_loss: float
    """Over the training images as they were seen in this epoch, augmented and while the weights moved."""
    train_accuracy: float
    """Of the same images. One that the recipe has mixed counts by the share that the predicted class has in it."""
    validation_loss: float
    """Over the validation split, after the epoch."""
    validation_accuracy: float
    """Of the same images."""
    learning_rate: float
    """The rate that the epoch was trained with."""
    seconds: float
    """Wall time of the epoch."""


@dataclass(frozen=True)
class EpochReport(Epoch):
    """One finished epoch as an observer is told of it: its metrics and its logged steps."""

    steps: tuple[tuple[int, float], ...]
    """(step, batch loss) for the steps that the recipe logs; steps are counted over the whole run."""


@dataclass(frozen=True)
class RunSummary:
    """A run at its end."""

    status: str
    """`done` or `failed`."""
    best_epoch: int | None
    """The epoch that validation chose; None when no epoch was finished."""
    test_accuracy: float | None
    """Fraction of 1, of that epoch's weights; None when the test split was not opened."""
    test_loss: float | None
    """Mean over the test images; None when the test split was not opened."""
    seconds: float
    """Wall time of the run."""
