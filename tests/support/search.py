"""A made-up search over the synthetic study: its plan, keys and records, played with results that a formula gives."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from typing import Any

from benchsuite.analysis.findings import SearchFindings
from benchsuite.analysis.results import Results
from benchsuite.analysis.search import search_findings
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.store.record import Best, RunRecord
from benchsuite.suite.cases.plan import Plan, PlannedSearch, RunSpec, Trial
from benchsuite.suite.schema.suite import Search
from benchsuite.suite.search.proposal import Step, propose
from support.paper_material import make_material
from support.synthetic import make_case, make_key, make_plan, make_record

SPACE: dict[str, tuple[Any, ...]] = {
    "recipe.learning_rate": (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1),
    "recipe.momentum": (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9),
    "recipe.weight_decay": (0.01, 0.001, 0.0001, 0.00001),
}
LABELS = {
    "recipe.learning_rate": "Tasa de aprendizaje",
    "recipe.momentum": "Momento",
    "recipe.weight_decay": "Decaimiento de pesos",
}


def make_search(**changes: Any) -> Search:
    facts: dict[str, Any] = {"space": SPACE, "sampler": "random", "budget": 24}
    return Search(**(facts | changes))


def accuracy(step: Step) -> float:
    """The learning rate decides most, the momentum nothing."""
    return 0.85 - 0.02 * (step.point[0] - 3) ** 2 + 0.02 * Random(str(step)).random() + 0.03 * step.rung


def make_results(
    search: Search, *, done: int | None = None, failing: int = 0
) -> tuple[Plan, dict[tuple[str, int], str], dict[str, RunRecord]]:
    """Plan, keys and records of a search cut short after `done` runs; every `failing`th trial fails."""

    def fails(step: Step) -> bool:
        return bool(failing) and step.number % failing == 0

    order: list[Step] = []

    def cost(step: Step) -> float | None:
        if step not in order:
            order.append(step)
        if done is not None and order.index(step) >= done:
            return None
        return math.inf if fails(step) else -accuracy(step)

    # The first call meets the steps in their order, the second finds how far the results reach.
    whole = propose(search, lambda step: math.inf if fails(step) else -accuracy(step))
    order += whole.steps
    proposal = propose(search, cost)
    trials = tuple(Trial(number=s.number, rung=s.rung, case=_case(search, s)) for s in proposal.steps)
    base = make_plan(cases=1, seeds=1)
    planned = PlannedSearch(declared=search, base={})
    plan = base.model_copy(update={"search": planned, "trials": trials, "following": proposal.following})
    keys, records = {}, {}
    for step, trial in zip(proposal.steps, trials, strict=True):
        spec = plan.trial_run(trial.case)
        keys[trial.case.name, spec.seed] = make_key(spec)
        if cost(step) is not None:
            records[make_key(spec)] = _record(spec, step, failed=fails(step))
    return plan, keys, records


def make_search_findings(search: Search | None = None, **results: Any) -> SearchFindings:
    found = search_findings(*make_results(search or make_search(), **results))
    assert found is not None
    return found


def make_search_material(
    search: Search | None = None, paper: dict[str, Any] | None = None, **results: Any
) -> PaperMaterial:
    """The material of a search whose study has no case done yet, so that its other figures are not drawn."""
    search = search or make_search()
    material = make_material({"labels": LABELS, **(paper or {})}, cases=1, seeds=1, done=0)
    plan, keys, records = make_results(search, **results)
    suite = material.suite.model_copy(update={"search": search})
    return replace(material, results=Results(suite, plan, keys, records))


def _case(search: Search, step: Step) -> Any:
    settings = {path: values[i] for (path, values), i in zip(search.space.items(), step.point, strict=True)}
    if search.halving:
        settings[search.halving.path] = search.halving.rungs[step.rung]
    name = f"trial {step.number:03d}, rung {step.rung}"
    changes = {path.partition(".")[2]: value for path, value in settings.items()}
    return make_case(0, **changes).model_copy(update={"name": name, "settings": settings})


def _record(spec: RunSpec, step: Step, *, failed: bool) -> RunRecord:
    if failed:
        return make_record(spec, failed=True)
    made = make_record(spec)
    assert made.best is not None
    best = Best(
        phase=made.best.phase,
        epoch=made.best.epoch,
        validation_loss=1 - accuracy(step),
        validation_accuracy=accuracy(step),
        validation_macro_f1=accuracy(step),
    )
    return made.model_copy(update={"best": best})
