"""What goes wrong on the workers of a cluster, or at home, each with real processes: refused, excluded or told, and the
bits of what is done are those of here. One scheduler serves all; every test has workers of its own.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from benchsuite.identity.numerics import processor_name
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store, keeps_weights
from support.dask_cluster import Cluster, cluster, wait_for
from support.plugins import SUITE
from support.program import Program

SLOW = SUITE.replace("{name: speck}", "{name: speck, fault: slow}").replace(
    "max_epochs: 3", "max_epochs: 8, patience: 8"
)
RUN = ("run", "squares_width", "--no-estimate", "--no-paper")
SAMPLE = ("--policy", "sample")
Workers = Callable[..., tuple[str, ...]]

DAMAGING = """
from benchsuite.execution import agent
pack = agent.pack
agent.pack = lambda folder, **given: pack(folder, **given)[:-9] + bytes(9)
"""
"""Its answers lose their last bytes."""
OTHER_BITS = """
from benchsuite.execution import worker
make = worker._make_run
def flawed(*given):
    from benchsuite.engine.determinism import seeds
    order = seeds.order
    seeds.order = lambda seed, epoch, n: order(seed + 1, epoch, n)
    return make(*given)
worker._make_run = flawed
"""
"""It computes something else, and nothing that decides bits tells so."""
VANISHING = """
import os, signal
from benchsuite.execution import agent
def vanish(self, task, *report):
    if task.spec.case.settings["model.width"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
agent._Teller.epoch = vanish
"""
"""It dies in each run of one case."""
OTHER_KIND = """
from benchsuite.identity import numerics
numerics.processor_name = lambda: "Another processor"
"""
OTHER_FORM = """
from benchsuite.execution import agent
survey = agent.survey
def survey_in_another_form():
    return survey().replace(b'"form":1', b'"form":2')
agent.survey = survey_in_another_form
"""
"""It speaks as a later version may."""
A_DAY_OFF = """
import time
now = time.time
time.time = lambda: now() + {days} * 86400
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster"), workers=0) as made:
        yield made


@pytest.fixture
def workers(shared: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    """Starts workers, each with a cache of its own and patched as its name says; gives the options that name them."""

    def start(nanny: bool = False, largest: int | None = None, **patches: str) -> tuple[str, ...]:
        for name, patch in patches.items():
            with monkeypatch.context() as own:
                own.setenv("BENCHSUITE_CACHE", str(tmp_path / "sites" / name))
                shared.add_worker(name, nanny=nanny, patch=patch, largest=largest)
        told = {"scheduler_file": shared.file, "workers": len(shared.workers), "wait": 60}
        return ("--executor", "dask", *(f"--executor-option={name}={value}" for name, value in told.items()))

    try:
        yield start
    finally:
        shared.end_workers()


def records(results: Path, folder: str = "squares_width@sample") -> dict[str, RunRecord]:
    return {record.key: record for record in Store(results / folder).records()}


def bits(results: Path, folder: str = "squares_width@sample") -> dict[str, tuple[str | None, str | None]]:
    found = records(results, folder).values()
    return {record.key: (record.weights_hash, record.predictions_hash) for record in found if record.status == "done"}


def logs(folder: Path) -> list[Path]:
    """Those of the runs on sites."""
    return list(folder.glob("sites/*/sites/runs/*/log.txt"))


def training(folder: Path) -> bool:
    return any("epoch 2 of" in log.read_text() for log in logs(folder))


@pytest.fixture
def expected(program: Program) -> dict[str, tuple[str | None, str | None]]:
    """What the study comes to on this machine."""
    here = program.run(*RUN, *SAMPLE, "--results", "here")
    assert here.code == 0, here.err
    found = bits(program.folder / "here")
    assert len(found) == 4
    return found


def test_a_run_whose_worker_vanishes_three_times_has_failed(program: Program, workers: Workers) -> None:
    """Its nanny starts the worker anew each time."""
    over = workers(nanny=True, vanishing=VANISHING)
    study = program.run(*RUN, *SAMPLE, "--seeds", "1", *over)
    assert study.code == 1, study.err
    assert study.err.count("it goes to another site") == 2
    found = records(program.results).values()
    assert sorted(record.status for record in found) == ["done", "failed"]
    (failure,) = (record.failure for record in found if record.failure)
    assert failure.kind == "worker died"
    assert "3 times" in failure.what
    assert program.run(*RUN, *SAMPLE, "--seeds", "1").code == 0, "it is made again here"


def test_a_worker_that_sends_damage_twice_is_given_nothing_more(
    program: Program, workers: Workers, expected: object
) -> None:
    program.run(*RUN, *SAMPLE, *workers(damaging=DAMAGING)).refused("no site makes", "damaged results twice")
    assert records(program.results) == {}
    study = program.run(*RUN, *SAMPLE, *workers(good=""))
    assert study.code == 0, study.err
    assert bits(program.results) == expected


def test_other_bits_of_a_run_that_is_done_meanwhile_stop_the_study(
    program: Program, workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.suite(SLOW)
    with monkeypatch.context() as own:
        own.setenv("TINY_SLOW_SECONDS", "0")
        assert program.run(*RUN, *SAMPLE, "--results", "here").code == 0
        own.setenv("TINY_SLOW_SECONDS", "0.2")
        over = workers(flawed=OTHER_BITS)
    here, store = Store(tmp_path / "here" / "squares_width@sample"), Store(program.results / "squares_width@sample")
    process = program.start(*RUN, *SAMPLE, *over)
    try:
        wait_for("a run that trains", lambda: process.poll() is not None or training(tmp_path), 180)
        for key in here.run_keys():  # as if another command had made them meanwhile
            shutil.copytree(here.folder(key), store.folder(key))
        _, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 1, err
    assert "the same run has other bits" in err
    assert "Traceback" not in err
    assert [key for key in here.run_keys() if store.different(key)]
    assert bits(program.results) == bits(tmp_path / "here"), "what was here first counts"


def test_a_full_disk_of_a_worker_is_its_own(program: Program, workers: Workers, expected: object) -> None:
    over = workers(largest=1_000_000, full="")
    program.run(*RUN, *SAMPLE, *over).refused("no site makes the runs", "File too large")
    study = program.run(*RUN, *SAMPLE, *workers(good=""))
    assert study.code == 0, study.err
    assert bits(program.results) == expected


def test_a_full_disk_here_ends_the_study_with_what_to_do(
    program: Program, workers: Workers, expected: object, tmp_path: Path
) -> None:
    over = workers(good="")
    largest = min(path.stat().st_size for path in (program.folder / "here").rglob("record.json")) - 1
    limited = subprocess.run(
        [sys.executable, "-m", "benchsuite", *RUN, *SAMPLE, *over],
        env={**os.environ, "PYTHONPATH": str(program.plugins), "PYTHONDONTWRITEBYTECODE": "1"},  # it would be cut off
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert limited.returncode == 1, limited.stderr
    assert "File too large" in limited.stderr
    assert "ulimit -f" in limited.stderr
    assert "what is done is kept" in limited.stderr
    assert "Traceback" not in limited.stderr
    assert records(program.results) == {}
    waiting = {record.key: record.started for record in Store(tmp_path / "sites" / "good" / "sites").records()}
    assert waiting, "what did not fit is kept where it was made"
    study = program.run(*RUN, *SAMPLE, *over)
    assert study.code == 0, study.err
    assert bits(program.results) == expected
    found = records(program.results)
    assert {key: found[key].started for key in waiting} == waiting, "it is not made again"


@pytest.fixture
def small_disk(program: Program) -> Iterator[Path]:
    """The disk of the results, on which there is room for a few runs."""
    program.results.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", str(program.results)]
    if subprocess.run(small, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes a privileged user")
    yield program.results
    subprocess.run(["umount", str(program.results)], check=True)


def test_a_disk_here_that_fills_in_the_midst_keeps_what_is_done_and_the_next_start_takes_the_rest(
    program: Program, workers: Workers, small_disk: Path, tmp_path: Path
) -> None:
    over, many = workers(one="", two=""), ("--seeds", "6")
    full = program.run(*RUN, *SAMPLE, *many, *over)
    assert full.code == 1, full.err
    assert "Traceback" not in full.out + full.err
    for word in ("No space left", "remedy:", "free some disk space", "what is done is kept"):
        assert word in full.err
    kept = bits(small_disk)
    assert 0 < len(kept) < 12
    subprocess.run(["mount", "-o", "remount,size=10m", str(small_disk)], check=True)
    study = program.run(*RUN, *SAMPLE, *many, *over)
    assert study.code == 0, study.err
    here = program.run(*RUN, *SAMPLE, *many, "--results", "here")
    assert here.code == 0, here.err
    assert bits(small_disk) == bits(tmp_path / "here")
    assert kept.items() <= bits(small_disk).items()


def test_a_run_whose_own_process_is_killed_has_failed_and_the_study_goes_on(
    program: Program, workers: Workers, shared: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.suite(SLOW)
    with monkeypatch.context() as own:
        own.setenv("TINY_SLOW_SECONDS", "0")
        assert program.run(*RUN, *SAMPLE, "--results", "here").code == 0
        own.setenv("TINY_SLOW_SECONDS", "0.2")
        over = workers(one="", two="")
    process = program.start(*RUN, *SAMPLE, *over)
    try:
        wait_for("a run that trains", lambda: process.poll() is not None or training(tmp_path), 180)
        log = next(log for log in logs(tmp_path) if "epoch 2 of" in log.read_text())
        worker = shared.workers[log.relative_to(tmp_path / "sites").parts[0]]
        (maker,) = psutil.Process(worker.pid).children()
        maker.kill()
        _, err = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 1, err
    assert worker.poll() is None, "its site goes on"
    found = records(program.results)
    assert sorted(record.status for record in found.values()) == ["done", "done", "done", "failed"]
    failure = found[log.parent.name].failure
    assert failure is not None
    assert (failure.kind, "killed by SIGKILL" in failure.what) == ("worker died", True), failure.what
    study = program.run(*RUN, *SAMPLE, *over)
    assert study.code == 0, study.err
    assert bits(program.results) == bits(tmp_path / "here")


def test_threads_are_those_of_who_asks(program: Program, workers: Workers) -> None:
    there = program.run(*RUN, *SAMPLE, "--threads", "2", *workers(one="", two=""))
    assert there.code == 0, there.err
    here = program.run(*RUN, *SAMPLE, "--threads", "2", "--results", "here")
    assert here.code == 0, here.err
    assert bits(program.results) == bits(program.folder / "here")
    assert {record.environment.threads for record in records(program.results).values()} == {2}


def test_workers_of_another_kind_or_version_stay_idle(program: Program, workers: Workers, expected: object) -> None:
    study = program.run(*RUN, *SAMPLE, *workers(one="", two="", kind=OTHER_KIND, version=OTHER_FORM))
    assert study.code == 0, study.err
    assert "it would give other bits (Another processor" in study.err
    assert "which speaks another form of orders" in study.err
    assert bits(program.results) == expected
    assert {record.environment.device_name for record in records(program.results).values()} == {processor_name()}


def test_nothing_depends_on_clocks_that_are_a_day_off(program: Program, workers: Workers, expected: object) -> None:
    over = workers(ahead=A_DAY_OFF.format(days=1), behind=A_DAY_OFF.format(days=-1))
    study = program.run(*RUN, *SAMPLE, *over)
    assert study.code == 0, study.err
    assert bits(program.results) == expected
    again = program.run(*RUN, *SAMPLE)
    assert again.code == 0, again.err
    assert "Everything is done already" in again.out + again.err


def test_a_worker_without_the_data_takes_no_sample_for_them(
    program: Program, workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert program.run("plan", "squares_width", *SAMPLE).code == 0
    (sample,) = program.cache.rglob("squares/train")
    data = tmp_path / "data"
    shutil.copytree(sample.parent, data / "squares")
    real = ("--policy", "real", "--data", str(data))
    over = workers(bare="")
    program.run(*RUN, *real, *over).refused("no site makes the runs", "BENCHSUITE_DATA")
    assert not list((tmp_path / "sites").rglob("record.json"))
    with monkeypatch.context() as own:
        own.setenv("BENCHSUITE_DATA", str(data))
        over = workers(stocked="")
    study = program.run(*RUN, *real, *over)
    assert study.code == 0, study.err
    found = Store(program.results).records()
    assert [record.dataset.provenance for record in found if record.dataset] == ["unofficial copy"] * 4


@pytest.mark.parametrize(("weights", "kept"), [("none", 0), ("cases", 2)])
def test_weights_come_home_as_is_asked(
    program: Program, workers: Workers, tmp_path: Path, expected: object, weights: str, kept: int
) -> None:
    study = program.run(*RUN, *SAMPLE, "--weights", weights, *workers(one=""))
    assert study.code == 0, study.err
    assert bits(program.results) == expected
    found = records(program.results).values()
    assert sum(map(keeps_weights, found)) == kept
    assert {record.spec.seed for record in found if keeps_weights(record)} <= {0}
    assert len(list(program.results.rglob("weights.safetensors"))) == kept
    assert program.run("verify", "squares_width", *SAMPLE, "--runs", "4").code == 0
    assert not list((tmp_path / "sites").rglob("weights.safetensors"))
    assert not list((tmp_path / "sites").rglob("record.json")), "what has come home is not kept there"
