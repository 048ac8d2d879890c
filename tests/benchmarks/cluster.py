"""A cluster of 256 GPUs that is not there: how much of it a study uses, by the orders that benchsuite would give.

The very dispatch of `benchsuite run --executor` hands out the orders, a turn of it at each event, to sites on a clock
that jumps from event to event. Cases take from half an hour to eight hours; a run takes what its case does, give or
take; one site in twenty is slow by half; sites are lost once in a thousand hours, with the run that they make, and come
back after a quarter of an hour. First a study whose runs are known beforehand, in the order of its plan and the longest
first, as dispatch does once it knows what runs cost; then searches, whose next trial may be known only when earlier
ones have ended, in batches or with a `lag`, by the very rule of searches. Use is the share of all GPUs' time, from the
first run to the last, in which runs were made that ended well.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import platform
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchsuite.contracts.executor import Session, Site, SiteLost
from benchsuite.engine.task import RunTask
from benchsuite.execution.dispatch import Dispatch, Hearing
from benchsuite.execution.fleet import Fleet
from benchsuite.execution.wire import Report, told
from benchsuite.identity.canonical import digest
from benchsuite.identity.numerics import MachineFacts
from benchsuite.identity.run_key import RunKey
from benchsuite.suite.cases.plan import Case, RunSpec
from benchsuite.suite.search.proposal import count_told
from support.engine import Silent
from support.search import make_search
from support.synthetic import make_case

CASES = 20
SHORTEST, LONGEST, SPREAD = 0.5, 8.0, 0.1
"""Hours of a case's runs, spread evenly by their logarithm, in which a run then differs from its case."""
SLOW, SLOWER = 0.05, 1.5
HOURS_TO_LOSS, HOURS_AWAY = 1000.0, 0.25
MACHINE = MachineFacts(
    torch="2", torchvision="0", numpy="2", pillow="12", cuda=None, cudnn=None, cublas=None, processor="simulated",
    instruction_set="AVX2", bf16_set=None,
)  # fmt: skip
FLEET = Fleet(kinds=(MACHINE,), slots=(1,))
LAGS = (4, 16, 64, 256, 512, 1024)


def main() -> None:
    options = _options()
    print(f"{options.gpus} GPUs; simulated on {platform.processor() or platform.machine()}, "
          f"Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}\n")  # fmt: skip
    columns = "use (%) | days | sites lost | CPU of this, a run (ms)"
    print(f"| runs | order | {columns} |\n|---|---|---|---|---|---|")
    for runs in dict.fromkeys((options.runs, max(options.runs // 10, CASES))):
        for order in ("as planned", "longest first"):
            print(f"| {runs:,} | {order} | {_study(options, runs, order == 'longest first')} |", flush=True)
    print(f"\n| trials | next trial | {columns} |\n|---|---|---|---|---|---|")
    for name, rule in (("batch 4", {"batch": 4}), *((f"lag {lag:,}", {"lag": lag}) for lag in LAGS)):
        if rule.get("lag", 1) < options.runs:
            print(f"| {options.runs:,} | {name} | {_search(options, rule)} |", flush=True)


def _study(options: argparse.Namespace, runs: int, longest_first: bool) -> str:
    """Every case with seed after seed, as in a plan; the cases in any order."""
    hours = [SHORTEST * (LONGEST / SHORTEST) ** (number / (CASES - 1)) for number in range(CASES)]
    draw = random.Random(options.seed)
    draw.shuffle(hours)
    jobs = [_job(number % CASES, number // CASES) for number in range(runs)]
    taken = {job.key.key: hours[n % CASES] * draw.lognormvariate(0, SPREAD) for n, job in enumerate(jobs)}
    costs: list[Any] = [SimpleNamespace(case=f"case {n}", seconds=3600 * one) for n, one in enumerate(hours)]
    return _simulate(options, jobs, taken, costs if longest_first else ())


def _search(options: argparse.Namespace, rule: dict[str, int]) -> str:
    """A search, each trial of which is a case of its own, about which nothing is known beforehand."""
    search = make_search(sampler="tpe", **rule)
    draw = random.Random(options.seed)
    jobs = [_job(number, 0) for number in range(options.runs)]
    taken = {job.key.key: SHORTEST * (LONGEST / SHORTEST) ** draw.random() for job in jobs}
    ended: set[str] = set()
    known = proposed = 0

    def proposals() -> Iterator[RunTask]:
        """The trials that those which have ended make possible."""
        nonlocal known, proposed
        while known < len(jobs) and jobs[known].key.key in ended:
            known += 1
        while proposed < len(jobs) and count_told(search, proposed + 1) <= known:
            proposed += 1
            yield jobs[proposed - 1]

    def follow(job: RunTask) -> Iterator[RunTask]:
        ended.add(job.key.key)
        return proposals()

    return _simulate(options, list(proposals()), taken, (), follow)


def _simulate(
    options: argparse.Namespace,
    jobs: Sequence[RunTask],
    hours: Mapping[str, float],
    costs: Sequence[Any],
    follow: Callable[[RunTask], Iterable[RunTask]] = lambda _: (),
) -> str:
    """`hours` are those of each run, by its key."""
    cluster = Cluster(options.gpus, options.seed, hours)
    start, runs, waiting = time.process_time(), 0, deque(jobs)
    with Turns(cluster, FLEET, cluster.hearing, Silent(), lambda: 3600 * cluster.now) as dispatch:
        dispatch.packing(len(jobs), costs)
        while waiting or cluster.advance():
            while waiting:
                runs += 1
                future = dispatch.submit(waiting.popleft())
                future.add_done_callback(lambda done: waiting.extend(follow(done.result())))
            dispatch._turn(0)
    use = cluster.used / (options.gpus * cluster.ended)
    cpu = 1000 * (time.process_time() - start) / runs
    return f"{100 * use:.1f} | {cluster.ended / 24:.1f} | {cluster.lost:,} | {cpu:.1f}"


def _job(case: int, seed: int) -> RunTask:
    spec = RunSpec(suite="simulated", case=_case(case), seed=seed)
    found: Any = SimpleNamespace(provenance="official", left_out={})
    numerics: Any = None
    key = RunKey(digest([case, seed])[:32], {"case": case, "seed": seed})
    return RunTask(spec, key, numerics, found, found, Path(), Path())


@cache
def _case(number: int) -> Case:
    return make_case().model_copy(update={"name": f"case {number}"})


class Turns(Dispatch):
    """The dispatch of commands, but that whoever simulates gives it its turns, and that nothing is put on disk."""

    def _serve(self) -> None: ...

    def _takers_submit(self, item: Any, future: Future[bytes]) -> None:
        self._take(item, future)

    def _outcome(self, item: Any, future: Future[bytes]) -> tuple[str, Any]:
        return future.result().decode(), item.job


class Cluster(Session):
    """Sites of one slot each, on a clock of their own, in hours. `hours` are those of each run, by its key."""

    def __init__(self, gpus: int, seed: int, hours: Mapping[str, float]) -> None:
        self.hearing = Hearing()
        self.now = self.used = self.ended = 0.0
        """In use are the hours of runs that ended well, the last of them when all ended."""
        self.lost = 0
        self._hours, self._draw = hours, random.Random(seed)
        names = [f"gpu-{number}" for number in range(gpus)]
        self._there = {name: Site(name, name, 1, _report(name)) for name in names}
        self._pace = {name: SLOWER if self._draw.random() < SLOW else 1.0 for name in names}
        self._idle = deque(names)
        self._waiting: deque[tuple[str, Future[bytes]]] = deque()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def advance(self) -> bool:
        """Go on to the next event; False when there is none."""
        if not self._events:
            return False
        self.now, _, happens = heapq.heappop(self._events)
        happens()
        self._begin()
        return True

    def sites(self) -> tuple[Site, ...]:
        return tuple(self._there.values())

    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        future: Future[bytes] = Future()
        self._waiting.append((ticket, future))
        self._begin()
        return future

    def cancel(self, ticket: str) -> None: ...

    def close(self, *, now: bool) -> None: ...

    def _begin(self) -> None:
        """Give what waits to the sites that are idle."""
        while self._idle and self._waiting:
            ticket, future = self._waiting.popleft()
            name = self._idle.popleft()
            self.hearing(ticket, told("started"))
            hours = self._hours[ticket.partition("-")[0]] * self._pace[name]
            until_loss = self._draw.expovariate(1 / HOURS_TO_LOSS)
            if until_loss < hours:
                self._after(until_loss, partial(self._lose, name, future))
            else:
                self._after(hours, partial(self._end, name, future, hours))

    def _after(self, hours: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + hours, next(self._count), happens))

    def _end(self, name: str, future: Future[bytes], hours: float) -> None:
        self.used, self.ended = self.used + hours, self.now
        self._idle.append(name)
        future.set_result(name.encode())

    def _lose(self, name: str, future: Future[bytes]) -> None:
        self.lost += 1
        self._after(HOURS_AWAY, partial(self._come_back, self._there.pop(name)))
        future.set_exception(SiteLost("the machine is gone"))

    def _come_back(self, site: Site) -> None:
        self._there[site.name] = site
        self._idle.append(site.name)


def _report(name: str) -> bytes:
    return Report(agent=name, version="simulated", machine=MACHINE).model_dump_json().encode()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=cluster ARGS=…", description=__doc__)
    parser.add_argument("--gpus", type=int, default=256, help="sites of the cluster (%(default)s)")
    parser.add_argument("--runs", type=int, default=20_000, help="runs of a study, trials of a search (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
