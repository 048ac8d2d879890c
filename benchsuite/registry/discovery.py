"""Discovery: find the plugins that installed distributions announce, load each, and set the broken ones aside."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from benchsuite.contracts.kinds import Kind
from benchsuite.registry.api_version import ATTRIBUTE, agree
from benchsuite.registry.entry import Entry, Quarantined
from benchsuite.registry.kinds import KINDS
from benchsuite.registry.local_plugins import DISTRIBUTION, add_places, local_plugins, places
from benchsuite.registry.registry import Registry
from benchsuite.registry.validation import InvalidPlugin, Provided, guarded, inspect_plugin, new_manager

GROUP = "benchsuite"


class Announcement(Protocol):
    """The part of `importlib.metadata.EntryPoint` that discovery needs."""

    @property
    def name(self) -> str: ...

    @property
    def dist(self) -> Any: ...

    def load(self) -> Any: ...


@functools.cache
def registry() -> Registry:
    """The registry of this process: what is installed, and the local plugins it was told of. Raises PluginError."""
    return discover(local=places())


def use_local(more: Sequence[Path]) -> Registry:
    """The registry of this process from now on, with the local plugins at these places too. Raises PluginError."""
    add_places(more)
    registry.cache_clear()
    return registry()


def discover(entry_points: Iterable[Announcement] | None = None, local: Sequence[Path] = ()) -> Registry:
    """Load every plugin of the entry-point group `benchsuite` (or the given ones), and those at the places `local`.

    Never raises for a bad plugin; PluginError for a place that holds none. Plugins are taken in the order of their
    distribution's name, so that nothing depends on the file system.
    """
    installed = metadata.entry_points(group=GROUP) if entry_points is None else entry_points
    announced: list[Announcement] = [*installed, *local_plugins(local)]
    manager = new_manager()
    found: dict[Kind, dict[str, list[Entry]]] = {kind: {} for kind in KINDS}
    folders: list[tuple[Path, str]] = []
    observers: list[tuple[str, object]] = []
    quarantined: list[Quarantined] = []
    notices: list[tuple[str, str]] = []
    for point in sorted(announced, key=lambda point: (_owner(point), point.name)):
        distribution, version = _owner(point)
        try:
            plugin = guarded(point.load, "importing it raised")
            if plugin is None:
                continue
            if manager.is_registered(plugin):
                raise InvalidPlugin(f"the same plugin is already announced as {manager.get_name(plugin)}")
            stated = guarded(functools.partial(getattr, plugin, ATTRIBUTE, None), f"reading {ATTRIBUTE} raised")
            notice = agree(stated) if stated is not None or distribution != DISTRIBUTION else None
            provided = inspect_plugin(plugin)
            entries = _entries(provided, distribution, version)
            _refuse_known(entries, found)
            manager.register(plugin, name=f"{distribution}:{point.name}")
        except InvalidPlugin as invalid:
            quarantined.append(Quarantined(distribution, version, point.name, str(invalid)))
            continue
        notices += [(distribution, notice)] if notice else []
        for entry in entries:
            found[entry.kind].setdefault(entry.name, []).append(entry)
        folders += [(folder, distribution) for folder in provided.suite_folders]
        observers += [(distribution, plugin)] if provided.observes else []
    return Registry(
        by_kind={kind: _frozen(entries) for kind, entries in found.items()},
        suite_folders=tuple(folders),
        observers=tuple(observers),
        quarantined=tuple(quarantined),
        notices=tuple(notices),
        manager=manager,
    )


def _owner(point: Announcement) -> tuple[str, str]:
    """Name and version of the announcing distribution; broken metadata must not stop the others."""
    try:
        return str(point.dist.name), str(point.dist.version)
    except Exception:
        return "unknown", "unknown"


def _entries(provided: Provided, distribution: str, version: str) -> list[Entry]:
    return [
        Entry(component.name, kind, component, distribution, version, type(component).__module__)
        for kind, component in provided.components
    ]


def _refuse_known(entries: list[Entry], found: dict[Kind, dict[str, list[Entry]]]) -> None:
    """Within one distribution a name must be unique: `distribution:name` could not tell two of them apart."""
    for entry in entries:
        if any(entry.distribution == known.distribution for known in found[entry.kind].get(entry.name, ())):
            raise InvalidPlugin(
                f"another plugin of {entry.distribution} already provides the {entry.kind} {entry.name!r}"
            )


def _frozen(entries: dict[str, list[Entry]]) -> MappingProxyType[str, tuple[Entry, ...]]:
    return MappingProxyType({name: tuple(entries[name]) for name in sorted(entries)})
