"""The row of each suite in `benchsuite list`, remembered by all that it follows from.

To read, check and expand every suite takes longer than all else that the command does. What comes of it stays the same
as long as the suite, what stands beside it, benchsuite, its libraries and its components do. Remembered are sound
suites of benchsuite's own components: what the code of others looks at is not known.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import benchsuite
from benchsuite.errors import PluginError
from benchsuite.file_stamps import ABSENT, Stamp, files_stamp, memory_of, recall, remember
from benchsuite.registry import CASE_PARTS, OURS, Registry, discover
from benchsuite.registry.local_plugins import places
from benchsuite.registry.suite_files import suite_files, suites_in
from benchsuite.settings import cache_root

if TYPE_CHECKING:
    from benchsuite.suite.cases.plan import Case
    from benchsuite.suite.schema.suite import Suite

PLACE = "listings"
LIBRARIES = ("pydantic", "pydantic-core", "PyYAML", "pybtex")
"""Those that have a say in whether a suite is sound."""
READ = 1_000_001
"""Bytes of a file that are looked at; a suite or bibliography that has as many is refused, whatever comes after."""


def suite_rows(known: Registry) -> list[dict[str, Any]]:
    """Name, number of cases and of runs, and title of each suite, or in its place what is wrong with it."""
    memory = memory_of(Path.cwd(), cache_root() / PLACE)
    before, code, files = recall(memory), _code(known), suite_files(known)
    content = {folder: _content(folder) for folder in {path.parent for path, *_ in files.values()}}
    now: dict[str, tuple[Stamp, str]] = {}
    rows = []
    for name, (path, *_) in files.items():
        stamp = (*content[path.parent], *code)
        remembered = before.get(name)
        if remembered is not None and remembered[0] == stamp:
            now[name] = remembered
            rows.append(json.loads(remembered[1]))
            continue
        row, lasting = _row(name, path, known)
        rows.append(row)
        if lasting and stamp == (*_content(path.parent), *code):  # nothing was changed while it was read
            now[name] = (stamp, json.dumps(row))
    if now != before:
        remember(memory, now)
    return rows


def _row(name: str, path: Path, known: Registry) -> tuple[dict[str, Any], bool]:
    """The row of a suite, and whether it follows from what is stamped alone."""
    from benchsuite.suite.planning.expand import expand
    from benchsuite.suite.reader import is_report, plugins_of, read_suite
    from benchsuite.suite.reports import read_report
    from benchsuite.suite.source.problems import SuiteError

    try:
        if is_report(path):
            gathered = read_report(path, known)
            title = f"{gathered.report.title} (a report on {', '.join(gathered.files)})".strip()
            beside = all(file.parent == path.parent for file in gathered.files.values())
            ours = (_is_ours(its.suite, its.cases, known) for its in gathered.vocabulary.studies.values())
            return {"name": name, "cases": 0, "runs": 0, "title": title}, beside and all(ours)
        own = plugins_of(path)
        its = discover(local=(*places(), *own)) if own else known
        suite = read_suite(path, its)
        plan = expand(suite, its)
    except (SuiteError, PluginError) as error:
        return {"name": name, "cases": 0, "runs": 0, "title": f"INVALID: {str(error).splitlines()[0]}"}, False
    runs = len(plan.runs) + plan.following
    return {"name": name, "cases": len(plan.cases), "runs": runs, "title": suite.title}, _is_ours(
        suite, plan.cases, its
    )


def _is_ours(suite: Suite, cases: Iterable[Case], known: Registry) -> bool:
    """Whether no code but benchsuite's own can have had a say."""
    if suite.plugins:
        return False
    if all(entry.distribution == OURS for entry in known.components):
        return True
    named = {getattr(case, kind).distribution for case in cases for kind in CASE_PARTS}
    return named == {OURS} and suite.search is None and not suite.paper.figures


def _content(folder: Path) -> Stamp:
    """Stands for the content of all suites of a folder, of which a report gathers some, and of its bibliographies."""
    found = hashlib.sha256()
    for file in (*suites_in(folder), *sorted(folder.glob("*.bib"))):
        try:
            content = _beginning(file) if file.is_file() else b""
        except OSError as error:
            content = str(error.errno).encode()
        found.update(b"%d %s %d " % (file.is_file(), os.fsencode(file.name), len(content)))
        found.update(content)
    return (int(found.hexdigest(), 16), *ABSENT[1:])


def _beginning(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(READ)


def _code(known: Registry) -> Stamp:
    """Stands for benchsuite, its libraries and the components that there are; as old as the youngest of its files."""
    ours = {entry.module.partition(".")[0] for entry in known.components if entry.distribution == OURS}
    packages = [benchsuite, *(sys.modules[name] for name in sorted(ours))]
    stamp = files_stamp(_files(Path(package.__file__ or "").parent for package in packages))
    named = [(entry.kind, entry.qualified_name, entry.version) for entry in known.components]
    also = [sys.version, *map(metadata.version, LIBRARIES), *(str(path) for path, _ in known.suite_folders)]
    digest = hashlib.sha256(repr((stamp, named, also)).encode()).hexdigest()
    step = len(ABSENT)
    return int(digest, 16), max(stamp[1::step]), max(stamp[2::step]), 0


def _files(folders: Iterable[Path]) -> Iterable[str]:
    for folder in folders:
        for place, _, names in sorted(os.walk(folder)):
            if not place.endswith("__pycache__"):
                yield from (f"{place}{os.sep}{name}" for name in sorted(names))
