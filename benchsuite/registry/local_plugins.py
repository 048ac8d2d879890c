"""Local plugins: Python files, or folders of them, that are used without being installed.

The project of a package, with its code in `src`, is a folder of plugins, too.

A file is imported under its own name, with its folder at the end of Python's search path, so that workers and
fingerprints find it as they find every other module. It may implement hooks as an installed plugin does; where it
does not, every component class that it defines is provided.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchsuite.errors import PluginError
from benchsuite.registry.kinds import BASES, kind_of
from benchsuite.registry.validation import ClassesPlugin, InvalidPlugin

DISTRIBUTION = "local"
VARIABLE = "BENCHSUITE_PLUGINS"
"""Where a process keeps the places of its local plugins, so that the processes it starts have them too."""
READ = "__benchsuite_read__"
"""In a local module: the version of its file that this process has read."""
NO_PLUGINS = ("_", "test_", "conftest", "setup")
"""How files begin that a folder of plugins may hold beside them."""


@dataclass(frozen=True)
class Owner:
    """Stands for the distribution of a local file; the version is the beginning of its SHA-256."""

    name: str
    version: str


@dataclass(frozen=True)
class LocalPlugin:
    """A local file, announced as an entry point would be. `required` ones were named by themselves."""

    path: Path
    required: bool

    @property
    def name(self) -> str:
        return self.path.parent.name if self.path.name == "__init__.py" else self.path.stem

    @functools.cached_property
    def dist(self) -> Owner:
        return Owner(DISTRIBUTION, hashlib.sha256(self.path.read_bytes()).hexdigest()[:12])

    def load(self) -> Any:
        """The plugin, or None for a file that provides nothing and was not named by itself."""
        folder = self.path.parent.parent if self.path.name == "__init__.py" else self.path.parent
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
            importlib.invalidate_caches()
        self._forget_older()
        module = importlib.import_module(self.name)
        module.__dict__[READ] = self.dist.version
        found = Path(module.__file__ or "").resolve()
        if found != self.path:
            raise InvalidPlugin(f"another module is called {self.name!r} ({found}): rename the file")
        if any(hasattr(value, "benchsuite_impl") for value in vars(module).values()):
            return module
        classes = _defined(module)
        if not classes and self.required:
            raise InvalidPlugin(f"it implements no hook and defines no {BASES} with a name")
        return ClassesPlugin(classes, getattr(module, "benchsuite_api", None)) if classes else None

    def _forget_older(self) -> None:
        """Let the module be read again where it has changed since this process read it, as it does in notebooks."""
        if getattr(sys.modules.get(self.name), READ, self.dist.version) != self.dist.version:
            for name in [name for name in sys.modules if name == self.name or name.startswith(f"{self.name}.")]:
                del sys.modules[name]


def _defined(module: ModuleType) -> list[type]:
    """The component classes that a module itself defines, abstract ones left out."""
    return [
        value
        for value in vars(module).values()
        if kind_of(value) is not None
        and value.__module__ == module.__name__
        and isinstance(getattr(value, "name", None), str)
    ]


def local_plugins(places: Sequence[Path]) -> Iterator[LocalPlugin]:
    """The plugins at these places, each a Python file, a package, or a folder of either. Raises PluginError."""
    seen: set[Path] = set()
    for place in places:
        for path, required in _files(place):
            if path not in seen:
                seen.add(path)
                yield LocalPlugin(path, required)


def _files(place: Path) -> Iterator[tuple[Path, bool]]:
    resolved = place.expanduser().resolve()
    if resolved.is_file() and resolved.suffix == ".py":
        yield resolved, True
    elif (resolved / "__init__.py").is_file():
        yield resolved / "__init__.py", True
    elif (resolved / "src").is_dir() and (resolved / "pyproject.toml").is_file():  # the project of a package
        yield from _files(resolved / "src")
    elif resolved.is_dir():
        for path in sorted(resolved.iterdir()):
            if path.suffix == ".py" and path.is_file() and not path.name.startswith(NO_PLUGINS):
                yield path, False
            elif (path / "__init__.py").is_file() and path.name.isidentifier() and path.name != "tests":
                yield path / "__init__.py", False
    else:
        raise PluginError(
            "there is no plugin at this place" if resolved.exists() else "there is nothing at this place",
            where=str(place),
            expected="a Python file, or a folder of Python files",
            remedy="correct --plugins, BENCHSUITE_PLUGINS or the suite's `plugins`",
        )


def places() -> tuple[Path, ...]:
    """The places that this process was told of."""
    return tuple(Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part)


def add_places(more: Sequence[Path]) -> None:
    """Tell this process, and those it will start, of more places. Raises PluginError for one that is none."""
    if not more:
        return
    for place in more:
        list(_files(place))
    known = [str(place) for place in places()]
    known += [at for at in (str(place.expanduser().resolve()) for place in more) if at not in known]
    os.environ[VARIABLE] = os.pathsep.join(known)
