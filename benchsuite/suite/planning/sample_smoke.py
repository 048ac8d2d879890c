"""The smoke plan: the same study made small enough to run in minutes, by what each component declares for that."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from benchsuite.errors import PluginError
from benchsuite.registry import CASE_PARTS, Entry, Kind, Registry
from benchsuite.suite.cases.grid import overlap, same
from benchsuite.suite.cases.plan import Case, Component, Plan, PlannedSearch
from benchsuite.suite.cases.resolver import component, resolved_parameters
from benchsuite.suite.planning.expand import value_at
from benchsuite.suite.search.proposal import count_points, count_runs
from benchsuite.suite.search.space import case_with
from benchsuite.suite.source.problems import printable, written

MOST_SEEDS = 2
MOST_FOLDS = 2
"""As many as there are seeds, so that these are a whole round, and classes of a few images have enough."""
MOST_SEARCH_TRIALS = 4
SEARCH_RUNGS = (1, 2)


def smoke_plan(plan: Plan, registry: Registry) -> Plan:
    """The same cases with every component's `smoke` changes, at most two seeds, whatever the claims would need, and a
    small search; `changes` says which.

    What the suite studies (its axes and what is compared) and what the user pinned is not touched. A count that only
    named cases set, such as their epochs, shrinks too, keeping its order between them. An axis of the search that a
    change concerns leaves its space. Raises PluginError when a component's changes are not parameters of its own.
    """
    reduction = _Reduction(registry, plan.cases, (*plan.studied, *_pinned_paths(plan.pinned)))
    cases = tuple(map(reduction.case, plan.cases))
    changes = reduction.changes
    seeds = plan.seeds if "seeds" in plan.pinned else plan.seeds[:MOST_SEEDS]
    if seeds != plan.seeds:
        changes[f"seeds = {', '.join(map(str, seeds))} (smoke; suite: {len(plan.seeds)} seeds)"] = None
    folds = plan.folds
    if folds is not None and folds.k > MOST_FOLDS:
        changes[f"folds = {MOST_FOLDS} (smoke; suite: {folds.k})"] = None
        folds = folds.model_copy(update={"k": MOST_FOLDS})
    search = _shrink_search(plan.search, registry, changes) if plan.search else None
    changed = (*plan.changes, *changes)
    made = {"cases": cases, "seeds": seeds, "folds": folds, "search": search, "changes": changed, "sequential": None}
    return plan.model_copy(update=made | {"following": count_runs(search.declared) if search else 0})


def shrink_case(case: Case, registry: Registry, pinned: Sequence[str]) -> Case:
    """A trial of a search with every component's changes, but of what it sets itself and of what is pinned."""
    return _Reduction(registry, [case], (*case.settings, *_pinned_paths(pinned))).case(case)


def _pinned_paths(pinned: Sequence[str]) -> list[str]:
    return [path for path in pinned if path != "seeds"]


class _Reduction:
    """Makes cases small, but for the paths in `untouched`; `changes` gathers a line for each change.

    A component that cases share is made small once, and the cases are looked through once for each path.
    """

    def __init__(self, registry: Registry, cases: Sequence[Case], untouched: Sequence[str]) -> None:
        self.registry = registry
        self.cases = cases
        self.untouched = untouched
        self.changes: dict[str, None] = {}
        self._varied = _varied(cases)
        self._small: dict[int, Component] = {}
        self._values: dict[str, list[int]] = {}

    def case(self, case: Case) -> Case:
        small = case.model_copy(update={kind: self._component(kind, getattr(case, kind)) for kind in CASE_PARTS})
        own = [path for path in case.settings if path not in CASE_PARTS]
        shrunk = {path: new for path in own if (new := value_at(small, path)[1]) != value_at(case, path)[1]}
        return small.model_copy(update={"settings": {**case.settings, **shrunk}})

    def _component(self, kind: Kind, old: Component) -> Component:
        if id(old) not in self._small:
            self._small[id(old)] = self._shrink(kind, old)
        return self._small[id(old)]

    def _shrink(self, kind: Kind, old: Component) -> Component:
        entry = self.registry.entry(kind, old.qualified_name)
        parameters = dict(old.parameters)
        for name, declared in _declared(entry, old).items():
            path = f"{kind}.{name}"
            before = _get(parameters, name.split("."))
            value = self._value(path, before, declared)
            if not same(before, value):
                parameters = _replaced(parameters, name.split("."), value)
                self.changes[f"{path} = {written(value)} (smoke; suite: {written(before)})"] = None
        try:
            return component(entry, resolved_parameters(entry, parameters))
        except Exception as error:
            raise _broken(entry, error) from error

    def _value(self, path: str, before: Any, declared: Any) -> Any:
        """What a parameter becomes: what its component declares, unless the suite varies it."""
        if any(_touch(path, other) for other in self.untouched):
            return before
        if not any(_touch(path, other) for other in self._varied):
            return declared
        values = self._counts(path)
        if not (values and _count(before) and _count(declared)) or declared >= before:
            return before
        # Values that differ go on to differ, in the same order, for else two cases could become one.
        return min(before, declared + bisect_left(values, before))

    def _counts(self, path: str) -> list[int]:
        """The different values of a path over the cases, sorted; none unless all are counts."""
        if path not in self._values:
            values = [value for case in self.cases for there, value in [value_at(case, path)] if there]
            self._values[path] = sorted(set(values)) if all(map(_count, values)) else []
        return self._values[path]


def _shrink_search(planned: PlannedSearch, registry: Registry, changes: dict[str, None]) -> PlannedSearch:
    """The search without the axes that smoke changes fix, with few trials on short rungs."""
    search = planned.declared
    case = case_with(planned, "first", {path: values[0] for path, values in search.space.items()}, registry)
    fixed = [
        f"{kind}.{name}"
        for kind in CASE_PARTS
        for part in [getattr(case, kind)]
        for name in _declared(registry.entry(kind, part.qualified_name), part)
    ]
    left = {
        path: values
        for path, values in search.space.items()
        if not any(overlap(other.split("."), path.split(".")) for other in fixed)
    }
    for path, values in search.space.items() if left else ():
        if path not in left:
            changes[f"search.space without {path} (smoke; suite: {len(values)} values)"] = None
    smaller = search.model_copy(update={"space": left or search.space})
    budget = min(MOST_SEARCH_TRIALS, search.budget, count_points(smaller))
    if budget != search.budget:
        changes[f"search.budget = {budget} (smoke; suite: {search.budget})"] = None
    halving = search.halving
    if halving is not None:
        rungs = tuple(min(pair) for pair in zip(SEARCH_RUNGS, halving.rungs, strict=False))
        if rungs != halving.rungs:
            line = f"search.halving.rungs = {written(list(rungs))} (smoke; suite: {written(list(halving.rungs))})"
            changes[line] = None
        halving = halving.model_copy(update={"rungs": rungs})
    smaller = smaller.model_copy(update={"budget": budget, "halving": halving})
    return planned.model_copy(update={"declared": smaller, "reduced": True})


def _declared(entry: Entry, old: Component) -> Mapping[str, Any]:
    try:
        component: Any = entry.component
        declared = component.smoke(entry.parse(old.parameters))
        return {str(name): value for name, value in declared.items()}
    except Exception as error:
        raise _broken(entry, error) from error


def _broken(entry: Entry, error: Exception) -> PluginError:
    if isinstance(error, ValidationError):
        said = "; ".join(f"{'.'.join(map(str, d['loc']))}: {d['msg']}" for d in error.errors(include_url=False))
    else:
        said = f"{type(error).__name__}: {error}"
    return PluginError(
        f"the smoke changes of the {entry.kind} {entry.name!r} cannot be used: {printable(said)}",
        where=f"{entry.distribution} {entry.version}, module {entry.module}",
        expected="a mapping of the component's own parameters",
        remedy="report it to the plugin's authors, or run with --policy real",
    )


def _varied(cases: Sequence[Case]) -> set[str]:
    """The paths that some case sets; a case that chooses a whole component sets what it names beside it."""
    varied = set()
    for case in cases:
        for path, value in case.settings.items():
            if path not in CASE_PARTS:
                varied.add(path)
            elif isinstance(value, Mapping):
                varied |= {f"{path}.{name}" for name in value}
    return varied


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _touch(one: str, other: str) -> bool:
    return overlap(one.split("."), other.split(".")) or overlap(other.split("."), one.split("."))


def _get(values: Any, names: Sequence[str]) -> Any:
    for name in names:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def _replaced(values: Any, names: Sequence[str], value: Any) -> Any:
    if not names:
        return value
    old = values if isinstance(values, Mapping) else {}
    return {**old, names[0]: _replaced(old.get(names[0]), names[1:], value)}
