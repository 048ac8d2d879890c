"""What a study of very many runs costs beside its runs, here and by a Dask cluster of this machine, on loopback.

Runs that do nothing come home whole, and are kept as any other: by the worker processes of this machine; by sites that
answer at once, which leaves what dispatch and the store take; by a real scheduler and its workers. Then runs that
really train for a moment, workers that sleep, commands that are ended in the midst of a study, and what planning and
papers take with nothing done and with all. CPU seconds are those of all
processes; each part has a fresh one. For Linux.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from benchsuite.contracts.executor import Session, Site
from benchsuite.engine.task import RunTask
from benchsuite.execution import agent, worker_pool
from benchsuite.execution.dispatch import Dispatch, Hearing
from benchsuite.execution.executor import Executor
from benchsuite.execution.executors import open_executor
from benchsuite.execution.fleet import Fleet
from benchsuite.execution.known_sites import read_site
from support.dask_cluster import Cluster, cluster, wait_for
from support.engine import Silent
from support.plugins import SUITE, TINY, install
from tests.benchmarks import idle
from tests.benchmarks.plan import SETTLED_SECONDS, machine, timed

CASES = 20
"""Of the study whose runs do nothing."""
SLEEPERS, SLEEP_SECONDS, NAPS = 8, 2.0, 5
SLOW = SUITE.replace("{name: speck}", "{name: speck, fault: slow}").replace("max_epochs: 3", "max_epochs: 9")
WAIT = 300


def main() -> None:
    options = _options()
    if options.part:
        PARTS[options.part](options)
        return
    print(f"{machine()}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="benchsuite-bench-") as scratch:
        install(Path(scratch, "plugins"), "tiny-squares", TINY)
        own = {
            "BENCHSUITE_CACHE": str(Path(scratch, "cache")),
            "BENCHSUITE_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": os.pathsep.join([str(Path(scratch, "plugins")), *filter(None, sys.path)]),
        }
        for part in options.only:
            command = [sys.executable, "-m", "tests.benchmarks.scale", *sys.argv[1:], "--part", part, "--in", scratch]
            subprocess.run(command, check=True, env={**os.environ, **own})


# Runs that are made one after the other


def _handing(options: argparse.Namespace) -> None:
    """Runs that do nothing."""
    _print_head(f"a run that does nothing; {_flush_ms(options.folder):.1f} ms for a disk to take 4 kB")
    tasks = _idle_tasks(options)
    worker_pool.worker.main = idle.serve
    _measure("here", open_executor(tasks[0].numerics, _Watcher()), tasks)
    hearing = Hearing()
    _measure("sites that answer at once", _dispatch(_Instant(hearing), hearing), _into(tasks, options.folder / "once"))
    shutil.rmtree(options.folder / "once")
    with _sites(options.folder / "idle", 2, idle.answer) as (made, session, hearing):
        _measure("by Dask", _dispatch(session, hearing), tasks, made)


def _real(options: argparse.Namespace) -> None:
    """Runs that train for a moment."""
    _print_head("a run of three epochs on twelve images")
    (options.folder / "real.yaml").write_text(SUITE.replace("squares_width", "real"))
    tasks = _tasks(options.folder / "real.yaml", -(-options.real // 2), options.folder / "real")
    _measure("here", open_executor(tasks[0].numerics, _Watcher()), _into(tasks, options.folder / "here"))
    with _sites(options.folder / "busy", 2, agent.carry_out) as (made, session, hearing):
        _measure("by Dask", _dispatch(session, hearing), _into(tasks, options.folder / "there"), made)


def _print_head(what: str) -> None:
    columns = "runs | CPU (ms) | of it here | scheduler | sites | runs/s | first order (s) | MB here | scheduler"
    print(f"\n| {what} | {columns} |\n|---{'|---' * 9}|", flush=True)


def _measure(name: str, executor: Executor, tasks: Sequence[RunTask], made: Cluster | None = None) -> None:
    """Make the runs, the first ones unmeasured: they start processes, and read in what is needed."""
    few = max(len(tasks) // 100, 4)
    watcher: Any = executor.watcher
    scheduler = made.scheduler.pid if made is not None and made.scheduler is not None else None
    with executor:
        executor.start(few)
        assert all(record.status == "done" for record in executor.run(tasks[:few]))
        watcher.first, tasks = None, tasks[few:]
        Path("/proc/self/clear_refs").write_text("5")  # the most memory so far is forgotten
        before, start = _cpu_seconds(scheduler), time.perf_counter()
        for record in executor.run(tasks):
            assert record.status == "done", record.failure
        seconds = time.perf_counter() - start
        here, there, sites = (1000 * (b - a) / len(tasks) for a, b in zip(before, _cpu_seconds(scheduler), strict=True))
    memory = f"{_peak(os.getpid()):.0f} | {_peak(scheduler):.0f}" if scheduler else f"{_peak(os.getpid()):.0f} |"
    print(f"| {name} | {len(tasks):,} | {here + there + sites:.1f} | {here:.1f} | {there:.1f} | {sites:.1f} | "
          f"{len(tasks) / seconds:.0f} | {watcher.first - start:.2f} | {memory} |", flush=True)  # fmt: skip


class _Watcher(Silent):
    """Notes when a run has begun for the first time."""

    first: float | None = None

    def started(self, task: RunTask) -> None:
        self.first = self.first or time.perf_counter()


class _Instant(Session):
    """A site that has carried out each order when it is submitted."""

    def __init__(self, heard: Callable[[str, bytes], None]) -> None:
        self.heard = heard

    @cached_property
    def _site(self) -> Site:
        return Site("instant", "here", 1, idle.survey())

    def sites(self) -> tuple[Site, ...]:
        return (self._site,)

    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        class Channel:
            tell = staticmethod(lambda message: self.heard(ticket, message))
            cancelled = staticmethod(lambda: False)

        future: Future[bytes] = Future()
        future.set_result(idle.answer(order, Channel()))
        return future

    def cancel(self, ticket: str) -> None: ...

    def close(self, *, now: bool) -> None: ...


def _dispatch(session: Session, hearing: Hearing) -> Dispatch:
    known, trouble = read_site(session.sites()[0])
    assert known is not None, trouble
    return Dispatch(session, Fleet(kinds=(known.machine.kind(),), slots=(1,)), hearing, _Watcher())


@contextmanager
def _sites(folder: Path, workers: int, handler: Callable[..., bytes]) -> Iterator[tuple[Cluster, Session, Hearing]]:
    """A session with a cluster of this machine, whose workers call `handler`."""
    from benchsuite_plugins.executors.dask import Dask
    from benchsuite_plugins.executors.dask_options import DaskParameters

    folder.mkdir()
    with cluster(folder, workers) as made:
        hearing = Hearing()
        options = DaskParameters(scheduler_file=made.file, workers=workers)
        session = Dask().open(options, handler, idle.survey, hearing)
        wait_for("all sites", lambda: sum(not site.trouble for site in session.sites()) == workers, WAIT)
        yield made, session, hearing


def _idle_tasks(options: argparse.Namespace) -> tuple[RunTask, ...]:
    return _tasks(*_study(options))


def _study(options: argparse.Namespace) -> tuple[Path, int, Path]:
    from support.large_study import write_suite

    seeds = max(options.runs // CASES, 1)
    return write_suite(options.folder / "many.yaml", CASES, seeds), seeds, options.folder / "results"


def _tasks(suite: Path, seeds: int, results: Path) -> tuple[RunTask, ...]:
    from benchsuite.commands.options import PolicyName, StudyOptions
    from benchsuite.commands.session import open_study

    options = StudyOptions(seeds=str(seeds), results=results, policy=PolicyName.sample)
    return open_study(str(suite), options, download=False, quiet=True).preparation.tasks


def _into(tasks: Sequence[RunTask], results: Path) -> list[RunTask]:
    return [replace(task, results=results) for task in tasks]


def _cpu_seconds(scheduler: int | None) -> tuple[float, float, float]:
    """Of this process, of the scheduler, and of all others below this one."""
    used = {}
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        times = process.cpu_times()
        used[process.pid] = times.user + times.system + times.children_user + times.children_system
    own, theirs = used.pop(os.getpid()), used.pop(scheduler, 0.0) if scheduler else 0.0
    return own, theirs, sum(used.values())


def _peak(pid: int) -> float:
    """The most memory that a process has had, in MB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def _flush_ms(folder: Path, times: int = 20) -> float:
    with (folder / "flushed").open("wb", buffering=0) as file:
        start = time.perf_counter()
        for _ in range(times):
            file.write(bytes(4096))
            os.fsync(file.fileno())
        return (time.perf_counter() - start) * 1000 / times


# Workers that sleep, and commands that are ended


def _sleeping(options: argparse.Namespace) -> None:
    """How linear it is."""
    print(f"\n| {SLEEPERS} at once that sleep {SLEEP_SECONDS:g} s | runs | seconds | linear (%) |\n|---|---|---|---|")
    os.environ[idle.SLEEP] = str(SLEEP_SECONDS)
    tasks = _idle_tasks(options)[: SLEEPERS * NAPS]
    worker_pool.worker.main = idle.serve
    pool = open_executor(tasks[0].numerics, _Watcher())
    pool.pack(SLEEPERS)
    _time_naps("here", pool, tasks)
    with _sites(options.folder / "asleep", SLEEPERS, idle.answer) as (_, session, hearing):
        _time_naps("by Dask", _dispatch(session, hearing), _into(tasks, options.folder / "naps"))


def _time_naps(name: str, executor: Executor, tasks: Sequence[RunTask]) -> None:
    with executor:
        executor.start(SLEEPERS)
        for _ in executor.run(tasks[:SLEEPERS]):  # in which processes start
            pass
        start, tasks = time.perf_counter(), tasks[SLEEPERS:]
        for _ in executor.run(tasks):
            pass
        seconds = time.perf_counter() - start
    linear = len(tasks) / SLEEPERS * SLEEP_SECONDS / seconds
    print(f"| {name} | {len(tasks)} | {seconds:.2f} | {100 * linear:.1f} |", flush=True)


def _ending(options: argparse.Namespace) -> None:
    """How long runs outlive the command that wants them."""
    print("\n| until the last of two runs has ended | here (s) | by Dask (s) |\n|---|---|---|", flush=True)
    os.environ["TINY_SLOW_SECONDS"] = "0.5"
    (options.folder / "slow.yaml").write_text(SLOW.replace("squares_width", "slow"))
    for name, ending in (("after Ctrl-C", signal.SIGINT), ("after the command was killed", signal.SIGKILL)):
        found = [_time_end(options.folder / f"here-{ending.name}", ending)]
        folder = options.folder / f"there-{ending.name}"
        os.environ["BENCHSUITE_CACHE"] = str(folder / "cache")
        folder.mkdir()
        with cluster(folder, 2) as made:
            found.append(_time_end(folder, ending, made))
        print(f"| {name} | {' | '.join(f'{seconds:.2f}' for seconds in found)} |", flush=True)


def _time_end(folder: Path, ending: signal.Signals, made: Cluster | None = None) -> float:
    """Start a study, end its command when it trains, and wait for the processes of its runs."""
    command = [sys.executable, "-m", "benchsuite", "run", str(folder.parent / "slow.yaml"), "--policy", "sample"]
    command += ["--no-estimate", "--no-paper", "--results", str(folder / "results"), "--workers", "2"]
    if made is not None:
        command += ["--executor", "dask", "--executor-option", f"scheduler_file={made.file}"]
    logs = "results/*/runs/*/log.txt" if made is None else "cache/sites/runs/*/log.txt"
    folder.mkdir(exist_ok=True)
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, preexec_fn=_take_interrupts)
    try:
        wait_for(
            "two runs that train",
            lambda: sum("epoch 1 of" in log.read_text() for log in folder.glob(logs)) >= 2,
            WAIT,
        )
        parents = [process.pid] if made is None else [one.pid for one in made.workers.values()]
        makers = [child for parent in parents for child in psutil.Process(parent).children()]
        start = time.perf_counter()
        process.send_signal(ending)
        assert makers
        wait_for("the end of all that made runs", lambda: not any(map(_computes, makers)), WAIT)
        return time.perf_counter() - start
    finally:
        process.kill()
        process.wait()


def _computes(process: psutil.Process) -> bool:
    """Not so one that has ended and that the system has yet to take away, which some look after once a second."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _take_interrupts() -> None:
    """Ctrl-C reaches a command even where this one runs in the background and ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


# Planning and papers


def _planning(options: argparse.Namespace) -> None:
    """What commands take, on a study of which nothing is done and one of which all is."""
    suite, seeds, _ = _study(options)
    results = options.folder / "full"
    asked = [str(suite), "--seeds", str(seeds), "--policy", "sample", "--results", str(results)]
    timed("-m", "benchsuite", "plan", *asked)  # makes the sample
    print(f"\n| command, {CASES * seeds:,} runs | seconds | of CPU | memory (MB) |\n|---|---|---|---|", flush=True)
    for name in ("plan, nothing done", "plan, all done, seen first", "plan, all done", "paper"):
        seconds, cpu, memory = timed("-m", "benchsuite", name.partition(",")[0], *asked)
        print(f"| {name} | {seconds:.1f} | {cpu:.1f} | {memory:.0f} |", flush=True)
        if "nothing" in name:
            idle.fill(_tasks(suite, seeds, results))
        time.sleep(SETTLED_SECONDS)
    task = _tasks(suite, seeds, results)[-1]
    one = f"{suite}/{task.spec.case.name}/{task.spec.seed}"
    (paper,) = results.rglob("paper.pdf")
    for name, arguments in {
        "show, one run": ["show", one, *asked[1:]],
        "why, one run": ["why", one, *asked[1:]],
        "check, the paper": ["check", str(paper)],
        "reproduce, the paper": ["reproduce", str(paper), "--to", str(options.folder / "again")],
    }.items():
        seconds, cpu, memory = timed("-m", "benchsuite", *arguments)
        print(f"| {name} | {seconds:.1f} | {cpu:.1f} | {memory:.0f} |", flush=True)
    print(f"\nThe paper has {paper.stat().st_size / 2**20:.1f} MB.", flush=True)


PARTS = {
    "handing": _handing,
    "planning": _planning,
    "real": _real,
    "sleeping": _sleeping,
    "ending": _ending,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=scale ARGS=…", description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000, help="runs that do nothing (%(default)s)")
    parser.add_argument("--real", type=int, default=100, help="runs that train (%(default)s)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="these parts (default all)")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
