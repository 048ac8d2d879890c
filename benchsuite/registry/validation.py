"""Inspection of one plugin before anything else sees it: its hooks, and the classes and folders they hand over.

Each plugin is first registered alone in a manager of its own, so that a broken one never touches the others.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import pluggy

from benchsuite import hookspecs
from benchsuite.contracts.kinds import Kind
from benchsuite.contracts.parameters import Parameters
from benchsuite.registry.kinds import KINDS, Component, hook_of, kind_of

PROJECT = "benchsuite"
NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
OBSERVER_HOOKS = ("benchsuite_run_started", "benchsuite_epoch_finished", "benchsuite_run_finished")

T = TypeVar("T")


class InvalidPlugin(Exception):
    """The plugin cannot be used; the message is the reason given to the user."""


@dataclass(frozen=True)
class Provided:
    """What one sound plugin provides."""

    components: tuple[tuple[Kind, Component], ...]
    suite_folders: tuple[Path, ...]
    observes: bool


def inspect_plugin(plugin: object) -> Provided:
    """Register `plugin` alone, call its declaring hooks and check all it hands over. Raises InvalidPlugin."""
    manager = new_manager()
    try:
        manager.register(plugin)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        raise InvalidPlugin(" ".join(str(error).split())) from error
    _refuse_wrappers_and_unmarked(plugin, manager)
    components: list[tuple[Kind, Component]] = []
    for kind in KINDS:
        hook = hook_of(kind)
        for given in _items(manager, hook):
            component = _instance(kind, given, hook)
            if any(kind == other and component.name == known.name for other, known in components):
                raise InvalidPlugin(f"{hook}: the name {component.name!r} is given twice")
            components.append((kind, component))
    folders = tuple(_folder(given) for given in _items(manager, "benchsuite_suite_folders"))
    observes = any(getattr(manager.hook, name).get_hookimpls() for name in OBSERVER_HOOKS)
    return Provided(components=tuple(components), suite_folders=folders, observes=observes)


class ClassesPlugin:
    """A plugin that provides these classes, by a hook for each kind. `benchsuite_api` is the version they state."""

    def __init__(self, classes: Iterable[type], benchsuite_api: object = None) -> None:
        self.benchsuite_api = benchsuite_api
        for kind in KINDS:
            own = [given for given in classes if kind_of(given) == kind]
            setattr(self, hook_of(kind), hookspecs.hookimpl(_returning(own)))


def _returning(classes: list[type]) -> Callable[[], list[type]]:
    return lambda: classes


def new_manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _refuse_wrappers_and_unmarked(plugin: object, manager: pluggy.PluginManager) -> None:
    """A wrapper would change what other plugins provide; a hook without its marker would silently do nothing."""
    for name in (name for name in dir(hookspecs) if name.startswith("benchsuite_")):
        implementations = getattr(manager.hook, name).get_hookimpls()
        if any(found.wrapper or found.hookwrapper for found in implementations):
            raise InvalidPlugin(f"{name} is a hook wrapper, which benchsuite does not accept")
        function = getattr(plugin, name, None)
        if callable(function) and not implementations and not hasattr(function, f"{PROJECT}_spec"):
            raise InvalidPlugin(f"{name} lacks the @hookimpl decorator")


def _items(manager: pluggy.PluginManager, hook: str) -> list[object]:
    """All that the plugin's implementation of `hook` returns, whatever kind of iterable it chose."""
    caller: Callable[[], list[object]] = getattr(manager.hook, hook)
    returned = guarded(caller, f"{hook} raised")
    items: list[object] = []
    for result in returned:
        if not isinstance(result, Iterable) or isinstance(result, str | bytes):
            raise InvalidPlugin(f"{hook} returned {_shown(result)}; expected a list")
        items += guarded(functools.partial(list, result), f"{hook} raised")
    return items


def guarded(call: Callable[[], T], doing: str) -> T:
    """Call a plugin's code; whatever it raises, even SystemExit, becomes InvalidPlugin."""
    try:
        return call()
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split())
        raise InvalidPlugin(f"{doing} {type(error).__name__}" + (f": {text}" if text else "")) from error


def _instance(kind: Kind, given: object, hook: str) -> Component:
    base = KINDS[kind].base
    if not isinstance(given, type):
        raise InvalidPlugin(f"{hook} returned {_shown(given)}; expected a class")
    if not issubclass(given, base):
        raise InvalidPlugin(f"{hook} returned the class {given.__name__}, which is no subclass of {base.__name__}")
    name = getattr(given, "name", None)
    if not isinstance(name, str):
        raise InvalidPlugin(f"{hook}: {given.__name__} has no `name`")
    if not NAME.fullmatch(name):
        raise InvalidPlugin(
            f"{hook}: {given.__name__} is named {name!r}; expected lower-case letters, digits and underscores"
        )
    if name in KINDS[kind].built_in:
        raise InvalidPlugin(f"{hook}: {given.__name__} is named {name!r}, as benchsuite's own {kind} is")
    parameters = getattr(given, "Parameters", None)
    if not (isinstance(parameters, type) and issubclass(parameters, Parameters)):
        raise InvalidPlugin(f"{hook}: {given.__name__} has no `Parameters`, a subclass of benchsuite.api.Parameters")
    if "name" in parameters.model_fields:
        raise InvalidPlugin(
            f"{hook}: a parameter of {given.__name__} is called `name`, which suites use for the {kind}"
        )
    return cast("Component", guarded(given, f"{given.__name__}() raised"))


def _folder(given: object) -> Path:
    if not isinstance(given, str | Path):
        raise InvalidPlugin(f"benchsuite_suite_folders returned {_shown(given)}; expected a path")
    folder = Path(given)
    if not folder.is_dir():
        raise InvalidPlugin(f"benchsuite_suite_folders names {folder}, which is no folder")
    return folder


def _shown(value: object) -> str:
    return guarded(lambda: f"{value!r:.60}", "printing what it returned raised")
