"""Seeds for what was left open: more for smaller differences and for more tests, and never more than are told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchsuite.analysis.comparisons import pairs_needed
from benchsuite.analysis.findings import Estimate, Inequality
from benchsuite.analysis.power import MOST_SEEDS, seeds_for_comparison, seeds_for_inequality, smallest_size
from support.synthetic import make_findings


def inequality(mean: float, sd: float | None, slack: float | None = None) -> Inequality:
    return Inequality(
        "a", "b", Estimate(mean, sd, None, None, (), (mean,)), mean if slack is None else slack, None, None
    )


@pytest.mark.parametrize(
    ("size", "pairs"),
    # G*Power 3.1, difference between two dependent means, two-sided at 0.05, power 0.8.
    [(1.0, 10), (0.8, 15), (0.5, 34), (0.3, 90), (0.2, 199)],
)
def test_the_number_is_that_of_the_tables_of_the_paired_t_test(size: float, pairs: int) -> None:
    assert seeds_for_inequality(inequality(size, 1.0), 1) == pairs


def test_fewer_than_the_test_needs_at_all_are_never_told() -> None:
    assert seeds_for_inequality(inequality(100.0, 1.0), 1) == pairs_needed(1)


def test_more_than_can_be_told_apart_and_what_does_not_vary_have_no_number() -> None:
    assert seeds_for_inequality(inequality(0.01, 1.0), 1) is None
    assert seeds_for_inequality(inequality(0.5, 0.0), 1) is None
    assert seeds_for_inequality(inequality(0.5, None), 1) is None
    assert seeds_for_inequality(replace(inequality(0.5, 1.0), slack=None), 1) is None
    assert (seeds_for_inequality(inequality(0.1, 1.0), 1) or 0) < MOST_SEEDS


def test_a_contrary_is_corrected_for_the_number_of_inequalities_and_what_holds_is_not() -> None:
    assert seeds_for_inequality(inequality(0.5, 1.0), 6) == seeds_for_inequality(inequality(0.5, 1.0), 1)
    corrected = seeds_for_inequality(inequality(0.5, 1.0, slack=-0.5), 6)
    assert corrected is not None
    assert corrected > (seeds_for_inequality(inequality(0.5, 1.0), 6) or 0)


def test_comparisons_need_more_seeds_when_there_are_more_of_them() -> None:
    findings = make_findings()
    difference = Estimate(0.01, 0.02, None, None, (), (0.01,))
    comparison = replace(findings.comparisons[0], difference=difference)
    alone = seeds_for_comparison(replace(findings, comparisons=(comparison,)), comparison)
    among = seeds_for_comparison(findings, comparison)
    assert alone is not None
    assert among is not None
    assert among > alone


@pytest.mark.parametrize(("size", "pairs"), [(1.0, 10), (0.8, 15), (0.5, 34)])
def test_what_a_number_of_seeds_finds_is_the_other_way_round(size: float, pairs: int) -> None:
    found, with_fewer = smallest_size(pairs, 1), smallest_size(pairs - 1, 1)
    assert found is not None
    assert with_fewer is not None
    assert found <= size < with_fewer


def test_more_comparisons_hide_more_and_too_few_seeds_find_nothing() -> None:
    one, many = smallest_size(12, 1), smallest_size(12, 20)
    assert one is not None
    assert many is not None
    assert one < many
    assert smallest_size(pairs_needed(3) - 1, 3) is None
