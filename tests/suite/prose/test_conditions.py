"""Choices of the prose: what they ask for is checked when the suite is read, and one branch of each is kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.suite import SuiteError, parse_suite
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.prose.conditions import (
    VERDICTS,
    Condition,
    Subject,
    askable,
    keep,
    outside,
    parse,
    read_condition,
)
from benchsuite.suite.prose.references import REFERENCE, UnknownReference, Vocabulary
from support.fake_components import BASE, REGISTRY

CLAIMS = "claims:\n  - {id: uno, text: Algo, at_least: 0.9}\n  - {id: dos, text: Más, at_least: 0.8}\n"
WHOLE = "{{if claim uno holds}}sí{{elif fails}}no{{elif open}}quizá{{end}}"


def vocabulary(base: str = BASE) -> Vocabulary:
    suite = parse_suite((base + CLAIMS).encode(), "tiny.yaml", REGISTRY)
    return Vocabulary(suite, expand(suite, REGISTRY).cases)


def faults(text: str) -> list[str]:
    return [f"{fault.what}; {fault.remedy or ''}" for fault in parse(text, vocabulary())[1]]


def kept(text: str, *met: str) -> str:
    parts, found = parse(text, vocabulary())
    assert not found
    return keep(parts, lambda condition: str(condition) in met)


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        ("claim uno holds", Condition(Subject("claim", "uno"), "holds")),
        ("difference 1 positive", Condition(Subject("difference", "freeze_blocks=1"), "positive")),
        ("difference recipe.freeze.blocks=2 open", Condition(Subject("difference", "freeze_blocks=2"), "open")),
        ("differences none", Condition(Subject("differences"), "none")),
        ("best decided", Condition(Subject("best"), "decided")),
        ("best test_accuracy baseline", Condition(Subject("best", "test_accuracy"), "baseline")),
        ("best is 0", Condition(Subject("best"), "is", "freeze_blocks=0")),
        ("best test_loss is 2", Condition(Subject("best", "test_loss"), "is", "freeze_blocks=2")),
    ],
)
def test_conditions_mean_what_they_say(words: str, condition: Condition) -> None:
    assert read_condition(vocabulary(), words) == condition


@pytest.mark.parametrize(
    ("words", "unknown", "known"),
    [
        ("claim tres holds", "tres", "uno"),
        ("claim uno positive", "positive", "holds"),
        ("claim uno", "", "open"),
        ("difference 0 open", "0", "freeze_blocks=1"),
        ("difference 1", "", "decided"),
        ("difference 1 holds", "holds", "negative"),
        ("best test_loss decided", "decided", "is CASE"),
        ("best is 7", "7", "freeze_blocks=0"),
        ("claims uno holds", "claims", "claim"),
        ("", "", "best"),
    ],
)
def test_conditions_on_nothing_and_verdicts_that_cannot_be_are_told(words: str, unknown: str, known: str) -> None:
    with pytest.raises(UnknownReference) as raised:
        read_condition(vocabulary(), words)
    assert raised.value.word == unknown
    assert known in raised.value.known


def test_a_suite_that_compares_nothing_has_no_differences_to_ask_about() -> None:
    words = vocabulary("".join(line for line in BASE.splitlines(keepends=True) if not line.startswith("compare:")))
    for condition in ("differences all", "best decided", "difference 1 open"):
        with pytest.raises(UnknownReference):
            read_condition(words, condition)
    assert read_condition(words, "best is 1").case == "freeze_blocks=1"


def test_the_first_branch_that_is_met_is_kept_and_nothing_of_the_others() -> None:
    assert kept(WHOLE, "claim uno holds") == "sí"
    assert kept(WHOLE, "claim uno open") == "quizá"
    assert kept("a {{if best is 1}}b{{else}}{{end}} c") == "a c"
    assert (
        kept("{{if claim uno holds}}A{{if claim dos holds}}B{{else}}C{{end}}{{else}}D{{end}}", "claim uno holds")
        == "AC"
    )


def test_an_elif_may_ask_about_another_subject_and_a_bare_verdict_is_on_the_last_one() -> None:
    text = "{{if claim uno holds}}1{{elif claim dos holds}}2{{elif fails}}3{{else}}4{{end}}"
    assert kept(text, "claim dos fails") == "3"
    assert kept(text, "claim uno fails") == "4"


def test_markers_that_have_a_line_for_themselves_are_no_line_of_the_text() -> None:
    text = "Uno.\n  {{if claim uno holds}}\nDos.\n\nTres.\n{{elif fails}}  \n{{else}}\nCuatro.\n{{end}}\nCinco."
    assert kept(text, "claim uno holds") == "Uno.\nDos.\n\nTres.\nCinco."
    assert kept(text) == "Uno.\nCuatro.\nCinco."


def test_what_is_outside_every_choice_is_what_is_said_whatever_comes_out() -> None:
    assert outside(parse(f"Antes {WHOLE} después.", vocabulary())[0]) == "Antes … después."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{if claim uno holds}}sí{{else}}no", "is not closed; write {{end}}"),
        ("sí{{end}}", "'{{end}}' has no {{if …}} before it"),
        ("{{elif open}}", "'{{elif open}}' has no {{if …}}"),
        ("{{if claim uno holds}}a{{else}}b{{else}}c{{end}}", "comes after {{else}}"),
        ("{{if claim uno holds}}a{{else}}b{{elif open}}c{{end}}", "comes after {{else}}"),
        ("{{if claim uno holds}}a{{end}}", "nothing is said where 'claim uno' is fails or open; add {{elif fails}} or"),
        ("{{if difference 1 decided}}a{{end}}", "nothing is said where 'difference freeze_blocks=1' is open"),
        ("{{if best test_loss is 1}}a{{end}}", "add {{else}}, which may be left empty"),
        ("{{if claim uno holds}}a{{elif holds}}b{{else}}c{{end}}", "'claim uno holds' of this choice is never reached"),
        ("{{if difference 1 decided}}a{{elif negative}}b{{else}}c{{end}}", "is never reached"),
        (WHOLE.replace("{{end}}", "{{else}}nada{{end}}"), "the {{else}} of this choice is never reached"),
        ("{{if claim un holds}}a{{else}}b{{end}}", "asks for 'un', which is unknown; did you mean 'uno'?"),
        ("{{if claim uno hold}}a{{else}}b{{end}}", "asks for 'hold', which is unknown; did you mean 'holds'?"),
        ("{{if difference 0 open}}a{{else}}b{{end}}", "the difference of '0', which is not compared with another"),
        ("{{if}}a{{else}}b{{end}}", "'{{if}}' does not say what it asks for"),
        ("{{if claim uno holds}}a{{else open}}b{{end}}", "has words after else"),
        ("{{if best is 1}}" * 11 + "{{else}}{{end}}" * 11, "is the 11th choice within another"),
    ],
)
def test_what_is_wrong_with_a_choice_is_told_with_its_remedy(text: str, told: str) -> None:
    assert any(told in fault for fault in faults(text)), faults(text)


def test_every_fault_of_a_suite_is_told_at_its_own_line_and_column() -> None:
    prose = (
        "paper:\n  abstract: >-\n    Se sabe\n    que {{if claim uno holds}}sí{{end}}.\n"
        "  sections:\n    - title: Uno\n      text: |\n        Con {{seeds}}.\n"
        "        Y {{if claim unos holds}}sí{{else}}{{end}}.\n"
    )
    with pytest.raises(SuiteError) as refused:
        parse_suite((BASE + CLAIMS + prose).encode(), "tiny.yaml", REGISTRY)
    first = (BASE + CLAIMS).count("\n")
    assert [(problem.line, problem.column, problem.path) for problem in refused.value.problems] == [
        (first + 4, 9, "paper.abstract"),
        (first + 9, 11, "paper.sections[0].text"),
    ]
    assert "did you mean 'uno'?" in str(refused.value)


def test_a_choice_in_a_quoted_text_is_told_too() -> None:
    section = json.dumps({"title": "Uno", "text": "{{seeds}} y {{end}}"})
    with pytest.raises(SuiteError, match=r"tiny.yaml:\d+:\d+: paper.sections\[0\].text: '\{\{end\}\}' has no"):
        parse_suite((BASE + f"paper:\n  sections:\n    - {section}\n").encode(), "tiny.yaml", REGISTRY)


def test_everything_that_may_be_asked_can_be_read_again_and_covers_each_subject() -> None:
    words = vocabulary()
    asked = list(askable(words))
    assert [read_condition(words, str(condition)) for condition in asked] == asked
    for subject in {condition.subject for condition in asked}:
        found = [condition.verdict for condition in asked if condition.subject == subject and not condition.case]
        assert found == list(VERDICTS[subject.kind])


PIECES = (
    "{{if claim uno holds}}",
    "{{if best is 1}}",
    "{{elif fails}}",
    "{{elif open}}",
    "{{else}}",
    "{{end}}",
    "a",
    "\n",
    " ",
)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_no_text_breaks_the_reading_and_no_marker_is_printed(text: str) -> None:
    parts, found = parse(text, vocabulary())
    assert "{{" not in keep(parts, lambda condition: condition.verdict == "holds")
    assert all(0 <= fault.position <= len(text) for fault in found)
    assert not REFERENCE.search(text)
    if found:
        assert all(fault.remedy for fault in found)
