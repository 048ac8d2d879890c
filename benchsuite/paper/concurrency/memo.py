"""What was drawn before is not drawn again: results of slow functions, kept by what they were made from.

A function marked `kept` must follow from its arguments alone, and return what JSON can hold. The process that renders
opens no file, so the shelf comes to it with its order, and goes back with the pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial, wraps
from typing import Any, ParamSpec, TypeVar, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import to_json

from benchsuite.paper.concurrency.fork import shared

P = ParamSpec("P")
R = TypeVar("R")


class Shelf:
    """Results as JSON, by the hash of function and arguments: those of earlier builds, and those this build used."""

    def __init__(self, before: Mapping[str, str]) -> None:
        self.before = before
        self.used: dict[str, str] = {}


_SHELF: ContextVar[Shelf | None] = ContextVar("shelf", default=None)


@contextmanager
def keeping(before: Mapping[str, str]) -> Iterator[Shelf]:
    """Within this, kept functions take what they find on the shelf, and put there what they make."""
    shelf = Shelf(before)
    token = _SHELF.set(shelf)
    try:
        yield shelf
    finally:
        _SHELF.reset(token)


def kept(make: Callable[P, R]) -> Callable[P, R]:
    """Make the same thing once. Without a shelf nothing is kept."""

    @cache
    def adapter() -> TypeAdapter[R]:
        return TypeAdapter(get_type_hints(make)["return"])

    @wraps(make)
    def once(*args: P.args, **kwargs: P.kwargs) -> R:
        shelf = _SHELF.get()
        if shelf is None:
            return make(*args, **kwargs)
        key = _key(f"{make.__module__}.{make.__qualname__}", args, kwargs)
        held = shelf.used.get(key) or shelf.before.get(key)
        if held is not None:
            shelf.used[key] = held
            return adapter().validate_json(held)
        made = make(*args, **kwargs)
        shelf.used[key] = adapter().dump_json(made).decode()
        return made

    return once


def ahead(calls: Iterable[Callable[[], object]]) -> None:
    """Have calls make now what they will be asked for later, two at a time. Without a shelf nothing is made."""
    shelf = _SHELF.get()
    if shelf is None:
        return
    used = shelf.used

    def added(call: Callable[[], object]) -> dict[str, str]:
        before = set(used)
        call()
        return {key: held for key, held in used.items() if key not in before}

    for more in shared([partial(added, call) for call in calls]):
        used.update(more)


def _key(name: str, args: Any, kwargs: Any) -> str:
    """The same in every process; what is neither data nor an array has no key, and raises TypeError."""
    content = to_json((name, args, kwargs), bytes_mode="base64", inf_nan_mode="constants", fallback=_array)
    return hashlib.sha256(content).hexdigest()


def _array(value: Any) -> Any:
    if not hasattr(value, "tolist"):
        raise TypeError(f"{type(value).__name__} is no data")
    return value.tolist()
