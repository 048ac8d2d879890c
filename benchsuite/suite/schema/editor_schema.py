"""The JSON Schema of suites, for editors: the suite's own fields, and each component's parameters by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from benchsuite.metrics import METRICS, SPLITS
from benchsuite.registry import CASE_PARTS, Entry, Kind, Registry
from benchsuite.suite.schema.report import Report
from benchsuite.suite.schema.suite import Suite
from benchsuite.suite.source import json_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def suite_schema(registry: Registry) -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) that accepts the suites which the installed plugins make possible.

    What has a `kind` is a report. `dataset`, `model` and `recipe` are checked by `if` the name is so `then` the
    parameters are these; the keys of `vary`, `space`, `set` and `exclude` are offered as the dotted paths of all
    components.
    """
    schema = Suite.model_json_schema()
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    definitions.pop("ComponentChoice", None)
    for kind in CASE_PARTS:
        definitions[kind] = _choice(kind, registry, definitions)
        described = schema["properties"][kind].get("description")
        schema["properties"][kind] = {"$ref": f"#/$defs/{kind}", "description": described}
    # A component that is varied as a whole need not stand by itself.
    schema["required"] = [name for name in schema["required"] if name not in CASE_PARTS]
    schema["allOf"] = [
        {"anyOf": [{"required": [kind]}, {"required": ["vary"], "properties": {"vary": {"required": [kind]}}}]}
        for kind in CASE_PARTS
    ]
    definitions["figure"] = _choice("figure", registry, definitions)
    asked = definitions["AskedFigure"]["properties"]
    asked["figure"] = {"$ref": "#/$defs/figure", "description": asked["figure"].get("description")}
    definitions["metric"] = _choice("metric", registry, definitions)
    asked = schema["properties"]["metrics"]
    (pattern,) = asked.pop("patternProperties")
    asked |= {"propertyNames": {"pattern": pattern}, **_metrics(registry)}
    definitions.pop("MetricChoice", None)
    for model in ("Compare", "Claim"):
        definitions[model]["properties"]["metric"] |= _metric_names(registry, METRICS, SPLITS)
    guiding = [name for name, metric in METRICS.items() if metric.guides_search]
    definitions["Search"]["properties"]["metric"] |= _metric_names(registry, guiding, ("validation",))
    paths = {path: _value(path, found) for path, found in _paths(registry).items()}
    axes = {path: {"type": "array", "minItems": 1, "items": value} for path, value in paths.items()}
    settings = [definitions["NamedCase"]["properties"]["set"], schema["properties"]["exclude"]["items"]]
    spaces = [schema["properties"]["vary"], definitions["Search"]["properties"]["space"]]
    places = [*((place, axes) for place in spaces), *((place, paths) for place in settings)]
    entries = [entry for entry in registry.components if entry.kind in CASE_PARTS]
    closed = not any(json_schema.is_open(json_schema.schema_of(entry.component.Parameters)) for entry in entries)
    for place, offered in places:
        place["properties"] = offered
        place |= {"additionalProperties": False} if closed else {}
    definitions["Suite"] = {name: below for name, below in schema.items() if name != "$defs"}
    report = Report.model_json_schema()
    own = report.pop("$defs", {})
    definitions |= {"Report": report, **{name: below for name, below in own.items() if name not in definitions}}
    kinds = {"if": {"required": ["kind"]}, "then": {"$ref": "#/$defs/Report"}, "else": {"$ref": "#/$defs/Suite"}}
    return {"$schema": DIALECT, "title": "benchsuite suite", **kinds, "$defs": definitions}


def _choice(kind: Kind, registry: Registry, definitions: dict[str, Any]) -> dict[str, Any]:
    """A component of one kind: its name, and the parameters that go with the name."""
    names = registry.names(kind)
    rules = []
    for name in names:
        entry = registry.entry(kind, name)
        definition = f"{kind}:{entry.qualified_name}"
        definitions[definition] = _parameters(entry, definitions)
        condition = {"properties": {"name": {"enum": sorted({name, entry.qualified_name})}}, "required": ["name"]}
        rules.append({"if": condition, "then": {"$ref": f"#/$defs/{_escaped(definition)}"}})
    allowed = sorted({*names, *(registry.entry(kind, name).qualified_name for name in names)})
    return {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"enum": allowed, "description": f"Name of the {kind}."}},
        **({"allOf": rules} if rules else {}),  # JSON Schema knows no empty one
    }


def _metrics(registry: Registry) -> dict[str, Any]:
    """The metrics of a suite, under what it calls each: one that is called as its plugin is needs no `name`."""
    chosen = {"$ref": "#/$defs/metric"}
    named = {
        name: {
            "if": {"required": ["name"]},
            "then": chosen,
            "else": {"$ref": f"#/$defs/{_escaped(f'metric:{registry.metric(name).qualified_name}')}"},
        }
        for name in registry.names("metric")
        if ":" not in name
    }
    return {"properties": named, "additionalProperties": chosen}


def _metric_names(registry: Registry, own: Iterable[str], splits: Sequence[str]) -> dict[str, Any]:
    """Names of metrics: benchsuite's own, and those that a suite asks for, by whatever names."""
    asked = [f"{split}_{name}" for name in registry.names("metric") if ":" not in name for split in splits]
    return {"anyOf": [{"enum": [*own, *asked]}, {"pattern": f"^({'|'.join(splits)})_[a-z0-9_]+$"}]}


def _parameters(entry: Entry, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of an entry's parameters beside the name; what it refers to moves to the suite's definitions."""
    prefix = _prefix(entry)
    schema = _moved(json_schema.schema_of(entry.component.Parameters), prefix)
    definitions |= {prefix + name: below for name, below in schema.pop("$defs", {}).items()}
    # What a component requires may come from `vary` or `cases`, which stand elsewhere in the file.
    schema.pop("required", None)
    schema["properties"] = {"name": {"type": "string"}, **schema.get("properties", {})}
    return cast("dict[str, Any]", schema)


def _prefix(entry: Entry) -> str:
    return f"{entry.kind}:{entry.qualified_name}:"


def _moved(value: Any, prefix: str) -> Any:
    """A copy of a schema whose references point to definitions with this prefix."""
    if isinstance(value, Mapping):
        return {
            word: f"#/$defs/{_escaped(prefix + below.removeprefix('#/$defs/'))}"
            if word == "$ref" and isinstance(below, str)
            else _moved(below, prefix)
            for word, below in value.items()
        }
    if isinstance(value, list):
        return [_moved(below, prefix) for below in value]
    return value


def _escaped(name: str) -> str:
    """A name as part of a JSON pointer in a URI fragment."""
    return name.replace("~", "~0").replace("/", "~1")


Found = list[tuple[Entry, tuple[str, ...]]]


def _paths(registry: Registry) -> dict[str, Found]:
    """Every dotted path of any component, with the components that have it."""
    paths: dict[str, Found] = {}
    for kind in CASE_PARTS:
        paths.setdefault(kind, [])
        for entries in registry.entries(kind).values():
            for entry in entries:
                for path in json_schema.paths(entry.component.Parameters):
                    paths.setdefault(f"{kind}.{path}", []).append((entry, tuple(path.split("."))))
    return paths


def _value(path: str, found: Found) -> dict[str, Any]:
    """What may stand at a dotted path: what some component has there, or a whole component."""
    if path in CASE_PARTS:
        return {"$ref": f"#/$defs/{path}"}
    schemas = [
        _moved(json_schema.schema_at(entry.component.Parameters, location), _prefix(entry)) for entry, location in found
    ]
    return cast("dict[str, Any]", schemas[0] if len(schemas) == 1 else {"anyOf": schemas})
