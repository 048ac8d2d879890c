"""What a user sees when runs fail: each says why, the others are kept, and the exit code is 1."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.plugins import OBSERVER
from support.program import Outcome, Program

FAULTS = {
    "loose": ("{model.fault: build}", "plugin", "the bolt is loose"),
    "stages": ("{model.fault: stages}", "plugin", "stages"),
    "full": ("{model.fault: no memory}", "device", "out of memory"),
    "huge": ("{model.fault: native memory}", "device", "out of memory"),
    "killed": ("{model.fault: killed}", "worker died", "SIGKILL"),
    "nan": ("{model.fault: diverges}", "training", "loss"),
    "leaves": ("{model.fault: leaves}", "plugin", "SystemExit"),
    "exits": ("{model.fault: exits}", "worker died", "exit code 3"),
    "patches": ("{model.fault: patches}", "plugin", "torch.relu changed"),
    "writes": ("{model.fault: writes}", "plugin", "writes outside its folders"),
    "reseeds": ("{model.fault: reseeds}", "plugin", "the seed of torch's generator changed"),
    "settles": ("{model.fault: settles}", "plugin", "the default dtype changed"),
    "shape": ("{model.weights: other.pth}", "weights", "shape"),
    "bomb": ("{model.weights: bomb.pth}", "weights", "bomb.pth"),
    "junk": ("{model.weights: junk.safetensors}", "weights", "junk.safetensors"),
    "started": ("{recipe.log_every: 91}", "plugin", "benchsuite_run_started"),
    "epoch": ("{recipe.log_every: 92}", "plugin", "benchsuite_epoch_finished"),
    "finished": ("{recipe.log_every: 93}", "plugin", "benchsuite_run_finished"),
}

SUITE = f"""
name: squares_width
title: Todo lo que falla
size: {{cases: {len(FAULTS) + 2}, seeds: 1}}
dataset: {{name: squares}}
model: {{name: speck}}
recipe: {{name: finetune, max_epochs: 2, batch_size: 4, learning_rate: 0.01}}
cases:
  - {{name: sound}}
  - {{name: prints, set: {{model.fault: prints}}}}
{"".join(f"  - {{name: {name}, set: {change}}}{chr(10)}" for name, (change, _, _) in FAULTS.items())}
seeds: 1
"""


class Failed:
    """One command with every fault, and the records that it left."""

    def __init__(self, program: Program) -> None:
        import torch

        program.install("tripping-observer", OBSERVER)
        program.suite(SUITE)
        torch.save({"stem.0.weight": torch.zeros(2, 3, 5, 5)}, program.folder / "other.pth")
        (program.folder / "bomb.pth").write_bytes(pickle.dumps({"stem.0.weight": _Bomb(program.folder / "exploded")}))
        (program.folder / "junk.safetensors").write_bytes(b"\xff" * 100)
        self.program = program
        self.outcome: Outcome = program.run("run", "squares_width", "--no-paper", "--policy", "sample", "--no-estimate")
        records = [json.loads(path.read_text()) for path in program.smoke_runs.glob("*/record.json")]
        self.records: dict[str, dict[str, Any]] = {record["spec"]["case"]["name"]: record for record in records}


class _Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.target,))


@pytest.fixture
def failed(program: Program) -> Failed:
    return Failed(program)


@pytest.mark.slow
def test_every_fault_fails_its_own_run_and_no_other(failed: Failed) -> None:
    outcome, records = failed.outcome, failed.records
    assert outcome.code == 1
    assert "Traceback" not in outcome.out + outcome.err
    assert set(records) == {"sound", "prints", *FAULTS}
    assert records["sound"]["status"] == records["prints"]["status"] == "done"
    assert "rubbish" not in outcome.out + outcome.err
    told = {name: records[name]["failure"] for name in FAULTS}
    for name, (_, kind, word) in FAULTS.items():
        failure = told[name]
        assert records[name]["status"] == "failed", name
        text = " ".join(str(failure[part]) for part in ("what", "where", "expected"))
        assert (failure["kind"], word in text) == (kind, True), (name, failure)
        assert failure["where"], name
        assert failure["remedy"], name
    assert not (failed.program.folder / "exploded").exists()

    summary = outcome.err[outcome.err.index(f"{len(FAULTS)} runs FAILED") :]
    assert len(summary.splitlines()) <= 30
    assert "benchsuite show" in summary

    shown = failed.program.run("show", records["loose"]["key"][:12])
    assert "the bolt is loose" in shown.out
    assert "Traceback" in shown.out

    # What failed is due again and says why; what was done stays as it is.
    due = json.loads(failed.program.run("plan", "squares_width", "--policy", "sample", "--json").out)["runs"]
    assert {run["case"] for run in due if run["status"] == "failed"} == set(FAULTS)
    why = failed.program.run("why", "squares_width@sample/loose/0")
    assert "failed: " in why.out
    assert "the bolt is loose" in why.out
    sound = next(failed.program.smoke_runs.glob(f"{records['sound']['key']}/record.json"))
    assert json.loads(sound.read_text()) == records["sound"]


@pytest.mark.slow
def test_a_run_that_gives_no_sign_of_life_is_given_up_and_the_others_go_on(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCHSUITE_HANG_SECONDS", "60")
    program.suite(
        SUITE[: SUITE.index("size:")]
        + "size: {cases: 2, seeds: 1}\ndataset: {name: squares}\nmodel: {name: speck}\n"
        + "recipe: {name: finetune, max_epochs: 2, batch_size: 4}\nseeds: 1\n"
        + "cases: [{name: hangs, set: {model.fault: hangs}}, {name: sound}]\n"
    )
    outcome = program.run("run", "squares_width", "--no-paper", "--policy", "sample", "--no-estimate")
    assert outcome.code == 1
    for word in ("gave no sign of life for 60 s", "the model speck of tiny-squares", "1 run FAILED"):
        assert word in outcome.err
    assert "sound, seed 0: test accuracy" in outcome.err


def test_a_corrupt_image_stops_the_study_and_a_case_that_cannot_be_timed_its_own_runs(program: Program) -> None:
    program.suite(
        SUITE[: SUITE.index("size:")]
        + "size: {cases: 2, seeds: 1}\ndataset: {name: squares}\nmodel: {name: speck}\n"
        + "recipe: {name: finetune, max_epochs: 2, batch_size: 4}\nseeds: 1\n"
        + "cases: [{name: sound}, {name: loose, set: {model.fault: build}}]\n"
    )
    assert program.run("plan", "squares_width", "--policy", "sample").code == 0
    (sample,) = (program.cache / "samples").iterdir()
    data = Path(shutil.copytree(sample, program.folder / "data"))
    broken = data / "squares" / "validation" / "green" / "1.png"
    broken.write_bytes(broken.read_bytes()[:60])
    program.run("run", "squares_width", "--no-paper", "--data", str(data)).refused(str(broken), "remedy:")
    outcome = program.run("run", "squares_width", "--no-paper", "--data", str(data), "--skip-broken")
    assert outcome.code == 1
    assert "Traceback" not in outcome.out + outcome.err
    assert "loose: its cost cannot be told: " in outcome.err
    for word in ("1 image of validation is left out, as it cannot be decoded", "1 run FAILED", "the bolt is loose"):
        assert word in outcome.err
