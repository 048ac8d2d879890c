"""What passes between the process that plans and the processes that work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

from benchsuite.contracts.observer import EpochReport
from benchsuite.engine.task import RunTask
from benchsuite.identity.numerics import Numerics
from benchsuite.registry import Registry
from benchsuite.store.record import ModelFacts


@dataclass(frozen=True)
class Busy:
    """Another process holds the lock of this run."""

    key: str


@dataclass(frozen=True)
class ProbeJob:
    """Measure what a run costs without making it."""

    task: RunTask


@dataclass(frozen=True)
class Probe:
    """What one run will cost at most (early stopping may end it sooner)."""

    model: ModelFacts
    seconds_per_epoch: float
    """Training and validation of one epoch."""
    setup_seconds: float
    """Once for all runs that share a frozen prefix: computing its features."""
    max_epochs: int
    feature_bytes: int
    weights_bytes: int
    peak_bytes: int
    """The most memory that the steps took, on the GPU or in the process."""
    fills_device: bool
    """Whether a step keeps the GPU at work for longer than it takes to give it the work."""

    @property
    def seconds(self) -> float:
        return self.seconds_per_epoch * self.max_epochs


@dataclass(frozen=True)
class TrainedJob(ABC):
    """Something to do with networks that were trained, in a process with these numerics."""

    numerics: Numerics

    @abstractmethod
    def do(self, registry: Registry) -> Any:
        """Do it, where torch may be imported; what it gives is sent back."""


class RunWatcher(Protocol):
    """Is told how runs go, from any thread."""

    def started(self, task: RunTask) -> None: ...

    def say(self, text: str) -> None: ...

    def epoch(self, task: RunTask, report: EpochReport, max_epochs: int) -> None: ...

    def steps(self, task: RunTask, epoch: int, done: int, total: int) -> None: ...
