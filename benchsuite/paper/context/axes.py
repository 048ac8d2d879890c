"""The axes of a search as a paper names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchsuite.paper.document import markup
from benchsuite.paper.language import spanish
from benchsuite.paper.language.parameters import PARAMETERS


def axis_name(path: str, labels: Mapping[str, str]) -> str:
    """What the paper calls an axis, without markup."""
    if path in labels:
        return markup.line(labels[path], f"paper.labels.{path}")
    return markup.plain(PARAMETERS[path]) if path in PARAMETERS else markup.line(path, path)


def axis_value(value: Any) -> str:
    """A value of an axis as the paper prints it, without markup."""
    match value:
        case bool():
            return "sí" if value else "no"
        case int() | float():
            return spanish.number(value)
        case None:
            return "ninguno"
        case list() | tuple():
            return "; ".join(axis_value(item) for item in value) or "ninguno"
        case Mapping():
            rest = "; ".join(f"{name}: {axis_value(below)}" for name, below in value.items() if name != "name")
            return " ".join(part for part in (str(value.get("name", "")), f"({rest})" if rest else "") if part)
        case _:
            return markup.line(str(value), "search")[:200] or "—"
