"""Results of folds depend on each other: intervals and tests are corrected for it, and flip no signs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchsuite.analysis.claims import Evidence, judge
from benchsuite.analysis.comparisons import compare, fold_pairs_needed
from benchsuite.analysis.findings import ClaimFindings, Comparison, Findings
from benchsuite.analysis.intervals import mean_estimate, one_sided_t
from benchsuite.analysis.power import MOST_SEEDS, seeds_for_comparison, smallest_size
from benchsuite.analysis.summary import study
from benchsuite.suite.schema.claims import Claim
from benchsuite.suite.schema.folds import Folds
from support.synthetic import make_keys, make_plan, make_records

FIVE = Folds(k=5)
DIFFERENCES = [0.02, 0.035, 0.01, 0.028, 0.031, 0.022, 0.018, 0.04, 0.009, 0.027]


def test_the_interval_and_p_are_those_of_nadeau_and_bengio() -> None:
    """t = mean / sqrt((1 / J + n2 / n1) * variance), with J - 1 degrees of freedom."""
    n, mean, sd = len(DIFFERENCES), np.mean(DIFFERENCES), np.std(DIFFERENCES, ddof=1)
    error = math.sqrt((1 / n + 1 / 4) * sd**2)
    found = mean_estimate(DIFFERENCES, ["r"] * n, overlap=FIVE.overlap)
    assert found.low == pytest.approx(mean - stats.t(n - 1).ppf(0.975) * error)
    assert found.high == pytest.approx(mean + stats.t(n - 1).ppf(0.975) * error)
    assert one_sided_t(DIFFERENCES, FIVE.overlap) == pytest.approx(stats.t(n - 1).sf(mean / error))
    assert one_sided_t([-value for value in DIFFERENCES], FIVE.overlap) == pytest.approx(
        1 - one_sided_t(DIFFERENCES, FIVE.overlap)
    )


def test_without_overlap_both_are_students() -> None:
    assert one_sided_t(DIFFERENCES, 0.0) == pytest.approx(
        stats.ttest_1samp(DIFFERENCES, 0, alternative="greater").pvalue
    )
    assert mean_estimate(DIFFERENCES, ["r"] * 10) == mean_estimate(DIFFERENCES, ["r"] * 10, overlap=0.0)


def test_values_without_any_spread_decide() -> None:
    assert (one_sided_t([0.1] * 5, 0.25), one_sided_t([-0.1] * 5, 0.25), one_sided_t([0.0] * 5, 0.25)) == (0, 1, 1)


def folded(studies: int, k: int, rounds: int, images: int = 100) -> list[list[float]]:
    """In each study, of each fold the difference of squared error between two predictors of a number that are equally
    good in the mean: the mean of the training set, and a constant."""
    draw, constant, found = np.random.default_rng(0), 1 / math.sqrt(images - images / k), []
    for _ in range(studies):
        numbers, values = draw.normal(size=images), []
        for _ in range(rounds):
            for fold in draw.permutation(images).reshape(k, -1):
                held_out = numbers[fold]
                mean = (numbers.sum() - held_out.sum()) / (images - len(fold))
                values.append(float(np.mean((held_out - mean) ** 2 - (held_out - constant) ** 2)))
        found.append(values)
    return found


@pytest.mark.parametrize(("k", "rounds"), [(5, 4), (10, 3), (2, 5)])
def test_of_studies_of_nothing_the_plain_t_is_too_sure_and_the_corrected_is_not(k: int, rounds: int) -> None:
    simulated = folded(400, k, rounds)

    def wrong(overlap: float) -> float:
        """The share of studies whose interval does not hold the true difference, which is 0."""
        every = [mean_estimate(values, ["r"] * len(values), overlap=overlap) for values in simulated]
        return float(np.mean([(one.low or 0) > 0 or (one.high or 0) < 0 for one in every]))

    assert wrong(0.0) > 0.25
    assert wrong(Folds(k=k).overlap) < 0.08


def measured(**values: list[float]) -> dict[str, dict[int, tuple[str, float]]]:
    return {case: {seed: (f"{case}{seed}", v) for seed, v in enumerate(own)} for case, own in values.items()}


BASE = [0.9, 0.91, 0.88, 0.93, 0.92, 0.9, 0.89, 0.9, 0.94, 0.91]
BETTER = [one + more for one, more in zip(BASE, DIFFERENCES, strict=True)]


def compared(folds: Folds | None, **values: list[float]) -> Comparison:
    (found,) = compare({"b": "a"}, "validation_accuracy", measured(**values), folds=folds)
    return found


def test_a_comparison_is_tested_by_the_corrected_t_two_sided() -> None:
    found = compared(FIVE, a=BASE, b=BETTER)
    assert found.p == pytest.approx(2 * one_sided_t(DIFFERENCES, 0.25)) == found.p_adjusted
    back = compared(FIVE, a=BETTER, b=BASE)
    assert back.p == pytest.approx(found.p)
    assert found.difference is not None
    plain = compared(None, a=BASE, b=BETTER)
    assert plain.difference is not None
    assert (found.difference.low or 0) < (plain.difference.low or 0)
    assert plain.p == 2 / 2**10


def test_fewer_folds_than_a_test_needs_are_not_tested() -> None:
    assert [fold_pairs_needed(Folds(k=k)) for k in (2, 3, 5, 10)] == [6, 6, 5, 10]
    few = compared(FIVE, a=BASE[:4], b=BETTER[:4])
    assert (few.p, few.seeds_needed) == (None, 5)
    assert compared(FIVE, a=BASE[:5], b=BETTER[:5]).p is not None


def judged(values: dict[str, list[float]], **facts: Any) -> ClaimFindings:
    claim = Claim.model_validate_json(
        json.dumps({"id": "c", "text": "Algo.", "metric": "validation_accuracy", **facts})
    )
    return judge(Evidence(claim, str, measured(**values)), FIVE)


@pytest.mark.parametrize(
    ("values", "facts", "verdict"),
    [
        ({"a": BASE, "b": BETTER}, {"cases": ["b"], "better_than": "a"}, "holds"),
        ({"a": BASE, "b": BETTER}, {"cases": ["a"], "better_than": "b"}, "fails"),
        ({"a": BASE}, {"at_least": 0.85}, "holds"),
        ({"a": BASE}, {"at_least": 0.9}, "open"),
        ({"a": BASE, "b": BETTER}, {"cases": ["a"], "no_worse_than": "b", "margin": 0.06}, "holds"),
        ({"a": BASE[:4], "b": BETTER[:4]}, {"cases": ["b"], "better_than": "a"}, "open"),
    ],
)
def test_claims_are_judged_by_it(values: dict[str, list[float]], facts: dict[str, Any], verdict: str) -> None:
    found = judged(values, **facts)
    assert found.verdict == verdict
    assert found.seeds_needed == (5 if len(values["a"]) < 5 else None)


def test_what_flipped_signs_would_show_the_corrected_test_leaves_open() -> None:
    faint = [0.9 + 0.5 * difference - 0.006 for difference in DIFFERENCES]
    values = {"a": [0.9] * 10, "b": faint}
    claim = Claim.model_validate_json(
        json.dumps({"id": "c", "text": "Algo.", "metric": "validation_accuracy", "cases": ["b"], "better_than": "a"})
    )
    assert judge(Evidence(claim, str, measured(**values))).verdict == "holds"
    assert judge(Evidence(claim, str, measured(**values)), FIVE).verdict == "open"


def found_of(folds: Folds | None) -> Findings:
    plan = make_plan(2, 10).model_copy(update={"folds": folds})
    first, second = (case.name for case in plan.cases)
    baselines, metric = {second: first}, "validation_accuracy"
    return study(plan, make_keys(plan), make_records(plan), baselines=baselines, metric=metric)


def test_findings_tell_the_folds_with_their_sizes_and_correct_every_interval() -> None:
    with_folds, without = found_of(FIVE), found_of(None)
    assert without.folds is None
    assert with_folds.folds is not None
    assert (with_folds.folds.rounds, len(with_folds.folds.sizes)) == (2, 10)
    assert with_folds.folds.sizes[7].fold == FIVE.fold(7)
    wider = math.sqrt((1 / 10 + 1 / 4) / (1 / 10))
    for case, other in zip(with_folds.cases, without.cases, strict=True):
        for name in ("validation_accuracy", "test_accuracy", "epochs_run"):
            one, plain = case.estimates[name], other.estimates[name]
            assert (one.high or 0) - one.mean == pytest.approx(wider * ((plain.high or 0) - plain.mean))
        assert case.accuracy_crossed is None


def test_the_power_of_folds_does_not_grow_without_end() -> None:
    few, many = smallest_size(5, 1, FIVE), smallest_size(MOST_SEEDS, 1, FIVE)
    assert few is not None
    assert many is not None
    assert few > many > 1.2, "an effect below about 2.8 * sqrt(1 / 4) standard deviations is never found so often"
    assert smallest_size(4, 1, FIVE) is None
    findings = found_of(FIVE)
    (comparison,) = findings.comparisons
    assert comparison.difference is not None
    faint = replace(comparison, difference=replace(comparison.difference, mean=0.01, sd=0.01))
    assert seeds_for_comparison(findings, faint) is None
    clear = replace(comparison, difference=replace(comparison.difference, mean=0.02, sd=0.01))
    seeds = seeds_for_comparison(findings, clear)
    assert seeds is not None
    assert seeds % 5 == 0
    assert (smallest_size(seeds, 1, FIVE) or 9) <= 2 < (smallest_size(seeds - 5, 1, FIVE) or 9)
