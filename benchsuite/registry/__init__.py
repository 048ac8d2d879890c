"""The registry: which plugins are installed, what they provide, and which of them had to be set aside."""

from benchsuite.contracts.kinds import Kind
from benchsuite.registry.discovery import discover, registry, use_local
from benchsuite.registry.entry import (
    OURS,
    AmbiguousComponent,
    Entry,
    Quarantined,
    UnknownComponent,
)
from benchsuite.registry.kinds import CASE_PARTS, KINDS, Component
from benchsuite.registry.registry import Registry, same_distribution

__all__ = [
    "CASE_PARTS",
    "KINDS",
    "OURS",
    "AmbiguousComponent",
    "Component",
    "Entry",
    "Kind",
    "Quarantined",
    "Registry",
    "UnknownComponent",
    "discover",
    "registry",
    "same_distribution",
    "use_local",
]
