"""A study's search as far as its results go: a prepared plan and the store become the plan with the trials so far."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

from benchsuite.engine.task import RunTask
from benchsuite.execution.preparation import Preparation
from benchsuite.metrics import SearchMetricName
from benchsuite.registry import Registry
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from benchsuite.suite.cases.plan import Trial
from benchsuite.suite.planning.sample_smoke import shrink_case
from benchsuite.suite.search.proposal import Proposer, Step
from benchsuite.suite.search.space import trial_at


def add_trials(
    preparation: Preparation, registry: Registry, *, tried_now: Collection[str] | None = None
) -> Preparation:
    """The preparation with the trials that the records in the store imply, those due now included.

    A trial that failed counts as worst. Whoever makes runs names in `tried_now` the keys of those it has made: a
    failure from before is then made again before anything is built on it. Raises SuiteError when the values of a
    trial do not go together.
    """
    return SearchTasks(preparation, registry).extended(tried_now)


class SearchTasks:
    """The trials of a prepared study, which grow as runs are made: what was read or proposed once is kept."""

    def __init__(self, preparation: Preparation, registry: Registry) -> None:
        self._preparation = preparation
        self._registry = registry
        self._store = Store(preparation.runs_folder)
        self._made: dict[Step, tuple[Trial, RunTask]] = {}
        self._costs: dict[Step, float] = {}
        search = preparation.plan.search
        self._proposer = Proposer(search.declared) if search is not None and preparation.ready else None

    def extended(self, tried_now: Collection[str] | None) -> Preparation:
        """The preparation as `add_trials` says; `tried_now` only grows from call to call."""
        if self._proposer is None:
            return self._preparation
        proposal = self._proposer.propose(lambda step: self._cost(step, tried_now))
        trials = [self._make(step) for step in proposal.steps]
        plan = self._preparation.plan
        cases = self._preparation.tasks[: len(plan.cases) * len(plan.seeds)]
        plan = plan.model_copy(update={"trials": tuple(t for t, _ in trials), "following": proposal.following})
        return replace(self._preparation, plan=plan, tasks=(*cases, *(task for _, task in trials)))

    def _make(self, step: Step) -> tuple[Trial, RunTask]:
        if step not in self._made:
            plan = self._preparation.plan
            assert plan.search is not None
            trial = trial_at(plan.search, step, self._registry)
            if plan.search.reduced:
                trial = trial.model_copy(update={"case": shrink_case(trial.case, self._registry, plan.pinned)})
            task = self._preparation.maker.task(plan.trial_run(trial.case))
            assert task is not None, "the preparation is ready"
            self._made[step] = trial, task
        return self._made[step]

    def _cost(self, step: Step, tried_now: Collection[str] | None) -> float | None:
        if step not in self._costs:
            task = self._make(step)[1]
            record = self._store.read(task.key.key)
            if record is None or (
                record.status == "failed" and tried_now is not None and task.key.key not in tried_now
            ):
                return None
            assert self._preparation.plan.search is not None
            self._costs[step] = _cost(record, self._preparation.plan.search.declared.metric)
        return self._costs[step]


def _cost(record: RunRecord, metric: SearchMetricName) -> float:
    if record.status != "done" or record.best is None:
        return math.inf
    value = -record.best.validation_accuracy if metric == "validation_accuracy" else record.best.validation_loss
    return math.inf if math.isnan(value) else value
