"""Cases by the mean of a metric, and by what they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.case_groups import find_extremes, group_cases, rank_cases
from benchsuite.paper.language.metrics import METRICS
from support.synthetic import make_findings


def with_accuracies(*means: float | None) -> list[CaseFindings]:
    cases = make_findings(cases=len(means), seeds=2).cases
    estimates = [case.estimates["test_accuracy"] for case in cases]
    return [
        replace(case, estimates={} if mean is None else {"test_accuracy": replace(estimate, mean=mean)})
        for case, estimate, mean in zip(cases, estimates, means, strict=True)
    ]


def labels(cases: Sequence[CaseFindings]) -> list[str]:
    return [case.label for case in cases]


def test_cases_are_ranked_by_their_means_those_without_one_left_out() -> None:
    assert labels(rank_cases(with_accuracies(0.9, None, 0.8, 0.9), "test_accuracy")) == ["2", "0", "3"]


def test_cases_that_print_alike_share_an_end() -> None:
    low, high = find_extremes(with_accuracies(0.90001, 0.5, 0.9, 0.50002), METRICS["test_accuracy"])
    assert (labels(low), labels(high)) == (["1", "3"], ["0", "2"])
    low, high = find_extremes(with_accuracies(0.9, 0.90001), METRICS["test_accuracy"])
    assert low == high


def test_groups_keep_the_order_of_the_cases() -> None:
    cases = with_accuracies(0.1, 0.2, None, 0.3)
    groups = group_cases(cases, lambda case: case.label in "13" if case.estimates else None)
    assert {key: labels(found) for key, found in groups.items()} == {False: ["0"], True: ["1", "3"]}
