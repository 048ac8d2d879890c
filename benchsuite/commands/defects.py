"""What a user is told of an exception that nobody foresaw: whose code raised it, and where its traceback lies."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path

from benchsuite.errors import BenchsuiteError, PluginError


def explained(error: Exception) -> BenchsuiteError:
    """A defect as one screen: a plugin's where its code took part, else benchsuite's own. Keeps the traceback."""
    what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else "unknown"
    kept = f"the traceback is in {_keep(error)}"
    for module, owner in _plugin_files().items():
        raised = [frame for frame in frames if frame.filename == module]
        if raised:
            return PluginError(
                f"a plugin of {owner} raised {what}",
                where=f"{raised[-1].filename}:{raised[-1].lineno} in {raised[-1].name}",
                expected="methods that raise benchsuite's own errors for what a user can mend",
                remedy=f"tell the authors of {owner}, or uninstall it; {kept}",
            )
    return BenchsuiteError(
        f"a defect of benchsuite: {what}", where=at, remedy=f"please report it; {kept}. Finished runs are safe"
    )


def _plugin_files() -> dict[str, str]:
    """The source file of every third party's component, with the distribution that brought it."""
    from benchsuite.registry import registry

    known = registry()
    components = [
        entry
        for entries in (*known.datasets.values(), *known.models.values(), *known.recipes.values())
        for entry in entries
    ]
    modules = {entry.module: f"{entry.distribution} {entry.version}" for entry in components}
    files = {getattr(sys.modules.get(name), "__file__", None): owner for name, owner in modules.items()}
    return {file: owner for file, owner in files.items() if file is not None}


def _keep(error: Exception) -> Path:
    number, path = tempfile.mkstemp(prefix="benchsuite-", suffix=".traceback.txt")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.writelines(traceback.format_exception(error))
    return Path(path)
