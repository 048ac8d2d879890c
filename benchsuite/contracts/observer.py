"""What observers are told: frozen facts about a run, nothing they could change it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunInfo:
    """A run at its start. `folder` is the run's own folder, where an observer may write files of its own."""

    key: str
    suite: str
    case: str
    seed: int
    folder: Path
    parameters: Mapping[str, Any]
    resumed_from_epoch: int
    """Epochs that an interrupted start of this run had already finished; 0 for a fresh one."""


@dataclass(frozen=True)
class EpochReport:
    """One finished epoch. Losses are means over images, accuracies fractions of 1, `steps` (step, batch loss)."""

    phase: str
    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float
    steps: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class RunSummary:
    """A run at its end."""

    status: str
    best_epoch: int | None
    test_accuracy: float | None
    test_loss: float | None
    seconds: float
