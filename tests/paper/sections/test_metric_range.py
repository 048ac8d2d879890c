"""The range of a metric in words: over several cases, where all are alike, and of the only one."""

from __future__ import annotations

import re

import pytest

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.quantities import TOKEN
from benchsuite.paper.sections.metric_range import describe_range, find_ends
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
