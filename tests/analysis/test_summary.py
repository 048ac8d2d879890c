from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from benchsuite.analysis.findings import CaseFindings, Findings
from benchsuite.analysis.summary import study
from benchsuite.metrics import METRICS
from benchsuite.store.record import Deviation, RunRecord
from benchsuite.suite.cases.plan import Plan
from support.synthetic import (
    FACTOR,
    make_case,
    make_environment,
    make_findings,
    make_key,
    make_keys,
    make_plan,
    make_record,
    make_records,
)


def text_of(findings: Findings) -> str:
    return json.dumps(asdict(findings), default=lambda model: model.model_dump(mode="json"))


def test_the_same_records_give_the_same_findings_whatever_their_order() -> None:
    plan = make_plan(3, 7)
    records = make_records(plan)
    keys = make_keys(plan)
    backwards = dict(reversed(records.items()))
    assert text_of(study(plan, keys, records, baselines={"freeze_blocks=1": "freeze_blocks=0"})) == text_of(
        study(plan, keys, backwards, baselines={"freeze_blocks=1": "freeze_blocks=0"})
    )


def test_a_whole_study_has_every_estimate_of_every_case() -> None:
    findings = make_findings(5, 10)
    assert (findings.planned, findings.done, findings.failed, findings.partial) == (50, 50, 0, False)
    for case in findings.cases:
        assert case.estimates.keys() == METRICS.keys() - {
            "energy_joules",
            "peak_device_memory_bytes",
            "data_time_share",
        }  # no GPU made these runs, and nothing waited for batches
        assert all(estimate.n == 10 for estimate in case.estimates.values())
        assert sum(map(sum, case.confusion or ())) == 1280
    assert [comparison.case for comparison in findings.comparisons] == [f"freeze_blocks={i}" for i in range(1, 5)]
    assert findings.comparisons[-1].p_adjusted is not None
    assert findings.comparisons[-1].p_adjusted < 0.05


def test_estimates_are_what_the_records_say() -> None:
    plan = make_plan(1, 2)
    records = make_records(plan)
    first, second = records.values()
    case = study(plan, make_keys(plan), records).cases[0]
    assert first.test is not None
    assert second.test is not None
    assert first.best is not None
    best = first.epochs[first.best.epoch - 1]
    estimates = case.estimates
    assert estimates["test_accuracy"].values == (first.test.accuracy, second.test.accuracy)
    assert estimates["test_accuracy"].runs == (first.key, second.key)
    assert estimates["validation_loss"].values[0] == first.best.validation_loss
    assert estimates["train_accuracy"].values[0] == best.train_accuracy
    assert estimates["overfitting_gap"].values[0] == best.train_accuracy - best.validation_accuracy
    assert estimates["epochs_run"].values[0] == len(first.epochs)
    assert first.cost is not None
    assert estimates["training_seconds"].values[0] == first.cost.seconds["training"]
    assert case.confusion == tuple(
        tuple(a + b for a, b in zip(*rows, strict=True))
        for rows in zip(first.test.confusion, second.test.confusion, strict=True)
    )


def test_nothing_done_gives_findings_without_numbers() -> None:
    findings = make_findings(5, 10, done=0)
    assert (findings.done, findings.partial, findings.finished, findings.dataset) == (0, True, None, None)
    assert findings.total_seconds == 0
    assert all(not case.estimates and not case.curves and case.confusion is None for case in findings.cases)
    assert all(comparison.difference is None for comparison in findings.comparisons)


def test_an_empty_plan_gives_empty_findings() -> None:
    findings = study(Plan(suite="s", cases=(), seeds=()), {}, {})
    assert (findings.cases, findings.planned, findings.settings) == ((), 0, {})


def test_one_seed_has_means_without_intervals() -> None:
    findings = make_findings(2, 1)
    assert findings.cases[0].estimates["test_accuracy"].low is None
    assert findings.cases[0].accuracy_wilson is not None
    assert (findings.comparisons[0].p, findings.comparisons[0].seeds_needed) == (None, 6)


@pytest.mark.parametrize("done", range(1, 12, 3))
def test_a_study_cut_short_counts_what_is_there(done: int) -> None:
    findings = make_findings(5, 3, done=done)
    assert findings.done == done == sum(case.done for case in findings.cases) == len(findings.runs)


def test_failed_runs_are_told_and_give_no_number() -> None:
    findings = make_findings(2, 8, failed=[(0, 3), (1, 5)])
    assert (findings.done, findings.failed, findings.partial) == (14, 2, True)
    case = findings.cases[0]
    assert [(seed, failure.kind) for seed, failure in case.failures] == [(3, "training")]
    assert case.estimates["test_accuracy"].n == 7
    difference = findings.comparisons[0].difference
    assert difference is not None
    assert difference.n == 6


def test_every_run_that_an_estimate_names_is_a_finished_run() -> None:
    findings = make_findings(3, 8, failed=[(1, 2)])
    finished = {key for key, *_ in findings.runs}
    named = {key for case in findings.cases for estimate in case.estimates.values() for key in estimate.runs}
    named |= {key for one in findings.comparisons if one.difference for key in one.difference.runs}
    assert named == finished


def test_wilson_is_of_the_first_finished_seed() -> None:
    def wilson_of(case: CaseFindings) -> tuple[float, float] | None:
        return case.accuracy_wilson

    plan = make_plan(1, 3)
    records = make_records(plan, failed=[(0, 0)])
    second = {make_key(spec): make_record(spec) for spec in plan.runs if spec.seed == 1}
    assert wilson_of(study(plan, make_keys(plan), records).cases[0]) == wilson_of(
        study(plan, make_keys(plan), second).cases[0]
    )


def test_labels_are_the_factors_values_where_they_tell_cases_apart() -> None:
    assert [case.label for case in make_findings(3, 1).cases] == ["0", "1", "2"]
    plan = make_plan(3, 1)
    assert [case.label for case in study(plan, {}, {}).cases] == [case.name for case in plan.cases]
    twins = (make_case(1), make_case(1, learning_rate=0.1).model_copy(update={"name": "fast"}))
    double = Plan(suite="s", cases=twins, seeds=(0,))
    assert [case.label for case in study(double, {}, {}, factor=FACTOR).cases] == ["freeze_blocks=1", "fast"]


def test_settings_hold_what_all_cases_share() -> None:
    settings = make_findings(3, 1).settings
    assert (settings["model"], settings["model.depth"], settings["recipe.patience"]) == ("resnet", 18, 10)
    assert settings["recipe.freeze.stem"] == "with_first_block"
    assert FACTOR not in settings


def test_deviations_come_once_and_the_commonest_environment_first() -> None:
    plan = make_plan(1, 3)
    other = make_environment(threads=1)

    sample, no_cuda = Deviation(kind="synthetic sample"), Deviation(kind="no cuda")
    random = Deviation(kind="random weights", detail="imagenet1k_v1")
    changed = Deviation(kind="changed", detail="recipe.max_epochs = 2 (suite: 30)")

    def record(seed: int, **changes: object) -> RunRecord:
        return make_record(plan.runs[seed], **changes)  # type: ignore[arg-type]

    made = [
        record(0, environment=other, deviations=(random, sample)),
        record(1, deviations=(sample, no_cuda, changed)),
        record(2, deviations=()),
    ]
    findings = study(plan, make_keys(plan), {one.key: one for one in made})
    assert findings.deviations == (random, sample, no_cuda)
    assert findings.environments == (make_environment(), other)


def test_a_study_on_the_sample_says_so() -> None:
    findings = make_findings(2, 2, sample=True)
    assert findings.sample
    assert len(findings.deviations) == 2


def test_unknown_metrics_and_baselines_are_refused() -> None:
    plan = make_plan(1, 1)
    with pytest.raises(ValueError, match="test_accuracy"):
        study(plan, {}, {}, metric="accuracy")
    with pytest.raises(ValueError, match="no case"):
        study(plan, {}, {}, baselines={"freeze_blocks=1": "nothing"})


def on_two_kinds(plan: Plan) -> dict[str, RunRecord]:
    """The records of a plan, seeds from 2 on made on another kind of machine, at a tenth of the speed."""
    records = make_records(plan)
    for key, record in records.items():
        if record.spec.seed >= 2:
            assert record.cost is not None
            seconds = {part: 10 * spent for part, spent in record.cost.seconds.items()}
            cost = record.cost.model_copy(update={"seconds": seconds})
            other = make_environment(device_name="another processor")
            records[key] = record.model_copy(update={"environment": other, "cost": cost})
    return records


def test_over_kinds_of_machine_quality_has_all_seeds_and_time_those_of_the_kind_with_the_most_runs() -> None:
    plan = make_plan(2, 5)
    records, baselines = on_two_kinds(plan), {"freeze_blocks=1": "freeze_blocks=0"}
    findings = study(plan, make_keys(plan), records, baselines=baselines)
    assert [(kind.numerics.device_name, kind.seeds) for kind in findings.kinds] == [
        ("another processor", (2, 3, 4)), ("Intel(R) Xeon(R) Processor @ 2.50GHz", (0, 1))
    ]  # fmt: skip
    case = findings.cases[0]
    assert (case.estimates["test_accuracy"].n, case.estimates["training_seconds"].n) == (5, 3)
    plain = study(plan, make_keys(plan), make_records(plan), baselines=baselines)
    for name in ("test_accuracy", "validation_loss"):
        mixed, usual = case.estimates[name], plain.cases[0].estimates[name]
        assert (mixed.values, mixed.mean) == (usual.values, usual.mean)
        assert (mixed.low, mixed.high) != (usual.low, usual.high)
    slow, quick = (costs["training_seconds"] for costs in case.costs)
    assert (slow, quick.n) == (case.estimates["training_seconds"], 2)
    assert slow.mean > 5 * quick.mean
    (difference,) = findings.comparisons
    assert difference == plain.comparisons[0], "pairs stay within a seed"
    timed = study(plan, make_keys(plan), records, baselines=baselines, metric="training_seconds").comparisons[0]
    assert timed.difference is not None
    assert timed.difference.n == 3
    assert [len(one.costs) for one in plain.cases] == [0, 0]
    assert len(plain.kinds) == 1
