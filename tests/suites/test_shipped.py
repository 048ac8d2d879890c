"""Every suite that ships reads, expands to the size it states, and has prose whose references all lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from benchsuite.analysis.findings import SIGNIFICANCE
from benchsuite.paper.document.numbering import number
from benchsuite.paper.language import typography
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from benchsuite.registry import registry
from benchsuite.suite import Suite, baselines, expand, read_suite
from benchsuite.suite.prose.assertions import asserted_in_report
from benchsuite.suite.prose.bibtex import parse
from benchsuite.suite.prose.references import CITATION, PARTS, typed_results
from benchsuite.suite.reports import Gathered, read_report
from benchsuite.suite.schema.report import Report
from benchsuite.suite.schema.suite import Section
from support.shipped import REPORTS, STUDIES
from support.synthetic_study import make_unstudied_material as material


@pytest.fixture(params=STUDIES, ids=lambda file: file.stem)
def suite(request: pytest.FixtureRequest) -> Suite:
    return read_suite(request.param, registry())


def prose(sections: tuple[Section, ...]) -> Iterator[str]:
    for section in sections:
        yield section.text
        yield from prose(section.sections)


def written(suite: Suite | Report) -> str:
    return "\n\n".join([suite.paper.abstract, *prose(suite.paper.sections)])


def cited(suite: Suite | Report) -> set[str]:
    return set(CITATION.findall(written(suite)))


def test_it_is_named_after_its_file_and_expands_to_the_size_it_states(suite: Suite) -> None:
    assert f"{suite.name}.yaml" in [file.name for file in STUDIES]
    plan = expand(suite, registry())
    assert (len(plan.cases), len(plan.seeds)) == (suite.size.cases, suite.size.seeds)


def test_every_reference_of_its_prose_leads_somewhere(suite: Suite) -> None:
    document = compose(material(suite))
    assert typography.NBSP in render_html(document, number(document))


def test_every_citation_is_in_its_bibliography(suite: Suite) -> None:
    assert cited(suite) <= {work.key for part in suite.paper.bibliography for work in parse(part)[0]}


def test_no_work_of_the_bibliography_is_left_uncited() -> None:
    works, faults = parse((STUDIES[0].parent / "references.bib").read_text(encoding="utf-8"))
    assert not faults
    assert [work.key for work in works] == sorted(work.key for work in works)
    suites = [read_suite(file, registry()) for file in STUDIES]
    reports = [read_report(file, registry()).report for file in REPORTS]
    assert {work.key for work in works} == set().union(*map(cited, [*suites, *reports]))


def test_no_work_is_printed_twice(suite: Suite) -> None:
    document = compose(material(suite))
    titles = [re.findall("«([^»]*)»", document.references[key])[0] for key in number(document).citations]
    assert len({title.lower() for title in titles}) == len(titles)


def test_its_prose_has_the_parts_of_a_paper_and_types_no_result(suite: Suite) -> None:
    parts = [section.id for section in suite.paper.sections]
    assert parts == [part for part in PARTS if part in parts]
    assert {"introduction", "method", "results", "discussion", "conclusions", "reproducibility"} <= set(parts)
    assert suite.paper.authors
    assert suite.paper.keywords
    assert "{{" in suite.paper.abstract
    assert re.findall(r"\d+(?:,\d+)?\s*(?:%|puntos|segundos|minutos|horas)", written(suite)) == []


def test_its_comparisons_can_be_decided_with_the_seeds_it_asks_for(suite: Suite) -> None:
    """The smallest p of a sign-flip test is 2 / 2**n, which Holm multiplies by the number of comparisons."""
    comparisons = len(baselines(suite, expand(suite, registry())))
    assert comparisons * 2 / 2**suite.size.seeds < SIGNIFICANCE


@pytest.fixture(params=REPORTS, ids=lambda file: file.stem)
def gathered(request: pytest.FixtureRequest) -> Gathered:
    return read_report(request.param, registry())


@pytest.fixture
def report(gathered: Gathered) -> Report:
    return gathered.report


def test_a_report_is_named_after_its_file_and_gathers_suites_that_ship(report: Report) -> None:
    assert f"{report.name}.yaml" in [file.name for file in REPORTS]
    assert {step.study for step in report.studies} <= {file.stem for file in STUDIES}


def test_the_prose_of_a_report_has_the_parts_of_a_paper_and_types_no_result(report: Report) -> None:
    parts = [section.id for section in report.paper.sections]
    assert parts == [part for part in PARTS if part in parts]
    assert {"introduction", "method", "results", "discussion", "conclusions", "reproducibility"} <= set(parts)
    assert report.paper.authors
    assert "{{" in report.paper.abstract
    assert typed_results(report) == []


def test_no_sentence_of_a_report_asserts_a_result_whatever_comes_out(gathered: Gathered) -> None:
    assert [str(warning) for warning in asserted_in_report(gathered.vocabulary)] == []


def test_the_report_on_cifar10_gathers_every_study_that_repeats_a_step_of_its_source() -> None:
    found = read_report(next(file for file in REPORTS if file.stem == "cifar10_report"), registry())
    assert set(found.files) == {file.stem for file in STUDIES if "[[informe]]" in file.read_text(encoding="utf-8")}
