"""What a pydantic model accepts, read from its JSON Schema: names, dotted paths, and a plain description of values."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema

from benchsuite.suite.source.problems import one_of

DEEPEST = 6
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
KINDS = {
    "integer": "an integer",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a mapping",
}


@functools.cache
def schema_of(model: type[BaseModel]) -> Mapping[str, Any]:
    """The model's JSON Schema; empty, which means "anything", where a plugin's own types have none."""
    try:
        return model.model_json_schema()
    except PydanticInvalidForJsonSchema:
        return {}


def paths(model: type[BaseModel]) -> tuple[str, ...]:
    """Every dotted path that the model has a place for."""
    root = schema_of(model)
    return tuple(dict.fromkeys(_paths(root, root, "", 0)))


def names_at(model: type[BaseModel], location: Sequence[str | int]) -> tuple[str, ...]:
    """The names that a mapping at `location` (as pydantic gives it) may have."""
    root = schema_of(model)
    schemas = _at(root, location)
    schemas += [_resolved(root, branch) for schema in schemas for branch in _branches(schema)]
    return tuple(dict.fromkeys(name for schema in schemas for name in schema.get("properties", {})))


def expected_at(model: type[BaseModel], location: Sequence[str | int]) -> str | None:
    """What is expected at `location`, such as "an integer ≥ 1"; None when the schema does not say."""
    root = schema_of(model)
    said = [text for schema in _at(root, location) if (text := describe(root, schema))]
    return " or ".join(dict.fromkeys(said)) or None


def schema_at(model: type[BaseModel], location: Sequence[str | int]) -> Mapping[str, Any]:
    """The schema of the field at `location`; empty where the model has no place for it."""
    return next(iter(_at(schema_of(model), location)), {})


def choices_at(model: type[BaseModel], location: Sequence[str | int]) -> tuple[str, ...]:
    """The values that the field at `location` may have, as YAML writes them, where the schema lists them."""
    root = schema_of(model)
    return tuple(dict.fromkeys(value for schema in _at(root, location) for value in _choices(root, schema)))


def _choices(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    schema = _resolved(root, schema)
    if "const" in schema:
        yield _value(schema["const"])
    yield from map(_value, schema.get("enum", ()))
    yield from {"boolean": ("true", "false"), "null": ("null",)}.get(str(schema.get("type")), ())
    for branch in _branches(schema):
        yield from _choices(root, branch)


def is_open(schema: Any) -> bool:
    """Whether some mapping in the schema may have names that the schema does not list."""
    if isinstance(schema, list):
        return any(map(is_open, schema))
    if not isinstance(schema, Mapping):
        return False
    return schema.get("additionalProperties", False) is not False or any(map(is_open, schema.values()))


def describe(root: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    """A schema in words."""
    schema = _resolved(root, schema)
    if "const" in schema:
        return _value(schema["const"])
    if "enum" in schema:
        return one_of([_value(value) for value in schema["enum"]])
    if "discriminator" in schema:
        return _one_of_mappings(root, schema)
    if branches := _branches(schema):
        said = [text for branch in branches if (text := describe(root, branch))]
        if any(text.startswith(KINDS["object"]) for text in said):
            said = [text for text in said if text != KINDS["null"]]
        return " or ".join(dict.fromkeys(said)) or None
    kind = schema.get("type")
    if not isinstance(kind, str):
        return None
    text = KINDS.get(kind, kind)
    bounds = [f"{sign} {schema[word]}" for word, sign in BOUNDS.items() if word in schema]
    if kind == "array":
        return _list(root, schema)
    if kind == "object":
        return _mapping(root, schema)
    if "maxLength" in schema:
        bounds.append(f"of at most {schema['maxLength']:,} characters")
    return " ".join([text, *([" and ".join(bounds)] if bounds else [])])


def _list(root: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minItems"), schema.get("maxItems")
    text = "a list"
    if low is not None and low == high:
        text += f" of {low}"
    elif low:
        text += f" of at least {low}"
    item = describe(root, schema["items"]) if isinstance(schema.get("items"), Mapping) else None
    return text + (f", each {item}" if item else "")


def _mapping(root: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """The form of a mapping: what it must have as it is written, and the names of what it may have."""
    form = _form(root, schema)
    more = [name for name in schema.get("properties", {}) if name not in schema.get("required", ())]
    if form is None:
        return f"a mapping with any of {', '.join(more)}" if more else KINDS["object"]
    return f"a mapping such as {form}" + (f", perhaps with {', '.join(more)}" if more else "")


def _one_of_mappings(root: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Mappings that are told apart by one of their names: that name, and whatever any of them may have."""
    name = schema["discriminator"]["propertyName"]
    fields = (field for branch in _branches(schema) for field in _resolved(root, branch).get("properties", {}))
    more = [field for field in dict.fromkeys(fields) if field != name]
    return f"a mapping such as {{{name}: ...}}" + (f", perhaps with {', '.join(more)}" if more else "")


def _form(root: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> str | None:
    """A mapping of what is required, such as {figure: {name: ...}}; None where nothing is."""
    schema = _resolved(root, schema)
    required = schema.get("required", ()) if depth < DEEPEST else ()
    below = {name: schema.get("properties", {}).get(name, {}) for name in required}
    said = [f"{name}: {_form(root, inner, depth + 1) or '...'}" for name, inner in below.items()]
    return f"{{{', '.join(said)}}}" if said else None


def _value(value: object) -> str:
    """A JSON value as YAML writes it."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)


def _resolved(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that `$ref` points to, with what stands beside the reference."""
    for _ in range(DEEPEST):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            break
        target = root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {})
        schema = {**target, **{word: value for word, value in schema.items() if word != "$ref"}}
    return schema


def _branches(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]


def _at(root: Mapping[str, Any], location: Sequence[str | int]) -> list[Mapping[str, Any]]:
    """The schemas at a location. A part that names a union's branch instead of a place is passed over."""
    current = [_resolved(root, root)]
    for part in location:
        below = [found for schema in current for found in _step(root, schema, part)]
        if below or isinstance(part, int):
            current = below
    return current


def _step(root: Mapping[str, Any], schema: Mapping[str, Any], part: str | int) -> list[Mapping[str, Any]]:
    """The schemas one step down, through the branches of a union."""
    found = [_resolved(root, below) for below in _below(schema, part)]
    for branch in () if found else _branches(schema):
        found += _step(root, _resolved(root, branch), part)
    return found


def _below(schema: Mapping[str, Any], part: str | int) -> Iterator[Mapping[str, Any]]:
    if part in (told_apart := schema.get("discriminator", {}).get("mapping", {})):
        yield {"$ref": told_apart[part]}
        return
    if isinstance(part, int):
        prefix = schema.get("prefixItems", ())
        if part < len(prefix):
            yield prefix[part]
        elif isinstance(schema.get("items"), Mapping):
            yield schema["items"]
        return
    if part in schema.get("properties", {}):
        yield schema["properties"][part]
    elif isinstance(schema.get("additionalProperties"), Mapping):
        yield schema["additionalProperties"]


def _paths(root: Mapping[str, Any], schema: Mapping[str, Any], before: str, depth: int) -> Iterator[str]:
    schema = _resolved(root, schema)
    if depth > DEEPEST:
        return
    for name, below in schema.get("properties", {}).items():
        path = f"{before}.{name}" if before else name
        yield path
        yield from _paths(root, below, path, depth + 1)
    for branch in _branches(schema):
        yield from _paths(root, branch, before, depth + 1)
