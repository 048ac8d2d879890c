"""The registry: which plugins are installed, what they provide, and which of them had to be set aside."""

from benchsuite.registry.discovery import discover, registry, use_local
from benchsuite.registry.entry import (
    CASE_PARTS,
    KINDS,
    OURS,
    AmbiguousComponent,
    Entry,
    Kind,
    Quarantined,
    UnknownComponent,
)
from benchsuite.registry.registry import Registry, same_distribution

__all__ = [
    "CASE_PARTS",
    "KINDS",
    "OURS",
    "AmbiguousComponent",
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
