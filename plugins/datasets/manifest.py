"""What a folder of unpacked or drawn photos says of itself: a JSON file that benchsuite wrote beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchsuite.api import DataError

MANIFEST = "benchsuite-manifest.json"

Broken = Callable[[str, Path, str], DataError]
"""(what is wrong, where, what was expected) -> the data set's own error"""


def read_manifest(home: Path, broken: Broken) -> dict[str, Any]:
    """The manifest of `home`, empty where there is none. Raises what `broken` makes when it cannot be read."""
    path = home / MANIFEST
    if not path.is_file():
        return {}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise broken(f"the manifest cannot be read: {error}", path, "JSON, as benchsuite wrote it") from error
    if not isinstance(manifest, dict):
        raise broken("the manifest is not a mapping", path, "JSON, as benchsuite wrote it")
    return manifest


def write_manifest(home: Path, dataset: str, content: Mapping[str, Any]) -> None:
    """Write the manifest of `home`, the same bytes for the same content."""
    text = json.dumps({"dataset": dataset, **content}, indent=1, sort_keys=True)
    (home / MANIFEST).write_text(text + "\n", encoding="utf-8")
