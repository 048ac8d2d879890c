"""From a plan and its records to findings: the one place where a suite's results are put together.

Runs that are missing or failed leave gaps, never guesses: every estimate names the runs that it does come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchsuite.analysis.claims import Evidence, Find, first_seeds, judge, judge_at_looks
from benchsuite.analysis.comparisons import Measured, compare
from benchsuite.analysis.curves import CURVES, curve, phases
from benchsuite.analysis.findings import (
    CaseFindings,
    ClaimFindings,
    Comparison,
    Estimate,
    Findings,
    FoldFindings,
    FoldSize,
    PairedImages,
    SequentialFindings,
)
from benchsuite.analysis.intervals import FEWEST_SEEDS, mean_estimate, wilson
from benchsuite.analysis.kinds import kind_numbers, kinds_of
from benchsuite.analysis.search import search_findings
from benchsuite.analysis.seed_image_anova import Outcomes, accuracy_interval, difference_interval, mcnemar
from benchsuite.analysis.sequential import boundaries
from benchsuite.metrics import COST_COLUMNS, METRICS, Metric
from benchsuite.store.environment import distinct_environments
from benchsuite.store.record import RunRecord
from benchsuite.suite.cases.asked_metrics import metrics_of
from benchsuite.suite.cases.plan import Case, Component, Plan
from benchsuite.suite.schema.claims import Claim
from benchsuite.suite.schema.folds import Folds
from benchsuite.suite.schema.sequential import LEVEL


def study(
    plan: Plan,
    keys: Mapping[tuple[str, int], str],
    records: Mapping[str, RunRecord],
    *,
    baselines: Mapping[str, str] | None = None,
    metric: str = "test_accuracy",
    factor: str | None = None,
    claims: Sequence[Claim] = (),
    find: Find = lambda reference: None,
    outcomes: Mapping[str, Outcomes] | None = None,
) -> Findings:
    """The findings of `plan`.

    `keys` maps (case, seed) to the run's key and `records` a key to its record; both may lack runs. `baselines`
    maps a case to the one that it is compared with in `metric` (an estimate's name). `factor` is the dotted path
    whose values label the cases. `claims` are judged, `find` telling which case they mean. `outcomes` maps a run's key
    to the test images that it has right. Metrics of plugins are read from what was measured of the records. Raises
    ValueError for an unknown metric, baseline or case of a claim.
    """
    metrics = metrics_of(plan.metrics)
    if metric not in metrics:
        raise ValueError(f"unknown metric {metric!r}; known are {', '.join(metrics)}")
    baselines = baselines or {}
    if unknown := {*baselines, *baselines.values()} - {case.name for case in plan.cases}:
        raise ValueError(f"{', '.join(map(repr, sorted(unknown)))} is no case of the plan")
    runs = runs_of(plan, keys, records)
    done = [record for found in runs.values() for _, record in found if record.status == "done"]
    labels = _labels(plan.cases, factor)
    known = outcomes or {}
    searched = _searched(plan, keys, records)
    sequential = looks_so_far(plan, runs)
    # A case and a trial may be the same run.
    finished = list({record.key: record for record in (*done, *searched) if record.status == "done"}.values())
    kinds = kinds_of(finished)
    of_kind = kind_numbers(kinds)
    return Findings(
        suite=plan.suite,
        metric=metric,
        baselines=tuple(dict.fromkeys(baselines.values())),
        cases=tuple(
            _case(case, labels[case.name], plan, runs[case.name], known, of_kind, len(kinds), metrics)
            for case in plan.cases
        ),
        comparisons=_comparisons(baselines, metrics[metric], runs, known, of_kind, sequential, plan.folds),
        seeds=plan.seeds,
        planned=len(plan.cases) * len(plan.seeds),
        done=len(done),
        failed=sum(len(found) for found in runs.values()) - len(done),
        changes=plan.changes,
        deviations=tuple(
            dict.fromkeys(
                deviation
                for record in (*(record for found in runs.values() for _, record in found), *searched)
                for deviation in record.deviations
                if deviation.kind != "changed"  # the plan's own changes tell them
            )
        ),
        dataset=next((record.dataset for record in finished if record.dataset), None),
        weights=next((record.weights for record in finished if record.weights), None),
        environments=distinct_environments(record.environment for record in finished),
        runs=tuple(
            (record.key, name, seed, record.weights_hash or "")
            for name, found in runs.items()
            for seed, record in found
            if record.status == "done"
        ),
        finished=max((record.finished for record in finished), default=None),
        total_seconds=sum(record.cost.seconds.get("total", 0.0) for record in finished if record.cost),
        settings=_common_settings(plan.cases),
        search=search_findings(plan, keys, records),
        claims=tuple(
            _judged(claim, find, metrics[claim.metric], runs, of_kind, sequential, plan.folds) for claim in claims
        ),
        kinds=kinds,
        sequential=sequential,
        folds=_folds(plan, runs),
        asked=plan.metrics,
    )


def runs_of(plan: Plan, keys: Mapping[tuple[str, int], str], records: Mapping[str, RunRecord]) -> Runs:
    """The records of a plan's cases."""
    return {
        case.name: [
            (seed, records[key])
            for seed in plan.seeds
            if (key := keys.get((case.name, seed))) is not None and key in records
        ]
        for case in plan.cases
    }


def looks_so_far(plan: Plan, runs: Runs) -> SequentialFindings | None:
    """How far sequential seeds are: a look is taken once all seeds until it are done of every case."""
    design = plan.sequential
    if design is None:
        return None
    done = [{seed for seed, record in found if record.status == "done"} for found in runs.values()]
    whole = next((n for n, seed in enumerate(plan.seeds) if any(seed not in own for own in done)), len(plan.seeds))
    return SequentialFindings(design, design.taken(whole), boundaries(design, LEVEL))


def _folds(plan: Plan, runs: Runs) -> FoldFindings | None:
    """The folds of a plan, with the images of those that a finished run tells of."""
    if plan.folds is None:
        return None
    of_seed = {
        seed: (record.key, record.dataset.counts)
        for found in runs.values()
        for seed, record in found
        if record.status == "done" and record.dataset is not None
    }
    sizes = (
        FoldSize(plan.folds.fold(seed), counts["train"], counts["validation"], run)
        for seed, (run, counts) in sorted(of_seed.items())
    )
    return FoldFindings(plan.folds, len({seed // plan.folds.k for seed in plan.seeds}), tuple(sizes))


def _judged(
    claim: Claim,
    find: Find,
    metric: Metric,
    runs: Runs,
    of_kind: Mapping[str, int],
    sequential: SequentialFindings | None,
    folds: Folds | None,
) -> ClaimFindings:
    evidence = Evidence(claim, find, measured(metric, runs, of_kind), of_kind, metric.sign)
    if sequential is None:
        return judge(evidence, folds)
    return judge_at_looks(evidence, sequential.design, sequential.taken)


def _case(
    case: Case,
    label: str,
    plan: Plan,
    runs: Sequence[tuple[int, RunRecord]],
    outcomes: Mapping[str, Outcomes],
    of_kind: Mapping[str, int],
    kinds: int,
    metrics: Mapping[str, Metric],
) -> CaseFindings:
    done = [record for _, record in runs if record.status == "done"]
    tests = [record.test for record in done if record.test is not None]
    overlap = 0.0 if plan.folds is None else plan.folds.overlap
    # Of folds, what other folds would give is in no analysis of seeds and images.
    crossed = [outcomes[record.key] for record in done if record.key in outcomes] if plan.folds is None else []
    confusion = np.sum([np.asarray(test.confusion) for test in tests], axis=0) if tests else None
    return CaseFindings(
        case=case,
        label=label,
        planned=len(plan.seeds),
        done=len(done),
        failures=tuple((seed, record.failure) for seed, record in runs if record.failure is not None),
        estimates={
            name: estimate
            for name, metric in metrics.items()
            if (estimate := _estimate(done, metric, of_kind, overlap)) is not None
        },
        curves={name: curve(done, name) for name in CURVES} if done else {},
        confusion=None if confusion is None else tuple(tuple(int(cell) for cell in row) for row in confusion),
        accuracy_wilson=_first_wilson(tests[0].confusion) if tests else None,
        accuracy_crossed=accuracy_interval(crossed),
        model=next((record.model for record in done if record.model), None),
        phases=phases(done),
        devices=tuple(dict.fromkeys(record.environment.device_name for record in done)),
        at_once=tuple(sorted({record.cost.at_once or 1 for record in done if record.cost is not None})),
        costs=_costs(done, of_kind, kinds),
        dataset=next((record.dataset for record in done if record.dataset), None),
        weights=next((record.weights for record in done if record.weights), None),
    )


def _searched(plan: Plan, keys: Mapping[tuple[str, int], str], records: Mapping[str, RunRecord]) -> list[RunRecord]:
    """The records of the search's trials."""
    if plan.search is None:
        return []
    names = [(trial.case.name, plan.search.declared.seed) for trial in plan.trials]
    return [records[keys[name]] for name in names if name in keys and keys[name] in records]


def _estimate(
    records: Sequence[RunRecord], metric: Metric, of_kind: Mapping[str, int], overlap: float = 0.0
) -> Estimate | None:
    pairs = [
        (value, record.key)
        for record in records
        if _is_comparable(record, metric, of_kind) and (value := metric.read(record)) is not None
    ]
    if not pairs:
        return None
    runs = [key for _, key in pairs]
    return mean_estimate([float(value) for value, _ in pairs], runs, [of_kind.get(run, 0) for run in runs], overlap)


def _is_comparable(record: RunRecord, metric: Metric, of_kind: Mapping[str, int]) -> bool:
    """Whether a finished run's value is one with those of the others: time and energy are so within a kind of machine
    only, and that with the most runs stands for the study."""
    return not metric.of_machine or of_kind.get(record.key, 0) == 0


def _costs(records: Sequence[RunRecord], of_kind: Mapping[str, int], kinds: int) -> tuple[Mapping[str, Estimate], ...]:
    """The metrics of cost on each kind of machine; nothing where there is one."""
    own = [[record for record in records if of_kind[record.key] == kind] for kind in range(kinds)]
    return tuple(
        {name: estimate for name in COST_COLUMNS if (estimate := _estimate(made, METRICS[name], {})) is not None}
        for made in (own if kinds > 1 else ())
    )


def _first_wilson(confusion: Sequence[Sequence[int]]) -> tuple[float, float] | None:
    total = sum(sum(row) for row in confusion)
    return wilson(sum(row[i] for i, row in enumerate(confusion)), total) if total else None


Runs = Mapping[str, Sequence[tuple[int, RunRecord]]]
"""Of each case by its name, (seed, record)."""


def _comparisons(
    baselines: Mapping[str, str],
    metric: Metric,
    runs: Runs,
    outcomes: Mapping[str, Outcomes],
    of_kind: Mapping[str, int],
    sequential: SequentialFindings | None,
    folds: Folds | None,
) -> tuple[Comparison, ...]:
    """The comparisons; with sequential seeds on those of the last look, by its boundary, and without a test before the
    first."""
    values: Mapping[str, Measured] = measured(metric, runs, of_kind)
    if sequential is None:
        found = compare(baselines, metric.name, values, of_kind, folds=folds)
    elif sequential.taken:
        design, looks = sequential.design, sequential.taken
        found = compare(baselines, metric.name, first_seeds(values, design.looks[looks - 1]), of_kind, (design, looks))
    else:
        first = sequential.design.looks[0]
        untested = compare(baselines, metric.name, values, of_kind)
        found = tuple(replace(one, p=None, p_adjusted=None, seeds_needed=first) for one in untested)
    if metric.name != "test_accuracy":
        return found
    return tuple(_over_images(comparison, outcomes) for comparison in found)


def _over_images(comparison: Comparison, outcomes: Mapping[str, Outcomes]) -> Comparison:
    """The comparison with what the single test images tell."""
    keys = comparison.difference.runs if comparison.difference is not None else ()
    if not keys or any(key not in outcomes for key in keys):
        return comparison
    half = len(keys) // 2
    pairs = [(outcomes[case], outcomes[other]) for case, other in zip(keys[:half], keys[half:], strict=True)]
    single = PairedImages(*mcnemar(*pairs[0])) if half == 1 else None
    crossed = difference_interval(pairs) if half >= FEWEST_SEEDS else None
    return replace(comparison, crossed=crossed, single=single)


def measured(metric: Metric, runs: Runs, of_kind: Mapping[str, int]) -> dict[str, dict[int, tuple[str, float]]]:
    """The values of a metric that tests may take, of each case by its seeds."""
    return {
        name: {
            seed: (record.key, float(value))
            for seed, record in found
            if record.status == "done"
            and _is_comparable(record, metric, of_kind)
            and (value := metric.read(record)) is not None
        }
        for name, found in runs.items()
    }


def _labels(cases: Sequence[Case], factor: str | None) -> dict[str, str]:
    """The factor's value for each case where that tells the cases apart, else their names."""
    names = {case.name: case.name for case in cases}
    if factor is None or any(factor not in case.settings for case in cases):
        return names
    labels = {case.name: str(case.settings[factor]) for case in cases}
    return labels if len(set(labels.values())) == len(cases) else names


def _common_settings(cases: Sequence[Case]) -> dict[str, Any]:
    """Parameters, by dotted path, that are the same in every case; a component's name is under its role."""
    every = [dict(_settings(case)) for case in cases]
    if not every:
        return {}
    absent = object()
    return {path: value for path, value in every[0].items() if all(other.get(path, absent) == value for other in every)}


def _settings(case: Case) -> Iterator[tuple[str, Any]]:
    components: dict[str, Component] = {"dataset": case.dataset, "model": case.model, "recipe": case.recipe}
    for role, component in components.items():
        yield role, component.name
        yield from _leaves(role, component.parameters)


def _leaves(path: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(f"{path}.{name}", value)
        else:
            yield f"{path}.{name}", value
