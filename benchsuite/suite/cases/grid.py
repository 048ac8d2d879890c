"""The grid as nodes: which settings each case has, what the case is called, and the base with those settings put in."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchsuite.registry import CASE_PARTS
from benchsuite.suite.schema.suite import Design
from benchsuite.suite.source.problems import Mark, Problem, shown
from benchsuite.suite.source.yaml_nodes import Item, Node

MOST_CASES = 100_000


@dataclass(frozen=True, slots=True)
class Setting:
    """A path and its value in a case. `key` is where the path is written."""

    path: str
    key: Mark
    node: Node

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.split("."))


@dataclass(frozen=True, slots=True)
class Cell:
    """A case before its parameters are resolved: its settings from `cases`, then those from `vary`."""

    name: str
    mark: Mark
    settings: tuple[Setting, ...]


def size(design: Design) -> int:
    """How many cells the design has before any is excluded."""
    return max(1, len(design.cases)) * math.prod(len(values) for values in design.vary.values())


def cells(design: Design, titles: Mapping[str, str]) -> Iterator[Cell]:
    """Every cell: named cases in the order of the file, within each the grid with the last axis fastest.

    `titles` are what cases are called by whose model is varied as a whole, by the label of that value.
    """
    origin = design.origin
    axes = [
        [Setting(path, item.key, value) for value in item.node.elements]
        for path, item in _items(origin.get("vary")).items()
    ]
    labels = axis_labels([axis[0].path for axis in axes if axis])
    cases = origin.get("cases")
    named: list[tuple[str, Mark | None, tuple[Setting, ...]]] = [
        (str(node.items["name"].node.content), node.items["name"].node.mark, settings_of(node.get("set")))
        for node in (cases.elements if cases is not None else ())
    ]
    for name, mark, own in named or [("", None, ())]:
        for combination in itertools.product(*axes):
            parts = [name] if name else []
            parts += [_part(setting, labels, titles) for setting in combination]
            place = combination[-1].node.mark if combination and mark is None else mark or origin.mark
            yield Cell(",".join(parts) or "base", place, (*own, *combination))


def _part(setting: Setting, labels: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """What a value adds to the name of a case."""
    label = value_label(setting.node.plain())
    title = titles.get(label) if setting.path == "model" else None
    return title or f"{labels[setting.path]}={label}"


def complete(origin: Node) -> Node:
    """A suite's node in which a component that is varied as a whole, and has no base, has its first value as one."""
    axes = [setting for setting in settings_of(origin.get("vary")) if setting.path in CASE_PARTS]
    first = [replace(axis, node=axis.node.elements[0]) for axis in axes if axis.node.elements]
    return put(origin, [setting for setting in first if setting.path not in origin.items])


def settings_of(node: Node | None) -> tuple[Setting, ...]:
    """The settings that a mapping of dotted paths declares."""
    return tuple(Setting(path, item.key, item.node) for path, item in _items(node).items())


def _items(node: Node | None) -> Mapping[str, Item]:
    return node.items if node is not None else {}


def axis_labels(paths: Sequence[str]) -> dict[str, str]:
    """How case names call each axis: its path without the kind of component, unless two axes would share a label."""
    short = {path: (path.partition(".")[2] or path).replace(".", "_") for path in paths}
    clash = [label for label in short.values() if list(short.values()).count(label) > 1]
    return {path: path.replace(".", "_") if label in clash else label for path, label in short.items()}


def value_label(value: Any) -> str:
    """A value as a case name writes it: a component by its name, with what else is given in parentheses."""
    if isinstance(value, Mapping):
        inner = "+".join(f"{key}={value_label(below)}" for key, below in value.items() if key != "name")
        if "name" not in value:
            return f"({inner})"
        return value_label(value["name"]) + (f"({inner})" if inner else "")
    if isinstance(value, list | tuple):
        return "+".join(value_label(below) for below in value) or "[]"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return value if isinstance(value, str) else shown(value)


def spellings(value: Any) -> tuple[str, ...]:
    """The texts that may stand for a component where cases are compared or spoken of; none for any other value."""
    return (value_label(value), str(value["name"])) if isinstance(value, Mapping) and "name" in value else ()


def overlap(outer: Sequence[str], inner: Sequence[str]) -> bool:
    """Whether the path `inner` is `outer` or lies below it."""
    return list(inner[: len(outer)]) == list(outer)


def collide(outer: Setting, inner: Setting) -> bool:
    """Whether two settings want one place, `inner` lying below `outer`: a whole component collides only with what
    it states itself."""
    if outer.path not in CASE_PARTS or outer.path == inner.path:
        return True
    values = outer.node.elements or (outer.node,)
    return any(value.get(*inner.parts[1:]) is not None for value in values)


def put(base: Node, settings: Sequence[Setting]) -> Node:
    """The base with the settings put in, whole components before their parts.

    A path through a value that is no mapping replaces that value, which validation then refuses.
    """
    for setting in sorted(settings, key=lambda setting: len(setting.parts)):
        base = _put(base, setting.parts, setting)
    return base


def _put(node: Node, parts: tuple[str, ...], setting: Setting) -> Node:
    if not parts:
        return setting.node
    old = node.items.get(parts[0])
    if old is None:
        item = Item(setting.key, _put(Node(setting.key, {}), parts[1:], setting), setting.path)
    else:
        item = Item(old.key, _put(old.node, parts[1:], setting), old.written)
    mark = node.mark if isinstance(node.content, Mapping) else setting.key
    return Node(mark, {**node.items, parts[0]: item})


def path_problems(settings: Sequence[Setting], where: str) -> list[Problem]:
    """What is wrong with the paths themselves, before anything is put anywhere."""
    expected = "a path such as 'recipe.max_epochs', beginning with dataset, model or recipe"
    return [
        Problem(setting.key, where, f"{shown(setting.path)} is no path to a parameter", setting.path, expected)
        for setting in settings
        if setting.parts[0] not in CASE_PARTS or "" in setting.parts
    ]


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; 1 and 1.0 are, true and 1 are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def agrees(value: Any, wanted: Any) -> bool:
    """Whether a value is the wanted one, or a mapping with at least what is wanted."""
    if isinstance(value, Mapping) and isinstance(wanted, Mapping):
        return all(key in value and agrees(value[key], below) for key, below in wanted.items())
    return same(value, wanted)
