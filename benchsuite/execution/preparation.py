"""From a plan to tasks: find the data and weights, describe the machine, compute every run's key.

Imports no torch, so planning is quick. When the data turn out to be the synthetic sample, the plan is reduced to a
trial here, and its results are kept apart from the study's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel

from benchsuite.contracts.dataset import Dataset
from benchsuite.contracts.model import Model
from benchsuite.contracts.recipe import Recipe
from benchsuite.engine.task import RunTask
from benchsuite.identity.canonical import digest
from benchsuite.identity.code import component_fingerprint, libraries, source_fingerprint
from benchsuite.identity.key import Role, run_key
from benchsuite.identity.numerics import Numerics, describe
from benchsuite.registry import Registry
from benchsuite.registry.blame import blaming
from benchsuite.sources.cache import Policy
from benchsuite.sources.data import LocatedData, locate_data
from benchsuite.sources.weights import LocatedWeights, locate_weights
from benchsuite.store.record import Deviation
from benchsuite.suite.plan import Case, Component, Plan, RunSpec
from benchsuite.suite.trial import trial

DECIDING_CODE = ("benchsuite.engine", "benchsuite.contracts")
"""The core's source that decides what a run results in."""


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

    `runs_folder` holds `runs/`, `paper_folder` the paper; `sample` tells a trial on the synthetic sample.
    """

    plan: Plan
    tasks: tuple[RunTask, ...] | None
    runs_folder: Path
    paper_folder: Path
    sample: bool
    numerics: Numerics
    absent: tuple[str, ...] = ()
    """What has yet to be downloaded."""

    def task(self, spec: RunSpec) -> RunTask:
        return next(task for task in self.tasks or () if task.spec == spec)


def prepare(plan: Plan, registry: Registry, place: Place, *, download: bool, say: Callable[[str], None]) -> Preparation:
    """Find what the plan needs. Raises DataError, WeightsError or DeviceError with a remedy."""
    finder = _Finder(registry, place, download, say)
    data = _each(finder.data, (case.dataset for case in plan.cases))
    sample = any(found is not None and found.provenance == "synthetic sample" for found in data.values())
    if sample:
        finder = _Finder(registry, _sampled(place), download, say)
        plan = trial(plan, registry)
        data = _each(finder.data, (case.dataset for case in plan.cases))
    weights = _each(finder.weights, (case.model for case in plan.cases))
    numerics = _each(finder.numerics, (case.recipe for case in plan.cases))
    runs_folder = place.results / f"{plan.suite}@sample" if sample else place.results
    paper_folder = runs_folder if sample else place.results / plan.suite

    absent = [f"data set {case.dataset.name}" for case in plan.cases if data[_identity(case.dataset)] is None]
    absent += [f"weights of {case.model.name}" for case in plan.cases if weights[_identity(case.model)] is None]
    tasks = None if absent else tuple(_tasks(plan, registry, place, runs_folder, data, weights, numerics))
    return Preparation(
        plan=plan,
        tasks=tasks,
        runs_folder=runs_folder,
        paper_folder=paper_folder,
        sample=sample,
        numerics=next(iter(numerics.values())),
        absent=tuple(dict.fromkeys(absent)),
    )


def _each(find: Callable[[Component], T], components: Iterable[Component]) -> dict[str, T]:
    """What `find` gives for every different component, asked once."""
    found: dict[str, T] = {}
    for component in components:
        identity = _identity(component)
        if identity not in found:
            found[identity] = find(component)
    return found


def _sampled(place: Place) -> Place:
    return Place("sample", place.data, place.cache, place.results, place.device, place.threads)


@dataclass(frozen=True)
class _Finder:
    """Looks up components and finds their data, weights and numerics."""

    registry: Registry
    place: Place
    download: bool
    say: Callable[[str], None]

    def data(self, component: Component) -> LocatedData | None:
        entry = self.registry.dataset(_qualified(component))
        with blaming(entry):
            return locate_data(
                cast(Dataset[Any], entry.component),
                entry.parse(component.parameters),
                policy=self.place.policy,
                data=self.place.data,
                cache=self.place.cache,
                download=self.download,
                say=self.say,
            )

    def weights(self, component: Component) -> LocatedWeights | None:
        entry = self.registry.model(_qualified(component))
        with blaming(entry):
            request = cast(Model[Any], entry.component).weights(entry.parse(component.parameters))
        return locate_weights(
            request,
            policy=self.place.policy,
            data=self.place.data,
            cache=self.place.cache,
            download=self.download,
            say=self.say,
        )

    def numerics(self, component: Component) -> Numerics:
        entry = self.registry.recipe(_qualified(component))
        with blaming(entry):
            precision = cast(Recipe[Any], entry.component).precision(entry.parse(component.parameters))
        return describe(self.place.device, self.place.threads, precision)


def _tasks(
    plan: Plan,
    registry: Registry,
    place: Place,
    runs_folder: Path,
    data: Mapping[str, LocatedData | None],
    weights: Mapping[str, LocatedWeights | None],
    numerics: Mapping[str, Numerics],
) -> list[RunTask]:
    tasks = []
    for spec in plan.runs:
        case = spec.case
        found, start = data[_identity(case.dataset)], weights[_identity(case.model)]
        if found is None or start is None:
            raise AssertionError("tasks are made only when everything was found")
        machine = numerics[_identity(case.recipe)]
        key = run_key(
            spec,
            data_fingerprint=found.fingerprint,
            weights_fingerprint=start.sha256 or "random",
            code=_code(case, registry),
            numerics=machine,
            schemas=_schemas(case, registry),
            libraries=_libraries(case, registry),
        )
        deviations = _deviations(found, start, machine, place, plan)
        tasks.append(RunTask(spec, key, machine, found, start, runs_folder, place.cache, deviations))
    return tasks


def _code(case: Case, registry: Registry) -> dict[str, str]:
    entries = _entries(case, registry)
    plugins = {entry.module: component_fingerprint(entry.module) for entry in entries.values()}
    return {"benchsuite": _core_fingerprint(), **plugins}


def _libraries(case: Case, registry: Registry) -> dict[str, str]:
    """Versions of the third-party libraries that the model and the recipe are made with."""
    entries = _entries(case, registry)
    return {**libraries(entries["model"].module), **libraries(entries["recipe"].module)}


@cache
def _core_fingerprint() -> str:
    return source_fingerprint(*DECIDING_CODE)


def _schemas(case: Case, registry: Registry) -> dict[Role, type[BaseModel]]:
    return {role: entry.component.Parameters for role, entry in _entries(case, registry).items()}


def _entries(case: Case, registry: Registry) -> dict[Role, Any]:
    return {
        "dataset": registry.dataset(_qualified(case.dataset)),
        "model": registry.model(_qualified(case.model)),
        "recipe": registry.recipe(_qualified(case.recipe)),
    }


def _deviations(
    data: LocatedData, weights: LocatedWeights, numerics: Numerics, place: Place, plan: Plan
) -> tuple[Deviation, ...]:
    """What is not as the suite asked, in the order of its weight."""
    deviations = []
    if data.provenance == "synthetic sample":
        deviations.append(Deviation(kind="synthetic sample"))
    if weights.provenance == "random" and weights.request != "none":
        deviations.append(Deviation(kind="random weights", detail=weights.request))
    if numerics.device == "cpu" and place.device == "auto":
        deviations.append(Deviation(kind="no cuda"))
    deviations += [Deviation(kind="changed", detail=change) for change in plan.changes]
    return tuple(deviations)


def _qualified(component: Component) -> str:
    return f"{component.distribution}:{component.name}"


def _identity(component: Component) -> str:
    return digest(component.model_dump(mode="json"))
