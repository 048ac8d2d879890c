"""Records of one study have most of their parts in common: the machine, the data, the network, the case. Each that is
read has copies of its own; of thousands that are kept at once, these are most of the memory.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from benchsuite.store.record import RunRecord

PARTS = ("environment", "dataset", "weights", "model")
"""Those that many records have as they are; of the fields of a key, and of what was to be made, parts of these."""


class SharedParts:
    """The parts of the records that have come so far."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def of(self, record: RunRecord) -> RunRecord:
        """The same record, which has the parts that are equal to an earlier one's in common with it."""
        spec = record.spec
        own: dict[str, Any] = {name: self._known_as(getattr(record, name)) for name in PARTS}
        own["key_fields"] = {name: self._known_as(value) for name, value in record.key_fields.items()}
        own["spec"] = spec.model_copy(update={"case": self._known_as(spec.case)})
        return record.model_copy(update=own)

    def _known_as(self, part: Any) -> Any:
        if isinstance(part, BaseModel):
            return self._known.setdefault(f"{type(part).__name__} {part.model_dump_json()}", part)
        if isinstance(part, dict | list):
            return self._known.setdefault(json.dumps(part), part)
        return part
