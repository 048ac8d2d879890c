"""The bench: whole runs through the real engine, with the kit's companions in the places the component leaves free.

Runs are made on the CPU in this process, which `testing.runner.worker` has prepared; nothing leaves the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch

from benchsuite.contracts.observer import EpochReport
from benchsuite.contracts.parameters import Parameters
from benchsuite.contracts.recipe import Phase
from benchsuite.engine.run.run import carry
from benchsuite.engine.task import RunTask
from benchsuite.execution.preparation import Place, prepare
from benchsuite.registry import Entry, Registry
from benchsuite.registry.validation import new_manager
from benchsuite.store.record import RunRecord
from benchsuite.suite.cases.plan import Case, Component, Plan
from benchsuite.testing.harness.outcomes import Broken
from benchsuite.testing.harness.reference_components import Blocks, OnePhase, Patterns

THREADS = 1
"""Of a run: its tensors are too small for more."""

Phases = Callable[[tuple[Phase, ...]], tuple[Phase, ...]]


@dataclass(frozen=True)
class Player:
    """A component with its parameters in a run."""

    entry: Entry
    params: Parameters

    @property
    def declared(self) -> Component:
        entry = self.entry
        parameters = self.params.model_dump(mode="json")
        return Component(name=entry.name, distribution=entry.distribution, version=entry.version, parameters=parameters)


def companion(component: Patterns | Blocks | OnePhase, **parameters: Any) -> Player:
    """One of the kit's own components."""
    kinds: dict[type, Literal["dataset", "model", "recipe"]] = {Patterns: "dataset", Blocks: "model"}
    kind = kinds.get(type(component), "recipe")
    entry = Entry(component.name, kind, component, "benchsuite-testing", "0", type(component).__module__)
    return Player(entry, component.Parameters(**parameters))


class Heard:
    """A watcher that keeps the reports of all epochs."""

    def __init__(self) -> None:
        self.epochs: list[EpochReport] = []

    def say(self, text: str) -> None:
        print(text)

    def epoch(self, report: EpochReport, max_epochs: int) -> None:
        self.epochs.append(report)

    def steps(self, epoch: int, done: int, total: int) -> None: ...


@dataclass(frozen=True)
class Bench:
    """A dataset, a model and a recipe, and the folder of their runs."""

    folder: Path
    dataset: Player
    model: Player
    recipe: Player

    def task(self, results: str, sample: bool = False, pinned: Sequence[str] = ()) -> RunTask:
        """A run that is due, with its results in a folder of this name. With `sample` the data are the synthetic
        sample and the components' changes for a smoke run hold, but for what is `pinned`."""
        case = Case(
            name="check",
            settings={},
            dataset=self.dataset.declared,
            model=self.model.declared,
            recipe=self.recipe.declared,
        )
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        place = Place(
            "sample" if sample else "real",
            data,
            self.folder / "cache",
            self.folder / results,
            device="cpu",
            threads=THREADS,
        )
        plan = Plan(suite="check", cases=(case,), seeds=(0,), pinned=tuple(pinned))
        tasks = prepare(plan, self._registry, place, download=False, say=print).tasks
        if tasks is None:
            raise AssertionError("nothing of this could be downloaded")
        return tasks[0]

    def carry(self, task: RunTask, watcher: Heard | None = None, checkpoints: float | None = None) -> RunRecord:
        """Make the run, with checkpoints every so many seconds (0: after each epoch). Raises Broken when it fails."""
        threads = torch.get_num_threads()
        torch.set_num_threads(THREADS)
        try:
            record = carry(task, self._registry, watcher or Heard(), checkpoints)
        finally:
            torch.set_num_threads(threads)
        if record.failure is not None:
            failure = record.failure
            said = [failure.what, failure.where, failure.expected]
            print(failure.traceback or "")
            raise Broken("the run failed: " + "; ".join(part for part in said if part))
        return record

    @property
    def _registry(self) -> Registry:
        own = {p.entry.kind: {p.entry.name: (p.entry,)} for p in (self.dataset, self.model, self.recipe)}
        return Registry(own, (), (), (), (), new_manager())


def with_phases(player: Player, change: Phases) -> Player:
    """The recipe of `player` with its declared phases changed, and everything else its own."""
    recipe: Any = player.entry.component
    own = type(recipe)

    def phases(self: Any, params: Any) -> tuple[Phase, ...]:
        return change(tuple(own.phases(self, params)))

    changed = type(own.__name__, (own,), {"phases": phases, "__module__": own.__module__})()
    changed.__dict__.update(vars(recipe))
    return Player(replace(player.entry, component=changed), player.params)
