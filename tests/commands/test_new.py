"""`benchsuite new`: the package that it writes works before it is edited, by its own measures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchsuite.errors import PluginError
from benchsuite.registry import KINDS, discover
from benchsuite.scaffold import Package, check_name, write_package

ROOT = Path(__file__).parents[2]


def written(kind: str, folder: Path) -> Package:
    package = Package(kind, f"fresh_{kind}", folder / kind, 2026)  # type: ignore[arg-type]
    write_package(package)
    return package


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_is_formatted_and_linted(kind: str, tmp_path: Path) -> None:
    package = written(kind, tmp_path)
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."], cwd=package.folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_is_typed(kind: str, tmp_path: Path) -> None:
    package = written(kind, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache")],
        cwd=package.folder,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "MYPYPATH"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_provides_its_component_and_its_suite_can_be_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = written(kind, tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found = discover(local=[package.folder / "src" / package.package])
    assert not found.quarantined
    assert found.entry(kind, f"local:{package.name}")  # type: ignore[arg-type]
    from benchsuite.suite.reader import read_suite

    suite = read_suite(package.folder / "src" / package.package / "suites" / f"try_{package.name}.yaml", found)
    assert suite.name == f"try_{package.name}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_passes_its_own_tests(kind: str, tmp_path: Path) -> None:
    package = written(kind, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=package.folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"src{os.pathsep}{ROOT}", "BENCHSUITE_CARDS": str(tmp_path / "cards")},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("typed", "name"), [("my_digits", "my_digits"), ("My-Digits", "my_digits"), ("benchsuite-owls", "owls")]
)
def test_names_are_written_as_suites_write_them(typed: str, name: str) -> None:
    assert check_name(typed) == name


@pytest.mark.parametrize("typed", ["", "4digits", "digits!", "../digits", "class", "ñandú", "a" * 60, "x_"])
def test_what_can_be_no_name_is_refused(typed: str) -> None:
    with pytest.raises(PluginError, match="cannot be the name"):
        check_name(typed)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.txt").write_text("x")
    with pytest.raises(PluginError, match="not empty"):
        written("model", tmp_path)
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["mine.txt"]
