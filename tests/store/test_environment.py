from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import benchsuite
from benchsuite.store.environment import capture_environment, git_state, package_versions
from support.synthetic import make_numerics


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    package = tmp_path / "package"
    package.mkdir()
    (package / "a.py").write_text("A = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "First")
    return tmp_path


def test_the_environment_tells_device_packages_and_python() -> None:
    found = capture_environment(make_numerics(threads=7))
    assert (found.device, found.threads, found.precision) == ("cpu", 7, "fp32")
    assert found.packages["benchsuite"] == benchsuite.__version__
    assert {"torch", "numpy", "pydantic"} <= found.packages.keys()


def test_extras_that_are_there_are_part_of_the_packages() -> None:
    assert {"optuna", "tensorboard", "jsonschema", "pyarrow"} <= package_versions().keys()


def test_development_tools_are_no_part_of_the_packages() -> None:
    assert not {"pytest", "ruff", "mypy"} & package_versions().keys()


def test_a_clean_and_a_dirty_tree_are_told_apart(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert git_state(repository / "package") == {"commit": commit, "dirty": False}
    (repository / "untracked").write_text("")
    assert git_state(repository / "package") == {"commit": commit, "dirty": False}
    (repository / "package" / "a.py").write_text("A = 2\n")
    assert git_state(repository / "package") == {"commit": commit, "dirty": True}


def test_a_folder_that_the_repository_does_not_track_has_no_state(repository: Path, tmp_path: Path) -> None:
    installed = repository / ".venv" / "site-packages"
    installed.mkdir(parents=True)
    assert git_state(installed) is None


def test_no_git_and_no_repository_are_no_errors(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert git_state(tmp_path_factory.mktemp("plain")) is None
    monkeypatch.setenv("PATH", "")
    assert git_state(repository / "package") is None


def test_git_and_packages_are_asked_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    first = capture_environment(make_numerics())
    monkeypatch.setattr("benchsuite.store.environment._git", lambda *_: pytest.fail("asked again"))
    monkeypatch.setattr("benchsuite.store.environment.metadata.version", lambda _: pytest.fail("asked again"))
    assert capture_environment(make_numerics()) == first
