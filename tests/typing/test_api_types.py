"""The types of `benchsuite.api` are what plugin authors build on: mypy --strict says of a plugin what is written here.

mypy is run as a plugin's author would run it: strict, without our configuration and without pydantic's plugin.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import benchsuite.api

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ACCEPTED, REFUSED = HERE / "accepted.py", HERE / "refused.py"

Errors = dict[tuple[str, int], set[str]]
"""The codes of errors by file and line."""


@cache
def said_by_mypy() -> str:
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--follow-imports=silent", "--no-pretty"]
    options = ["--show-error-codes", "--no-error-summary", "--cache-dir", str(ROOT / ".mypy_cache" / "plugin_authors")]
    done = subprocess.run(
        [*command, *options, ACCEPTED.name, REFUSED.name],
        cwd=HERE,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr + done.stdout
    return done.stdout


def errors_found() -> Errors:
    found: Errors = defaultdict(set)
    for name, line, code in re.findall(r"^(\S+?):(\d+): error: .*\[([a-z-]+)\]$", said_by_mypy(), re.M):
        found[name, int(line)].add(code)
    return found


def errors_expected() -> Errors:
    lines = enumerate(REFUSED.read_text(encoding="utf-8").splitlines(), 1)
    marked = ((number, re.search(r"# error: (.+)$", line)) for number, line in lines)
    return {(REFUSED.name, number): set(mark[1].split(", ")) for number, mark in marked if mark}


def test_what_authors_may_write_is_accepted() -> None:
    assert not [place for place in errors_found() if place[0] == ACCEPTED.name], said_by_mypy()


def test_every_mistake_is_refused_and_nothing_else() -> None:
    assert errors_found() == errors_expected(), said_by_mypy()


def test_every_name_for_authors_is_used() -> None:
    """So that a new name gets a place here; errors that are only raised, and the version, have no types to test."""
    text = ACCEPTED.read_text(encoding="utf-8") + REFUSED.read_text(encoding="utf-8")
    untyped = {"API_VERSION", "DataError", "PluginError", "TrainingError", "WeightsError"}
    unused = {name for name in benchsuite.api.__all__ if not re.search(rf"\b{name}\b", text)}
    assert unused <= untyped | {"Provenance", "RunResult"}
