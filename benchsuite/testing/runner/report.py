"""The report on one component: its card, and a broken rule in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchsuite import __version__
from benchsuite.contracts.version import API_VERSION
from benchsuite.identity.numerics import torch_build
from benchsuite.identity.source_fingerprint import component_fingerprint
from benchsuite.registry import Entry
from benchsuite.testing.runner.conformance_cards import Card, Check


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


def describe_broken(check: Check) -> str:
    """A broken rule: what was found, what that means, how to remedy it, and what was printed meanwhile."""
    lines = [check.detail, f"  means: {check.means}", f"  remedy: {check.remedy}"]
    if check.printed:
        lines += ["  printed:", *(f"    {line}" for line in check.printed.splitlines())]
    return "\n".join(lines)
