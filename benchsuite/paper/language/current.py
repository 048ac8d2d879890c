"""The language in which this paper is written: set once where a paper is composed or rendered, known to all below."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from benchsuite.suite.schema.suite import Language

_LANGUAGE: ContextVar[Language] = ContextVar("language", default="es")


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Within this, what is said and printed is in `language`."""
    token = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def spoken() -> Language:
    """The language of the paper that is being made."""
    return _LANGUAGE.get()
