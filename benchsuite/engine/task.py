"""The task: a run with everything found that it needs. Plain data, made by the planner and sent to a worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchsuite.identity.numerics import Numerics
from benchsuite.identity.run_key import RunKey
from benchsuite.sources.data import LocatedData
from benchsuite.sources.weights import LocatedWeights
from benchsuite.store.record import Deviation
from benchsuite.suite.cases.plan import RunSpec


@dataclass(frozen=True)
class RunTask:
    """One run to be made, and where its record goes."""

    spec: RunSpec
    key: RunKey
    numerics: Numerics
    data: LocatedData
    weights: LocatedWeights
    results: Path
    cache: Path
    deviations: tuple[Deviation, ...] = ()
    at_once: int = 1
    """How many runs its device carries at once. It decides no bit."""
    keeps_weights: bool = True
    """Whether its weights stay beside its record, which has their hash in any case. It decides no bit."""

    @property
    def title(self) -> str:
        fold = f", {self.spec.fold}" if self.spec.fold is not None else ""
        return f"{self.spec.case.name}, seed {self.spec.seed}{fold}"
