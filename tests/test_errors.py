"""Every error tells what to do about it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchsuite import errors
from benchsuite.errors import BenchsuiteError

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for room in ("benchsuite", "plugins") for path in (ROOT / room).rglob("*.py"))
ERRORS = {
    name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, BenchsuiteError)
}
OF_THE_KIT = ("testing/rules/recipe.py", "TrainingError")
"""Seen by no user: the rule that raises it has the remedy."""


@pytest.mark.parametrize("room", ["benchsuite", "plugins"])
def test_every_error_has_a_remedy(room: str) -> None:
    without = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        if path.is_relative_to(ROOT / room)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS
        if not any(given.arg in ("remedy", None) for given in node.keywords)
        if not (path.as_posix().endswith(OF_THE_KIT[0]) and node.func.id == OF_THE_KIT[1])
    ]
    assert without == []
