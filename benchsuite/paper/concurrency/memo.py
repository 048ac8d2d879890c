"""Memoized drawings: the results of slow functions, found again by the function and the arguments they came from.

A memoized function must follow from its arguments alone, and from what the memo is said to be for (the language and
the form of the paper), and return what JSON can hold. The process that renders opens
no file, so results of earlier builds come to it with its order, and go back with the pages.
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

from benchsuite.paper.concurrency.fork import run_jobs

P = ParamSpec("P")
R = TypeVar("R")


class Memo:
    """Results as JSON, by the hash of function and arguments: those of earlier builds, and those this build used, all
    of them made for the same."""

    def __init__(self, before: Mapping[str, str], made_for: str = "") -> None:
        self.before = before
        self.made_for = made_for
        self.used: dict[str, str] = {}


_MEMO: ContextVar[Memo | None] = ContextVar("memo", default=None)


@contextmanager
def use_memo(before: Mapping[str, str], made_for: str = "") -> Iterator[Memo]:
    """Within this, memoized functions take their results from the memo where it has them, and add them where not."""
    memo = Memo(before, made_for)
    token = _MEMO.set(memo)
    try:
        yield memo
    finally:
        _MEMO.reset(token)


def memoize(make: Callable[P, R]) -> Callable[P, R]:
    """The function, called once for the same arguments. Without a memo in use it is called every time."""

    @cache
    def adapter() -> TypeAdapter[R]:
        return TypeAdapter(get_type_hints(make)["return"])

    @wraps(make)
    def memoized(*args: P.args, **kwargs: P.kwargs) -> R:
        memo = _MEMO.get()
        if memo is None:
            return make(*args, **kwargs)
        key = _key(f"{make.__module__}.{make.__qualname__}{memo.made_for}", args, kwargs)
        known = memo.used.get(key) or memo.before.get(key)
        if known is not None:
            memo.used[key] = known
            return adapter().validate_json(known)
        made = make(*args, **kwargs)
        memo.used[key] = adapter().dump_json(made).decode()
        return made

    return memoized


def prefetch(calls: Iterable[Callable[[], object]]) -> None:
    """Make these calls now, two at a time, so that their results are in the memo when they are asked for. Without a
    memo in use nothing is called."""
    memo = _MEMO.get()
    if memo is None:
        return
    used = memo.used

    def find_new(call: Callable[[], object]) -> dict[str, str]:
        before = set(used)
        call()
        return {key: result for key, result in used.items() if key not in before}

    for new in run_jobs([partial(find_new, call) for call in calls]):
        used.update(new)


def _key(name: str, args: Any, kwargs: Any) -> str:
    """The same in every process; what is neither data nor an array has no key, and raises TypeError."""
    content = to_json((name, args, kwargs), bytes_mode="base64", inf_nan_mode="constants", fallback=_array)
    return hashlib.sha256(content).hexdigest()


def _array(value: Any) -> Any:
    if not hasattr(value, "tolist"):
        raise TypeError(f"{type(value).__name__} is no data")
    return value.tolist()
