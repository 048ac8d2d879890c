"""Kills at random instants, again and again: nothing is lost, nothing is left behind, and the bits are the same.

`make campaign KILLS=100 SEED=1` makes a longer one; what it found is printed at the end.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchsuite.file_locks import FileLock
from support.program import Program

KILLS = int(os.environ.get("KILLS", "6"))
SEED = int(os.environ.get("SEED", "0"))
PATIENCE = 120.0
STUDY = ("run", "squares_width", "--policy", "sample", "--no-estimate")
SUITE = """
name: squares_width
title: Búsqueda de anchura
size: {cases: 2, seeds: 2, trials: 2}
dataset: {name: squares}
model: {name: speck, fault: slow}
recipe:
  name: finetune
  max_epochs: 3
  batch_size: 4
  freeze: {train_last: 1}
cases:
  - {name: frozen}
  - {name: free, set: {recipe.freeze: {blocks: 0}}}
seeds: 2
search:
  space: {model.width: [2, 6, 8]}
  sampler: tpe
  budget: 2
  batch: 1
paper:
  authors: [{name: Ada Ejemplo}]
  abstract: Entre {{trials}}, el mejor tiene {{best_trial validation_accuracy}}.
"""
TAKEN = ("started", "finished", "resumed", "cost")
"""What of a record tells when it was made, and what it took."""


def results(folder: Path) -> dict[str, Any]:
    """All that the finished runs below a results folder tell, by key, but for when they were made."""
    found = {}
    for path in folder.glob("**/runs/*/record.json"):
        record = json.loads(path.read_text())
        if record["status"] == "done":
            epochs = [epoch | {"seconds": None} for epoch in record["epochs"]]
            found[record["key"]] = record | {"epochs": epochs} | dict.fromkeys(TAKEN)
    return found


def alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def wait_for_end(processes: list[psutil.Process]) -> float:
    """Seconds until all of these have ended."""
    start = time.monotonic()
    while any(map(alive, processes)):
        assert time.monotonic() - start < PATIENCE, "a process outlives the program"
        time.sleep(0.02)
    return time.monotonic() - start


def kill(program: subprocess.Popen[str], target: str, draw: random.Random) -> tuple[str, float]:
    """Kill a part of a program that is running: what was hit, and how long any other of it went on."""
    family = psutil.Process(program.pid).children(recursive=True)
    if target == "child" and family:
        victim = draw.choice(family)
        with suppress(psutil.NoSuchProcess):
            kind = "renderer" if os.getpgid(victim.pid) != os.getpgid(program.pid) else "worker"
            victim.kill()
            return kind, 0.0
    if target == "group":
        os.killpg(program.pid, signal.SIGKILL)
    else:
        program.kill()
    return target, wait_for_end(family)


def left_behind(folder: Path) -> list[Path]:
    """What should not be there when no process is at work: temporary files, checkpoints, and locks that are held."""
    found = [path for name in (".tmp-*", "checkpoint.pt") for path in folder.rglob(name)]
    for path in (*folder.rglob("*.lock"), *folder.rglob(".lock")):
        try:
            FileLock(path).acquire(blocking=False).__exit__(None, None, None)
        except TimeoutError:
            found.append(path)
    return found


@pytest.mark.slow
def test_kills_at_random_instants_lose_nothing_and_leave_nothing(program: Program) -> None:
    program.suite(SUITE)
    began = time.monotonic()
    whole = program.start(*STUDY, "--results", "whole", TINY_SLOW_SECONDS="0.02")
    assert whole.wait(600) == 0, whole.communicate()
    usual = time.monotonic() - began
    expected = results(program.folder / "whole")
    assert len(expected) == 2 * 2 + 2

    scratch = program.folder / "scratch"
    scratch.mkdir()
    draw, hit, lingered, studies, starts = random.Random(SEED), Counter[str](), 0.0, 0, 0
    shutil.rmtree(program.cache)
    while sum(hit.values()) < KILLS or studies == 0:
        before = results(program.results)
        running = program.start(*STUDY, TINY_SLOW_SECONDS="0.02", TMPDIR=str(scratch))
        starts += 1
        killed = None
        if sum(hit.values()) < KILLS:
            with suppress(subprocess.TimeoutExpired):
                running.wait(draw.uniform(0, usual))
            if running.poll() is None:
                killed, seconds = kill(running, draw.choice(("group", "parent", "child", "child")), draw)
                hit[killed] += 1
                lingered = max(lingered, seconds)
        out, err = running.communicate(timeout=600)
        assert "Traceback" not in out + err, err
        after = results(program.results)
        assert before.items() <= after.items(), "a result was lost, or changed"
        assert after.items() <= expected.items(), "other bits"
        if killed is None:
            assert running.returncode == 0, err
        elif killed in ("worker", "renderer"):
            # A paper is tried before anything is trained: whose renderer is killed then, starts nothing.
            assert running.returncode in (0, 1) or (killed, running.returncode, after) == ("renderer", 2, before), err
        if running.returncode == 0:
            assert after == expected
            assert left_behind(program.results) == left_behind(program.cache) == left_behind(scratch) == []
            assert (program.results / "squares_width@sample" / "paper.pdf").stat().st_size > 10_000
            studies += 1
            shutil.rmtree(program.results)
            shutil.rmtree(program.cache)
    assert lingered < PATIENCE
    parts = ", ".join(f"{kind} {count}" for kind, count in sorted(hit.items()))
    print(
        f"\n{sum(hit.values())} kills ({parts}) in {starts} starts of {studies} studies, seed {SEED}: {len(expected)} "
        f"results each, none lost, all equal; nothing left; no process went on for more than {lingered:.2f} s"
    )
