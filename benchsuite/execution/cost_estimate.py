"""What a study will cost, from records of earlier runs and from short probes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import mean

from benchsuite.engine.task import RunTask
from benchsuite.errors import BenchsuiteError
from benchsuite.execution.case_cost import CaseCost
from benchsuite.execution.executor import Executor
from benchsuite.execution.messages import Probe
from benchsuite.store.record import Cost, ModelFacts
from benchsuite.store.run_store import Store
from benchsuite.suite.cases.plan import Plan

RECORD_BYTES = 100_000
"""A record, its predictions and its log, roughly."""
TIMED_TRIALS = 3
"""Of a search, whose runs are all different."""
MOST_PAST = 10
"""Runs of a case that are looked at: more would tell the same."""


def estimate(
    tasks: Sequence[RunTask], due: Sequence[RunTask], executor: Executor | None, say: Callable[[str], None]
) -> tuple[CaseCost, ...]:
    """The cost of the cases of `tasks`, of which `due` still have to be made. Without an executor only runs that are
    done tell it.

    A case whose steps cannot be timed is left out, and `say` is told why. Its runs will fail, and lose nothing but
    themselves.
    """
    past = _find_past(tasks)
    firsts = {task.spec.case.name: task for task in reversed(tasks)}
    unknown = [task for name, task in firsts.items() if name not in past]
    probes = _probe_cases(unknown, executor, say)
    counts = Counter(task.spec.case.name for task in due)
    kept = Counter(task.spec.case.name for task in due if task.keeps_weights)
    return tuple(
        _from_past(name, past[name], counts[name], kept[name])
        if name in past
        else _from_probe(name, probes[name], counts[name], kept[name])
        for name in dict.fromkeys(task.spec.case.name for task in tasks)
        if name in past or name in probes
    )


def study_cost(
    plan: Plan, tasks: Sequence[RunTask], due: Sequence[RunTask], executor: Executor | None, say: Callable[[str], None]
) -> tuple[CaseCost, ...]:
    """The cost of the cases, and in one row that of all runs which the search may still make."""
    trials = {trial.case.name for trial in plan.trials}
    cases = [task for task in tasks if task.spec.case.name not in trials]
    costs = estimate(cases, [task for task in due if task.spec.case.name not in trials], executor, say)
    own = [task for task in due if task.spec.case.name in trials]
    timed = estimate(own[:TIMED_TRIALS], own[:TIMED_TRIALS], executor, say)
    return (*costs, _search_cost(timed, len(own) + plan.following)) if timed else costs


def _search_cost(timed: Sequence[CaseCost], runs: int) -> CaseCost:
    """So many runs like the mean of those timed."""
    return replace(
        timed[0],
        case="search",
        due=runs,
        seconds=mean(cost.seconds for cost in timed),
        setup_seconds=sum(cost.setup_seconds for cost in timed),
        disk_bytes=round(runs * mean(cost.disk_bytes for cost in timed)),
        weights_bytes=round(mean(cost.weights_bytes for cost in timed)),
        memory_bytes=max(cost.memory_bytes for cost in timed),
        packs=all(cost.packs for cost in timed),
        basis=f"the mean of {len(timed)} trials for the search",
    )


def _probe_cases(tasks: Sequence[RunTask], executor: Executor | None, say: Callable[[str], None]) -> dict[str, Probe]:
    """A few timed steps of each case."""
    probes: dict[str, Probe] = {}
    if executor is None:
        if tasks:
            device = tasks[0].numerics.device_name
            say(f"the cost of {len(tasks)} cases cannot be told here: none of their runs is done on a {device}")
        return probes
    for name, outcome in executor.probe(tasks).items():
        if isinstance(outcome, Probe):
            probes[name] = outcome
        else:
            reason = outcome.what if isinstance(outcome, BenchsuiteError) else f"{type(outcome).__name__}: {outcome}"
            say(f"{name}: its cost cannot be told: {reason}")
    return probes


@dataclass(frozen=True)
class _Past:
    """Finished runs of a case: its network, and what each cost."""

    model: ModelFacts
    costs: list[Cost]


def _find_past(tasks: Sequence[RunTask]) -> dict[str, _Past]:
    """What is known of each case from finished runs on the same device, whatever their seed."""
    wanted = {(task.results, task.spec.case.name, task.numerics.device_name): task.spec.case for task in tasks}
    found: dict[str, _Past] = {}
    for root, cache in {(task.results, task.cache) for task in tasks}:
        store, names = Store(root), {name for place, name, _ in wanted if place == root}
        for key, outcome in store.survey(cache).outcomes.items():
            name = outcome.case
            if outcome.status != "done" or name not in names:
                continue
            if name in found and len(found[name].costs) >= MOST_PAST:
                continue
            record = store.read(key)
            if record is None or record.model is None or record.cost is None:
                continue
            if wanted.get((root, name, record.environment.device_name)) == record.spec.case:
                past = found.setdefault(name, _Past(record.model, []))
                past.costs.append(record.cost)
    return found


def _repeated_seconds(cost: Cost) -> float:
    """Data and features are there once one run is done: the next ones pay for neither."""
    return sum(spent for part, spent in cost.seconds.items() if part not in ("data", "features", "total"))


def _from_past(name: str, past: _Past, due: int, kept: int) -> CaseCost:
    runs, weights = len(past.costs), 4 * past.model.parameters_total
    return CaseCost(
        case=name,
        model=past.model,
        due=due,
        seconds=mean(map(_repeated_seconds, past.costs)),
        setup_seconds=0.0,
        disk_bytes=due * RECORD_BYTES + kept * weights,
        weights_bytes=weights,
        memory_bytes=max(cost.peak_device_memory_bytes or cost.peak_memory_bytes for cost in past.costs),
        packs=any((cost.at_once or 1) > 1 for cost in past.costs),
        basis=f"{runs} past runs" if runs > 1 else "1 past run",
    )


def _from_probe(name: str, probe: Probe, due: int, kept: int) -> CaseCost:
    return CaseCost(
        case=name,
        model=probe.model,
        due=due,
        seconds=probe.seconds,
        setup_seconds=probe.setup_seconds if due else 0.0,
        disk_bytes=due * RECORD_BYTES + kept * probe.weights_bytes + (probe.feature_bytes if due else 0),
        weights_bytes=probe.weights_bytes,
        memory_bytes=probe.peak_bytes,
        packs=not probe.fills_device,
        basis="a few timed steps, for all epochs",
    )
