"""What is released: the wheel and the sdist hold all that runs outside the repository needs, and say what they are."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

import benchsuite

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "benchsuite": "benchsuite",
    "plugins": "benchsuite_plugins",
    "suites": "benchsuite_suites",
    "report_templates": "benchsuite_report_templates",
}
"""Folder of the repository to package of the wheel."""

BUILD = "import sys; from setuptools import build_meta as backend; backend.build_sdist(sys.argv[1])"

pytestmark = pytest.mark.slow


def tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def of_the_packages() -> list[str]:
    return [name for name in tracked_files() if name.partition("/")[0] in FOLDERS]


def in_the_wheel(name: str) -> str:
    folder, _, rest = name.partition("/")
    return f"{FOLDERS[folder]}/{rest}"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the tracked files, so that nothing which lies about gets in."""
    folder = tmp_path_factory.mktemp("sdist")
    for name in tracked_files():
        copy = folder / "source" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=folder / "source", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (archive,) = folder.glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """Built from the sdist, as installers do where there is no wheel."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(sdist.parent)]
    done = subprocess.run([*pip, "wheel", *options, str(sdist)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (archive,) = sdist.parent.glob("*.whl")
    return archive


def members(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return message_from_bytes(archive.read(f"benchsuite-{benchsuite.__version__}.dist-info/METADATA"))


def test_the_names_of_the_distributions_say_the_version(sdist: Path, wheel: Path) -> None:
    assert sdist.name == f"benchsuite-{benchsuite.__version__}.tar.gz"
    assert wheel.name == f"benchsuite-{benchsuite.__version__}-py3-none-any.whl"


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {in_the_wheel(name) for name in of_the_packages()}
    assert "benchsuite/py.typed" in held
    assert "benchsuite_plugins/models/torchvision_catalogue.toml" in held
    assert "benchsuite_plugins/models/timm_catalogue.tsv" in held


def test_the_sdist_holds_what_the_wheel_is_built_from_and_no_tests(sdist: Path) -> None:
    held = members(sdist)
    assert {*of_the_packages(), "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"} <= held
    assert "requirements.lock" in held
    assert not [name for name in held if name.startswith(("tests/", "docs/", "build/", "."))]


def test_the_metadata_is_complete(wheel: Path) -> None:
    told = metadata(wheel)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert told["Version"] == benchsuite.__version__
    assert told["Summary"] == project["description"]
    assert told["License-Expression"] == "MIT"
    assert told["Requires-Python"]
    assert told["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in told.get_all("Classifier", [])
    assert told["Keywords"].split(",") == project["keywords"]
    assert set(told.get_all("Provides-Extra", [])) == set(project["optional-dependencies"])
    with zipfile.ZipFile(wheel) as archive:
        assert f"benchsuite-{benchsuite.__version__}.dist-info/licenses/LICENSE" in archive.namelist()
