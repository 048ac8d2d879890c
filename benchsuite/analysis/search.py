"""From a search's trials to findings: which is the best, and how much of the metric's variance goes with each axis.

The importance of an axis is the share of the variance that its values account for alone: the first-order term of a
functional ANOVA (Hutter, Hoos and Leyton-Brown, «An efficient approach for assessing hyperparameter importance», ICML
2014), here taken from the trials themselves and not from a model of them. It is estimated by epsilon squared (Kelley,
«An unbiased correlation ratio measure», PNAS 21, 1935), which takes away what as many groups of chance would show.
It says nothing of interactions, and with an adaptive sampler it describes the trials, not the whole space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchsuite.analysis.findings import AxisImportance, SearchFindings, TrialFindings
from benchsuite.analysis.intervals import CONFIDENCE
from benchsuite.analysis.sequential import RANDOM_SEED
from benchsuite.identity.canonical import canonical
from benchsuite.metrics import Metric
from benchsuite.store.record import RunRecord
from benchsuite.suite.cases.asked_metrics import metrics_of
from benchsuite.suite.cases.plan import Plan, Trial
from benchsuite.suite.search.proposal import count_points, count_runs

PERMUTATIONS = 999
FEWEST_A_VALUE, FEWEST_FREE = 2, 5
"""Nothing is said of an axis with fewer trials for each of its values, on average, or beyond one for each."""


def search_findings(
    plan: Plan, keys: Mapping[tuple[str, int], str], records: Mapping[str, RunRecord]
) -> SearchFindings | None:
    """What came out of the plan's search, from the runs of its trials that are done; None when it has none."""
    if plan.search is None:
        return None
    search = plan.search.declared
    found: dict[int, list[tuple[Trial, RunRecord | None]]] = {}
    for trial in plan.trials:
        record = records.get(keys.get((trial.case.name, search.seed), ""))
        found.setdefault(trial.number, []).append((trial, record))
    every = [record for rungs in found.values() for _, record in rungs if record is not None]
    done = [record for record in every if record.status == "done"]
    metrics = metrics_of(plan.metrics)
    sign = -metrics[search.metric].sign
    shown = [metric for metric in metrics.values() if not metric.sealed]
    trials = [_trial(rungs, list(search.space), shown) for rungs in found.values()]
    return SearchFindings(
        declared=search,
        points=count_points(search),
        trials=tuple(sorted(trials, key=lambda trial: _order(trial, search.metric, sign))),
        importances=_importances(found, list(search.space), metrics[search.metric]),
        planned=len(plan.trials) + plan.following,
        done=len(done),
        failed=len(every) - len(done),
        most=count_runs(search),
    )


def _trial(
    rungs: Sequence[tuple[Trial, RunRecord | None]], axes: Sequence[str], metrics: Sequence[Metric]
) -> TrialFindings:
    """A trial by the last rung that it finished."""
    last, record = rungs[-1]
    status = "due" if record is None else record.status
    finished = [(trial, record) for trial, record in rungs if record is not None and record.status == "done"]
    reached, best = finished[-1] if finished else (last, None)
    settings = reached.case.settings
    return TrialFindings(
        number=last.number,
        settings={path: settings[path] for path in axes},
        rung=reached.rung,
        resource=next((value for path, value in settings.items() if path not in axes), None),
        status=status,
        run=best.key if best else None,
        values=_values(best, metrics) if best else {},
    )


def _values(record: RunRecord, metrics: Sequence[Metric]) -> dict[str, float]:
    """Those of these metrics that the run tells."""
    measured = {metric.name: metric.read(record) for metric in metrics}
    return {name: value for name, value in measured.items() if value is not None}


def _order(trial: TrialFindings, metric: str, sign: int) -> tuple[bool, int, float, int]:
    """The best first: those that came further, then the better ones; without a result, last."""
    value = trial.values.get(metric)
    return value is None, -trial.rung, sign * (value or 0.0), trial.number


def _importances(
    found: Mapping[int, Sequence[tuple[Trial, RunRecord | None]]], axes: Sequence[str], metric: Metric
) -> tuple[AxisImportance, ...]:
    """Every axis, the most important first, from the first rung, on which all trials had the same means."""
    entries = [
        (rungs[0][0].case.settings, value, record.key)
        for rungs in found.values()
        if (record := rungs[0][1]) is not None
        and record.status == "done"
        and (value := metric.read(record)) is not None
    ]
    values = np.array([value for _, value, _ in entries])
    runs = tuple(key for _, _, key in entries)
    made = [_importance(path, [settings[path] for settings, _, _ in entries], values, runs) for path in axes]
    return tuple(sorted(made, key=lambda axis: -1.0 if axis.share is None else axis.share, reverse=True))


def _importance(path: str, settings: Sequence[Any], values: np.ndarray, runs: tuple[str, ...]) -> AxisImportance:
    _, groups = np.unique(np.array([canonical(value).decode() for value in settings], dtype=str), return_inverse=True)
    levels, n = int(groups.max(initial=-1)) + 1, len(values)
    if levels < 2 or n < max(FEWEST_A_VALUE * levels, levels + FEWEST_FREE) or float(np.ptp(values)) == 0.0:
        return AxisImportance(path, None, None, levels, runs)
    draw = np.random.default_rng(RANDOM_SEED)
    chance = [epsilon_squared(groups, draw.permutation(values)) for _ in range(PERMUTATIONS)]
    share = max(0.0, epsilon_squared(groups, values))
    return AxisImportance(path, share, max(0.0, float(np.quantile(chance, CONFIDENCE))), levels, runs)


def epsilon_squared(groups: np.ndarray, values: np.ndarray) -> float:
    """Kelley's share of the variance of `values` (n,) that goes with `groups` (n,), numbers from 0; may be negative.

    Needs more values than groups, and values that are not all the same.
    """
    counts = np.bincount(groups)
    means = np.bincount(groups, weights=values) / counts
    total = float(((values - values.mean()) ** 2).sum())
    within = float(((values - means[groups]) ** 2).sum())
    return 1 - within / total * (len(values) - 1) / (len(values) - len(counts))
