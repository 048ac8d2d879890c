"""How a paper names the parameters of a study, and how it prints their values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from benchsuite.contracts.augmentation import OPTIONS
from benchsuite.paper.document import markup
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import find, say

ABSENT = "—"
LONGEST_WORD = 200
LONGEST_DECIMALS = 10
_PACKAGED = re.compile(r"package:(?P<package>\w+)/(?:[\w.-]+/)*(?P<file>[\w.-]+)")
LARGEST_DENOMINATOR = 99
"""A number that is longer is a fraction, if it is one of so small a denominator."""


def name_parameter(path: str, labels: Mapping[str, str]) -> str:
    """What the paper calls a parameter, in the mini grammar: as the suite says, as we do, or its path as code."""
    if path in labels:
        return markup.literal(markup.line(labels[path], f"paper.labels.{path}"))
    return find(f"parameter-{path}") or markup.code(path, path)


def name_axis(path: str, labels: Mapping[str, str]) -> str:
    """The same without markup, for figures and heads of tables."""
    return markup.plain(name_parameter(path, labels))


def plain_word(value: str) -> str:
    return markup.line(value, "search")[:LONGEST_WORD] or ABSENT


def name_value(path: str, value: Any, *, brief: bool = False) -> str:
    """The value at a path where nothing is set as code: in our words where we have some."""

    def word(text: str) -> str:
        packaged = _PACKAGED.fullmatch(text)
        return word_for(path, text) or (packaged["file"] if packaged else markup.file_name(text))

    shown = describe_value(value, word, brief=brief)
    return word_for(path, "null") or shown if value is None else shown


def as_code(value: str, where: str) -> str:
    """A value that is no word, as code; of a file that a package brings its name and the package's."""
    if packaged := _PACKAGED.fullmatch(value):
        return say("file-of-package", **{name: markup.code(packaged[name], where) for name in ("file", "package")})
    return markup.code(value, where)


def word_for(path: str, text: str) -> str | None:
    """Our words for a value that is text, those of its path before those of any; none for a component, which has a path
    without a dot and goes by its name."""
    return find(f"word-{path}={text}") or find(f"word-{text}") if "." in path else None


def describe_setting(path: str, value: Any) -> str:
    """The value at a path in the mini grammar; what is text, in words where the catalogue has some, else as code."""

    def word(text: str) -> str:
        if not markup.line(text, "parameter"):
            return ABSENT
        return word_for(path, text) or as_code(text, "parameter")

    return (value is None and word_for(path, "null")) or describe_value(value, word)


def describe_value(value: Any, word: Callable[[str], str] = plain_word, *, brief: bool = False) -> str:
    """A value of a parameter: «sí», «0,01», «32; 64», «step (gamma: 0,1)»; `word` prints what is text.

    `brief` is for labels of cases: «32-64», «step 0,1».
    """
    match value:
        case bool():
            return say("value-yes" if value else "value-no")
        case int() | float():
            return _number(value)
        case None:
            return say("value-none")
        case list() | tuple():
            sign = "-" if brief else typography.list_sign()
            return sign.join(describe_value(item, word, brief=brief) for item in value) or say("value-none")
        case Mapping():
            kept = value if brief else _not_as_usual(value)  # labels of cases without names are to differ
            parts = {key: describe_value(below, word, brief=brief) for key, below in kept.items()}
            name = parts.pop("name", "")
            told = (f"{find(f'option-{key}') or key}: {part}" for key, part in parts.items())
            rest = ", ".join(parts.values()) if brief else "; ".join(told)
            if name and rest:
                return f"{name} {rest}" if brief else f"{name} ({rest})"
            return name or rest or say("value-none")
        case _:
            return word(str(value))


def _number(value: float) -> str:
    """A number as somebody would write it: 0,01, and 4/3 where its decimals do not end."""
    fraction = Fraction(value).limit_denominator(LARGEST_DENOMINATOR) if math.isfinite(value) else Fraction(0)
    if len(repr(value)) > LONGEST_DECIMALS and value == float(fraction):
        return f"{typography.number(fraction.numerator)}/{fraction.denominator}"
    return typography.number(value)


def _not_as_usual(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """An augmentation without the options that are as usual, which a suite need not say either; anything else whole."""
    if (options := OPTIONS.get(str(value.get("name")))) is None:
        return value
    usual = {name: declared.default for name, declared in options.model_fields.items()}
    return {key: below for key, below in value.items() if key == "name" or below != usual.get(key)}
