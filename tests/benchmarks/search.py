"""Seconds and memory of searches of many trials: of planning them, each time in a fresh process, and of a proposal.

A search that draws is planned with nothing done, with all done by records that are looked at for the first time, and
once more. Of one that learns (tpe, with a lag), nearly all trials are done and known to have been proposed; a few more
are to be proposed. Its earlier points are made up, since proposing 20,000 takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from tests.benchmarks.plan import SETTLED_SECONDS, machine, timed

NEW = 10
"""Trials that are to be proposed."""


def main() -> None:
    options = _options()
    if options.fill:
        _fill(*map(Path, options.fill))
        return
    print(f"{machine()}\n")
    print("| trials | what | seconds | of CPU | memory (MB) |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="benchsuite-bench-") as scratch:
        os.environ |= {"BENCHSUITE_CACHE": str(Path(scratch, "cache")), "HF_HUB_OFFLINE": "1"}
        for trials in (options.trials // 4, options.trials):
            _measure(Path(scratch, str(trials)), trials)


def _measure(folder: Path, trials: int) -> None:
    from support.large_study import write_search

    folder.mkdir()
    drawn, learnt = (write_search(folder / f"{sampler}.yaml", trials, sampler) for sampler in ("random", "tpe"))
    results = str(folder / "results")

    def measure(what: str, suite: Path) -> None:
        seconds, cpu, memory = timed("-m", "benchsuite", "plan", str(suite), "--results", results)
        print(f"| {trials:,} | {what} | {seconds:.1f} | {cpu:.1f} | {memory:.0f} |", flush=True)

    measure("plan of a draw, nothing done", drawn)
    timed("-m", "tests.benchmarks.search", "--fill", str(drawn), str(learnt), results)
    time.sleep(SETTLED_SECONDS)
    measure("the same, all done, seen first", drawn)
    measure("the same, all done", drawn)
    measure(f"plan of tpe, {NEW} to be proposed", learnt)
    begun = time.process_time()
    study, each = _propose(trials)
    print(f"| {trials:,} | Optuna is told all trials | | {study - begun:.2f} | |")
    print(f"| {trials:,} | and asked for one | | {each:.3f} | |", flush=True)


def _fill(drawn: Path, learnt: Path, results: Path) -> None:
    """Make records of all trials, and what the cache would remember had the second search proposed them."""
    from benchsuite.commands.options import StudyOptions
    from benchsuite.commands.session import open_study
    from benchsuite.file_stamps import memory_of
    from benchsuite.suite.search.points import Estimator, _Study
    from benchsuite.suite.search.proposal import propose
    from support.large_study import make_done
    from support.synthetic import make_record

    options = StudyOptions(results=results)
    one = open_study(str(drawn), options, download=False, quiet=True)
    make_done(one.preparation.tasks)
    search, best = one.suite.search, make_record().best
    assert search is not None
    assert best is not None
    steps = propose(search, lambda _: None).steps
    other = search.model_copy(update={"sampler": "tpe", "lag": 256})
    file = memory_of(results / learnt.stem, one.place.cache / "proposals")
    estimator = Estimator(other, file)
    estimator._points = [step.point for step in steps[:-NEW]]
    estimator._costs = [-best.validation_accuracy] * max(0, len(estimator._points) - 256)
    estimator._save(file, _Study(other, [], [], None).state)


def _propose(trials: int) -> tuple[float, float]:
    """When Optuna knew so many made-up trials, and the seconds of CPU that it then took for each of a few more."""
    from random import Random

    from benchsuite.suite.schema.suite import Search
    from benchsuite.suite.search.points import _Study

    chance = Random(1)
    search = Search(
        space={f"recipe.p{axis}": tuple(range(100)) for axis in range(4)}, sampler="tpe", budget=trials, lag=256
    )
    points = [tuple(chance.randrange(100) for _ in range(4)) for _ in range(trials)]
    study = _Study(search, points, [chance.random() for _ in range(trials - 256)], None)
    known = time.process_time()
    for _ in range(NEW):
        study.ask([chance.random()])
    return known, (time.process_time() - known) / NEW


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=search ARGS=…", description=__doc__)
    parser.add_argument("--trials", type=int, default=20_000, help="trials of the largest search (%(default)s)")
    parser.add_argument("--fill", nargs=3, metavar=("DRAWN", "LEARNT", "RESULTS"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
