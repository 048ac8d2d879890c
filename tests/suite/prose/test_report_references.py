"""The prose of a report names what the prose of its studies names, after the study."""

from __future__ import annotations

import json

import pytest

from benchsuite.suite import parse_suite
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.prose.conditions import Condition, Subject, askable, keep, parse, read_condition
from benchsuite.suite.prose.references import Quoted, UnknownReference, Vocabulary
from benchsuite.suite.prose.report_references import ReportVocabulary
from benchsuite.suite.schema.report import Report
from support.fake_components import BASE, REGISTRY

CLAIMS = "claims:\n  - {id: uno, text: Algo, at_least: 0.9}\n"


def study(name: str, more: str = CLAIMS) -> Vocabulary:
    suite = parse_suite((BASE.replace("name: tiny", f"name: {name}") + more).encode(), "tiny.yaml", REGISTRY)
    return Vocabulary(suite, expand(suite, REGISTRY).cases)


@pytest.fixture(scope="module")
def vocabulary() -> ReportVocabulary:
    report = {"kind": "report", "name": "both", "studies": ["first", "second"]}
    whole = Report.model_validate_json(json.dumps(report))
    return ReportVocabulary(whole, {"first": study("first"), "second": study("second", "")})


@pytest.mark.parametrize(
    ("reference", "quoted"),
    [
        ("claim first.uno", Quoted("claim", of="uno", study="first")),
        ("verdict first.uno", Quoted("verdict", of="uno", study="first")),
        ("test_accuracy second.1", Quoted("metric", metric="test_accuracy", case="freeze_blocks=1", study="second")),
        ("test_accuracy second 1", Quoted("metric", metric="test_accuracy", case="freeze_blocks=1", study="second")),
        ("difference first.recipe.freeze.blocks=2", Quoted("difference", case="freeze_blocks=2", study="first")),
        ("best first", Quoted("best", study="first")),
        ("best first.test_loss", Quoted("best", metric="test_loss", study="first")),
        ("seeds second", Quoted("size", of="seeds", study="second")),
        ("choice first", Quoted("choice", study="first")),
        ("first second", Quoted("first", study="second")),
        ("studies", Quoted("size", of="studies")),
        ("runs", Quoted("size", of="runs")),
        ("tab-results-first", Quoted("block", of="tab-results-first")),
        ("fig-chain", Quoted("block", of="fig-chain")),
        ("sec-second", Quoted("block", of="sec-second")),
    ],
)
def test_references_mean_what_they_say(vocabulary: ReportVocabulary, reference: str, quoted: Quoted) -> None:
    assert vocabulary.read(reference) == quoted


@pytest.mark.parametrize(
    ("reference", "word", "known"),
    [
        ("claim uno", "uno", "first"),
        ("claim first.dos", "dos", "uno"),
        ("claim second.uno", "uno", None),
        ("test_accuracy third.1", "third", "second"),
        ("test_accuracy first.9", "9", "freeze_blocks=1"),
        ("choice first.1", "first.1", "first"),
        ("tab-claims-second", "tab-claims-second", "tab-claims-first"),
        ("fig-loss", "fig-loss", "fig-chain"),
        ("nothing first", "nothing", "choice"),
        ("seeds", "", "first"),
    ],
)
def test_what_is_unknown_is_told_with_what_would_be(
    vocabulary: ReportVocabulary, reference: str, word: str, known: str | None
) -> None:
    with pytest.raises(UnknownReference) as caught:
        vocabulary.read(reference)
    assert caught.value.word == word
    assert known is None or known in caught.value.known


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        ("claim first.uno holds", Condition(Subject("claim", "uno", "first"), "holds")),
        ("difference second.1 positive", Condition(Subject("difference", "freeze_blocks=1", "second"), "positive")),
        ("differences first all", Condition(Subject("differences", study="first"), "all")),
        ("best second baseline", Condition(Subject("best", study="second"), "baseline")),
        ("best second.test_loss is 2", Condition(Subject("best", "test_loss", "second"), "is", "freeze_blocks=2")),
        ("step first partly", Condition(Subject("step", study="first"), "partly")),
        ("choice second first", Condition(Subject("choice", study="second"), "first")),
    ],
)
def test_conditions_mean_what_they_say(vocabulary: ReportVocabulary, words: str, condition: Condition) -> None:
    assert read_condition(vocabulary, words) == condition


@pytest.mark.parametrize("words", ["step second kept", "step first", "claim uno holds", "choice third first", "step"])
def test_conditions_on_what_there_is_not_are_refused(vocabulary: ReportVocabulary, words: str) -> None:
    """The last step hands nothing on."""
    with pytest.raises(UnknownReference):
        read_condition(vocabulary, words)


def test_a_choice_goes_on_with_verdicts_of_the_same_study(vocabulary: ReportVocabulary) -> None:
    text = "{{if claim first.uno holds}}a{{elif fails}}b{{else}}c{{end}}"
    text += "{{if step first kept}}d{{elif partly}}e{{else}}f{{end}}"
    parts, faults = parse(text, vocabulary)
    assert faults == ()
    assert keep(parts, lambda one: str(one) in ("claim first.uno fails", "step first partly")) == "be"


def test_a_study_of_its_own_asks_nothing_of_a_chain() -> None:
    for words in ("step first kept", "choice first first"):
        with pytest.raises(UnknownReference):
            read_condition(study("first"), words)


def test_all_that_may_be_asked_can_be_read(vocabulary: ReportVocabulary) -> None:
    asked = list(askable(vocabulary))
    assert len(asked) == len(set(asked))
    for condition in asked:
        assert read_condition(vocabulary, str(condition)) == condition
    assert {str(one.subject) for one in asked} >= {"step first", "choice second", "claim first.uno", "best second"}
    assert "step second" not in {str(one.subject) for one in asked}


def test_all_that_is_listed_can_be_read_and_is_listed_once(vocabulary: ReportVocabulary) -> None:
    listed = list(vocabulary.references())
    assert len(listed) == len(set(listed))
    for reference in listed:
        vocabulary.read(reference)
