"""From a plan to tasks: find the data and weights, describe the machine, compute every run's key.

Imports no torch, so planning is quick. When the data turn out to be the synthetic sample, the plan is reduced to a
smoke run here, and its results are kept apart from the study's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from benchsuite.contracts.dataset import Dataset
from benchsuite.contracts.model import Model, WeightsRequest
from benchsuite.contracts.recipe import Precision, Recipe
from benchsuite.engine.task import RunTask
from benchsuite.execution.fleet import Fleet
from benchsuite.execution.photos import leave_out_broken
from benchsuite.identity.canonical import digest
from benchsuite.identity.numerics import ChosenDevice, MachineFacts, Numerics, machine_facts, numerics_of
from benchsuite.identity.run_key import Role, case_fields, component_fields, run_key
from benchsuite.identity.source_fingerprint import fingerprints, libraries
from benchsuite.registry import Entry, Registry
from benchsuite.registry.attribution import blaming
from benchsuite.sources.cache import Policy
from benchsuite.sources.data import LocatedData, locate_data
from benchsuite.sources.folds import Partition, check_folds
from benchsuite.sources.weights import LocatedWeights, locate_weights
from benchsuite.store.record import Deviation
from benchsuite.store.run_store import Store
from benchsuite.suite.cases.plan import Case, Component, Plan, RunSpec
from benchsuite.suite.planning.sample_smoke import smoke_plan
from benchsuite.suite.search.space import corners

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where things are looked for and put: the user's data folder, the cache, the results, and the device."""

    policy: Policy
    data: Path | None
    cache: Path
    results: Path
    device: ChosenDevice = "auto"
    threads: int | None = None
    skip_broken: bool = False
    """Whether images that cannot be decoded are left out."""
    fleet: Fleet | None = None
    """The machines that make the runs, if not this one."""


@dataclass(frozen=True)
class Preparation:
    """A plan with what was found for it. Of runs whose data have yet to be downloaded (only when planning) there are no
    `tasks`; those whose weights have are tasks as `TaskMaker.start` says.

    `runs_folder` holds `runs/`, `paper_folder` the paper; `sample` tells a smoke run on the synthetic sample.
    """

    plan: Plan
    tasks: tuple[RunTask, ...]
    runs_folder: Path
    paper_folder: Path
    sample: bool
    numerics: Numerics
    """Those of the first seed."""
    maker: TaskMaker
    """Makes the tasks of trials that are proposed later."""
    ready: bool
    """Whether every run can be a task, those of trials included."""
    absent: tuple[str, ...] = ()
    """What has yet to be downloaded."""


def prepare(plan: Plan, registry: Registry, place: Place, *, download: bool, say: Callable[[str], None]) -> Preparation:
    """Find what the plan needs. Raises DataError, WeightsError or DeviceError with a remedy."""
    finder = _Finder(registry, place, download, say)
    cases = _cases(plan, registry)
    sample = any(found.provenance == "synthetic sample" for case in cases if (found := finder.data(case.dataset)))
    if sample:
        finder = _Finder(registry, replace(place, policy="sample"), download, say)
        plan = smoke_plan(plan, registry)
        cases = _cases(plan, registry)
    if plan.folds is not None:
        check_folds(plan.folds, {case.name: own for case in cases if (own := finder.partition(case.dataset))})
    runs_folder = place.results / f"{plan.suite}@sample" if sample else place.results
    paper_folder = runs_folder if sample else place.results / plan.suite

    absent = [needs(case)[0] for case in cases if finder.data(case.dataset) is None]
    absent += [needs(case)[1] for case in cases if finder.weights(case.model) is None]
    maker = TaskMaker(finder, place, plan.changes, runs_folder)
    return Preparation(
        plan=plan,
        tasks=tuple(task for task in map(maker.task, plan.runs) if task is not None),
        runs_folder=runs_folder,
        paper_folder=paper_folder,
        sample=sample,
        numerics=finder.numerics(plan.cases[0].recipe, maker.machine(plan.seeds[0])),
        maker=maker,
        ready=all(finder.data(case.dataset) and maker.start(case.model) for case in cases),
        absent=tuple(dict.fromkeys(absent)),
    )


def task_maker(registry: Registry, place: Place) -> TaskMaker:
    """What makes the tasks of runs that were planned elsewhere, with what is found here. Raises what `prepare` does."""
    return TaskMaker(_Finder(registry, place, True, lambda _: None), place, (), place.results)


def needs(case: Case) -> tuple[str, str]:
    """What has to be found for a case, as `Preparation.absent` calls it."""
    return f"data set {case.dataset.name}", f"weights of {case.model.name}"


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
    identities: dict[int, tuple[Component, str]] = field(default_factory=dict)
    """By id; the component is kept, so that no other comes to have its id."""

    def data(self, component: Component) -> LocatedData | None:
        return self._once("data", self._identity(component), lambda: self._data(component))

    def partition(self, component: Component) -> Partition | None:
        """What divides the data into folds; None where they are not here yet."""
        found = self.data(component)
        return None if found is None else self._once("partition", self._identity(component), lambda: Partition(found))

    def weights(self, component: Component) -> LocatedWeights | None:
        return self._once("weights", self._identity(component), lambda: self._weights(component))

    def numerics(self, component: Component, machine: MachineFacts) -> Numerics:
        precision = self._once("precision", self._identity(component), lambda: self._precision(component))
        identity = f"{precision} {id(machine)}"  # which lives as long as the finder, or its place
        device, threads = self.place.device, self.place.threads
        return self._once("numerics", identity, lambda: numerics_of(machine, device, threads, precision))

    @property
    def machine(self) -> MachineFacts:
        return self._once("machine", "", lambda: machine_facts(self.place.device))

    def code(self, modules: Sequence[str]) -> dict[str, str]:
        return self._once("code", " ".join(modules), lambda: fingerprints(modules))

    def libraries(self, module: str) -> dict[str, str]:
        return self._once("libraries", module, lambda: libraries(module))

    def keyed(self, role: Role, component: Component, entry: Entry) -> Mapping[str, Any]:
        identity = self._identity(component)
        return self._once(role, identity, lambda: component_fields(role, component, entry.component.Parameters))

    def _identity(self, component: Component) -> str:
        """Tells components apart by their values. Cases share most of theirs, so each object is looked at once."""
        if id(component) not in self.identities:
            self.identities[id(component)] = component, digest(component.model_dump(mode="json"))
        return self.identities[id(component)][1]

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
        if found is not None and self.place.skip_broken:
            found = leave_out_broken(found, self.place.cache, self.say)
        told = f"{found.provenance}, {found.folder} ({found.evidence})" if found is not None else "not here yet"
        _LOG.info("data set %s: %s", component.name, told)
        return found

    def _weights(self, component: Component) -> LocatedWeights | None:
        found: LocatedWeights | None = locate_weights(self.request(component), **self._where)
        told = f"{found.provenance}, {found.file} ({found.evidence})" if found is not None else "not here yet"
        _LOG.info("weights of %s: %s", component.name, told)
        return found

    def request(self, component: Component) -> WeightsRequest | None:
        entry = self.registry.model(component.qualified_name)
        with blaming(entry):
            request: WeightsRequest | None = cast(Model[Any], entry.component).weights(
                entry.parse(component.parameters)
            )
        return request

    def _precision(self, component: Component) -> Precision:
        entry = self.registry.recipe(component.qualified_name)
        with blaming(entry):
            return cast(Recipe[Any], entry.component).precision(entry.parse(component.parameters))


@dataclass(frozen=True)
class _Shared:
    """What the tasks of a case have in common. `fields` are those of their keys."""

    fields: Mapping[str, Any]
    numerics: Numerics
    data: LocatedData
    weights: LocatedWeights
    deviations: tuple[Deviation, ...]


@dataclass(frozen=True)
class TaskMaker:
    """Makes the tasks of runs; what those of a case have in common is found once."""

    finder: _Finder
    place: Place
    changes: tuple[str, ...]
    runs_folder: Path
    shared: dict[tuple[int, int], tuple[Case, _Shared | None]] = field(default_factory=dict)
    """By id and kind of machine; the case is kept, so that no other comes to have its id."""

    def task(self, spec: RunSpec) -> RunTask | None:
        """The task of a run; None when its data, or its weights where no others will do, have yet to be downloaded."""
        fleet = self.place.fleet
        shared = id(spec.case), fleet.number(spec.seed) if fleet is not None else 0
        if shared not in self.shared:
            self.shared[shared] = spec.case, self._find(spec.case, self.machine(spec.seed))
        known = self.shared[shared][1]
        if known is None:
            return None
        data, fields = known.data, known.fields
        if spec.fold is not None:
            partition = self.finder.partition(spec.case.dataset)
            assert partition is not None, "its data are here"
            data = partition.fold(spec.fold)
            fields = {**fields, "data": data.ordered_fingerprint}
        key = run_key(fields, spec.seed, spec.fold)
        _LOG.debug("%s, seed %d has the key %s", spec.case.name, spec.seed, key.key)
        places = self.runs_folder, self.place.cache
        return RunTask(spec, key, known.numerics, data, known.weights, *places, known.deviations)

    def machine(self, seed: int) -> MachineFacts:
        """What makes the runs of a seed."""
        return self.place.fleet.kind(seed) if self.place.fleet is not None else self.finder.machine

    def start(self, model: Component) -> LocatedWeights | None:
        """The weights or, where they have yet to be downloaded, those of that name that runs here started from, else
        what a run starts from if they cannot be had."""
        if (found := self.finder.weights(model)) is not None:
            return found
        request = self.finder.request(model)
        assert request is not None, "nothing is downloaded where nothing is asked for"
        sha256 = self._recorded.get(request.name)
        if sha256 is not None and sha256.startswith(request.sha256 or ""):
            return LocatedWeights(request.name, None, sha256, "official", "as runs that are here started from")
        if self.place.policy == "real":
            return None
        return LocatedWeights(request.name, None, None, "random", f"{request.filename} is not here yet")

    @cached_property
    def _recorded(self) -> Mapping[str, str]:
        """By its name, the SHA-256 of weights that runs here started from, as their authors gave them."""
        outcomes = Store(self.runs_folder).survey(self.place.cache).outcomes.values()
        return dict(outcome.weights for outcome in outcomes if outcome.weights is not None)

    def _find(self, case: Case, machine: MachineFacts) -> _Shared | None:
        finder = self.finder
        data, weights = finder.data(case.dataset), self.start(case.model)
        if data is None or weights is None:
            return None
        numerics = finder.numerics(case.recipe, machine)
        components: dict[Role, Component] = {"dataset": case.dataset, "model": case.model, "recipe": case.recipe}
        entries = {role: finder.registry.entry(role, chosen.qualified_name) for role, chosen in components.items()}
        fields = case_fields(
            {role: finder.keyed(role, chosen, entries[role]) for role, chosen in components.items()},
            data_fingerprint=data.ordered_fingerprint,
            weights_fingerprint=weights.sha256 or "random",
            code=finder.code([entry.module for entry in entries.values()]),
            numerics=numerics,
            # What the model and the recipe are made with; what a data set makes is in its fingerprint.
            libraries={
                **finder.libraries(entries["model"].module),
                **finder.libraries(entries["recipe"].module),
            },
        )
        return _Shared(fields, numerics, data, weights, self._deviations(data, weights, machine, numerics))

    def _deviations(
        self, data: LocatedData, weights: LocatedWeights, machine: MachineFacts, numerics: Numerics
    ) -> tuple[Deviation, ...]:
        """What is not as the suite asked, in the order of its weight."""
        deviations = []
        if data.provenance == "synthetic sample":
            deviations.append(Deviation(kind="synthetic sample"))
        if weights.provenance == "random" and weights.request != "none":
            deviations.append(Deviation(kind="random weights", detail=weights.request))
        if numerics.device == "cpu" and self.place.device == "auto":
            found = machine.faults
            unusable = Deviation(kind="cuda unusable", detail="; ".join(found))
            deviations.append(unusable if found else Deviation(kind="no cuda"))
        if data.left_out:
            counts = ", ".join(f"{len(names)} of {split}" for split, names in data.left_out.items())
            deviations.append(Deviation(kind="left out", detail=counts))
        return (*deviations, *self._changed)

    @cached_property
    def _changed(self) -> tuple[Deviation, ...]:
        return tuple(Deviation(kind="changed", detail=change) for change in self.changes)
