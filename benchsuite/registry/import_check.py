"""Whether importing the plugins comes back, tried in a process of its own, which a plugin may end or block."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchsuite.processes import ChildProcess, Parent, ProcessEnded, describe_exit
from benchsuite.registry.discovery import GROUP, Announcement
from benchsuite.registry.local_plugins import local_plugins, places

PATIENCE = 60.0
"""Seconds that importing them may take."""


@dataclass(frozen=True)
class HangingImport:
    """A plugin whose import ends or blocks its process."""

    name: str
    distribution: str
    how: str


def find_hanging_import(local: Sequence[Path] = ()) -> HangingImport | None:
    """The plugin that does not come back, of those that are installed, or of the places `local`; None when all do."""
    begun = ("the registry", "benchsuite")
    with ChildProcess(_import_all, tuple(local), output=subprocess.DEVNULL) as process, process.limited(PATIENCE):
        try:
            while (told := process.receive()) is not None:
                begun = told
        except ProcessEnded as ended:
            took, left = f"took more than {PATIENCE:.0f} s", f"ended the process ({describe_exit(ended.code or 0)})"
            return HangingImport(*begun, took if ended.timed_out else left)
    return None


def _import_all(parent: Parent, local: Sequence[Path]) -> None:
    """Import each plugin by itself and say which it is about to: the last one named is the one that never came back."""
    installed: Sequence[Announcement] = () if local else tuple(metadata.entry_points(group=GROUP))
    for point in (*installed, *local_plugins(local or places())):
        parent.send((point.name, str(getattr(point.dist, "name", "unknown"))))
        with suppress(BaseException):
            point.load()
    parent.send(None)
