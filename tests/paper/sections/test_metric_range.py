"""The range of a metric in words: over several cases, where all are alike, and of the only one."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from benchsuite.analysis.intervals import mean_estimate
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.quantities import TOKEN
from benchsuite.paper.sections import results
from benchsuite.paper.sections.metric_range import describe_order, describe_range, find_ends
from support.paper_material import make_material


def plain(study: PaperContext, text: str) -> str:
    return TOKEN.sub(lambda match: study.quotes.quantities[int(match[1])].text, text).replace("\u00a0", " ")


def test_a_range_names_the_cases_at_its_ends_with_their_intervals() -> None:
    study = PaperContext(make_material(cases=3, seeds=3))
    text = plain(study, describe_range(study, "test_accuracy"))
    ends = r"(\d+,\d) % \[[^]]*\] \(bloques congelados = [^)]*\)"
    found = re.fullmatch(f"la exactitud en test va de {ends} a {ends}", text)
    assert found is not None
    assert float(found[1].replace(",", ".")) < float(found[2].replace(",", "."))


@pytest.mark.parametrize(("cases", "done"), [(1, None), (3, 1)])
def test_the_only_case_has_one_value(cases: int, done: int | None) -> None:
    study = PaperContext(make_material(cases=cases, seeds=1, done=done))
    assert re.fullmatch(r"la exactitud en test es de \d+,\d %", plain(study, describe_range(study, "test_accuracy")))


def test_cases_that_print_alike_share_both_ends() -> None:
    study = PaperContext(make_material(cases=2, seeds=1))
    low, high = find_ends(study, "test_accuracy")
    assert low == high
    text = plain(study, describe_range(study, "test_accuracy"))
    assert re.fullmatch(r"la exactitud en test es la misma en todas las configuraciones, \d+,\d %", text)


def of_two(first: list[float], second: list[float], *, compared: bool) -> PaperContext:
    """A study of two cases with these test accuracies, whose difference is among its comparisons or not."""
    study = PaperContext(make_material(cases=2, seeds=len(first)))
    findings = study.findings
    cases = [
        replace(case, estimates={**case.estimates, "test_accuracy": mean_estimate(values, [])})
        for case, values in zip(findings.cases, (first, second), strict=True)
    ]
    difference = mean_estimate([b - a for a, b in zip(first, second, strict=True)], [])
    comparisons = [replace(one, difference=difference, p_adjusted=0.01) for one in findings.comparisons]
    study.__dict__["findings"] = replace(
        findings, cases=tuple(cases), comparisons=tuple(comparisons) if compared else ()
    )
    return study


NOISE = [0.90, 0.80, 0.95, 0.85, 0.88, 0.83]


@pytest.mark.parametrize(
    ("shift", "compared", "ordered"), [(0.01, True, True), (0.01, False, False), (0.5, False, True)]
)
def test_ends_are_ordered_by_their_paired_difference_where_there_is_one(
    shift: float, compared: bool, ordered: bool
) -> None:
    study = of_two(NOISE, [value + shift for value in NOISE], compared=compared)
    assert (describe_order(*find_ends(study, "test_accuracy")) == "") == ordered


@pytest.mark.parametrize("compared", [True, False])
def test_the_ends_of_the_test_accuracy_say_where_the_data_do_not_order_them(compared: bool) -> None:
    study = of_two(NOISE, [value + 0.01 for value in NOISE], compared=compared)
    said = ", sin que los datos permitan ordenarlas." in plain(study, results._test_accuracy(study))
    assert said == (not compared)


def test_both_ends_of_a_range_have_as_many_decimals() -> None:
    study = PaperContext(make_material(cases=2, seeds=2))
    means = [[20.0, 20.0], [15.9, 15.9]]
    cases = [
        replace(case, estimates={**case.estimates, "epochs_run": mean_estimate(values, [])})
        for case, values in zip(study.findings.cases, means, strict=True)
    ]
    study.__dict__["findings"] = replace(study.findings, cases=tuple(cases))
    assert re.search(r"va de 15,9 .* a 20,0 ", plain(study, describe_range(study, "epochs_run")))
