"""Components resolved: a mapping of the suite becomes a dataset, model or recipe with every parameter validated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from benchsuite.errors import BenchsuiteError
from benchsuite.registry import CASE_PARTS, AmbiguousComponent, Entry, Kind, Registry, UnknownComponent
from benchsuite.registry.declarations import check_declared, declared_inputs
from benchsuite.suite.cases.grid import Setting, put
from benchsuite.suite.cases.plan import Component
from benchsuite.suite.source import json_schema
from benchsuite.suite.source.problems import Problem, one_of, printable, shown
from benchsuite.suite.source.validation import explain
from benchsuite.suite.source.yaml_nodes import Node


@dataclass(frozen=True)
class Resolved:
    """A component as a case has it: the nodes it comes from, and the component unless there are problems. `inputs` is
    what a model chooses of its data set's parameters."""

    node: Node
    component: Component | None
    problems: tuple[Problem, ...]
    inputs: Mapping[str, Any] = field(default_factory=dict)


class Resolver:
    """Resolves the components of many cases, each different one once.

    Settings are told apart by identity: the cells of a grid share the settings of their axes.
    """

    def __init__(self, origin: Node, registry: Registry) -> None:
        self.origin = origin
        self.registry = registry
        self._nodes: dict[tuple[Kind, tuple[int, ...]], Node] = {}
        self._resolved: dict[tuple[Kind, tuple[int, ...], str], Resolved] = {}

    def node(self, kind: Kind, settings: Sequence[Setting]) -> Node:
        """The declaration of a component with the settings put in; not validated."""
        own = _own(kind, settings)
        key = (kind, tuple(map(id, own)))
        if key not in self._nodes:
            self._nodes[key] = put(self.origin, own).get(kind) or Node(self.origin.mark, None)
        return self._nodes[key]

    def resolved(self, kind: Kind, settings: Sequence[Setting]) -> Resolved:
        """The component with the settings put in; a data set with what its model chooses."""
        inputs = self._chosen(settings) if kind == "dataset" else {}
        key = (kind, tuple(map(id, _own(kind, settings))), json.dumps(inputs, sort_keys=True))
        if key not in self._resolved:
            self._resolved[key] = resolve(kind, self.node(kind, settings), self.registry, inputs)
        return self._resolved[key]

    def _chosen(self, settings: Sequence[Setting]) -> Mapping[str, Any]:
        """What the model chooses of its data set; nothing where no model is named, which is not told here."""
        named = self.node("model", settings).get("name") is not None
        return self.resolved("model", settings).inputs if named else {}

    def problems(self) -> list[Problem]:
        """All problems met so far."""
        return [problem for resolved in self._resolved.values() for problem in resolved.problems]

    def known_paths(self) -> list[str]:
        """Every dotted path that some component resolved so far has a parameter for."""
        known: dict[str, None] = {}
        for (kind, *_), resolved in self._resolved.items():
            name = resolved.node.get("name")
            try:
                entry = self.registry.entry(kind, str(name.content) if name else "")
            except (UnknownComponent, AmbiguousComponent):
                continue
            known |= dict.fromkeys([kind, f"{kind}.name"])
            known |= dict.fromkeys(f"{kind}.{path}" for path in json_schema.paths(entry.component.Parameters))
        return list(known) or list(CASE_PARTS)


def _own(kind: Kind, settings: Sequence[Setting]) -> list[Setting]:
    """The settings of one component. A path with an empty part is reported elsewhere and put nowhere."""
    return [setting for setting in settings if setting.parts[0] == kind and "" not in setting.parts]


def resolve(kind: Kind, node: Node, registry: Registry, inputs: Mapping[str, Any] | None = None) -> Resolved:
    """Look the component up and validate its parameters. A data set takes those of `inputs`, which its model chooses,
    that it has a parameter for and that the node leaves open."""
    entry, problem = _entry(kind, node, registry)
    if entry is None:
        return Resolved(node, None, (problem,) if problem else ())
    given = Node(node.mark, {name: item for name, item in node.items.items() if name != "name"})
    model = entry.component.Parameters
    try:
        chosen = {name: value for name, value in (inputs or {}).items() if name in model.model_fields}
        parameters = resolved_parameters(entry, chosen | given.plain())
        params = entry.parse(parameters)
        check_declared(kind, entry, params)
        chooses = declared_inputs(entry, params) if kind == "model" else {}
    except ValidationError as error:
        return Resolved(node, None, tuple(explain(error, model, given, kind)))
    except BenchsuiteError as error:
        return Resolved(node, None, (Problem(node.mark, kind, error.what, None, error.expected, error.remedy),))
    except Exception as error:
        what = f"the parameters of {entry.name} ({entry.distribution} {entry.version}) cannot be validated: "
        what += printable(f"{type(error).__name__}: {error}")
        return Resolved(node, None, (Problem(node.mark, kind, what, remedy="report it to the plugin's authors"),))
    return Resolved(node, component(entry, parameters), (), chooses)


def component(entry: Entry, parameters: dict[str, Any]) -> Component:
    return Component(name=entry.name, distribution=entry.distribution, version=entry.version, parameters=parameters)


def resolved_parameters(entry: Entry, given: dict[str, Any]) -> dict[str, Any]:
    """All parameters, defaults included, as JSON values. Raises ValidationError, or what the plugin raises."""
    parameters: dict[str, Any] = entry.parse(given).model_dump(mode="json")
    json.dumps(parameters, allow_nan=False)
    return parameters


def _entry(kind: Kind, node: Node, registry: Registry) -> tuple[Entry | None, Problem | None]:
    """The registry's entry, or why there is none."""
    names = registry.names(kind)
    if not node.items:
        what = f"{shown(node.plain())} is not a {kind}"
        remedy = f"write {{name: {node.content}}}" if node.content in names else None
        return None, Problem(node.mark, kind, what, node.plain(), "a mapping with a `name`", remedy)
    name = node.get("name")
    if name is None:
        return None, Problem(node.mark, kind, "'name' is missing", expected=one_of(names))
    if not isinstance(name.content, str):
        what = f"{shown(name.plain())} is not a text"
        return None, Problem(name.mark, f"{kind}.name", what, name.plain(), one_of(names))
    try:
        return registry.entry(kind, name.content), None
    except UnknownComponent as error:
        remedy = f"did you mean {error.suggestion!r}?" if error.suggestion else error.remedy
    except AmbiguousComponent as error:
        problem = Problem(name.mark, f"{kind}.name", error.what, name.content, one_of(error.allowed), error.remedy)
        return None, problem
    what = f"no {kind} is named {shown(name.content)}"
    return None, Problem(name.mark, f"{kind}.name", what, name.content, one_of(names), remedy)
