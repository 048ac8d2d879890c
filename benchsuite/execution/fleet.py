"""The kind of machine that makes a study, kept beside its paper, so that every command plans the same runs wherever it
is started."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from benchsuite.atomic_files import write_text
from benchsuite.identity.numerics import MachineFacts

FILE = "fleet.json"


def remembered(folder: Path) -> MachineFacts | None:
    """The kind of machine that a study with its paper in `folder` was made on, if it was not the one of whoever asked
    for it."""
    with suppress(OSError, ValueError, ValidationError, TypeError, KeyError):
        return MachineFacts.model_validate(json.loads((folder / FILE).read_text(encoding="utf-8"))["machine"])
    return None


def remember(folder: Path, machine: MachineFacts | None) -> None:
    """Keep it; None where the study is made on the machine at hand. Raises StoreError."""
    if machine is not None:
        text = json.dumps({"machine": machine.kind.model_dump(mode="json")}, indent=1)
        write_text(folder / FILE, text + "\n")
    else:
        with suppress(OSError):
            (folder / FILE).unlink()
