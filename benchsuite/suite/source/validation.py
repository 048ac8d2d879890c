"""Validation errors in plain sentences, each at the place in the file where its value stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from benchsuite.suite.source import json_schema
from benchsuite.suite.source.problems import Mark, Problem, did_you_mean, nearest, one_of, printable, shown, written
from benchsuite.suite.source.yaml_nodes import Node

M = TypeVar("M", bound=BaseModel)

WRONG = {
    "int_type": "is not an integer",
    "int_from_float": "is not an integer",
    "int_parsing": "is not an integer",
    "float_type": "is not a number",
    "float_parsing": "is not a number",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "string_type": "is not a text",
    "literal_error": "is not allowed",
    "enum": "is not allowed",
    "greater_than": "is too small",
    "greater_than_equal": "is too small",
    "less_than": "is too large",
    "less_than_equal": "is too large",
    "multiple_of": "is not a multiple of the right number",
    "finite_number": "is not a finite number",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
    "tuple_type": "is not a list",
    "list_type": "is not a list",
    "set_type": "is not a list",
    "frozen_set_type": "is not a list",
    "dict_type": "is not a mapping",
    "mapping_type": "is not a mapping",
    "model_type": "is not a mapping",
    "model_attributes_type": "is not a mapping",
    "dataclass_type": "is not a mapping",
    "path_type": "is not a path",
    "none_required": "is not null",
}
NUMBERS = ("int_type", "int_from_float", "int_parsing", "float_type", "float_parsing")
LISTS = ("tuple_type", "list_type", "set_type", "frozen_set_type")
MAPPINGS = ("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type")
NAMED = re.compile(r"a mapping (?:such as \{|with any of )name\b")
AXES = ("vary.", "search.space.")
"""Where paths are keys."""
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
DIGITS_APART = re.compile(r"[0-9]{1,12}(?:_[0-9]{1,12}){1,4}")
RANGE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
SENTENCES = ("value_error", "assertion_error")
SLUG = r"^[a-z0-9_]+$"
PATTERNS = {
    SLUG: "lower-case letters, digits and underscores",
    r"^\w(?:[\w .()+%-]*[\w)%+])?$": "letters, digits, spaces and any of . ( ) + % _ -",
    r"^[A-Za-z0-9][A-Za-z0-9_:.-]*$": "letters, digits and any of _ : . -",
}


def explain(error: ValidationError, model: type[BaseModel], node: Node, path: str = "") -> list[Problem]:
    """The problems of `node`, which `model` refused. `path` is where the node stands in the suite.

    A value that several branches of a union refuse is one problem; a plugin author's own sentence tells it best.
    """
    problems: dict[tuple[Mark, str], Problem] = {}
    details = [detail for detail in error.errors(include_url=False) if not _counts_the_wrong(detail)]
    for detail in sorted(details, key=lambda detail: detail["type"] not in SENTENCES):
        problem = _problem(detail, model, node, path)
        problems.setdefault((problem.mark, problem.path), problem)
    return list(problems.values())


def _counts_the_wrong(detail: ErrorDetails) -> bool:
    """Whether a list is called too short that has enough entries: pydantic counts only those that it takes."""
    given = detail["input"]
    return detail["type"] == "too_short" and isinstance(given, list) and len(given) >= detail["ctx"]["min_length"]


def _problem(detail: ErrorDetails, model: type[BaseModel], root: Node, base: str) -> Problem:
    location = detail["loc"]
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_name(model, root, base, location)
    mark, path, node, reached = walk(root, location)
    path = joined(base, path)
    if kind == "missing":
        name = str(location[-1])
        what = f"{printable(name)!r} is missing"
        return Problem(mark, path, what, expected=json_schema.expected_at(model, location))
    if kind == "union_tag_not_found":
        return Problem(
            mark,
            path,
            f"{detail['ctx']['discriminator']} is missing",
            expected=json_schema.expected_at(model, location),
        )
    if kind == "union_tag_invalid":
        return _unknown_tag(detail, root, base)
    if location and location[-1] == "[key]":
        return Problem(mark, path, "this name is not allowed: " + detail["msg"])
    value = node.plain() if reached else detail["input"]
    expected = json_schema.expected_at(model, location)
    if value in ([], {}) and kind == "too_short":
        return Problem(mark, path, "there is nothing in it", value, expected)
    if kind in WRONG:
        return Problem(
            mark, path, f"{shown(value)} {WRONG[kind]}", value, expected, _misspelt(value, detail, path, expected)
        )
    if kind == "string_pattern_mismatch":
        pattern = str(detail.get("ctx", {}).get("pattern"))
        expected = PATTERNS.get(pattern, f"a text that matches {pattern}")
        remedy = f"write {slug}" if pattern == SLUG and (slug := _slug(str(value))) else None
        return Problem(mark, path, f"{shown(value)} has characters that are not allowed", value, expected, remedy)
    if kind in SENTENCES:
        # The sentence is the plugin author's own; pydantic puts its class of error before it.
        sentence = detail["msg"].partition(", ")[2] or detail["msg"]
        return Problem(mark, path, printable(sentence, 300), value)
    message = printable(detail["msg"], 300)
    return Problem(mark, path, f"{shown(value)}: {message[:1].lower()}{message[1:]}", value, expected)


def _misspelt(value: object, detail: ErrorDetails, path: str, expected: str | None) -> str | None:
    """What to write in the place of a value that is probably meant otherwise than YAML reads it."""
    kind = detail["type"]
    if kind == "bool_type" and str(value).lower() in ("yes", "on", "no", "off"):
        return f"write {'true' if str(value).lower() in ('yes', 'on') else 'false'}"
    if kind == "string_type" and isinstance(value, int | float):
        return "put quotes around it"
    if kind in NUMBERS:
        return _number_meant(value, kind)
    if kind in LISTS:
        return _list_meant(value, path, expected or "")
    if kind in MAPPINGS and isinstance(value, str) and NAMED.match(expected or ""):
        return f"write {{name: {printable(value, 60)}}}"
    if kind in MAPPINGS and isinstance(value, list):
        return "one mapping is expected here: remove the dashes or brackets around it"
    if kind in ("literal_error", "enum"):
        allowed = str(detail.get("ctx", {}).get("expected", "")).replace(" or ", ", ").split(", ")
        if isinstance(value, str) and value in allowed:
            return "remove the quotes"
        if f"'{value}'" in allowed:
            return "put quotes around it"
        return did_you_mean(str(value), [word.strip("'") for word in allowed])
    return None


def _number_meant(value: object, kind: str) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}"
    if not isinstance(value, str):
        return None
    if DECIMAL_COMMA.fullmatch(value):
        return f"write {value.replace(',', '.')}: decimals have a point"
    if DIGITS_APART.fullmatch(value):
        return f"write {value.replace('_', '')}"
    if (ends := RANGE.fullmatch(value)) and int(ends[1]) < int(ends[2]) < int(ends[1]) + 20:
        return f"write a list: [{', '.join(map(str, range(int(ends[1]), int(ends[2]) + 1)))}]"
    if "," in value and all(NUMBER.fullmatch(part.strip()) for part in value.split(",")):
        return f"put brackets around it: [{value}]"
    return "remove the quotes" if NUMBER.fullmatch(value) and (kind != "int_type" or value.isdecimal()) else None


def _list_meant(value: object, path: str, expected: str) -> str | None:
    if isinstance(value, Mapping) and path.startswith(AXES):
        dotted = joined(re.sub(f"^({'|'.join(AXES)})", "", path), next(iter(value), ""))
        return f"write the path with dots, as in {printable(dotted)}"
    entry = re.search(r"each a mapping(?: such as \{(\w+))?", expected)
    if isinstance(value, Mapping):
        return "put brackets around it" if entry and (entry[1] is None or entry[1] in value) else None
    text = written(value)
    fits = entry is None and value is not None and len(text) <= 60 and "]" not in text
    return f"put brackets around it: [{text}]" if fits else None


def _unknown_name(model: type[BaseModel], root: Node, base: str, location: Sequence[str | int]) -> Problem:
    """A key that the model does not know: its neighbours are what is allowed, the nearest path is the remedy."""
    mark, path, holder, _ = walk(root, location[:-1])
    name = str(location[-1])
    item = holder.items.get(name)
    names = json_schema.names_at(model, location[:-1])
    here = joined(base, path)
    if item is not None and item.written is not None:
        known = [joined(base, known) for known in json_schema.paths(model)]
        near = nearest(item.written, known)
        remedy = f"did you mean {near!r}?" if near else None
        what = f"there is no {printable(item.written)!r}"
        return Problem(item.key, printable(item.written), what, name, one_of([joined(here, n) for n in names]), remedy)
    mark = item.key if item is not None else mark
    what = f"{printable(name)!r} is unknown here"
    remedy = did_you_mean(name, names)
    if name.isdecimal() and item is not None and item.node.content is None:
        remedy = "decimals have a point, not a comma"
    return Problem(mark, here, what, name, one_of(names), remedy)


def _unknown_tag(detail: ErrorDetails, root: Node, base: str) -> Problem:
    """A mapping whose name is that of none of those it may be."""
    context = detail["ctx"]
    tag, known = str(context["tag"]), [name.strip("'") for name in str(context["expected_tags"]).split(", ")]
    mark, path, _, _ = walk(root, (*detail["loc"], str(context["discriminator"]).strip("'")))
    return Problem(
        mark, joined(base, path), f"{shown(tag)} is not allowed", tag, one_of(known), did_you_mean(tag, known)
    )


def _slug(text: str) -> str:
    """A name made of a text as the names of suites are."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower().encode("ascii", "replace").decode()).strip("_")


def walk(root: Node, location: Iterable[str | int]) -> tuple[Mark, str, Node, bool]:
    """Follow a pydantic location: the mark, dotted path and node it leads to, and whether it led all the way.

    Parts that name a union's branch stand for no node and are passed over.
    """
    node, path, reached = root, "", True
    for part in location:
        if isinstance(part, int) and isinstance(node.content, tuple) and part < len(node.content):
            node, path = node.content[part], f"{path}[{part}]"
        elif isinstance(part, str) and part in node.items:
            node, path = node.items[part].node, joined(path, part)
        elif part == "[key]":
            break
        else:
            reached = reached and not _is_place(part, node)
    return node.mark, path, node, reached


def _is_place(part: str | int, node: Node) -> bool:
    """Whether a part that was not found stands for a place in the file (a missing key), not for a union's branch."""
    return isinstance(part, int) or bool(node.items)


def joined(before: str, name: str) -> str:
    """Two dotted paths as one."""
    if not before or not name:
        return before or name
    return before + name if name.startswith("[") else f"{before}.{name}"


def validate(model: type[M], node: Node, path: str = "") -> tuple[M | None, list[Problem]]:
    """The node as an instance of `model`, or None with its problems."""
    try:
        return model.model_validate_json(json.dumps(node.plain())), []
    except ValidationError as error:
        return None, explain(error, model, node, path)
