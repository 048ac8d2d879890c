"""Why a run is due: the fields in which its key differs from the closest record of the same case and seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from benchsuite.identity.canonical import canonical
from benchsuite.identity.run_key import RunKey
from benchsuite.suite.cases.plan import RunSpec

_MISSING = object()


class KnownFailure(Protocol):
    """What is told of a failure."""

    @property
    def what(self) -> str: ...


class KnownRun(Protocol):
    """What is asked of a record."""

    @property
    def key(self) -> str: ...
    @property
    def key_fields(self) -> Mapping[str, Any]: ...
    @property
    def spec(self) -> RunSpec: ...
    @property
    def status(self) -> str: ...
    @property
    def failure(self) -> KnownFailure | None: ...


@dataclass(frozen=True)
class Explanation:
    """Whether a run is due, and why.

    `reasons` are English sentences without a full stop; for `changed` one for each field, as `path: old -> new`.
    `compared_with` is the key of the record that was compared, None when there is none.
    """

    status: Literal["done", "failed", "changed", "never run"]
    reasons: tuple[str, ...]
    compared_with: str | None

    @property
    def due(self) -> bool:
        return self.status != "done"

    def __str__(self) -> str:
        return self.status if not self.reasons else f"{self.status}: " + "; ".join(self.reasons)


def explain(runs: Iterable[tuple[RunSpec, RunKey]], known: Iterable[KnownRun]) -> tuple[Explanation, ...]:
    """Why each run with its key is due, or that it is done, given the records `known` (of any runs, in any order)."""
    by_key: dict[str, KnownRun] = {}
    by_name: dict[tuple[str, ...], list[KnownRun]] = {}
    for record in sorted(known, key=lambda record: record.key):
        by_key.setdefault(record.key, record)
        for name in _names(record.spec):
            by_name.setdefault(name, []).append(record)
    return tuple(
        _explain(key, by_key.get(key.key), next((by_name[name] for name in _names(spec) if name in by_name), ()))
        for spec, key in runs
    )


def _names(spec: RunSpec) -> tuple[tuple[str, ...], ...]:
    """By what a run is the same as an earlier one, and where its suite has been renamed since."""
    case, parts = spec.case, (spec.case.dataset, spec.case.model, spec.case.recipe)
    own = (case.name, str(spec.seed))
    return (spec.suite, *own), ("", *own, *(part.qualified_name for part in parts))


def _explain(wanted: RunKey, own: KnownRun | None, relatives: Sequence[KnownRun]) -> Explanation:
    if own is not None:
        if own.status == "done":
            return Explanation("done", (), own.key)
        return Explanation("failed", (own.failure.what if own.failure else "it left no message",), own.key)
    if not relatives:
        return Explanation("never run", (), None)
    closest = min(relatives, key=lambda record: len(differences(record.key_fields, wanted.fields)))
    return Explanation("changed", differences(closest.key_fields, wanted.fields), closest.key)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields in which two keys' fields differ, in readable English, in the order of their paths."""
    before, after = dict(leaves(old)), dict(leaves(new))
    paths = sorted(before.keys() | after.keys())
    return tuple(
        _sentence(path, before.get(path, _MISSING), after.get(path, _MISSING))
        for path in paths
        if _form(before.get(path, _MISSING)) != _form(after.get(path, _MISSING))
    )


def _form(value: Any) -> bytes | None:
    """What tells values apart as keys do: 1, 1.0 and true are equal in Python and different in a key."""
    return None if value is _MISSING else canonical(value)


def leaves(fields: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterable[tuple[tuple[str, ...], Any]]:
    """Every value of a nested mapping with the names that lead to it; an empty mapping is one."""
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _sentence(path: tuple[str, ...], old: Any, new: Any) -> str:
    if path == ("data",):
        return "data: the images, their labels or their splits changed"
    if path == ("weights",):
        return f"weights: the pretrained weights changed ({_brief(old)} -> {_brief(new)})"
    if path[0] == "code":
        change = "is new in the key" if old is _MISSING else "left the key" if new is _MISSING else "changed"
        return f"code: the source of {'.'.join(path[1:])} {change}"
    named = tuple(part for i, part in enumerate(path) if not (i == 1 and part == "parameters"))
    return f"{'.'.join(named)}: {_brief(old)} -> {_brief(new)}"


def _brief(value: Any) -> str:
    if value is _MISSING:
        return "(absent)"
    if value is None:
        return "none"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 48 else f"{text[:12]}…"
