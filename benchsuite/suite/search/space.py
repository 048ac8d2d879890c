"""The space of a search: what is wrong with it, told before anything runs, and the cases at its points."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from pydantic import JsonValue

from benchsuite.registry import CASE_PARTS, Kind, Registry
from benchsuite.suite.cases import grid
from benchsuite.suite.cases.grid import Setting
from benchsuite.suite.cases.plan import Case, Component, PlannedSearch, Trial
from benchsuite.suite.cases.resolver import Resolver
from benchsuite.suite.schema.suite import Design, Search
from benchsuite.suite.search.proposal import Step, count_points, rung_sizes
from benchsuite.suite.source.problems import Mark, Problem, SuiteError, shown
from benchsuite.suite.source.yaml_nodes import Node, from_plain

MOST_PAIRS = 5000
"""So many pairs of values are validated in well under a second."""


def search_problems(design: Design, origin: Node, registry: Registry) -> list[Problem]:
    """What is wrong with the search of a design; `origin` has its nodes, with what the command line changes.

    Every value of every axis is validated beside the first values of the others, and every pair of values unless
    there are too many, but never the whole product.
    """
    search, node = design.search, origin.get("search")
    if search is None or node is None:
        return _unsearched(design, origin)
    axes, rungs = _axes(node), _rungs(node)
    problems = grid.path_problems(axes, "search.space") + grid.path_problems(rungs[:1], "search.halving.path")
    problems += [*_overlaps(axes, rungs), *_budget_problems(design, search, origin)]
    problems += [*_lag_problems(search, node), *_halving_problems(search, node)]
    if problems:
        return problems
    values = [[Setting(axis.path, axis.key, value) for value in axis.node.elements] for axis in axes]
    values += [rungs] if rungs else []
    resolver = Resolver(origin, registry)
    first = [settings[0] for settings in values]
    kinds = [cast("Kind", setting.parts[0]) for setting in first]
    for place, settings in enumerate(values):
        for setting in settings:
            resolver.resolved(kinds[place], [*first[:place], setting, *first[place + 1 :]])
    # A component is validated by itself, so values of different ones cannot contradict each other.
    pairs = [(i, j) for i, j in itertools.combinations(range(len(values)), 2) if kinds[i] == kinds[j]]
    if resolver.problems() or sum(len(values[i]) * len(values[j]) for i, j in pairs) > MOST_PAIRS:
        return resolver.problems()
    for i, j in pairs:
        others = [setting for k, setting in enumerate(first) if k not in (i, j)]
        for one, other in itertools.product(values[i], values[j]):
            resolver.resolved(kinds[i], [one, other, *others])
    return resolver.problems()


def search_settings(design: Design) -> list[Setting]:
    """The paths that the search sets, for whoever must leave them alone."""
    node = design.origin.get("search")
    return [] if node is None else [*_axes(node), *_rungs(node)[:1]]


def planned_search(design: Design, overrides: Sequence[Setting]) -> PlannedSearch | None:
    """The search with the base of its trials."""
    if design.search is None:
        return None
    origin = grid.put(design.origin, overrides)
    return PlannedSearch(declared=design.search, base={kind: origin.items[kind].node.plain() for kind in CASE_PARTS})


_DECIDED_BY: Mapping[Kind, tuple[Kind, ...]] = {
    "dataset": ("dataset", "model"),  # which chooses what its data set leaves open
    "model": ("model",),
    "recipe": ("recipe",),
}


class Trials:
    """The steps of a search as cases to run; what several of them have in common is resolved once."""

    def __init__(self, planned: PlannedSearch, registry: Registry) -> None:
        self._planned, self._registry = planned, registry
        search, mark = planned.declared, Mark("search")
        self._values: dict[str, Sequence[JsonValue]] = {**search.space}
        if search.halving is not None:
            self._values[search.halving.path] = search.halving.rungs
        self._settings = {
            path: [Setting(path, mark, from_plain(value, mark)) for value in values]
            for path, values in self._values.items()
        }
        self._places = {
            kind: [place for place, path in enumerate(self._values) if path.partition(".")[0] in _DECIDED_BY[kind]]
            for kind in CASE_PARTS
        }
        self._base = from_plain(planned.base, mark)
        self._component = cache(self._resolve)

    def at(self, step: Step) -> Trial:
        """A step as the case to run. Raises SuiteError when its values do not go together."""
        halving, name = self._planned.declared.halving, f"trial {step.number:03d}"
        indices = step.point if halving is None else (*step.point, step.rung)
        chosen = tuple(zip(self._values, indices, strict=True))
        settings = {path: self._values[path][index] for path, index in chosen}
        if halving is not None:
            name += f", {grid.axis_labels([halving.path])[halving.path]}={settings[halving.path]}"
        parts = {
            kind: self._component(kind, tuple([chosen[place] for place in places]))
            for kind, places in self._places.items()
        }
        if None in parts.values():
            case = case_with(self._planned, name, settings, self._registry)  # which tells why
        else:
            case = Case.model_validate({"name": name, "settings": settings, **parts})
        return Trial(number=step.number, rung=step.rung, case=case)

    def _resolve(self, kind: Kind, chosen: tuple[tuple[str, int], ...]) -> Component | None:
        settings = [self._settings[path][index] for path, index in chosen]
        return Resolver(self._base, self._registry).resolved(kind, settings).component


def case_with(planned: PlannedSearch, name: str, settings: dict[str, Any], registry: Registry) -> Case:
    """The base with these settings. Raises SuiteError when they do not go together."""
    mark = Mark(f"search, {name}")
    put_in = [Setting(path, mark, from_plain(value, mark)) for path, value in settings.items()]
    resolver = Resolver(from_plain(planned.base, mark), registry)
    found = {kind: resolver.resolved(kind, put_in).component for kind in CASE_PARTS}
    if resolver.problems():
        raise SuiteError(resolver.problems())
    return Case.model_validate({"name": name, "settings": settings, **found})


def corners(planned: PlannedSearch, registry: Registry) -> tuple[Case, ...]:
    """A case for each value of each axis of data set or model: what has to be found before trials can be made."""
    space = planned.declared.space
    first = {path: values[0] for path, values in space.items()}
    wanted = [path for path in space if path.partition(".")[0] != "recipe"] or list(space)[:1]
    return tuple(
        case_with(planned, f"{path}={grid.value_label(value)}", {**first, path: value}, registry)
        for path in wanted
        for value in space[path]
    )


def _unsearched(design: Design, origin: Node) -> list[Problem]:
    stated = origin.get("size", "trials")
    if design.size.trials is None or stated is None:
        return []
    what = f"the suite has no search, so it makes no trials, not {design.size.trials}"
    return [Problem(stated.mark, "size.trials", what, design.size.trials, remedy="remove it, or add `search`")]


def _axes(node: Node) -> list[Setting]:
    return list(grid.settings_of(node.get("space")))


def _rungs(node: Node) -> list[Setting]:
    """A setting for each rung of halving."""
    path, rungs = node.get("halving", "path"), node.get("halving", "rungs")
    if path is None or rungs is None:
        return []
    return [Setting(str(path.content), path.mark, value) for value in rungs.elements]


def _overlaps(axes: Sequence[Setting], rungs: Sequence[Setting]) -> list[Problem]:
    problems = []
    for outer, inner in itertools.permutations(axes, 2):
        if grid.overlap(outer.parts, inner.parts) and grid.collide(outer, inner):
            what = f"{shown(inner.path)} and {shown(outer.path)} set the same parameter"
            problems.append(Problem(inner.key, "search.space", what, remedy="keep one of the two"))
    for rung, axis in itertools.product(rungs[:1], axes):
        above, below = sorted((rung, axis), key=lambda setting: len(setting.parts))
        if grid.overlap(above.parts, below.parts) and (above is rung or grid.collide(above, below)):
            what = f"{shown(rung.path)} grows from rung to rung, so the space cannot set it too"
            remedy = f"take {axis.path} out of the space, or leave the halving out"
            problems.append(Problem(rung.key, "search.halving.path", what, rung.path, remedy=remedy))
    return problems


def _budget_problems(design: Design, search: Search, origin: Node) -> list[Problem]:
    problems = []
    budget = (origin.get("search", "budget") or origin).mark
    size = count_points(search)
    if search.budget > size:
        what = f"the space has {size:,} points, fewer than the {search.budget:,} trials"
        problems.append(Problem(budget, "search.budget", what, search.budget, f"at most {size:,}"))
    elif search.sampler == "grid" and search.budget < size:
        what = f"a grid takes every point of the space, which has {size:,}"
        remedy = "or choose the sampler random or tpe"
        problems.append(Problem(budget, "search.budget", what, search.budget, f"{size:,}", remedy))
    if design.size.trials != search.budget:
        stated = origin.get("size", "trials")
        given = "which `size` does not state" if stated is None else f"not {design.size.trials}"
        mark = (stated or origin.get("size") or origin).mark
        what = f"the search makes {search.budget} trials, {given}"
        problems.append(Problem(mark, "size.trials", what, design.size.trials, str(search.budget)))
    return problems


def _lag_problems(search: Search, node: Node) -> list[Problem]:
    lag = node.get("lag")
    if lag is None or search.lag is None:
        return []
    if node.get("batch") is not None:
        what = "the trials come either in batches or with a lag"
        return [Problem(lag.mark, "search.lag", what, search.lag, remedy="remove `batch` or `lag`")]
    if search.sampler == "tpe" and search.lag >= search.budget > 1:
        what = f"with {search.budget:,} trials no result would come back in time for another"
        remedy = "lower the lag, make more trials, or choose the sampler random"
        return [Problem(lag.mark, "search.lag", what, search.lag, f"at most {search.budget - 1:,}", remedy)]
    return []


def _halving_problems(search: Search, node: Node) -> list[Problem]:
    halving, where = search.halving, node.get("halving")
    if halving is None or where is None:
        return []
    problems = []
    rungs = (where.get("rungs") or where).mark
    if list(halving.rungs) != sorted(set(halving.rungs)):
        what = f"the rungs {shown(list(halving.rungs))} do not rise"
        problems.append(Problem(rungs, "search.halving.rungs", what, halving.rungs, "each greater than the one before"))
    for place, trials in enumerate(rung_sizes(search)[:-1]):
        if trials * halving.keep < 1:
            some = "trial" if trials == 1 else "trials"
            what = f"nothing is left after rung {place + 1}: {halving.keep} of {trials} {some} is less than one"
            remedy = "keep more, make more trials, or declare fewer rungs"
            mark = (where.get("keep") or where).mark
            problems.append(Problem(mark, "search.halving.keep", what, halving.keep, remedy=remedy))
            break
    return problems
