"""What is logged: by workers to their parent and into the logs of runs, and by a library to nobody."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import benchsuite
from support.program import Program, make_program

ROOMS = Path(benchsuite.__file__).parent
SPEAKING = ("cli.py", "commands", "testing")
"""The rooms that may print: commands, and the kit, whose checks print what the author of a plugin reads."""
SMOKE = ("--policy", "sample", "--no-paper", "--no-estimate")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    yield from make_program(tmp_path, monkeypatch, capsys)


def test_rooms_below_the_commands_print_nothing() -> None:
    """Whoever uses benchsuite as a library decides what is shown."""
    for path in ROOMS.rglob("*.py"):
        if path.relative_to(ROOMS).parts[0] in SPEAKING:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            printing = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            assert not printing, f"{path}:{getattr(node, 'lineno', 0)} prints"


def test_loggers_are_called_by_their_modules() -> None:
    """All but that of pypdf, which is silenced."""
    for path in (path for path in ROOMS.rglob("*.py") if "getLogger(" in path.read_text(encoding="utf-8")):
        names = set(re.findall(r"getLogger\(([^)]*)\)", path.read_text(encoding="utf-8")))
        assert names <= {"__name__", "NAME", "LOGGER", "name", '"pypdf"'}, path


LIBRARY = """
import logging, sys
from pathlib import Path
from benchsuite.registry import registry
from benchsuite.suite import expand
from benchsuite.suite.reader import read_suite
from benchsuite.execution.executors import open_executor
from benchsuite.execution.preparation import Place, prepare
from benchsuite.store.run_store import Store

class Watcher:
    def __getattr__(self, name):
        return lambda *_: None

known = registry()
plan = expand(read_suite(Path("suites/squares_width.yaml"), known), known, overrides=["recipe.max_epochs=1"], seeds="1")
place = Place("sample", None, Path("cache"), Path("results"), "cpu")
found = prepare(plan, known, place, download=False, say=lambda _: None)
with open_executor(found.numerics, Watcher()) as executor:
    records = list(executor.run(found.tasks))
assert [record.status for record in records] == ["done"] * 2
Store(Path("results")).sweep()
logging.getLogger("benchsuite.anything").warning("nobody asked for this")
"""


@pytest.mark.slow
def test_a_library_prints_nothing_by_itself(program: Program) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIBRARY], cwd=program.folder, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(program.plugins)},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_what_workers_log_reaches_the_parent_in_order_and_the_log_of_the_run(program: Program) -> None:
    outcome = program.run("run", "squares_width", *SMOKE, "-vv", "--seeds", "1", "--workers", "2")
    assert outcome.code == 0, outcome.err
    lines = [line for line in outcome.err.splitlines() if "info: execution.worker: " in line]
    for case in ("width=2", "width=4"):
        own = [line.partition(f"{case}, seed 0: ")[2] for line in lines if f"{case}, seed 0: " in line]
        assert own[0].startswith("run ")
        assert own[-1] == "done"
        epochs = [int(found[1]) for line in own if (found := re.match(r"epoch (\d+) of", line))]
        assert epochs == sorted(epochs)
        assert epochs[0] == 1
    assert "debug: execution.worker_pool: worker" in outcome.err
    for log in program.smoke_runs.glob("*/log.txt"):
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ run [0-9a-f]{32}: squares_width, ", log.read_text())
        assert log.read_text().splitlines()[-1].endswith(" done")
