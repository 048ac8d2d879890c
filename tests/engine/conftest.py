"""The engine as a worker process has it: deterministic, one thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engine import Bench, one_thread, registry_with, write_photos


@pytest.fixture(scope="session")
def tiny_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_photos(root)
    return root


@pytest.fixture
def deterministic() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture
def bench(tmp_path: Path, tiny_photos: Path, deterministic: None) -> Bench:
    return Bench(tmp_path, tiny_photos, registry_with())
