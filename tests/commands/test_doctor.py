"""`benchsuite doctor` sees what is broken, whatever it is, and says what to do."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from benchsuite.commands import doctor
from benchsuite.registry import import_check
from support.program import Program

BROKEN = {
    "raising-plugin": "import nothing_of_that_name\n",
    "leaving-plugin": "raise SystemExit(3)\n",
    "newer-plugin": 'benchsuite_api = "99.0"\n',
}


def findings(program: Program, *options: str) -> list[dict[str, str]]:
    outcome = program.run("doctor", "--json", *options)
    assert "Traceback" not in outcome.err
    found: list[dict[str, str]] = json.loads(outcome.out)
    assert outcome.code == int(any(one["verdict"] == "bad" for one in found))
    return found


def test_every_part_is_looked_at_and_what_is_not_good_has_a_remedy(program: Program) -> None:
    found = findings(program)
    parts = {"python", "torch", "extras", "device", "pango", "weasyprint", "fonts"}
    parts |= {"data", "cache", "results", "memory", "plugins"}
    assert {one["part"] for one in found} == parts
    assert all(one["remedy"] for one in found if one["verdict"] != "good")


@pytest.mark.slow
def test_with_every_plugin_broken_it_names_each(program: Program) -> None:
    for name, source in BROKEN.items():
        program.install(name, source)
    told = [one for one in findings(program) if one["part"] == "plugins"]
    for name in BROKEN:
        (one,) = [one for one in told if name in one["found"]]
        assert one["verdict"] == "note"
        assert name in one["remedy"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "how"), [("import os; os._exit(7)\n", "exit code 7"), ("import time; time.sleep(600)\n", "more than")]
)
def test_a_plugin_that_ends_or_blocks_the_process_is_named(
    program: Program, monkeypatch: pytest.MonkeyPatch, source: str, how: str
) -> None:
    program.install("deadly-plugin", source)
    monkeypatch.setattr(import_check, "PATIENCE", 20.0)
    found = import_check.find_hanging_import()
    assert found is not None
    assert found.distribution == "deadly-plugin"
    assert how in found.how


def test_a_folder_that_cannot_be_and_a_torch_that_does_not_load_are_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    (bad,) = doctor._data(tmp_path / "file")
    assert bad.verdict == "bad"
    monkeypatch.setattr(sys, "executable", "/bin/false")
    (torch,) = doctor._torch()
    assert torch.verdict == "bad"
    assert "pip install" in torch.remedy


def test_what_a_look_raises_is_a_finding() -> None:
    def look() -> object:
        raise ZeroDivisionError("nothing left")

    (bad,) = doctor._looked("part", look)  # type: ignore[arg-type]
    assert (bad.verdict, bad.part) == ("bad", "part")
    assert "nothing left" in bad.found


@pytest.mark.slow
def test_every_run_of_a_named_folder_is_looked_at(program: Program) -> None:
    run = ("run", "squares_width", "--policy", "sample", "--no-paper", "--no-estimate")
    assert program.run(*run).code == 0
    assert "runs" not in {one["part"] for one in findings(program)}

    def runs() -> list[dict[str, str]]:
        return [one for one in findings(program, "--results", "results") if one["part"] == "runs"]

    assert [one["verdict"] for one in runs()] == ["good", "good"]
    assert "4 runs done" in runs()[1]["found"]
    names = ("weights.safetensors", "predictions.safetensors", "record.json")
    spoilt = [folder / name for folder, name in zip(sorted(program.smoke_runs.iterdir()), names, strict=False)]
    weights, predictions, record = spoilt
    content = weights.read_bytes()
    weights.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    predictions.unlink()
    record.write_text(re.sub('"accuracy": [0-9.]+', '"accuracy": 0.987', record.read_text()))
    bad = [one for one in runs() if one["verdict"] == "bad"]
    assert len(bad) == len(spoilt)
    for one, path in zip(bad, spoilt, strict=True):
        assert str(path.relative_to(program.folder)) in one["found"]
        assert "run the suite squares_width again" in one["remedy"]
    assert "1 run done" in runs()[-1]["found"]

    # What it says to do is enough.
    for one, path in zip(bad, spoilt, strict=True):
        if "remove this file" in one["remedy"]:
            path.unlink()
    assert program.run(*run).code == 0
    assert [one["verdict"] for one in runs()] == ["good", "good"]
    assert "4 runs done" in runs()[1]["found"]
    assert weights.read_bytes() == content
