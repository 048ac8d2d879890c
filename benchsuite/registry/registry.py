"""The registry of components: look one up by `name` or `distribution:name`, and be told what would have worked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pluggy

from benchsuite.contracts.kinds import Kind
from benchsuite.registry.entry import AmbiguousComponent, Entry, Quarantined, UnknownComponent
from benchsuite.registry.kinds import KINDS
from benchsuite.registry.validation import new_manager


@dataclass(frozen=True)
class Registry:
    """Everything the installed plugins provide. Made by `discover`; never changes afterwards.

    `observers` pairs each plugin that implements an observer hook with its distribution; `relay(plugin)` calls that
    plugin alone, so that whoever raises can be named. `notices` pair a distribution with what its authors should mend
    before a coming version.
    """

    by_kind: Mapping[Kind, Mapping[str, tuple[Entry, ...]]]
    """The components of each kind, by name."""
    suite_folders: tuple[tuple[Path, str], ...]
    observers: tuple[tuple[str, object], ...]
    quarantined: tuple[Quarantined, ...]
    notices: tuple[tuple[str, str], ...]
    manager: pluggy.PluginManager

    def relay(self, plugin: object) -> pluggy.HookRelay:
        """The hooks of this one plugin; a hook that it does not implement does nothing."""
        alone = new_manager()
        alone.register(plugin)
        return alone.hook

    def dataset(self, name: str) -> Entry:
        """The data set of this name. Raises UnknownComponent or AmbiguousComponent, as `model` and `recipe` do."""
        return self.entry("dataset", name)

    def model(self, name: str) -> Entry:
        return self.entry("model", name)

    def recipe(self, name: str) -> Entry:
        return self.entry("recipe", name)

    def metric(self, name: str) -> Entry:
        return self.entry("metric", name)

    def figure(self, name: str) -> Entry:
        return self.entry("figure", name)

    def entries(self, kind: Kind) -> Mapping[str, tuple[Entry, ...]]:
        """All components of a kind, by name."""
        return self.by_kind[kind]

    @property
    def components(self) -> tuple[Entry, ...]:
        """The components of all kinds."""
        return tuple(entry for known in self.by_kind.values() for found in known.values() for entry in found)

    def entry(self, kind: Kind, name: str) -> Entry:
        """The component of this kind and name, where `name` may be written `distribution:name`."""
        entries = self.entries(kind)
        distribution, _, short = name.rpartition(":")
        found = entries.get(short, ())
        if distribution:
            found = tuple(entry for entry in found if same_distribution(entry.distribution, distribution))
        if len(found) == 1:
            return found[0]
        raise self._ambiguous(kind, name, found) if found else self._unknown(kind, name)

    def _ambiguous(self, kind: Kind, name: str, found: tuple[Entry, ...]) -> AmbiguousComponent:
        choices = tuple(entry.qualified_name for entry in found)
        owners = " and ".join(f"{entry.distribution} {entry.version}" for entry in found)
        error = AmbiguousComponent(
            f"several distributions provide a {kind} named {name!r}: {owners}",
            expected=f"one of: {', '.join(choices)}",
            remedy=f"write the distribution before the name, as in {choices[0]!r}",
        )
        error.allowed = choices
        return error

    def _unknown(self, kind: Kind, name: str) -> UnknownComponent:
        names = (*KINDS[kind].built_in, *self.names(kind))
        folded = {known.casefold(): known for known in names}
        close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
        remedy = f"did you mean {folded[close[0]]!r}?" if close else f"install the plugin that provides the {kind}"
        if self.quarantined:
            broken = ", ".join(f"{q.distribution} ({q.reason})" for q in self.quarantined[:3])
            remedy += f"{'' if close else '.'} Plugins that could not be used: {broken}"
        error = UnknownComponent(
            f"no {kind} is named {name!r}",
            expected=f"one of: {', '.join(names)}" if names else f"no installed plugin provides a {kind}",
            remedy=remedy,
        )
        error.allowed = names
        error.suggestion = close[0] if close else None
        return error

    def names(self, kind: Kind) -> tuple[str, ...]:
        """The names a suite may write, sorted; qualified by the distribution where they would be ambiguous."""
        names: list[str] = []
        for name, found in self.entries(kind).items():
            names += [name] if len(found) == 1 else [entry.qualified_name for entry in found]
        return tuple(sorted(names))


def same_distribution(one: str, other: str) -> bool:
    """Whether two spellings name one distribution, as the packaging standards compare them."""
    return one == other or re.sub(r"[-_.]+", "-", one).lower() == re.sub(r"[-_.]+", "-", other).lower()
