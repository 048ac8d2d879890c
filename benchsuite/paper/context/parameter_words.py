"""How a paper names the parameters of a study, and how it prints their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchsuite.paper.document import markup
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import find, say

LONGEST_WORD = 200


def name_parameter(path: str, labels: Mapping[str, str]) -> str:
    """What the paper calls a parameter, in the mini grammar: as the suite says, as we do, or its path as code."""
    if path in labels:
        return markup.literal(markup.line(labels[path], f"paper.labels.{path}"))
    return find(f"parameter-{path}") or markup.code(path, path)


def name_axis(path: str, labels: Mapping[str, str]) -> str:
    """The same without markup, for figures and heads of tables."""
    return markup.plain(name_parameter(path, labels))


def plain_word(value: str) -> str:
    return markup.line(value, "search")[:LONGEST_WORD] or "—"


def name_value(path: str, value: Any, *, brief: bool = False) -> str:
    """The value at a path where nothing is set as code: in our words where we have some."""
    return describe_value(value, lambda text: word_for(path, text) or markup.file_name(text), brief=brief)


def word_for(path: str, text: str) -> str | None:
    """Our words for a value that is text, those of its path before those of any; none for a component, which has a path
    without a dot and goes by its name."""
    return find(f"word-{path}={text}") or find(f"word-{text}") if "." in path else None


def describe_value(value: Any, word: Callable[[str], str] = plain_word, *, brief: bool = False) -> str:
    """A value of a parameter: «sí», «0,01», «32; 64», «step (gamma: 0,1)»; `word` prints what is text.

    `brief` is for labels of cases: «32-64», «step 0,1».
    """
    match value:
        case bool():
            return say("value-yes" if value else "value-no")
        case int() | float():
            return typography.number(value)
        case None:
            return say("value-none")
        case list() | tuple():
            return ("-" if brief else "; ").join(describe_value(item, word, brief=brief) for item in value) or say(
                "value-none"
            )
        case Mapping():
            parts = {key: describe_value(below, word, brief=brief) for key, below in value.items()}
            name = parts.pop("name", "")
            rest = ", ".join(parts.values()) if brief else "; ".join(f"{key}: {part}" for key, part in parts.items())
            if name and rest:
                return f"{name} {rest}" if brief else f"{name} ({rest})"
            return name or rest or say("value-none")
        case _:
            return word(str(value))
