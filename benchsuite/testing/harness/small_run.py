"""Whole runs through the real engine, with the kit's reference components in the places the component leaves free.

Runs are made in this process, which `testing.runner.worker` has prepared; nothing leaves the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch

from benchsuite.contracts.parameters import Parameters
from benchsuite.contracts.recipe import Phase
from benchsuite.engine.run.execute import execute
from benchsuite.engine.task import RunTask
from benchsuite.execution.preparation import Place, prepare
from benchsuite.registry import Entry, Registry
from benchsuite.registry.kinds import kind_of
from benchsuite.registry.validation import new_manager
from benchsuite.store.record import RunRecord
from benchsuite.suite.cases.plan import Case, Component, Plan
from benchsuite.testing.harness.outcomes import Broken
from benchsuite.testing.harness.reference_components import Blocks, OnePhase, Patterns, RecordingWatcher

THREADS = 1
"""Of a run: its tensors are too small for more."""

Phases = Callable[[tuple[Phase, ...]], tuple[Phase, ...]]


@dataclass(frozen=True)
class BoundComponent:
    """A component with its parameters in a run."""

    entry: Entry
    params: Parameters

    @property
    def declared(self) -> Component:
        entry = self.entry
        parameters = self.params.model_dump(mode="json")
        return Component(name=entry.name, distribution=entry.distribution, version=entry.version, parameters=parameters)


def bind_reference(component: type[Patterns | Blocks | OnePhase], **parameters: Any) -> BoundComponent:
    """One of the kit's own components."""
    kind = kind_of(component)
    assert kind is not None
    entry = Entry(component.name, kind, component(), "benchsuite-testing", "0", component.__module__)
    return BoundComponent(entry, component.Parameters(**parameters))


@dataclass(frozen=True)
class RunSetup:
    """A dataset, a model and a recipe, the folder of their runs, and the device on which they are made."""

    folder: Path
    dataset: BoundComponent
    model: BoundComponent
    recipe: BoundComponent
    device: Literal["cpu", "cuda"] = "cpu"

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
            device=self.device,
            threads=THREADS,
        )
        plan = Plan(suite="check", cases=(case,), seeds=(0,), pinned=tuple(pinned))
        tasks = prepare(plan, self._registry, place, download=False, say=print).tasks
        if not tasks:
            raise AssertionError("nothing of this could be downloaded")
        return tasks[0]

    def execute(
        self, task: RunTask, watcher: RecordingWatcher | None = None, checkpoints: float | None = None
    ) -> RunRecord:
        """Make the run, with checkpoints every so many seconds (0: after each epoch). Raises Broken when it fails."""
        threads = torch.get_num_threads()
        torch.set_num_threads(THREADS)
        try:
            record = execute(task, self._registry, watcher or RecordingWatcher(), checkpoints)
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


def with_phases(bound: BoundComponent, change: Phases) -> BoundComponent:
    """The recipe of `bound` with its declared phases changed, and everything else its own."""
    recipe: Any = bound.entry.component
    own = type(recipe)

    def phases(self: Any, params: Any) -> tuple[Phase, ...]:
        return change(tuple(own.phases(self, params)))

    changed = type(own.__name__, (own,), {"phases": phases, "__module__": own.__module__})()
    changed.__dict__.update(vars(recipe))
    return BoundComponent(replace(bound.entry, component=changed), bound.params)
