"""The package itself: what it hands on to Python, and how little it imports for that."""

from __future__ import annotations

import subprocess
import sys

import pytest

import benchsuite

HEAVY = ("torch", "pyarrow", "numpy", "scipy", "typer", "rich", "pydantic", "pluggy")


def test_importing_the_package_imports_next_to_nothing() -> None:
    code = (
        "import sys, benchsuite; print(*sorted(name for name in sys.modules if name.partition('.')[0] in sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, *HEAVY, "benchsuite"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["benchsuite"]


def test_asking_for_run_imports_no_torch() -> None:
    code = "import sys; from benchsuite import load, run; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


def test_every_name_is_there_and_is_listed() -> None:
    for name in benchsuite.__all__:
        assert getattr(benchsuite, name).__name__ == name
        assert name in dir(benchsuite)


def test_a_name_that_is_none_is_told() -> None:
    with pytest.raises(AttributeError, match="no attribute 'train'"):
        benchsuite.train  # type: ignore[attr-defined]  # noqa: B018
