from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.program import Program, make_program


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    yield from make_program(tmp_path, monkeypatch, capsys)
