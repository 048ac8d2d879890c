"""The files of suites that can be named: those of the current folder, and those that plugins bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from benchsuite.registry.registry import Registry

LOCAL = Path("suites")
ENDINGS = (".yaml", ".yml")


def suite_files(registry: Registry) -> Mapping[str, tuple[Path, ...]]:
    """The suites that can be named, sorted, each with its files: one, unless two distributions use the same name.

    A file in `./suites` goes before the plugins' files of the same name: it is the one the user sees and edits.
    """
    found: dict[str, list[Path]] = {path.stem: [path] for path in suites_in(LOCAL)}
    local = set(found)
    for folder, _ in registry.suite_folders:
        for path in suites_in(folder):
            known = found.setdefault(path.stem, [])
            if path.stem not in local and path.resolve() not in [other.resolve() for other in known]:
                known.append(path)
    return {name: tuple(found[name]) for name in sorted(found)}


def suites_in(folder: Path) -> Iterable[Path]:
    return sorted(path for ending in ENDINGS for path in folder.glob(f"*{ending}"))
