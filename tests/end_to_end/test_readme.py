"""The README's own commands, from the repository, on the synthetic sample."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def make(tmp_path: Path) -> tuple[list[str], dict[str, str]]:
    """`make` with this environment in place of `.venv`, and folders of its own."""
    venv = tmp_path / "venv"
    venv.mkdir()
    (venv / "bin").symlink_to(Path(sys.executable).parent)
    (venv / ".ready").touch()
    environment = {**os.environ, "BENCHSUITE_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    for name in ("BENCHSUITE_DATA", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    return ["make", f"VENV={venv}", f"RESULTS={tmp_path / 'results'}"], environment


@pytest.mark.slow
def test_the_first_command_of_the_readme_makes_a_paper_and_says_what_it_is(
    make: tuple[list[str], dict[str, str]], tmp_path: Path
) -> None:
    program, environment = make

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    first = run("suite", "SUITE=beans_freeze", "POLICY=sample")
    assert first.returncode == 0, first.stderr
    assert first.stderr.count("SYNTHETIC SAMPLE") >= 2
    folder = tmp_path / "results" / "beans_freeze@sample"
    assert "MUESTRA SINTÉTICA" in (folder / "paper.html").read_text(encoding="utf-8")
    assert (folder / "paper.pdf").stat().st_size > 20_000
    records = [json.loads(path.read_text()) for path in folder.glob("runs/*/record.json")]
    assert len(records) == 10
    assert {record["status"] for record in records} == {"done"}

    second = run("suite", "SUITE=beans_freeze", "POLICY=sample")
    assert second.returncode == 0
    assert "nothing to train" in second.stderr
    assert run("plan", "SUITE=beans_freeze", "POLICY=sample").returncode == 0
    refused = run("suite", "SUITE=beans_freeze", "POLICY=real")
    assert refused.returncode == 2
    assert "BENCHSUITE_DATA" in refused.stderr
