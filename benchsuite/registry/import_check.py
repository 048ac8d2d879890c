"""Probing: whether importing the plugins comes back, tried in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchsuite.processes import ending, with_our_packages

PATIENCE = 60.0
"""Seconds that importing them may take."""
LOADING = """
import json, sys
from importlib import metadata
from pathlib import Path
from benchsuite.registry.discovery import GROUP
from benchsuite.registry.local_plugins import local_plugins, places
tell = lambda *facts: (sys.__stdout__.write(json.dumps(facts) + "\\n"), sys.__stdout__.flush())
sys.stdout = sys.stderr
named = [Path(place) for place in sys.argv[1:]]
for point in [*([] if named else metadata.entry_points(group=GROUP)), *local_plugins(named or places())]:
    tell("begun", point.name, str(getattr(point.dist, "name", "unknown")))
    try:
        point.load()
    except BaseException:
        pass
tell("done", "", "")
"""
"""Imports each plugin by itself and says which it is about to: the last one named is the one that never came back."""


@dataclass(frozen=True)
class Stuck:
    """A plugin whose import ends or blocks its process."""

    name: str
    distribution: str
    how: str


def stuck(local: Sequence[Path] = ()) -> Stuck | None:
    """The plugin that does not come back, of those that are installed, or of the places `local`; None when all do."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", LOADING, *map(str, local)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            env=with_our_packages(),
            check=False,
        )
        told, how = done.stdout, f"ended the process ({ending(done.returncode)})"
    except subprocess.TimeoutExpired as hung:
        told, how = hung.stdout or b"", f"took more than {PATIENCE:.0f} s"
    lines = [json.loads(line) for line in told.decode(errors="replace").splitlines() if line.startswith("[")]
    if lines and lines[-1][0] == "done":
        return None
    _, name, distribution = lines[-1] if lines else ("", "the registry", "benchsuite")
    return Stuck(name, distribution, how)
