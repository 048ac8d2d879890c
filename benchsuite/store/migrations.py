"""Reading records of every schema version: older ones are migrated step by step, newer ones refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from benchsuite.errors import StoreError
from benchsuite.store.record import SCHEMA_VERSION, RunRecord

Migration = Callable[[dict[str, Any]], dict[str, Any]]


def _without_layers(fields: dict[str, Any]) -> dict[str, Any]:
    """Version 2 added the layers of the model, which an older record cannot tell: they stay empty."""
    return fields


def _with_numerics(fields: dict[str, Any]) -> dict[str, Any]:
    """Version 3 has all numerics in the environment; an older record has them among what its key covers."""
    return {**fields, "environment": {**fields["key_fields"]["numerics"], **fields["environment"]}}


MIGRATIONS: Mapping[int, Migration] = {1: _without_layers, 2: _with_numerics}
"""For each version that is no longer current, what makes the next version's fields of its fields."""


class DamagedRecord(StoreError):
    """A record that is no whole record, or whose files are not those that it lists. Writing is atomic, so something
    other than benchsuite touched them."""

    kind = "damaged record"


class NewerRecord(StoreError):
    """A record of a schema version that is not known yet."""


def load_record(
    text: str,
    *,
    where: str | None = None,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    current: int = SCHEMA_VERSION,
) -> RunRecord:
    """The record in `text` (JSON), migrated to the current schema; `where` names the file in errors.

    Raises DamagedRecord when it is no record, NewerRecord when a newer benchsuite wrote it, StoreError when it is too
    old.
    """
    try:
        fields = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise damaged_record(f"this record is not JSON: {error}", where) from error
    version = fields.get("schema_version") if isinstance(fields, dict) else None
    if not isinstance(version, int):
        raise damaged_record("this record says no schema version", where)
    if version > current:
        raise NewerRecord(
            f"this record has schema version {version}, and this benchsuite knows versions up to {current}",
            where=where,
            remedy="use the newer benchsuite that wrote it, or choose another results folder",
        )
    for step in range(version, current):
        if step not in migrations:
            raise StoreError(
                f"this record has schema version {version}, which can no longer be read",
                where=where,
                expected=f"schema version {current}, or one that can be migrated",
                remedy="remove the run's folder to run it again",
            )
        try:
            fields = {**migrations[step](fields), "schema_version": step + 1}
        except (KeyError, TypeError) as error:
            raise damaged_record(f"this record of schema version {step} is damaged: {error!r}", where) from error
    try:
        return RunRecord.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise damaged_record(f"this record is damaged: {place}: {first['msg']}", where) from error


def damaged_record(what: str, where: str | None, first: str = "", suite: str = "") -> DamagedRecord:
    """The error for the record, or for a file of its run, at `where`; its run counts as not done. `first` is what must
    be done before it can be made again, `suite` the name of its study where that is known."""
    again = f"run the suite {suite} again: the run counts as not done".replace("  ", " ")
    return DamagedRecord(what, where=where, remedy=f"{first}, then {again}" if first else again)


def _finite(text: str) -> float:
    """A number of a record; JSON has no others, but Python reads them."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number
