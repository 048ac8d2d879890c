from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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


@pytest.fixture
def noise(program: Program) -> Path:
    """The folder `photos` with two classes of noise, one of them redder."""
    draw, home = np.random.default_rng(0), program.folder / "photos"
    for shift, label in enumerate(("gato", "perro")):
        (home / label).mkdir(parents=True)
        for number in range(20):
            pixels = draw.integers(0, 128, (16, 16, 3)) + np.array([127 * shift, 0, 0])
            Image.fromarray(pixels.astype(np.uint8)).save(home / label / f"{number:02d}.png")
    return home


@pytest.fixture
def rate(program: Program, noise: Path, request: pytest.FixtureRequest) -> None:
    """The suite `rate` on those photos, as the test's module has it in `STUDY`."""
    program.suite(request.module.STUDY, "rate")
