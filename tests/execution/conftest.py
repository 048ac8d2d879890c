"""Folders with tiny photos, and a plugin that worker processes find."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.engine import Bench, installed, registry_with, write_photos


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Folders and a registry; workers inherit the search path and checkpoint after every epoch."""
    write_photos(tmp_path / "data")
    monkeypatch.syspath_prepend(installed(tmp_path / "site"))
    monkeypatch.setenv("BENCHSUITE_CHECKPOINT_SECONDS", "0")
    monkeypatch.setenv("PYTHONPATH", ":".join((str(tmp_path / "site"), *(path for path in sys.path if path))))
    return Bench(tmp_path, tmp_path / "data", registry_with())
