"""Which torch there is, without importing it; one that is too old is refused where a study is planned."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from benchsuite.errors import SetupError
from benchsuite.identity.torch_build import OLDEST, torch_build

NEWEST_TOO_OLD = f"{OLDEST[0]}.{OLDEST[1] - 1}.1+cu126"
Install = Callable[[str | None], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Has a torch of this version be found, or none."""

    def install(version: str | None) -> Path:
        home = tmp_path / "torch" / "__init__.py"
        home.parent.mkdir(exist_ok=True)
        if version is not None:
            text = f"from typing import Optional\n__version__ = {version!r}\ncuda: Optional[str] = '13.0'\n"
            home.with_name("version.py").write_text(f"{text}hip: Optional[str] = None\n")
        spec = ModuleSpec("torch", None, origin=str(home)) if version is not None else None
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
        torch_build.cache_clear()
        return home

    yield install
    torch_build.cache_clear()


@pytest.mark.parametrize("version", [f"{OLDEST[0]}.{OLDEST[1]}.0+cpu", "2.99.0.dev20270101+cu140", "3.0.0"])
def test_a_torch_that_is_new_enough_is_told_with_its_local_part(install: Install, version: str) -> None:
    install(version)
    assert torch_build() == {"version": version, "cuda": "13.0", "hip": None}


@pytest.mark.parametrize("version", [NEWEST_TOO_OLD, "1.13.1", "2.1.0a0+git1234"])
def test_a_torch_that_is_too_old_is_told_with_what_is_needed(install: Install, version: str) -> None:
    home = install(version)
    with pytest.raises(SetupError) as caught:
        torch_build()
    needed = ".".join(map(str, OLDEST))
    assert caught.value.what == f"torch {version} is installed, which is too old"
    assert caught.value.where == str(home)
    assert caught.value.expected == f"torch {needed} or later"
    assert f"pip install --upgrade 'torch>={needed}' torchvision" in str(caught.value.remedy)


def test_no_torch_is_told_with_what_to_do(install: Install) -> None:
    install(None)
    with pytest.raises(SetupError, match="torch is not installed") as caught:
        torch_build()
    assert "pip install torch torchvision" in str(caught.value.remedy)


def test_the_oldest_torch_is_the_one_that_pip_is_told() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"torch>={'.'.join(map(str, OLDEST))},<{OLDEST[0] + 1}" in project["dependencies"]
