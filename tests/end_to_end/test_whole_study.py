"""A whole study as a user goes through it: run, read, ask, repeat, interrupt, start again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pypdf import PdfReader

from support.plugins import SUITE
from support.program import Program

TRIAL = ("squares_width", "--policy", "sample")
PLAIN = (*TRIAL, "--no-paper", "--no-estimate")

SLOW_SUITE = (
    SUITE.replace("{name: speck}", "{name: speck, fault: slow}")
    .replace("max_epochs: 3", "max_epochs: 12, patience: 12")
    .replace("size: {cases: 2, seeds: 2}", "size: {cases: 2, seeds: 1}")
    .replace("\nseeds: 2", "\nseeds: 1")
)


def records(results: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Every record below a results folder, by case and seed."""
    found = [json.loads(path.read_text()) for path in results.glob("**/runs/*/record.json")]
    return {(record["spec"]["case"]["name"], record["spec"]["seed"]): record for record in found}


def fates(results: Path) -> dict[tuple[str, int], tuple[str, str]]:
    """What each run ended in: hashes of weights and predictions."""
    return {
        run: (record["weights_hash"], record["predictions_hash"])
        for run, record in records(results).items()
        if record["status"] == "done"
    }


def written(results: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in results.glob("**/runs/*/record.json")}


@pytest.mark.slow
def test_a_study_is_run_once_and_can_be_asked_about(program: Program) -> None:
    first = program.run("run", *TRIAL)
    assert first.code == 0, first.err
    assert "SYNTHETIC SAMPLE" in first.err
    assert set(fates(program.results)) == {("width=2", 0), ("width=2", 1), ("width=4", 0), ("width=4", 1)}
    folder = program.results / "squares_width@sample"
    assert "MUESTRA SINTÉTICA" in (folder / "paper.html").read_text()
    assert (folder / "paper.pdf").read_bytes().startswith(b"%PDF")
    papers = {name: (folder / name).read_bytes() for name in ("paper.html", "paper.pdf")}

    before = written(program.results)
    second = program.run("run", *TRIAL)
    assert second.code == 0
    assert "nothing to train" in second.err
    assert written(program.results) == before
    assert {name: (folder / name).read_bytes() for name in papers} == papers

    plan = json.loads(program.run("plan", *TRIAL, "--json").out)
    assert [run["status"] for run in plan["runs"]] == ["done"] * 4
    key = plan["runs"][0]["key"]
    shown = json.loads(program.run("show", key[:10], "--json").out)
    assert shown[0]["spec"]["case"]["name"] == "width=2"
    assert "test" in program.run("show", "squares_width@sample/width=2/0").out
    assert "4 runs" in program.run("show", "squares_width@sample").out
    assert "4 runs" in program.run("show", "squares_width").out
    assert "2 runs" in program.run("show", "suites/squares_width.yaml/width=2").out
    assert program.run("why", key).out.endswith("done\n")

    # A change makes the runs due, and the program says which field it was.
    change = ("--set", "recipe.max_epochs=2")
    due = json.loads(program.run("plan", *TRIAL, *change, "--json").out)
    assert {run["status"] for run in due["runs"]} == {"due"}
    assert any("recipe.max_epochs" in text for text in due["changes"])
    why = json.loads(program.run("why", "squares_width@sample/width=2/0", *change, "--json").out)
    assert why[0]["status"] == "changed"
    assert why[0]["reasons"] == ["recipe.max_epochs: 3 -> 2"]

    verified = program.run("verify", *TRIAL, "--runs", "2")
    assert verified.code == 0, verified.err
    assert verified.out.count("the same bits") == 2


@pytest.mark.slow
def test_a_paper_is_set_otherwise_checked_reproduced_and_compared(program: Program) -> None:
    assert program.run("run", *TRIAL, "--no-estimate").code == 0
    folder = program.results / "squares_width@sample"
    assert program.run("paper", *TRIAL, "--template", "report", "--page", "letter").code == 0
    assert "Tabla 1. " in (folder / "paper.html").read_text()
    assert tuple(PdfReader(folder / "paper.pdf").pages[0].mediabox) == (0, 0, 612, 792)
    checked = program.run("check", str(folder / "paper.pdf"))
    assert checked.code == 0, checked.out + checked.err

    again = program.run("reproduce", str(folder / "paper.pdf"), "--to", str(program.folder / "again"), "--runs", "1")
    assert again.code == 0, again.out + again.err
    assert "the same bits" in again.out
    assert (program.folder / "again" / "paper.pdf").read_bytes() == (folder / "paper.pdf").read_bytes()
    sides = ("--compare", str(folder), str(program.folder / "again"))
    assert program.run("paper", *sides, "--to", str(program.folder / "both")).code == 0
    assert "Todas tienen, bit a bit, los mismos pesos" in (program.folder / "both" / "comparison.html").read_text()


@pytest.mark.slow
def test_a_damaged_record_is_made_again_and_a_changed_result_does_not_verify(program: Program) -> None:
    assert program.run("run", *PLAIN, "--seeds", "1").code == 0
    before = fates(program.results)
    damaged, forged = program.smoke_runs.glob("*/record.json")
    damaged.write_text(damaged.read_text()[:200])
    again = program.run("run", *PLAIN, "--seeds", "1")
    assert again.code == 0
    assert "damaged" in again.err
    assert fates(program.results) == before

    record = json.loads(forged.read_text())
    forged.write_text(json.dumps({**record, "weights_hash": "0" * 64}))
    outcome = program.run("verify", *TRIAL, "--seeds", "1", "--runs", "2")
    assert outcome.code == 1
    assert "differ" in outcome.out
    assert "the same bits" in outcome.out


def wait_for(what: Any, seconds: float = 90.0) -> None:
    """Wait until `what()` is true."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.1)


def running(process: subprocess.Popen[str], results: Path) -> bool:
    """Whether the first run is half done."""
    logs = list(results.glob("**/runs/*/log.txt"))
    assert process.poll() is None, process.communicate()
    return any("epoch 3 of" in log.read_text() for log in logs)


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.slow
def test_killed_at_any_instant_a_study_ends_with_the_same_bits(program: Program) -> None:
    program.suite(SLOW_SUITE)
    whole = program.start("run", *PLAIN, "--results", "whole", TINY_SLOW_SECONDS="0")
    assert whole.wait(180) == 0, whole.communicate()

    cut = program.start("run", *PLAIN, "--results", "cut", TINY_SLOW_SECONDS="0.15")
    wait_for(lambda: running(cut, program.folder / "cut"))
    os.killpg(cut.pid, signal.SIGKILL)
    cut.wait()
    assert len(fates(program.folder / "cut")) < 2

    again = program.start("run", *PLAIN, "--results", "cut", TINY_SLOW_SECONDS="0")
    assert again.wait(180) == 0, again.communicate()
    assert fates(program.folder / "cut") == fates(program.folder / "whole")
    assert len(fates(program.folder / "cut")) == 2
    assert not [path for path in (program.folder / "cut").rglob("*") if path.suffix in (".tmp", ".pt")]


@pytest.mark.slow
def test_ctrl_c_leaves_in_good_order_and_no_worker_behind(program: Program) -> None:
    program.suite(SLOW_SUITE)
    process = program.start("run", *PLAIN, TINY_SLOW_SECONDS="0.3")
    wait_for(lambda: running(process, program.results))
    workers = descendants(process)
    assert workers
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole group
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in out + err
    wait_for(lambda: not any(each.is_running() and each.status() != "zombie" for each in workers), 20)
    assert not [record for record in records(program.results).values() if record["status"] == "failed"]


@pytest.mark.slow
def test_workers_do_not_outlive_a_program_that_was_killed(program: Program) -> None:
    program.suite(SLOW_SUITE)
    process = program.start("run", *PLAIN, TINY_SLOW_SECONDS="0.3")
    wait_for(lambda: running(process, program.results))
    workers = descendants(process)
    process.kill()
    process.wait()
    wait_for(lambda: not any(each.is_running() and each.status() != "zombie" for each in workers), 30)


@pytest.mark.slow
def test_two_programs_on_one_results_folder_share_the_work(program: Program) -> None:
    program.suite(SLOW_SUITE)
    both = [program.start("run", *PLAIN, TINY_SLOW_SECONDS="0.05") for _ in range(2)]
    said = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(fates(program.results)) == 2
    assert all(record["resumed"] == 0 for record in records(program.results).values())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 100 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small disk takes a privileged user")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_disk_that_fills_up_during_a_study_keeps_what_was_written(program: Program, small_disk: Path) -> None:
    outcome = program.run("run", *PLAIN, "--results", str(small_disk))
    assert outcome.code in (1, 2)
    assert "Traceback" not in outcome.out + outcome.err
    assert "No space left" in outcome.err
    assert "remedy:" in outcome.err
    kept = fates(small_disk)
    room = program.run("run", *PLAIN, "--results", str(program.results))
    assert room.code == 0
    assert kept.items() <= fates(program.results).items()
