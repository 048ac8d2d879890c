"""Expansion: a suite becomes a plan, with every case's parameters resolved and every contradiction reported."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchsuite.registry import CASE_PARTS, Registry
from benchsuite.suite.cases import grid
from benchsuite.suite.cases.asked_metrics import metric_problems, planned_metrics
from benchsuite.suite.cases.baselines import means_value
from benchsuite.suite.cases.grid import Cell, Setting
from benchsuite.suite.cases.plan import Case, Component, Plan
from benchsuite.suite.cases.resolver import Resolver
from benchsuite.suite.cases.titles import model_titles
from benchsuite.suite.planning.folds import fold_problems
from benchsuite.suite.planning.overrides import Override, read_overrides
from benchsuite.suite.planning.sequential import asked_seeds, sequential_problems
from benchsuite.suite.schema.suite import MOST_RUNS, Design, Suite
from benchsuite.suite.search.proposal import count_runs
from benchsuite.suite.search.space import planned_search, search_problems, search_settings
from benchsuite.suite.source.problems import Problem, SuiteError, did_you_mean, one_of, shown, written
from benchsuite.suite.source.yaml_nodes import Node


def expand(suite: Suite, registry: Registry, *, overrides: Sequence[str] = (), seeds: str | None = None) -> Plan:
    """The plan of a suite: its cases in the order of the file, and its seeds.

    `overrides` are "recipe.max_epochs=2", with a YAML value, and change what is common to all cases; `seeds` is "3"
    (0, 1, 2), "0,4,7" or "0-4". Raises SuiteError with everything that is wrong.
    """
    declared = expansion(suite, registry)
    changed, problems = read_overrides(overrides, _settings(suite))
    asked, wrong = asked_seeds(suite, seeds)
    if found := [
        *declared.problems,
        *compare_problems(suite, declared.cases),
        *sequential_problems(suite),
        *fold_problems(suite),
        *problems,
        *wrong,
    ]:
        raise SuiteError(found)
    final = declared
    if changed:
        final = expansion(suite, registry, [override.setting for override in changed])
        if final.problems:
            raise SuiteError(final.problems)
    search = planned_search(suite, [override.setting for override in changed])
    if found := _too_many_runs(suite, len(final.cases), len(asked)):
        raise SuiteError(found)
    changes = [line for override in changed if (line := _change(override, declared.cases, final.cases))]
    if asked != suite.seed_values:
        changes.append(f"seeds = {listed_seeds(asked)} (suite: {listed_seeds(suite.seed_values)})")
    pinned = (*(override.setting.path for override in changed), *(["seeds"] if seeds is not None else []))
    factor = suite.compare.factor if suite.compare is not None else None
    return Plan(
        suite=suite.name,
        cases=final.cases,
        seeds=asked,
        changes=tuple(changes),
        studied=tuple(suite.vary) + ((factor,) if factor is not None else ()),
        pinned=pinned,
        search=search,
        following=count_runs(search.declared) if search else 0,
        sequential=suite.sequential,
        metrics=planned_metrics(suite, registry),
        folds=suite.folding,
    )


@dataclass
class Expansion:
    """The cases of a design, and the problems that keep it from being used."""

    cases: tuple[Case, ...] = ()
    problems: list[Problem] = field(default_factory=list)


def expansion(design: Design, registry: Registry, overrides: Sequence[Setting] = ()) -> Expansion:
    """Expand a design. With overrides, what the file states of itself (its size, its exclusions) is not checked."""
    if overrides:
        return _expanded(design, registry, overrides)
    known: tuple[Registry, Expansion] | None = design.remembered
    if known is None or known[0] is not registry:
        known = (registry, _expanded(design, registry, ()))
        design.remember(known)
    return Expansion(known[1].cases, list(known[1].problems))


def _expanded(design: Design, registry: Registry, overrides: Sequence[Setting]) -> Expansion:
    origin = grid.put(design.origin, overrides)
    resolver = Resolver(origin, registry)
    size = grid.size(design)
    if size > grid.MOST_CASES:
        mark = (origin.get("vary") or origin).mark
        problem = Problem(mark, "vary", f"the grid has {size:,} cases", size, f"at most {grid.MOST_CASES:,}")
        return Expansion(problems=[problem, *base_problems(origin, registry)])
    problems = [*_path_problems(design), *_overlap_problems(design), *_repeated_values(origin)]
    problems += metric_problems(design, registry) + search_problems(design, origin, registry)
    exclusions = [_Exclusion(node) for node in _elements(origin, "exclude")]
    kept = []
    for cell in grid.cells(design, model_titles(origin, registry)):
        values = _CellValues(cell, resolver)
        if not [exclusion for exclusion in exclusions if exclusion.matches(values)]:
            kept.append(cell)
            for kind in CASE_PARTS:
                resolver.resolved(kind, cell.settings)
    if problems := [*problems, *resolver.problems()]:
        return Expansion(problems=problems)
    cases = tuple(_case(cell, resolver) for cell in kept)
    problems = _repeated_cases(cases, kept)
    if not overrides:
        known = resolver.known_paths() if exclusions else ()
        problems += [wrong for exclusion in exclusions if (wrong := exclusion.problem(known))]
        problems += _size_problems(design, len(cases)) + _too_many_runs(design, len(cases), len(design.seed_values))
    if not cases:
        where = origin.get("exclude") or origin
        problems.append(Problem(where.mark, "exclude", "no case is left: all are excluded", expected="at least one"))
    return Expansion(cases, problems)


def base_problems(origin: Node, registry: Registry) -> list[Problem]:
    """What is wrong with the components where there is no grid to expand: the base, with each axis's first value."""
    resolver = Resolver(origin, registry)
    first = [
        Setting(axis.path, axis.key, axis.node.elements[0])
        for axis in grid.settings_of(origin.get("vary"))
        if axis.node.elements
    ]
    for kind in CASE_PARTS:
        if origin.get(kind, "name") is not None:
            resolver.resolved(kind, first)
    return resolver.problems()


class _CellValues(dict[str, tuple[bool, Any]]):
    """Whether a cell has a value at a dotted path, and the value: looked for once, however many exclusions ask."""

    def __init__(self, cell: Cell, resolver: Resolver) -> None:
        super().__init__()
        self._cell, self._resolver = cell, resolver

    def __missing__(self, path: str) -> tuple[bool, Any]:
        self[path] = found = self._find(path)
        return found

    def _find(self, path: str) -> tuple[bool, Any]:
        """Look in what is declared first: a case may be excluded because its parameters do not go together."""
        kind, *names = path.split(".")
        if kind not in CASE_PARTS:
            return False, None
        declared = self._resolver.node(kind, self._cell.settings).get(*names)
        if declared is not None:
            return True, declared.plain()
        component = self._resolver.resolved(kind, self._cell.settings).component
        return _below(component.parameters, names) if component is not None else (False, None)


class _Exclusion:
    """One entry of `exclude`, which remembers whether it ever matched and which of its paths exist."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.settings = grid.settings_of(node)
        self.wanted = [(setting.path, setting.node.plain()) for setting in self.settings]
        self.missing = {setting.path for setting in self.settings}
        self.used = False

    def matches(self, values: _CellValues) -> bool:
        agreeing = [self._agrees(path, wanted, values) for path, wanted in self.wanted]
        self.used = self.used or all(agreeing)
        return all(agreeing)

    def _agrees(self, path: str, wanted: Any, values: _CellValues) -> bool:
        found, value = values[path]
        if found:
            self.missing.discard(path)
        return found and grid.agrees(value, wanted)

    def problem(self, known: Sequence[str]) -> Problem | None:
        for setting in self.settings:
            if setting.path in self.missing:
                what = f"there is no {shown(setting.path)}"
                return Problem(setting.key, "exclude", what, setting.path, None, did_you_mean(setting.path, known))
        if self.used:
            return None
        what = f"{shown(self.node.plain())} matches no case"
        return Problem(self.node.mark, "exclude", what, remedy="remove it, or correct its values")


def _below(values: Any, names: Sequence[str]) -> tuple[bool, Any]:
    """Whether there is a value below these names, and the value."""
    for name in names:
        if not isinstance(values, Mapping) or name not in values:
            return False, None
        values = values[name]
    return True, values


def value_at(case: Case, path: str) -> tuple[bool, Any]:
    """Whether a case has a value at a dotted path, and the value; `model.name` and the like included."""
    kind, *names = path.split(".")
    if kind not in CASE_PARTS:
        return False, None
    component = getattr(case, kind)
    return _below({"name": component.name, **component.parameters}, names)


def _case(cell: Cell, resolver: Resolver) -> Case:
    components = {kind: resolver.resolved(kind, cell.settings).component for kind in CASE_PARTS}
    settings = {setting.path: setting.node.plain() for setting in cell.settings}
    return Case.model_validate({"name": cell.name, "settings": settings, **components})


def _elements(origin: Node, name: str) -> tuple[Node, ...]:
    node = origin.get(name)
    return node.elements if node is not None else ()


def _axes(design: Design) -> tuple[Setting, ...]:
    return grid.settings_of(design.origin.get("vary"))


def _settings(design: Design) -> list[tuple[str, Setting]]:
    """Every setting of the file, with who makes it."""
    found = [("`vary`", axis) for axis in _axes(design)]
    for node in _elements(design.origin, "cases"):
        name = node.get("name")
        found += [(f"the case {shown(name.plain() if name else None)}", s) for s in grid.settings_of(node.get("set"))]
    return found + [("`search`", setting) for setting in search_settings(design)]


def _path_problems(design: Design) -> list[Problem]:
    problems = grid.path_problems(_axes(design), "vary")
    for index, node in enumerate(_elements(design.origin, "cases")):
        problems += grid.path_problems(grid.settings_of(node.get("set")), f"cases[{index}].set")
    for index, node in enumerate(_elements(design.origin, "exclude")):
        problems += grid.path_problems(grid.settings_of(node), f"exclude[{index}]")
    names: dict[str, int | None] = {}
    for index, node in enumerate(_elements(design.origin, "cases")):
        name = node.items["name"].node
        if str(name.content) in names:
            what = f"two cases are named {shown(name.content)}"
            first = names[str(name.content)]
            remedy = f"rename one; the first is in line {first}" if first else "rename one"
            problems.append(Problem(name.mark, f"cases[{index}].name", what, name.content, remedy=remedy))
        if design.search is not None and re.match(r"trial \d", str(name.content)):
            what = f"{shown(name.content)} could be a trial of the search"
            problems.append(Problem(name.mark, f"cases[{index}].name", what, name.content, remedy="rename it"))
        names.setdefault(str(name.content), name.mark.line)
    return problems


def _overlap_problems(design: Design) -> list[Problem]:
    """Two settings of one case that want the same place; which one wins must not depend on an order."""
    problems = []
    axes = _axes(design)
    groups = [axes] + [(*grid.settings_of(n.get("set")), *axes) for n in _elements(design.origin, "cases")]
    for group in groups:
        for inner in group:
            for outer in group:
                if inner is not outer and grid.overlap(outer.parts, inner.parts) and grid.collide(outer, inner):
                    later = max(inner, outer, key=lambda setting: (setting.key.line or 0, setting.key.column or 0))
                    what = f"{shown(inner.path)} and {shown(outer.path)} set the same parameter"
                    problems.append(Problem(later.key, "vary", what, remedy="keep one of the two"))
    return problems


def _repeated_values(origin: Node) -> list[Problem]:
    """Values that an axis, or the list of seeds, gives twice."""
    seeds = origin.get("seeds")
    lists = [(f"vary.{axis.path}", axis.node) for axis in grid.settings_of(origin.get("vary"))]
    lists += [(f"search.space.{axis.path}", axis.node) for axis in grid.settings_of(origin.get("search", "space"))]
    problems = []
    for path, node in [*lists, *([("seeds", seeds)] if seeds is not None else [])]:
        seen: set[str] = set()
        for value in node.elements:
            text = json.dumps(value.plain(), sort_keys=True)
            if text in seen:
                problems.append(Problem(value.mark, path, f"{shown(value.plain())} is given twice"))
            seen.add(text)
    return problems


def _repeated_cases(cases: Sequence[Case], cells: Sequence[Cell]) -> list[Problem]:
    problems = []
    names: set[str] = set()
    resolved: dict[tuple[str, ...], str] = {}
    known: dict[int, str] = {}  # by id: cases share their components

    def text(component: Component) -> str:
        if id(component) not in known:
            known[id(component)] = json.dumps(component.model_dump(), sort_keys=True)
        return known[id(component)]

    for case, cell in zip(cases, cells, strict=True):
        twin = resolved.setdefault(tuple(text(getattr(case, kind)) for kind in CASE_PARTS), case.name)
        if case.name in names:
            problems.append(Problem(cell.mark, "", f"two cases are named {shown(case.name)}"))
        elif twin != case.name:
            what = f"the cases {shown(twin)} and {shown(case.name)} have the same parameters"
            problems.append(Problem(cell.mark, "", what, remedy="remove one of the two"))
        names.add(case.name)
    return problems


def _size_problems(design: Design, cases: int) -> list[Problem]:
    problems = []
    for name, stated, found in (
        ("cases", design.size.cases, cases),
        ("seeds", design.size.seeds, len(design.seed_values)),
    ):
        if stated != found:
            node = design.origin.get("size", name) or design.origin
            what = f"the suite expands to {found} {name}, not {stated}"
            problems.append(Problem(node.mark, f"size.{name}", what, stated, str(found)))
    return problems


def _too_many_runs(design: Design, cases: int, seeds: int) -> list[Problem]:
    trials = count_runs(design.search) if design.search is not None else 0
    if (runs := cases * seeds + trials) <= MOST_RUNS:
        return []
    what = f"the study has {runs:,} runs: {cases:,} cases with {seeds:,} seeds each"
    what += f", and {trials:,} of the search" if trials else ""
    mark = (design.origin.get("seeds") or design.origin).mark
    remedy = "make fewer, or several studies of them"
    return [Problem(mark, "seeds", what, seeds, f"at most {MOST_RUNS:,} runs", remedy)]


def compare_problems(suite: Suite, cases: Sequence[Case]) -> list[Problem]:
    """What is wrong with `compare`: a factor that is not varied, a baseline that is no value or case of the suite."""
    compare, where = suite.compare, suite.origin.get("compare")
    if compare is None or where is None or not cases:
        return []
    baseline = (where.get("baseline") or where).mark
    if compare.factor is None:
        names = [case.name for case in cases]
        if compare.baseline in names:
            return []
        what = f"no case is named {shown(compare.baseline)}"
        remedy = did_you_mean(str(compare.baseline), names)
        return [Problem(baseline, "compare.baseline", what, compare.baseline, one_of(names), remedy)]
    varied = list(dict.fromkeys(path for case in cases for path in case.settings))
    if compare.factor not in varied:
        what = f"the suite does not vary {shown(compare.factor)}"
        mark = (where.get("factor") or where).mark
        remedy = did_you_mean(compare.factor, varied)
        return [Problem(mark, "compare.factor", what, compare.factor, one_of(varied), remedy)]
    values = [case.settings[compare.factor] for case in cases if compare.factor in case.settings]
    labels = dict.fromkeys(grid.value_label(v) if isinstance(v, Mapping) else shown(v) for v in values)
    meant = {grid.value_label(value) for value in values if means_value(value, compare.baseline)}
    if len(meant) == 1 or (meant and not isinstance(compare.baseline, str)):
        return []
    what = f"{shown(compare.baseline)} is no value of {compare.factor}"
    if meant:
        what = f"{shown(compare.baseline)} is the name of several values of {compare.factor}"
    remedy = "remove the quotes" if compare.baseline in labels else None
    return [Problem(baseline, "compare.baseline", what, compare.baseline, one_of(list(labels)), remedy)]


def _change(override: Override, before: Sequence[Case], after: Sequence[Case]) -> str | None:
    """The line that says what an override changed; None when it changed nothing."""
    path = override.setting.path
    old = list(dict.fromkeys(_said(value_at(case, path)) for case in before))
    new = list(dict.fromkeys(_said(value_at(case, path)) for case in after))
    return None if old == new else f"{path} = {', '.join(new)} (suite: {', '.join(old)})"


def _said(found: tuple[bool, Any]) -> str:
    there, value = found
    return written(value) if there else "not given"


def listed_seeds(seeds: Sequence[int]) -> str:
    """Seeds as people read them."""
    if len(seeds) > 3 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))
