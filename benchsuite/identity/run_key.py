"""The run key: the hash of everything that decides a run's result, and of nothing else.

Left out on purpose: the suite's and the case's name, titles, the order of keys, dates, folders, and versions of
distributions whose source did not change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from benchsuite.errors import unreadable
from benchsuite.identity.canonical import canonical, digest, digest_plain, plain
from benchsuite.identity.numerics import Numerics
from benchsuite.suite.cases.plan import Component
from benchsuite.suite.schema.folds import Fold

Role = Literal["dataset", "model", "recipe"]

FOLDER = "(folder, by content)"
DATA = "(in the data)"
ABSENT = "(absent file)"
DIGITS = 32


@dataclass(frozen=True)
class RunKey:
    """`key` is 32 hexadecimal digits; `fields` is the nested mapping of plain values that it is the hash of."""

    key: str
    fields: Mapping[str, Any]


def component_fields(role: Role, component: Component, schema: type[BaseModel]) -> Mapping[str, Any]:
    """What keys cover of a component. `schema` is its parameter model: it tells which parameters are paths, of which
    only the content counts; those of a data set count through the data's fingerprint."""
    place = DATA if role == "dataset" else None
    parameters = keyed_parameters(schema, component.parameters, place)
    fields: Mapping[str, Any] = plain(
        {"name": component.name, "distribution": component.distribution, "parameters": parameters}
    )
    return fields


def case_fields(
    components: Mapping[Role, Mapping[str, Any]],
    *,
    data_fingerprint: str,
    weights_fingerprint: str,
    code: Mapping[str, str],
    numerics: Numerics,
    libraries: Mapping[str, str] | None = None,
) -> Mapping[str, Any]:
    """What the keys of a case's runs have in common, which is all but the seed.

    `components` are their `component_fields`. `code` maps module names to their fingerprints, `libraries` has the
    versions of third-party distributions that the components use (`identity.source_fingerprint.libraries`).
    """
    others = {
        "data": data_fingerprint,
        "weights": weights_fingerprint,
        "code": code,
        "libraries": libraries or {},
        "numerics": numerics.model_dump(mode="json"),
    }
    return {**components, **plain(others)}


def run_key(shared: Mapping[str, Any], seed: int, fold: Fold | None = None) -> RunKey:
    """The key of a run with this seed; `shared` are its `case_fields`. With a `fold`, `data` among them are its own."""
    fields = {**shared, "seed": seed}
    if fold is not None:
        fields["fold"] = fold.model_dump(mode="json")
    return RunKey(key=digest_plain(fields)[:DIGITS], fields=fields)


def hash_fields(fields: Mapping[str, Any]) -> str:
    """The key that belongs to `fields`, such as a record tells. Raises ValueError or TypeError for what none covers."""
    return digest(fields)[:DIGITS]


def keyed_parameters(
    schema: type[BaseModel], parameters: Mapping[str, Any], place: str | None = None
) -> dict[str, Any]:
    """`parameters` with each path replaced by what lies there, or by `place`, so that moving a file changes no key.

    A value is a path when `schema` reads it as one (`pathlib.Path`), wherever it is nested.
    """
    read = schema.model_validate_json(canonical(parameters))
    return {name: _keyed(getattr(read, name), part, place) for name, part in read.model_dump(mode="json").items()}


def _keyed(read: Any, written: Any, place: str | None) -> Any:
    """`written` (JSON values) with what `read` (validated values) has as a path replaced."""
    if isinstance(read, Path):
        if place is not None:
            return place
        if read.is_dir():
            return FOLDER
        if not read.is_file():
            return ABSENT
        status = read.stat()
        return "sha256:" + _sha256(read, status.st_size, status.st_mtime_ns)
    if isinstance(read, BaseModel) and isinstance(written, dict):
        return {name: _keyed(getattr(read, name), part, place) for name, part in written.items()}
    if isinstance(read, Mapping) and isinstance(written, dict):
        return {name: _keyed(read.get(name), part, place) for name, part in written.items()}
    if isinstance(read, (list, tuple)) and isinstance(written, list):
        return [_keyed(one, part, place) for one, part in zip(read, written, strict=True)]
    return written


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    """Hash of a file's bytes; size and time of change are there to tell versions of the file apart."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(error, path) from error
