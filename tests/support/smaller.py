"""Environments with less than this one: without some modules, or with what some requirements bring and nothing else.

Both hold for every process that is started from them.
"""

from __future__ import annotations

import sysconfig
import venv
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

BLOCK = """
import sys


class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
            spec = next(filter(None, found), None)
            if spec is not None:
                spec.loader = self
            return spec

    def create_module(self, spec):
        raise ModuleNotFoundError(f"{{spec.name}} is blocked", name=spec.name)

    def exec_module(self, module): ...


sys.meta_path.insert(0, Blocked())
"""


def block(folder: Path, *names: str) -> Path:
    """A folder for PYTHONPATH with which these modules are found and cannot be imported."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BLOCK.format(names=names))
    return folder


def make_environment(folder: Path, requirements: Iterable[str]) -> Path:
    """An environment below `folder` as pip makes one for these requirements, and benchsuite from this checkout; its
    interpreter. Packages are links into this one's, what they require is read from their metadata."""
    home = folder / "env"
    venv.create(home)
    (packages,) = home.glob("lib/python*/site-packages")
    for name in (*brought_by(requirements), "benchsuite"):
        # Not what a build has left of the metadata in the checkout, which comes first where tests are started.
        (distribution, *_) = metadata.distributions(name=name, path=[sysconfig.get_path("purelib")])
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            if not (packages / top).exists():  # several may share a folder
                (packages / top).symlink_to(Path(str(distribution.locate_file(top))))
    return home / "bin" / "python"


def brought_by(requirements: Iterable[str]) -> set[str]:
    """The distributions that pip installs for these requirements: with what they require themselves."""
    todo = [(Requirement(text), "") for text in requirements]
    seen: set[tuple[str, str]] = set()
    while todo:
        wanted, asked_by = todo.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": asked_by}):
            continue
        name = canonicalize_name(wanted.name)
        for extra in ("", *wanted.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                todo += [(Requirement(text), extra) for text in metadata.requires(name) or ()]
    return {name for name, _ in seen}
