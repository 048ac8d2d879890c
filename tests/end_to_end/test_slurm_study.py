"""Studies whose runs are made by jobs of a stand-in for Slurm: the bits of here, whatever is preempted or killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchsuite.store.run_store import Store
from support.plugins import SUITE
from support.program import Program
from support.stand_in_slurm import StandInSlurm

PLAIN = ("squares_width", "--policy", "sample", "--no-estimate", "--no-paper")
SLOW = SUITE.replace("{name: speck}", "{name: speck, fault: slow}").replace(
    "max_epochs: 3", "max_epochs: 8, patience: 8"
)

pytestmark = pytest.mark.slow


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInSlurm]:
    stand_in = StandInSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", str(stand_in.commands), prepend=os.pathsep)
    yield stand_in
    stand_in.stop()


def over(folder: Path, **options: object) -> list[str]:
    """The options of a command whose jobs have a cache of their own."""
    setup = f'["export BENCHSUITE_CACHE={folder / "site"}"]'
    told = {"folder": folder / "meet", "most": 2, "look": 0.5, "silence": 3.0, "setup": setup} | options
    return ["--executor", "slurm", *(f"--executor-option={name}={value}" for name, value in told.items())]


def bits(results: Path) -> dict[str, tuple[str | None, str | None]]:
    """The hashes of every finished run."""
    store = Store(results / "squares_width@sample")
    return {r.key: (r.weights_hash, r.predictions_hash) for r in store.records() if r.status == "done"}


def until(true: Callable[[], object], what: str, process: subprocess.Popen[str]) -> None:
    limit = time.monotonic() + 90
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit, f"waited for {what}"
        time.sleep(0.1)


def trains(folder: Path) -> bool:
    return any("epoch 2 of" in log.read_text() for log in folder.glob("site/sites/runs/*/log.txt"))


@pytest.fixture
def expected(program: Program, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str | None, str | None]]:
    """What the slow study comes to on this machine."""
    program.suite(SLOW)
    monkeypatch.setenv("TINY_SLOW_SECONDS", "0")
    assert program.run("run", *PLAIN, "--results", "here").code == 0
    found = bits(program.folder / "here")
    assert len(found) == 4
    monkeypatch.setenv("TINY_SLOW_SECONDS", "0.3")
    return found


@pytest.mark.parametrize("preempted", [False, True])
def test_a_study_on_slurm_has_the_bits_of_here(
    program: Program, slurm: StandInSlurm, tmp_path: Path, expected: object, preempted: bool
) -> None:
    process = program.start("run", *PLAIN, *over(tmp_path))
    until(lambda: trains(tmp_path), "a run that trains", process)
    if preempted:
        (job, *_) = slurm.running()
        slurm.preempt(job)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, out + err
    assert bits(program.results) == expected
    assert list((tmp_path / "meet").iterdir()) == []
    assert max(slurm.starts(name) for name in slurm.all_jobs()) == 1 + preempted


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_jobs_stop_when_the_command_ends_and_the_next_takes_the_rest(
    program: Program, slurm: StandInSlurm, tmp_path: Path, expected: object, ending: signal.Signals
) -> None:
    process = program.start("run", *PLAIN, *over(tmp_path))
    until(lambda: trains(tmp_path), "a run that trains", process)
    process.send_signal(ending)
    process.communicate(timeout=30)
    limit = time.monotonic() + 30
    while slurm.running():
        assert time.monotonic() < limit, f"jobs go on: {slurm.running()}"
        time.sleep(0.1)
    again = program.start("run", *PLAIN, *over(tmp_path))
    out, err = again.communicate(timeout=180)
    assert again.returncode == 0, out + err
    assert bits(program.results) == expected


STAND_IN = """
import os

if steps := os.environ.get("STAND_IN_STEPS"):
    from benchsuite.execution import canary

    canary.STEPS = int(steps)
"""


def test_a_node_that_computes_otherwise_than_the_one_that_told_of_itself_makes_nothing(
    program: Program, slurm: StandInSlurm, tmp_path: Path, expected: object
) -> None:
    (tmp_path / "stand-in").mkdir()
    (tmp_path / "stand-in" / "sitecustomize.py").write_text(STAND_IN)
    other = f"if [ $SLURM_JOB_ID = 1001_0 ]; then export STAND_IN_STEPS=5 BENCHSUITE_CACHE={tmp_path / 'other'}; fi"
    setup = f'["export BENCHSUITE_CACHE={tmp_path / "site"}", "{other}"]'
    path = os.pathsep.join(map(str, (tmp_path / "stand-in", program.plugins)))
    process = program.start("run", *PLAIN, *over(tmp_path, setup=setup), PYTHONPATH=path)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err
    assert "1001_0" in slurm.all_jobs()
    assert err.count("makes none of the runs that come to it: 5 training steps give other bits there") == 1, err
    assert not list((tmp_path / "other").rglob("record.json"))
    assert bits(program.results) == expected


def test_a_site_whose_jobs_lack_a_plugin_is_told_once(program: Program, slurm: StandInSlurm, tmp_path: Path) -> None:
    program.suite(SUITE)
    refused = program.run("run", *PLAIN, *over(tmp_path))  # jobs do not see the plugins of this process
    refused.refused("no site makes the runs", "no dataset is named")
    assert len(slurm.all_jobs()) < 10


def test_a_partition_that_is_none_ends_the_study_before_it_begins(program: Program, slurm: StandInSlurm) -> None:
    program.suite(SUITE)
    refused = program.run("run", *PLAIN, *over(program.folder, partition="absent"))
    refused.refused("invalid partition specified: absent", "partition=NAME")
