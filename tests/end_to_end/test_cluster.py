"""Studies over a real Dask cluster of this machine: the bits of here, whatever is lost, killed, edited or missing."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from benchsuite.store.run_store import Store
from support.dask_cluster import Cluster, cluster, wait_for
from support.plugins import SUITE
from support.program import Program

PLAIN = ("squares_width", "--policy", "sample", "--no-estimate", "--no-paper")
SLOW = SUITE.replace("{name: speck}", "{name: speck, fault: slow}").replace(
    "max_epochs: 3", "max_epochs: 8, patience: 8"
)
Started = Callable[..., "subprocess.Popen[str]"]

pytestmark = pytest.mark.slow


def bits(results: Path) -> dict[str, tuple[str | None, str | None]]:
    """The hashes of every finished run."""
    store = Store(results / "squares_width@sample")
    return {r.key: (r.weights_hash, r.predictions_hash) for r in store.records() if r.status == "done"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Cluster, str], None]:
    """Adds a worker with a cache of its own."""

    def add(made: Cluster, name: str) -> None:
        with monkeypatch.context() as own:
            own.setenv("BENCHSUITE_CACHE", str(tmp_path / "sites" / name))
            own.setenv("TINY_SLOW_SECONDS", "0.2")
            made.add_worker(name)

    return add


@contextmanager
def two(folder: Path, site: Callable[[Cluster, str], None]) -> Iterator[Cluster]:
    folder.mkdir()
    with cluster(folder, workers=0) as made:
        site(made, "w1")
        site(made, "w2")
        yield made


def over(made: Cluster) -> tuple[str, ...]:
    return ("--executor", "dask", "--executor-option", f"scheduler_file={made.file}")


@pytest.fixture
def expected(program: Program, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str | None, str | None]]:
    """What the slow study comes to on this machine."""
    program.suite(SLOW)
    with monkeypatch.context() as own:
        own.setenv("TINY_SLOW_SECONDS", "0")
        assert program.run("run", *PLAIN, "--results", "here").code == 0
    found = bits(program.folder / "here")
    assert len(found) == 4
    return found


def training(folder: Path, process: subprocess.Popen[str], seconds: float = 90) -> list[Path]:
    """The logs of runs that sites train, once there is one."""
    until = time.monotonic() + seconds
    while True:
        found = [log for log in folder.glob("sites/*/sites/runs/*/log.txt") if "epoch 2 of" in log.read_text()]
        if found:
            return found
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "no site trains"
        time.sleep(0.1)


def test_over_a_cluster_then_here_then_merged_there_is_one_study(
    program: Program, tmp_path: Path, site: Callable[[Cluster, str], None]
) -> None:
    with two(tmp_path / "cluster", site) as made:
        done = program.run("run", *PLAIN, *over(made), "--results", "there")
        assert done.code == 0, done.err
        assert made.listening() == {"127.0.0.1"}
    here = program.run("run", *PLAIN, "--results", "here")
    assert here.code == 0, here.err
    assert bits(tmp_path / "there") == bits(tmp_path / "here")
    merged = program.run("merge", "there", "--results", "here")
    assert merged.code == 0, merged.err
    again = program.run("run", "squares_width", "--policy", "sample", "--results", "here")
    assert again.code == 0, again.err
    assert "Everything is done already" in again.out + again.err
    assert len(list((tmp_path / "here").rglob("*.pdf"))) == 1


def test_a_worker_that_is_killed_costs_nothing_but_time(
    program: Program, tmp_path: Path, site: Callable[[Cluster, str], None], expected: object
) -> None:
    with two(tmp_path / "cluster", site) as made:
        process = program.start("run", *PLAIN, *over(made))
        log = training(tmp_path, process)[0]
        made.workers[log.relative_to(tmp_path / "sites").parts[0]].kill()
        _, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    assert "goes to another site" in err
    assert bits(program.results) == expected


def test_a_scheduler_that_is_killed_ends_the_study_and_the_next_start_takes_the_rest(
    program: Program, tmp_path: Path, site: Callable[[Cluster, str], None], expected: object
) -> None:
    with two(tmp_path / "cluster", site) as made:
        process = program.start("run", *PLAIN, *over(made))
        training(tmp_path, process)
        assert made.scheduler is not None
        made.scheduler.kill()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "scheduler" in err
    assert "Traceback" not in out + err
    with two(tmp_path / "again", site) as made:
        done = program.run("run", *PLAIN, *over(made))
    assert done.code == 0, done.err
    assert bits(program.results) == expected


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_sites_stop_when_the_command_ends(
    program: Program, tmp_path: Path, site: Callable[[Cluster, str], None], expected: object, ending: signal.Signals
) -> None:
    with two(tmp_path / "cluster", site) as made:
        process = program.start("run", *PLAIN, *over(made))
        training(tmp_path, process)
        making = [child for worker in made.workers.values() for child in psutil.Process(worker.pid).children()]
        assert making
        process.send_signal(ending)
        process.communicate(timeout=30)
        assert process.returncode == (130 if ending == signal.SIGINT else -signal.SIGKILL)
        _, alive = psutil.wait_procs(making, timeout=10)
        assert not alive
        again = program.run("run", *PLAIN, *over(made))
        assert again.code == 0, again.err
    assert bits(program.results) == expected


def test_a_site_with_other_source_is_given_nothing(
    program: Program, tmp_path: Path, site: Callable[[Cluster, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = tmp_path / "edited"
    shutil.copytree(program.plugins, edited)
    with (edited / "tiny_squares.py").open("a") as source:
        source.write("\nEDITED = 1\n")
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster", workers=0) as made:
        with monkeypatch.context() as own:
            own.syspath_prepend(edited)
            site(made, "edited")
        program.run("run", *PLAIN, *over(made)).refused("no site makes the runs", "tiny_squares changed")
        site(made, "fresh")
        wait_for("the second worker", lambda: "(fresh)" in program.run("doctor", *over(made)).out)
        done = program.run("run", *PLAIN, *over(made))
        assert done.code == 0, done.err
    assert len(bits(program.results)) == 4
