"""What papers say, by the names of messages: the catalogues beside this module hold the words of each language.

A catalogue is a folder of PO files, as gettext and the programs of translators have them: people read them, Babel
reads them here. In a message `{name}` stands for what the code gives, `{name:words}` for a number that is in words
where it has one digit, `{{tab-results}}` for a table or figure as in all prose, and `~` is a non-breaking space. What
depends on the number `n` has a form for each of the language's plurals; what depends on the words around it, such as
their gender, has a context. A context without words of its own in a language has those of the message without one.
"""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from babel.messages.pofile import read_po

from benchsuite.paper.language.current import spoken
from benchsuite.paper.language.typography import NBSP, number
from benchsuite.suite.schema.suite import Language

VARIABLE = re.compile(r"(?<!\{)\{([a-z_]+)(:words)?\}(?!\})")


@dataclass(frozen=True)
class Catalogue:
    """The forms of each message of a language, by its name and context, and which of them a number takes."""

    forms: Mapping[tuple[str, str], tuple[str, ...]]
    plural: Callable[[int], int]


@cache
def catalogue(language: Language) -> Catalogue:
    """The messages of a language. Raises ValueError where two files have the same one."""
    forms: dict[tuple[str, str], tuple[str, ...]] = {}
    expression = "(n != 1)"
    folder = resources.files(__package__).joinpath(language)
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".po"):
            continue
        read = read_po(io.BytesIO(file.read_bytes()), locale=language, abort_invalid=True)
        expression = read.plural_expr
        for message in read:
            if not message.id:
                continue
            several = message.id if isinstance(message.id, list | tuple) else (message.id,)
            given = message.string if isinstance(message.string, list | tuple) else (message.string,)
            key = (several[0], message.context or "")
            if key in forms:
                raise ValueError(f"{language}/{file.name}: the message {key[0]} is there twice")
            forms[key] = tuple(str(form).replace("~", NBSP) for form in given)
    return Catalogue(forms, gettext.c2py(expression))


def say(message: str, *, context: str = "", **words: str | float) -> str:
    """A message in the language of the paper, with these words in their places; numbers are printed as whole ones."""
    said = find(message, context=context, **words)
    if said is None:
        raise KeyError(f"no message of {spoken()} is called {message}")
    return said


def find(message: str, *, context: str = "", **words: str | float) -> str | None:
    """The same, or None where there is no such message."""
    known = catalogue(spoken())
    forms = known.forms.get((message, context)) or known.forms.get((message, ""))
    if forms is None:
        return None
    n = words.get("n")
    form = forms[known.plural(n)] if len(forms) > 1 and isinstance(n, int) else forms[0]

    def word(match: re.Match[str]) -> str:
        value = words[match[1]]
        if isinstance(value, str):
            return value
        return in_words(value) if match[2] else number(value)

    return VARIABLE.sub(word, form)


def in_words(value: float, gender: str = "") -> str:
    """A whole number of one digit in words, as running text has it, of this gender where the language tells them apart;
    others in figures."""
    return find(f"numeral-{value}", context=gender) or number(value)
