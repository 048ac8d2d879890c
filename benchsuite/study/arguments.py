"""What callers give, as the command line would have it: Python's values become the texts of its options.

So a study is the same, and its paper tells the same command, whichever way it was asked for. Wrong values are told as
mistakes of the user's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from benchsuite.commands.options import FormOptions, LanguageName, PageName, TemplateName
from benchsuite.errors import SetupError, first_line
from benchsuite.suite.planning.overrides import read_overrides
from benchsuite.suite.source.yaml_nodes import flow_text

AnyPath = str | os.PathLike[str]
E = TypeVar("E", bound=StrEnum)


def choose(name: str, value: object, known: Mapping[Any, Any]) -> Any:
    """What a value of an argument stands for. Raises SetupError for one that is not known."""
    with suppress(TypeError):  # it cannot even be looked up
        if value in known:
            return known[value]
    raise wrong(name, value, f"one of {', '.join(map(repr, known))}")


def one_of(name: str, value: object, known: type[E]) -> E:
    """The option that a value of an argument stands for. Raises SetupError."""
    chosen: E = choose(name, value, {option.value: option for option in known})
    return chosen


def wrong(name: str, value: object, expected: str) -> SetupError:
    """The error for an argument that is not what was expected."""
    text = repr(value)
    shown = text if len(text) <= 80 else f"{text[:79]}…"
    return SetupError(f"{name} is {shown}", where=f"the argument {name}", expected=expected, remedy="correct it")


def read_path(name: str, value: object) -> Path:
    """A path. Raises SetupError."""
    if isinstance(value, str | os.PathLike) and isinstance(os.fspath(value), str) and os.fspath(value):
        return Path(value)
    raise wrong(name, value, "a path: a text or a pathlib.Path")


def read_paths(name: str, value: AnyPath | Iterable[AnyPath]) -> list[Path]:
    """One path, or several. Raises SetupError."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [read_path(name, one) for one in value]
    return [read_path(name, value)]


def read_names(name: str, value: object) -> list[str] | None:
    """One name, or several. Raises SetupError."""
    names = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else []
    if value is None or (names and all(isinstance(one, str) for one in names)):
        return names or None
    raise wrong(name, value, "a name, or several: ['wide', 'narrow']")


def read_count(name: str, value: object) -> int | None:
    """A number from 1, or None. Raises SetupError."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise wrong(name, value, "a whole number from 1, or None")


def read_seeds(value: object) -> str | None:
    """What --seeds says for a number of seeds, or for these seeds. Raises SetupError."""
    if value is None or isinstance(value, str):
        return value
    if _is_whole(value):
        return str(value)
    if isinstance(value, Iterable):
        seeds = list(value)
        if seeds and all(map(_is_whole, seeds)):
            return ",".join(map(str, seeds)) + ("," if len(seeds) == 1 else "")
    raise wrong("seeds", value, "how many (3), or which ones ([0, 4, 7] or '0-4')")


def read_set(given: Mapping[str, object] | Iterable[str] | None) -> list[str]:
    """What --set says for values by their path, or for texts such as recipe.max_epochs=2. Raises SetupError."""
    if isinstance(given, Mapping):
        return [f"{path}={_yaml(f'set[{path!r}]', value)}" for path, value in given.items()]
    texts = [given] if isinstance(given, str) else given if isinstance(given, Iterable) else None
    listed = list(texts) if texts is not None else [] if given is None else [None]
    if not all(isinstance(text, str) for text in listed):
        raise wrong("set", given, "values by their path: {'recipe.max_epochs': 2}")
    return [text for text in listed if text is not None]


def read_executor_options(given: Mapping[str, object] | None) -> list[str]:
    """What --executor-option says for these options. Raises SetupError."""
    if given is not None and not isinstance(given, Mapping):
        raise wrong("executor_options", given, "options by their name: {'address': 'tls://head:8786'}")
    made = (given or {}).items()
    return [f"{key}={_yaml('executor_options', value) if _is_nested(value) else value}" for key, value in made]


def read_form(template: object, page: object, language: object) -> FormOptions:
    """How a paper is set. Raises SetupError."""
    return FormOptions(
        template=None if template is None else one_of("template", template, TemplateName),
        page=None if page is None else one_of("page", page, PageName),
        language=None if language is None else one_of("language", language, LanguageName),
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_nested(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str))


def _yaml(name: str, value: object) -> str:
    """A value as a suite has it, on one line; a text without quotes where it says the same without them."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str) and _says(value, value):
        return value
    try:
        return flow_text(value, _plain)
    except (TypeError, ValueError, RecursionError) as error:
        expected = f"a number, a text, a switch, or a list or mapping of them ({first_line(error)})"
        raise wrong(name, value, expected) from error


def _says(text: str, value: object) -> bool:
    """Whether `--set` reads a text as this value."""
    overrides, problems = read_overrides([f"recipe.value={text}"], ())
    return not problems and [override.setting.node.content for override in overrides] == [value]


def _plain(value: Any) -> object:
    """A number or an array of NumPy and its like, and any other collection, as JSON has it."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"a {type(value).__name__} is nothing that YAML can say")
