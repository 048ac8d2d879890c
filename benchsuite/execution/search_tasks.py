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
from benchsuite.suite.search.proposal import Step, propose
from benchsuite.suite.search.space import trial_at


def add_trials(
    preparation: Preparation, registry: Registry, *, tried_now: Collection[str] | None = None
) -> Preparation:
    """The preparation with the trials that the records in the store imply, those due now included.

    A trial that failed counts as worst. Whoever makes runs names in `tried_now` the keys of those it has made: a
    failure from before is then made again before anything is built on it. Raises SuiteError when the values of a
    trial do not go together.
    """
    plan, cases = preparation.plan, preparation.tasks[: len(preparation.plan.cases) * len(preparation.plan.seeds)]
    if plan.search is None or not preparation.ready:
        return preparation
    planned, store = plan.search, Store(preparation.runs_folder)
    made: dict[Step, tuple[Trial, RunTask]] = {}
    costs: dict[Step, float | None] = {}

    def make(step: Step) -> tuple[Trial, RunTask]:
        if step not in made:
            trial = trial_at(planned, step, registry)
            if planned.reduced:
                trial = trial.model_copy(update={"case": shrink_case(trial.case, registry, plan.pinned)})
            task = preparation.maker.task(plan.trial_run(trial.case))
            assert task is not None, "the preparation is ready"
            made[step] = trial, task
        return made[step]

    def cost(step: Step) -> float | None:
        if step not in costs:
            key = make(step)[1].key.key
            record = store.read(key)
            again = record is not None and record.status == "failed" and tried_now is not None and key not in tried_now
            costs[step] = None if record is None or again else _cost(record, planned.declared.metric)
        return costs[step]

    proposal = propose(planned.declared, cost)
    trials = [make(step) for step in proposal.steps]
    extended = plan.model_copy(update={"trials": tuple(t for t, _ in trials), "following": proposal.following})
    return replace(preparation, plan=extended, tasks=(*cases, *(task for _, task in trials)))


def _cost(record: RunRecord, metric: SearchMetricName) -> float:
    if record.status != "done" or record.best is None:
        return math.inf
    value = -record.best.validation_accuracy if metric == "validation_accuracy" else record.best.validation_loss
    return math.inf if math.isnan(value) else value
