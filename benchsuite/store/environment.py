"""The environment a run is made in, for its record: Python, platform, device, packages, git state of the source."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import benchsuite
from benchsuite.extras import EXTRAS
from benchsuite.identity.numerics import Numerics
from benchsuite.store.record import Environment


def capture_environment(numerics: Numerics) -> Environment:
    """The environment of this process, whose runs are made with `numerics`."""
    return Environment(**numerics.model_dump(), **_of_process())


@cache
def _of_process() -> dict[str, Any]:
    """What is the same for all runs of a process: its code was read in once."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": package_versions(),
        "git": git_state(Path(benchsuite.__file__).parent),
    }


def distinct_environments(environments: Iterable[Environment]) -> tuple[Environment, ...]:
    """Each different environment once, the most frequent first."""
    forms = [(environment.model_dump_json(), environment) for environment in environments]
    first = dict(reversed(forms))
    return tuple(first[form] for form, _ in Counter(form for form, _ in forms).most_common())


def package_versions() -> dict[str, str]:
    """Versions of benchsuite, of what it and its extras depend on, and of all that bring a plugin, by name."""
    versions: dict[str, str] = {}
    for name in sorted({*_dependencies(), *_plugin_distributions()}):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # a dependency for other systems, or an extra that is not here
    return {**versions, "benchsuite": benchsuite.__version__}


def git_state(folder: Path) -> dict[str, str | bool] | None:
    """The commit that `folder`'s source belongs to and whether tracked files differ from it.

    None without git, outside a repository, and where the repository does not track the folder (a virtual
    environment inside somebody's project).
    """
    if shutil.which("git") is None or not _git(folder, "ls-files", "--", "."):
        return None
    commit = _git(folder, "rev-parse", "HEAD")
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    if not commit or status is None:
        return None
    return {"commit": commit, "dirty": bool(status)}


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, stripped; None when it fails."""
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}  # status must not lock the index of somebody at work
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, text=True, timeout=30, check=True, env=quiet,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _dependencies() -> Iterator[str]:
    try:
        requirements = metadata.requires("benchsuite") or []
    except metadata.PackageNotFoundError:
        return
    for requirement in requirements:
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        extra = re.search(r"extra == ['\"]([\w-]+)", requirement)
        if name and (extra is None or extra[1] in EXTRAS):
            yield name.group().lower()


def _plugin_distributions() -> Iterator[str]:
    for entry in metadata.entry_points(group="benchsuite"):
        if entry.dist is not None:
            yield entry.dist.name.lower()
