"""Conformance cards: what was checked of a component, kept in the user's data folder.

A card holds for the source that was checked: `find` says when the source has changed since.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchsuite import __version__
from benchsuite.atomic_files import write_text
from benchsuite.contracts.kinds import Kind
from benchsuite.contracts.version import API_VERSION
from benchsuite.identity.source_fingerprint import component_fingerprint
from benchsuite.identity.torch_build import torch_build
from benchsuite.registry.entry import Entry


class Check(BaseModel):
    """One rule checked. `detail` says what was found, `printed` what the component printed while it failed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    status: Literal["passed", "failed", "skipped"]
    detail: str = ""
    means: str = ""
    remedy: str = ""
    printed: str = ""
    seconds: float = 0.0

    def describe(self) -> str:
        """A broken rule: what was found, what that means, its remedy, and what was printed meanwhile."""
        lines = [self.detail, f"  means: {self.means}", f"  remedy: {self.remedy}"]
        if self.printed:
            lines += ["  printed:", *(f"    {line}" for line in self.printed.splitlines())]
        return "\n".join(lines)


class Card(BaseModel):
    """All checks of one component, with what was checked and by what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[2] = 2
    kind: Kind
    name: str
    distribution: str
    version: str
    parameters: Mapping[str, Any]
    """What the component was checked with, where it is not the defaults."""
    fingerprint: str
    """Of the component's source (`identity.source_fingerprint.component_fingerprint`)."""
    benchsuite: str
    api: str
    """Version of the contract that the rules belong to."""
    torch: str
    checks: tuple[Check, ...]
    outdated: bool = Field(default=False, exclude=True)
    """Whether the component's source has changed since; known to `find` alone."""

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.status == "failed")

    @property
    def summary(self) -> str:
        """As listings show it: "18 of 18 checks", or "outdated"."""
        if self.outdated:
            return "outdated"
        applied = [check for check in self.checks if check.status != "skipped"]
        return f"{len(applied) - len(self.failed)} of {len(applied)} checks"


def make_card(entry: Entry, given: Mapping[str, Any], checks: Iterable[Check]) -> Card:
    """The card of a component that was checked with the parameters `given`."""
    return Card(
        kind=entry.kind,
        name=entry.name,
        distribution=entry.distribution,
        version=entry.version,
        parameters=dict(given),
        fingerprint=component_fingerprint(entry.module),
        benchsuite=__version__,
        api=API_VERSION,
        torch=torch_build()["version"] or "unknown",
        checks=tuple(checks),
    )


def cards_root() -> Path:
    """The user's folder of cards, or the folder that BENCHSUITE_CARDS names."""
    named = os.environ.get("BENCHSUITE_CARDS")
    return Path(named).expanduser().resolve() if named else Path(platformdirs.user_data_dir("benchsuite")) / "cards"


def store(card: Card) -> Path:
    """Keep the card in place of an earlier one; returns its file. Raises StoreError."""
    path = _path(card.distribution, card.kind, card.name)
    write_text(path, card.model_dump_json(indent=1) + "\n")
    return path


def is_kept(distribution: str, kind: Kind, name: str) -> bool:
    """Whether there is a card of a component, of whatever source."""
    return _path(distribution, kind, name).is_file()


def find(distribution: str, kind: Kind, name: str, fingerprint: str) -> Card | None:
    """The card of a component, `outdated` unless it was made of the source with this fingerprint; None without one.

    A card that cannot be read, or that another schema wrote, is none.
    """
    try:
        card = Card.model_validate_json(_path(distribution, kind, name).read_bytes())
    except (OSError, ValidationError):
        return None
    return card.model_copy(update={"outdated": card.fingerprint != fingerprint})


def _path(distribution: str, kind: Kind, name: str) -> Path:
    folder = re.sub(r"[^a-z0-9]+", "-", distribution.lower())
    return cards_root() / folder / f"{kind}-{name}.json"
