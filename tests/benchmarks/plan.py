"""Seconds and memory of planning large studies on the synthetic sample, each time in a fresh process.

Every study is planned with nothing done; with all done by records that are looked at for the first time, as after they
were copied to this machine; and with all done once more. Its shapes are many cases with few seeds, and few cases with
many. A quarter of each tells whether the cost grows linearly. Then `show` and `why` of whole studies.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTLED_SECONDS = 2.5
"""After which files are remembered; see benchsuite.file_stamps."""


def machine() -> str:
    """What is measured on, and when."""
    processor, day = platform.processor() or platform.machine(), time.strftime("%Y-%m-%d")
    return f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}, {day}"


def main() -> None:
    options = _options()
    if options.fill:
        _fill(*options.fill)
        return
    print(f"{machine()}\n")
    print("| runs | study | command | seconds | of CPU | memory (MB) |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="benchsuite-bench-") as scratch:
        os.environ |= {"BENCHSUITE_CACHE": str(Path(scratch, "cache")), "HF_HUB_OFFLINE": "1"}
        for runs in (options.runs // 4, options.runs):
            for cases in (runs, runs // 10, 20):  # multiples of 10
                _measure(Path(scratch, f"{runs}-{cases}"), cases, runs // cases)
        for runs in (options.small // 4, options.small):
            _measure(Path(scratch, f"small-{runs}"), 20, runs // 20, commands=("show", "why"))


def _measure(folder: Path, cases: int, seeds: int, commands: tuple[str, ...] = ()) -> None:
    from support.large_study import write_suite

    suite = write_suite(folder / "many.yaml", cases, seeds)
    asked = [str(suite), "--seeds", str(seeds), "--results", str(folder / "results"), "--policy", "sample"]

    def measure(what: str, *command: str) -> None:
        seconds, cpu, memory = timed("-m", "benchsuite", *command)
        print(f"| {cases * seeds:,} | {cases:,} x {seeds:,} | {what} | {seconds:.1f} | {cpu:.1f} | {memory:.0f} |",
              flush=True)  # fmt: skip

    timed("-m", "benchsuite", "plan", *asked)  # makes the sample
    if not commands:
        measure("plan, nothing done", "plan", *asked)
    timed("-m", "tests.benchmarks.plan", "--fill", str(suite), str(seeds), str(folder / "results"))
    time.sleep(SETTLED_SECONDS)
    for what in () if commands else ("plan, all done, seen first", "plan, all done"):
        measure(what, "plan", *asked)
    for command in commands:
        measure(command, command, *asked)


def timed(*command: str) -> tuple[float, float, float]:
    """Wall-clock seconds, seconds of CPU and megabytes of a Python program, which must end well."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        said.seek(0)
        words = said.read().decode(errors="replace")
    if (code := os.waitstatus_to_exitcode(status)) != 0:
        raise SystemExit(f"{' '.join(command)} left with {code}: {words[-2000:]}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _fill(suite: str, seeds: str, results: str) -> None:
    """Make records of all runs."""
    from benchsuite.commands.options import PolicyName, StudyOptions
    from benchsuite.commands.session import open_study
    from support.large_study import make_done

    options = StudyOptions(seeds=seeds, results=Path(results), policy=PolicyName.sample)
    make_done(open_study(suite, options, download=False, quiet=True).preparation.tasks)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=plan ARGS=…", description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000, help="runs of the largest study (%(default)s)")
    parser.add_argument("--small", type=int, default=400, help="runs of the study shown (%(default)s)")
    parser.add_argument("--fill", nargs=3, metavar=("SUITE", "SEEDS", "RESULTS"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
