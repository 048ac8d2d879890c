"""Processes that we start: they find the same packages as we do, and it is said what they died of."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def with_our_packages() -> dict[str, str]:
    """The environment for a Python that is to import what this one would."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}


def ending(code: int) -> str:
    """What an exit code tells: "exit code 3", or "SIGKILL" for a process that was killed."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
