"""Sequential seeds as far as the results go: a prepared plan of all seeds becomes that of the looks so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from benchsuite.engine.task import RunTask
from benchsuite.execution.due_runs import load_records
from benchsuite.execution.measuring import measure
from benchsuite.execution.preparation import Preparation
from benchsuite.registry import Registry
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from benchsuite.suite.cases.asked_metrics import giving
from benchsuite.suite.cases.plan import Plan
from benchsuite.suite.schema.claims import Claim

OpenAfter = Callable[[int, Plan, Mapping[tuple[str, int], str], Mapping[str, RunRecord], Sequence[str]], Sequence[str]]
"""Which of some claims the first looks, so many, leave open; given a plan of their seeds, keys, and records
with the values of the plugins' metrics that claims are on."""


@dataclass(frozen=True)
class LookTaken:
    """A look that was taken, its `number` from 1: the claims that it has decided, and those that it has left open."""

    number: int
    seeds: int
    decided: tuple[str, ...]
    open: tuple[str, ...]


class SeedTasks:
    """The runs of sequential seeds that the records in the store imply; they grow by `take` as runs are made.

    A look is taken once all runs of its seeds are done, whichever was first, so that neither the number of workers nor
    an interruption changes what it finds. A run that fails has its look wait until it is made again.

    Raises PluginError or StoreError, as `take` does, where a metric of a plugin that a claim is on cannot be computed.
    """

    def __init__(
        self, preparation: Preparation, claims: Sequence[Claim], open_after: OpenAfter, registry: Registry
    ) -> None:
        design = preparation.plan.sequential
        assert design is not None, "its seeds are sequential"
        self._preparation, self._open_after, self._design = preparation, open_after, design
        self._registry, self._store = registry, Store(preparation.runs_folder)
        self._asked = giving(preparation.plan.metrics, {claim.metric for claim in claims})
        self._open = tuple(claim.id for claim in claims)
        self.looks: list[LookTaken] = []
        """Those that were taken, in order."""
        self._tasks: dict[int, list[RunTask]] = {}
        for task in preparation.tasks:
            self._tasks.setdefault(task.spec.seed, []).append(task)
        self._done: dict[str, RunRecord] = {}
        self._seeds = 0
        self._grow()
        for _ in self._advance(recall=True):
            pass

    @property
    def preparation(self) -> Preparation:
        """The preparation with the seeds so far."""
        plan = self._plan()
        return replace(self._preparation, plan=plan, tasks=tuple(self._tasks_of(0, self._seeds)))

    @property
    def ended(self) -> bool:
        """Whether no seed follows those that there are."""
        return not self._open or len(self.looks) == len(self._design.looks)

    def take(self, record: RunRecord) -> Iterator[RunTask]:
        """The runs that the record of a finished run makes due: those of the next look."""
        self._keep({record.key: record})
        return self._advance(recall=False)

    def _advance(self, *, recall: bool) -> Iterator[RunTask]:
        """Take every look whose runs are done, by what the store has of them where they are to `recall`."""
        while not self.ended and self._tasks:
            own = list(self._tasks_of(0, self._seeds))
            if recall:
                self._keep(load_records(task for task in own if task.key.key not in self._done))
            if any(task.key.key not in self._done for task in own):
                return
            yield from self._look(own)

    def _keep(self, found: Mapping[str, RunRecord]) -> None:
        done = {key: record for key, record in found.items() if record.status == "done"}
        self._done |= measure(done, self._asked, self._registry, self._store)

    def _look(self, own: Sequence[RunTask]) -> Iterator[RunTask]:
        keys = {(task.spec.case.name, task.spec.seed): task.key.key for task in own}
        number, before = len(self.looks) + 1, self._open
        self._open = tuple(self._open_after(number, self._plan(), keys, self._done, before))
        decided = tuple(claim for claim in before if claim not in self._open)
        self.looks.append(LookTaken(number, self._seeds, decided, self._open))
        if not self.ended:
            known = self._seeds
            self._grow()
            yield from self._tasks_of(known, self._seeds)

    def _grow(self) -> None:
        self._seeds = self._design.looks[len(self.looks)]

    def _plan(self) -> Plan:
        """Of the seeds so far."""
        plan = self._preparation.plan
        following = 0 if self.ended else len(plan.cases) * (len(plan.seeds) - self._seeds)
        return plan.model_copy(update={"seeds": plan.seeds[: self._seeds], "following": following})

    def _tasks_of(self, first: int, end: int) -> Iterator[RunTask]:
        for seed in self._preparation.plan.seeds[first:end]:
            yield from self._tasks.get(seed, ())
