"""The acceptance of a GPU runs on the processor too, shrunk, so that no section fails first on a card."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchsuite.identity.gpu_trial import usable_gpus

SCRIPT = Path(__file__).with_name("acceptance.py")


def accept(folder: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, report as a program reads it, and as people do."""
    command = [sys.executable, str(SCRIPT), "--out", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    report = folder / "report.json"
    read = json.loads(report.read_text()) if report.is_file() else {}
    return done.returncode, read, report.with_suffix(".md").read_text() if read else done.stderr


@pytest.fixture(scope="module")
def acceptance() -> Any:
    spec = importlib.util.spec_from_file_location("acceptance", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["acceptance"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_every_section_runs_on_the_processor(tmp_path: Path, acceptance: Any) -> None:
    code, report, text = accept(tmp_path, "--device", "cpu", "--minutes", "30")
    assert code == 0
    assert report["passed"]
    assert list(report["sections"]) == list(acceptance.SECTIONS)
    assert "**Passed.**" in text
    for name, part in report["sections"].items():
        assert part["found"], name
        assert f"| {name} | " in text


@pytest.mark.slow
def test_a_section_for_which_there_is_no_time_is_a_failure_and_the_report_is_written(tmp_path: Path) -> None:
    code, report, text = accept(tmp_path, "--device", "cpu", "--minutes", "0.05", "--only", "agreement,energy")
    assert code == 1
    assert list(report["sections"]) == ["agreement", "energy"]
    assert "**Not passed.**" in text
    assert "Not made: facts" in text


@pytest.mark.cuda
@pytest.mark.slow
def test_the_card_of_this_machine_is_accepted(tmp_path: Path) -> None:
    if not usable_gpus():
        pytest.skip("there is no GPU on which torch computes")
    code, _, text = accept(tmp_path)
    assert code == 0, text


def test_without_a_gpu_it_says_why_at_once_and_leaves_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    code, report, said = accept(tmp_path / "report")
    assert (code, report) == (1, {})
    assert said.startswith("there is no GPU to accept: ")
    assert "DEVICE=cpu" in said
    assert "Traceback" not in said
    assert not (tmp_path / "report").exists()


def test_a_name_that_is_no_section_is_refused(tmp_path: Path) -> None:
    code, report, said = accept(tmp_path, "--only", "facts,everything")
    assert (code, report) == (2, {})
    assert "everything: choose among facts, ops" in said


def test_a_process_that_ends_or_hangs_is_told(acceptance: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(program: str) -> None:
        def instead(name: str, device: str, seconds: float, answer: Path) -> Any:
            with answer.with_suffix(".log").open("wb") as log:
                return subprocess.Popen([sys.executable, "-c", program], stdout=log)

        monkeypatch.setattr(acceptance, "start_part", instead)

    start("import os; print('so far', flush=True); os._exit(7)")
    assert acceptance.run_part("facts", "cpu", 1, tmp_path / "a", 60) == ("its process ended with 7", "so far\n")
    start("import time; time.sleep(600)")
    how, _ = acceptance.run_part("facts", "cpu", 1, tmp_path / "a", 0.2)
    assert "more than" in how


def test_what_fails_in_a_section_is_noted_and_it_goes_on_as_long_as_there_is_time(
    acceptance: Any, tmp_path: Path
) -> None:
    check = acceptance.Check("cpu", True, time.time() + 600, tmp_path)
    for name in check.each(["first", "second"]):
        with check.attempt(name):
            raise RuntimeError(f"{name} went wrong\nand more")
    assert check.failures == ["first: RuntimeError: first went wrong", "second: RuntimeError: second went wrong"]
    check.ends = time.time() - 1
    assert list(check.each(["third", "fourth"])) == []
    assert check.left_out == ["third", "fourth"]


def test_the_report_says_what_failed_and_what_was_left_out(acceptance: Any) -> None:
    sections = {
        "facts": {"found": {"name": "NVIDIA H200"}, "failures": [], "left_out": [], "seconds": 5.0},
        "ops": {"found": {"layers": "9 of 48"}, "failures": ["elu in fp16\nmore"], "left_out": ["softmax fp16"]},
        "graphs": {"found": {"skipped": "no graphs"}, "skipped": "no graphs", "failures": [], "left_out": []},
    }
    text = acceptance._markdown({"machine": {"device": "cuda"}, "sections": sections, "passed": False})
    for told in ("# Acceptance on NVIDIA H200", "| ops | **failed** |", "- **elu in fp16**", "softmax fp16", "skipped"):
        assert told in text
    assert "**Not passed.**" in text
