from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.program import Program, make_program
from support.trained import make_trained, use_trained


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    yield from make_program(tmp_path, monkeypatch, capsys)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def study(program: Program, made: Path) -> Program:
    return use_trained(made, program)
