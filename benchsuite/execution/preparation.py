"""From a plan to tasks: find the data and weights, describe the machine, compute every run's key.

Imports no torch, so planning is quick. When the data turn out to be the synthetic sample, the plan is reduced to a
smoke run here, and its results are kept apart from the study's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from benchsuite.contracts.dataset import Dataset
from benchsuite.contracts.model import Model
from benchsuite.contracts.recipe import Recipe
from benchsuite.engine.task import RunTask
from benchsuite.identity.canonical import digest
from benchsuite.identity.numerics import Numerics, describe
from benchsuite.identity.run_key import Role, run_key
from benchsuite.identity.source_fingerprint import fingerprints, libraries
from benchsuite.registry import Registry
from benchsuite.registry.attribution import blaming
from benchsuite.sources.cache import Policy
from benchsuite.sources.data import LocatedData, locate_data
from benchsuite.sources.weights import LocatedWeights, locate_weights
from benchsuite.store.record import Deviation
from benchsuite.suite.cases.plan import Case, Component, Plan, RunSpec
from benchsuite.suite.planning.sample_smoke import smoke_plan
from benchsuite.suite.search.space import corners

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where things are looked for and put: the user's data folder, the cache, the results, and the device."""

    policy: Policy
    data: Path | None
    cache: Path
    results: Path
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int | None = None


@dataclass(frozen=True)
class Preparation:
    """A plan with everything found. `tasks` is None when something has yet to be downloaded (only when planning).

    `runs_folder` holds `runs/`, `paper_folder` the paper; `sample` tells a smoke run on the synthetic sample.
    """

    plan: Plan
    tasks: tuple[RunTask, ...] | None
    runs_folder: Path
    paper_folder: Path
    sample: bool
    numerics: Numerics
    maker: TaskMaker
    """Makes the tasks of trials that are proposed later."""
    absent: tuple[str, ...] = ()
    """What has yet to be downloaded."""

    def task(self, spec: RunSpec) -> RunTask:
        return next(task for task in self.tasks or () if task.spec == spec)


def prepare(plan: Plan, registry: Registry, place: Place, *, download: bool, say: Callable[[str], None]) -> Preparation:
    """Find what the plan needs. Raises DataError, WeightsError or DeviceError with a remedy."""
    finder = _Finder(registry, place, download, say)
    cases = _cases(plan, registry)
    sample = any(found.provenance == "synthetic sample" for case in cases if (found := finder.data(case.dataset)))
    if sample:
        finder = _Finder(registry, replace(place, policy="sample"), download, say)
        plan = smoke_plan(plan, registry)
        cases = _cases(plan, registry)
    runs_folder = place.results / f"{plan.suite}@sample" if sample else place.results
    paper_folder = runs_folder if sample else place.results / plan.suite

    absent = [f"data set {case.dataset.name}" for case in cases if finder.data(case.dataset) is None]
    absent += [f"weights of {case.model.name}" for case in cases if finder.weights(case.model) is None]
    maker = TaskMaker(finder, place, plan.changes, runs_folder)
    return Preparation(
        plan=plan,
        tasks=None if absent else tuple(map(maker.task, plan.runs)),
        runs_folder=runs_folder,
        paper_folder=paper_folder,
        sample=sample,
        numerics=finder.numerics(plan.cases[0].recipe),
        maker=maker,
        absent=tuple(dict.fromkeys(absent)),
    )


def _cases(plan: Plan, registry: Registry) -> tuple[Case, ...]:
    """The cases, and such as have all the data sets and models that trials of the search may have."""
    return (*plan.cases, *(corners(plan.search, registry) if plan.search else ()))


@dataclass(frozen=True)
class _Finder:
    """Looks up components and finds their data, weights, numerics and code, once for each that is different."""

    registry: Registry
    place: Place
    download: bool
    say: Callable[[str], None]
    found: dict[tuple[str, str], Any] = field(default_factory=dict)

    def data(self, component: Component) -> LocatedData | None:
        return self._once("data", _identity(component), lambda: self._data(component))

    def weights(self, component: Component) -> LocatedWeights | None:
        return self._once("weights", _identity(component), lambda: self._weights(component))

    def numerics(self, component: Component) -> Numerics:
        return self._once("numerics", _identity(component), lambda: self._numerics(component))

    def code(self, modules: Sequence[str]) -> dict[str, str]:
        return self._once("code", " ".join(modules), lambda: fingerprints(modules))

    def libraries(self, module: str) -> dict[str, str]:
        return self._once("libraries", module, lambda: libraries(module))

    def _once(self, what: str, identity: str, find: Callable[[], T]) -> T:
        if (what, identity) not in self.found:
            self.found[what, identity] = find()
        answer: T = self.found[what, identity]
        return answer

    @property
    def _where(self) -> dict[str, Any]:
        place = self.place
        return {
            "policy": place.policy, "data": place.data, "cache": place.cache, "download": self.download, "say": self.say
        }  # fmt: skip

    def _data(self, component: Component) -> LocatedData | None:
        entry = self.registry.dataset(component.qualified_name)
        with blaming(entry):
            dataset = cast(Dataset[Any], entry.component)
            found: LocatedData | None = locate_data(dataset, entry.parse(component.parameters), **self._where)
        return found

    def _weights(self, component: Component) -> LocatedWeights | None:
        entry = self.registry.model(component.qualified_name)
        with blaming(entry):
            request = cast(Model[Any], entry.component).weights(entry.parse(component.parameters))
        found: LocatedWeights | None = locate_weights(request, **self._where)
        return found

    def _numerics(self, component: Component) -> Numerics:
        entry = self.registry.recipe(component.qualified_name)
        with blaming(entry):
            precision = cast(Recipe[Any], entry.component).precision(entry.parse(component.parameters))
        return describe(self.place.device, self.place.threads, precision)


@dataclass(frozen=True)
class TaskMaker:
    """Makes a task of a run whose data and weights were found."""

    finder: _Finder
    place: Place
    changes: tuple[str, ...]
    runs_folder: Path

    def task(self, spec: RunSpec) -> RunTask:
        case, registry = spec.case, self.finder.registry
        found, start = self.finder.data(case.dataset), self.finder.weights(case.model)
        if found is None or start is None:
            raise AssertionError("tasks are made only when everything was found")
        machine = self.finder.numerics(case.recipe)
        entries = _entries(case, registry)
        key = run_key(
            spec,
            data_fingerprint=found.ordered_fingerprint,
            weights_fingerprint=start.sha256 or "random",
            code=self.finder.code([entry.module for entry in entries.values()]),
            numerics=machine,
            schemas={role: entry.component.Parameters for role, entry in entries.items()},
            # What the model and the recipe are made with; what a data set makes is in its fingerprint.
            libraries={
                **self.finder.libraries(entries["model"].module),
                **self.finder.libraries(entries["recipe"].module),
            },
        )
        deviations = _deviations(found, start, machine, self.place, self.changes)
        return RunTask(spec, key, machine, found, start, self.runs_folder, self.place.cache, deviations)


def _entries(case: Case, registry: Registry) -> dict[Role, Any]:
    components: dict[Role, Component] = {"dataset": case.dataset, "model": case.model, "recipe": case.recipe}
    return {role: registry.entry(role, component.qualified_name) for role, component in components.items()}


def _deviations(
    data: LocatedData, weights: LocatedWeights, numerics: Numerics, place: Place, changes: Sequence[str]
) -> tuple[Deviation, ...]:
    """What is not as the suite asked, in the order of its weight."""
    deviations = []
    if data.provenance == "synthetic sample":
        deviations.append(Deviation(kind="synthetic sample"))
    if weights.provenance == "random" and weights.request != "none":
        deviations.append(Deviation(kind="random weights", detail=weights.request))
    if numerics.device == "cpu" and place.device == "auto":
        deviations.append(Deviation(kind="no cuda"))
    deviations += [Deviation(kind="changed", detail=change) for change in changes]
    return tuple(deviations)


def _identity(component: Component) -> str:
    return digest(component.model_dump(mode="json"))
