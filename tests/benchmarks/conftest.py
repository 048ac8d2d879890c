"""Benchmarks as `make bench` starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Rows = list[list[str]]


@pytest.fixture
def bench() -> Callable[..., Rows]:
    """Measures something, and gives the rows of its tables, heads left out."""

    def measure(name: str, *arguments: str, limit: float = 900) -> Rows:
        done = subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.{name}", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": "tests"},
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        rows = [line for line, after in zip(lines, [*lines[1:], ""], strict=True) if not after.startswith("|---")]
        return [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in rows
            if line.startswith("|") and not line.startswith("|---")
        ]

    return measure
