"""A report is read with the suites of its studies, and everything that is wrong with any of them is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchsuite.suite import SuiteError, read_report, read_suite
from benchsuite.suite.prose.translations import in_language
from benchsuite.suite.reader import is_report
from support.fake_components import BASE, REGISTRY

REPORT = """\
kind: report
name: both
title: "Dos estudios"
studies: [first, {study: second, label: Segundo, carries: 1}]
paper:
  abstract: "{{studies}}: {{claim first.uno}}, {{test_accuracy second.1}} [[other]]."
  sections:
    - {title: Conclusiones, id: conclusions, text: "{{if step first kept}}Sigue.{{else}}No sigue.{{end}}"}
"""
CLAIMS = "claims:\n  - {id: uno, text: Algo, at_least: 0.9}\n"
WORKS = 'paper: {references: [{key: other, text: "Otra obra, 2020."}]}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "first.yaml").write_text(BASE.replace("name: tiny", "name: first") + CLAIMS)
    (tmp_path / "second.yaml").write_text(BASE.replace("name: tiny", "name: second") + WORKS)
    (tmp_path / "both.yaml").write_text(REPORT)
    return tmp_path


def problems(folder: Path, old: str = "", new: str = "") -> list[str]:
    """What is wrong with the report once it is changed so."""
    assert old in REPORT
    (folder / "both.yaml").write_text(REPORT.replace(old, new))
    with pytest.raises(SuiteError) as caught:
        read_report(folder / "both.yaml", REGISTRY)
    return [str(problem) for problem in caught.value.problems]


def test_a_report_knows_its_studies_in_their_order(folder: Path) -> None:
    found = read_report(folder / "both.yaml", REGISTRY)
    assert found.files == {"first": folder / "first.yaml", "second": folder / "second.yaml"}
    assert [step.carries for step in found.report.studies] == [None, 1]
    assert found.report.text == REPORT
    assert is_report(folder / "both.yaml")
    assert not is_report(folder / "first.yaml")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[first,", "[frist,", ("'frist'", "studies[0]")),
        ("[first,", "[second,", ("gathered twice", "remove one of the two")),
        ("[first,", "[both,", ("is a report itself", "name the studies that it gathers")),
        ("carries: 1", "carries: 7", ("no case of second", "freeze_blocks=1")),
        ("first.uno", "first.dos", ("'dos'", "uno")),
        ("claim first.uno", "claim uno", ("'uno'", "first, second")),
        ("step first kept", "step second kept", ("second", "unknown")),
        ("{{else}}No sigue.", "", ("nothing is said where 'step first' is partly or lost",)),
        ("[[other]]", "[[another]]", ("'[[another]]' is not among the references", "other")),
        ("paper:\n", "paper:\n  labels: {test_accuracy: X}\n", ("takes that of its studies",)),
        ("kind: report", "kind: report\nseeds: 3", ("'seeds' is unknown here",)),
        ("studies: [first, {study: second, label: Segundo, carries: 1}]", "studies: []", ("nothing in it",)),
        ("study: second", "studdy: second", ("'studdy' is unknown here", "did you mean 'study'?")),
    ],
)
def test_mistakes_are_told_at_their_place(folder: Path, old: str, new: str, words: tuple[str, ...]) -> None:
    found = problems(folder, old, new)
    assert all("both.yaml:" in one for one in found)
    for word in words:
        assert any(word in one for one in found), found


def test_what_is_wrong_with_a_study_is_told_with_its_file(folder: Path) -> None:
    (folder / "first.yaml").write_text(BASE.replace("name: tiny", "name: first").replace("cases: 3", "cases: 4"))
    found = problems(folder)
    assert any("first.yaml:" in one and "expands to 3 cases" in one for one in found)


def test_a_file_that_holds_a_study_of_another_name_is_refused(folder: Path) -> None:
    (folder / "first.yaml").write_text(BASE + CLAIMS)
    (found,) = problems(folder)
    assert "is called 'tiny'" in found
    assert "the same name" in found


ENGLISH = """\
translations:
  en:
    title: Two studies
    abstract: "{{studies}}: {{claim first.uno}}, {{test_accuracy second.1}} [[other]]."
    labels: {second: The second}
    sections:
      - {title: Conclusions, id: conclusions, text: "{{if step first kept}}It does.{{else}}It does not.{{end}}"}
"""


def test_a_report_says_all_of_its_prose_in_the_other_language(folder: Path) -> None:
    (folder / "both.yaml").write_text(REPORT + ENGLISH)
    own = read_report(folder / "both.yaml", REGISTRY).report
    said = in_language(own, "en")
    assert (said.title, said.paper.sections[0].title) == ("Two studies", "Conclusions")
    assert [step.label for step in said.studies] == [None, "The second"]
    assert [step.carries for step in said.studies] == [None, 1]
    assert (said.paper.language, said.paper.prose_language) == ("en", "en")
    back = in_language(said, "es")
    assert back.model_dump(exclude={"translations"}) == own.model_dump(exclude={"translations"})
    (folder / "both.yaml").write_text(
        (REPORT + ENGLISH).replace("paper:\n", "paper:\n  language: en\n  written_in: es\n")
    )
    assert read_report(folder / "both.yaml", REGISTRY).report.title == "Two studies"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    title: Two studies\n", "", "translations.en: the English prose has no title"),
        ("labels: {second: The second}", "labels: {}", "the English prose lacks the label 'second' ('Segundo')"),
        ("{second: The", "{first: A, second: The", "translations.en.labels: the report has no label 'first'"),
        ("id: conclusions, text", "id: closing, text", "the report has no section 'closing'"),
        ("    labels: {", "    claims: {uno: One}\n    labels: {", "'claims' is unknown here"),
        ("{{test_accuracy second.1}}", "{{test_accuracy second.7}}", "abstract: '{{test_accuracy second.7}}' quotes"),
        ("{{else}}It does not.", "", "translations.en.sections[0].text: nothing is said where 'step first'"),
        ("[[other]]", "[[another]]", "translations.en.abstract: '[[another]]' is not among the references"),
    ],
)  # fmt: skip
def test_a_language_that_a_report_lacks_something_in_says_so(folder: Path, old: str, new: str, said: str) -> None:
    assert old in ENGLISH
    (folder / "both.yaml").write_text(REPORT + ENGLISH.replace(old, new))
    with pytest.raises(SuiteError) as caught:
        read_report(folder / "both.yaml", REGISTRY)
    found = [str(problem) for problem in caught.value.problems]
    assert any(said in one for one in found), found
    first = len(REPORT.split("\n"))
    assert all(int(one.split(":")[1]) >= first for one in found), found


def test_a_study_is_no_report(folder: Path) -> None:
    with pytest.raises(SuiteError, match="this is a study, and no report"):
        read_report(folder / "first.yaml", REGISTRY)


def test_a_report_is_no_study_and_no_other_kind_of_suite_is_there(folder: Path) -> None:
    with pytest.raises(SuiteError, match="this is a report, which gathers studies"):
        read_suite(folder / "both.yaml", REGISTRY)
    (folder / "odd.yaml").write_text(BASE + "kind: reprot\n")
    with pytest.raises(SuiteError, match=r"'reprot' is no kind of suite.*did you mean 'report'"):
        read_suite(folder / "odd.yaml", REGISTRY)
