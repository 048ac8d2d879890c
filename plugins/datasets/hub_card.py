"""What a data set of the Hugging Face Hub says of itself in its card, README.md: licence, citation, files, classes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchsuite.api import DataError

README = "README.md"
_ENTRY = re.compile(r"^@\w+\s*\{.*?^\s*\}", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class HubCard:
    """`files` are the patterns of each split's files by configuration, where the card has some."""

    licence: str = ""
    bibtex: str = ""
    title: str = ""
    files: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the column, the names of its classes."""


def read_card(folder: Path) -> HubCard:
    """The card of a folder; an empty one where there is none. Raises DataError for one that cannot be read."""
    path = folder / README
    if not path.is_file():
        return HubCard()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _broken(f"it cannot be read: {error}", path) from error
    head, body = _divided(text, path)
    return HubCard(
        licence=_licence(head),
        bibtex=_citation(body),
        title=str(head.get("pretty_name") or "")[:200],
        files=_files(head),
        classes=_classes(head.get("dataset_info")),
    )


def _divided(text: str, path: Path) -> tuple[Mapping[str, Any], str]:
    """The YAML at the beginning, and the text after it."""
    if not text.startswith("---"):
        return {}, text
    lines = text.splitlines()
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise _broken("its YAML does not end", path)
    try:
        head = yaml.safe_load("\n".join(lines[1:end])) or {}
    except yaml.YAMLError as error:
        raise _broken(f"its YAML cannot be read: {' '.join(str(error).split())}", path) from error
    if not isinstance(head, dict):
        raise _broken("its YAML is no mapping", path)
    return head, "\n".join(lines[end + 1 :])


def _licence(head: Mapping[str, Any]) -> str:
    given = head.get("license") or ""
    names = [str(one) for one in (given if isinstance(given, list) else [given])]
    if names == ["other"]:
        names = [str(head.get("license_name") or head.get("license_link") or "other")]
    return ", ".join(name for name in names if name and name != "unknown")[:200]


def _citation(body: str) -> str:
    """The BibTeX entries of the text that can be read."""
    from pybtex.database import parse_string

    kept = []
    for entry in _ENTRY.findall(body):
        try:
            if parse_string(entry, "bibtex").entries:
                kept.append(entry.strip())
        except Exception:  # what an author has pasted may be anything
            continue
    return "\n\n".join(kept)


def _files(head: Mapping[str, Any]) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for config in _mappings(head.get("configs")):
        files: dict[str, tuple[str, ...]] = {}
        for part in _mappings(config.get("data_files")):
            paths = part.get("path")
            files[str(part.get("split"))] = tuple(map(str, paths if isinstance(paths, list) else [paths]))
        if files:
            found[str(config.get("config_name") or "default")] = files
    return found


def _classes(info: Any) -> dict[str, tuple[str, ...]]:
    """The classes of each column, in the order of their numbers, from the `dataset_info` of a card."""
    found: dict[str, tuple[str, ...]] = {}
    for config in _mappings(info if isinstance(info, list) else [info]):
        for feature in _mappings(config.get("features")):
            kind = feature.get("dtype")
            names = kind.get("class_label", {}).get("names") if isinstance(kind, dict) else None
            if isinstance(names, dict):
                names = [names[key] for key in sorted(names, key=int)]
            if isinstance(names, list) and names:
                found.setdefault(str(feature.get("name")), tuple(map(str, names)))
    return found


def _mappings(given: Any) -> list[Mapping[str, Any]]:
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _broken(what: str, path: Path) -> DataError:
    return DataError(
        f"the data set's card: {what}",
        where=str(path),
        expected="a README.md as the Hugging Face Hub has them, with YAML between two lines of ---",
        remedy="fetch it again, or mend it",
    )
