"""Where a component comes from, as plain data, so that another process loads the very same one."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from benchsuite.errors import PluginError
from benchsuite.registry import Entry, Kind, Quarantined, Registry, discover
from benchsuite.registry.discovery import GROUP
from benchsuite.registry.kinds import BASES, kind_of
from benchsuite.registry.validation import ClassesPlugin, InvalidPlugin, inspect_plugin

UNPUBLISHED = "unpublished"
"""The distribution of a class that no plugin announces."""


@dataclass(frozen=True)
class Announced:
    """A component of an installed distribution, or of the files of `local`."""

    kind: Kind
    name: str
    distribution: str
    local: tuple[Path, ...] = ()

    def load(self) -> Entry:
        """Load the plugins of its distribution alone. Raises PluginError when they cannot be used."""
        found = self._registry()
        if self.name not in found.entries(self.kind) and found.quarantined:
            raise unusable(found.quarantined[0])
        return found.entry(self.kind, f"{self.distribution}:{self.name}")

    def _registry(self) -> Registry:
        if self.local:
            return local_registry(self.local)
        own = [point for point in metadata.entry_points(group=GROUP) if _owner(point) == self.distribution]
        return discover(own)


@dataclass(frozen=True)
class Declared:
    """A class by the module that defines it, whether or not a plugin announces it."""

    module: str
    file: str
    qualname: str

    @classmethod
    def of(cls, component: type) -> Declared:
        file = getattr(sys.modules.get(component.__module__), "__file__", None)
        return cls(component.__module__, str(file or ""), component.__qualname__)

    def load(self) -> Entry:
        """Import the class. Raises PluginError when it is none that benchsuite could use."""
        given: Any = self._module()
        for part in self.qualname.split("."):
            given = getattr(given, part, None)
        kind = kind_of(given)
        if kind is None:
            raise PluginError(
                f"{self.qualname} is no component that another process could import",
                where=self.file or self.module,
                expected=f"a class at the top of a module, derived from benchsuite.api.{BASES}",
                remedy="move the class to the top of its module",
            )
        plugin = ClassesPlugin([given])
        try:
            ((_, component),) = inspect_plugin(plugin).components
        except InvalidPlugin as invalid:
            raise PluginError(
                str(invalid), where=self.file or self.module, remedy="correct the class, and check it again"
            ) from invalid
        return Entry(component.name, kind, component, UNPUBLISHED, "0", self.module)

    def _module(self) -> Any:
        try:
            return importlib.import_module(self.module)
        except ModuleNotFoundError:
            spec = importlib.util.spec_from_file_location(self.module, self.file) if self.file else None
            if spec is None or spec.loader is None:
                raise
            module = importlib.util.module_from_spec(spec)
            sys.modules[self.module] = module
            spec.loader.exec_module(module)
            return module


Origin = Announced | Declared


def local_registry(paths: tuple[Path, ...]) -> Registry:
    """The components of plugin files, and of folders of them."""
    return discover((), local=paths)


def unusable(bad: Quarantined) -> PluginError:
    """What to tell the user of a plugin that had to be set aside."""
    return PluginError(
        f"the plugin {bad.entry_point} cannot be used: {bad.reason}",
        where=f"{bad.distribution} {bad.version}",
        expected="a plugin that benchsuite can load",
        remedy="correct it, and check it again",
    )


def _owner(point: metadata.EntryPoint) -> str:
    return str(point.dist.name) if point.dist is not None else ""
