"""The engine as a worker process has it: deterministic, one thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchsuite.identity.numerics import describe
from support.engine import Bench, registry_with, write_photos


@pytest.fixture(scope="session")
def tiny_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_photos(root)
    return root


@pytest.fixture
def deterministic() -> Iterator[None]:
    import torch

    from benchsuite.engine.determinism.torch_settings import configure

    threads, was = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    configure(describe("cpu", 1))
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(was)


@pytest.fixture
def bench(tmp_path: Path, tiny_photos: Path, deterministic: None) -> Bench:
    return Bench(tmp_path, tiny_photos, registry_with())
