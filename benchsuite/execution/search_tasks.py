"""A study's search as far as its results go: a prepared plan and the store become the plan with the trials so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from benchsuite.engine.task import RunTask
from benchsuite.execution.measuring import measure
from benchsuite.execution.preparation import Preparation
from benchsuite.file_stamps import memory_of
from benchsuite.registry import Registry
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Outcome, Store, outcome_of
from benchsuite.suite.cases.asked_metrics import giving, metrics_of
from benchsuite.suite.cases.plan import PlannedMetric, Trial
from benchsuite.suite.planning.sample_smoke import shrink_case
from benchsuite.suite.search.proposal import Proposer, Step
from benchsuite.suite.search.space import Trials


class SearchTasks:
    """The trials of a prepared study that the records in the store imply, those due now included; they grow by `take`
    as runs are made, and nothing is read or proposed twice.

    What the cache remembers of records and proposals is taken from there. A trial that failed counts as worst. Whoever
    makes runs will `remake` failures: one from before is then made again before anything is built on it. Raises
    SuiteError, as `take` does, when the values of a trial do not go together.
    """

    def __init__(self, preparation: Preparation, registry: Registry, *, remake: bool = False) -> None:
        self._preparation = preparation
        self._registry = registry
        self._remake = remake
        self._store = Store(preparation.runs_folder)
        self._made: dict[Step, tuple[Trial, RunTask]] = {}
        self._costs: dict[str, float] = {}
        self._proposer: Proposer | None = None
        self._asked: tuple[PlannedMetric, ...] = ()
        """What it chooses by, where that is a metric of a plugin."""
        search, cache = preparation.plan.search, preparation.maker.place.cache
        if search is None or not preparation.ready:
            return
        self._trials = Trials(search, registry)
        self._asked = giving(preparation.plan.metrics, {search.declared.metric})
        self._outcomes = self._store.survey(cache).outcomes
        self._proposer = Proposer(search.declared, memory_of(preparation.paper_folder, cache / "proposals"))
        for _ in self._advance():
            pass

    @property
    def preparation(self) -> Preparation:
        """The preparation with the trials so far."""
        if self._proposer is None:
            return self._preparation
        plan = self._preparation.plan
        cases = self._preparation.tasks[: len(plan.cases) * len(plan.seeds)]
        trials = tuple(trial for trial, _ in self._made.values())
        plan = plan.model_copy(update={"trials": trials, "following": self._proposer.following})
        return replace(self._preparation, plan=plan, tasks=(*cases, *(task for _, task in self._made.values())))

    def take(self, record: RunRecord) -> Iterator[RunTask]:
        """The trials that the record of a finished run makes possible, each as soon as it is proposed."""
        search = self._preparation.plan.search
        if search is not None:
            self._costs[record.key] = self._cost(outcome_of(record), record)
        return self._advance()

    def _advance(self) -> Iterator[RunTask]:
        if self._proposer is None:
            return
        for step in self._proposer.advance(lambda step: self._costs.get(self._made[step][1].key.key)):
            self._made[step] = made = self._make(step)
            self._recall(made[1].key.key)
            yield made[1]

    def _make(self, step: Step) -> tuple[Trial, RunTask]:
        plan = self._preparation.plan
        assert plan.search is not None
        trial = self._trials.at(step)
        if plan.search.reduced:
            trial = trial.model_copy(update={"case": shrink_case(trial.case, self._registry, plan.pinned)})
        task = self._preparation.maker.task(plan.trial_run(trial.case))
        assert task is not None, "the preparation is ready"
        return trial, task

    def _recall(self, key: str) -> None:
        """Learn what the store has of a run, unless it was taken already."""
        if key in self._costs:
            return
        found, record = self._outcomes.get(key), None
        if found is None and (record := self._store.read(key)) is not None:
            found = outcome_of(record)
        if found is not None and not (self._remake and found.status == "failed"):
            self._costs[key] = self._cost(found, record or self._store.read(key) if self._asked else None)

    def _cost(self, found: Outcome, record: RunRecord | None) -> float:
        """What the search makes as small as it can: of a run that failed, or has no value, infinity. What is remembered
        of records has accuracy and loss of validation; metrics of plugins are computed from the record's predictions,
        and of the validation split alone."""
        plan = self._preparation.plan
        assert plan.search is not None
        if found.status != "done" or found.accuracy is None or found.loss is None:
            return math.inf
        name = plan.search.declared.metric
        value: float | None = {"validation_accuracy": found.accuracy, "validation_loss": found.loss}.get(name)
        if self._asked and record is not None:
            records = measure({record.key: record}, self._asked, self._registry, self._store, ("validation",))
            value = records[record.key].measured.get(name)
        return math.inf if value is None or math.isnan(value) else -metrics_of(plan.metrics)[name].sign * value


def follow(
    take: Callable[[RunRecord], Iterator[RunTask]], todo: Sequence[RunTask], statuses: Mapping[str, str]
) -> Callable[[RunRecord], Iterator[RunTask]]:
    """What becomes due with the record of a run, as `take` says, beside what was `todo` at the `statuses` of then, each
    run once."""
    known = {task.key.key for task in todo} | {key for key, status in statuses.items() if status == "done"}

    def find(record: RunRecord) -> Iterator[RunTask]:
        for task in take(record):
            if task.key.key not in known:
                known.add(task.key.key)
                yield task

    return find
