"""A suite's prose in several languages: each is whole, checked where it stands, and decides no run."""

# ruff: noqa: E501
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.suite import Suite, SuiteError, expand, parse_suite
from benchsuite.suite.prose.references import Vocabulary
from benchsuite.suite.prose.translations import in_each_language, in_language
from support.fake_components import BASE, REGISTRY

OWN = """\
claims:
  - {id: alta, text: Es alta, at_least: 0.5}
paper:
  abstract: La exactitud es {{test_accuracy 0}}.
  keywords: [redes]
  labels: {recipe.freeze.blocks: Bloques, recipe.freeze.blocks=1: uno solo}
  authors: [{name: Ana, place: España}]
  assignment: Visión por computador, práctica 2
  rights: Todos los derechos reservados
  sections:
    - {title: Introducción, id: introduction, text: "Véase {{tab-results}}."}
    - title: Metodología
      id: method
      sections:
        - {title: Datos, id: dataset}
    - {title: Notas, text: "Se cita [[ana]]."}
  references: [{key: ana, text: Ana.}]
"""
ENGLISH = """\
translations:
  en:
    title: A small study
    authors: [{name: Ana, place: Spain}]
    assignment: Computer vision, assignment 2
    rights: All rights reserved
    abstract: Accuracy is {{test_accuracy 0}}.
    keywords: [networks]
    labels: {recipe.freeze.blocks: Blocks, recipe.freeze.blocks=1: a single one}
    claims: {alta: It is high}
    sections:
      - {title: Introduction, id: introduction, text: "See {{tab-results}}."}
      - title: Methods
        id: method
        sections:
          - {title: Data, id: dataset}
      - {title: Notes, text: "We cite [[ana]]."}
"""
BOTH = BASE + OWN + ENGLISH


def read(text: str = BOTH) -> Suite:
    return parse_suite(text.encode(), "tiny.yaml", REGISTRY)


def problems(text: str) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def place(text: str, words: str) -> str:
    """Where words stand in the file."""
    lines = text.split("\n")
    number = next(number for number, line in enumerate(lines, 1) if words in line)
    return f"tiny.yaml:{number}:{lines[number - 1].index(words) + 1}: "


def test_a_suite_says_all_of_its_prose_in_the_other_language() -> None:
    said = in_language(read(), "en")
    assert (said.title, said.paper.abstract) == ("A small study", "Accuracy is {{test_accuracy 0}}.")
    assert [claim.text for claim in said.claims] == ["It is high"]
    assert said.paper.keywords == ("networks",)
    assert said.paper.labels["recipe.freeze.blocks"] == "Blocks"
    assert [section.title for section in said.paper.sections] == ["Introduction", "Methods", "Notes"]
    assert said.paper.sections[1].sections[0].title == "Data"
    assert [author.place for author in said.paper.authors] == ["Spain"]
    assert (said.paper.language, said.paper.prose_language) == ("en", "en")
    assert said.paper.references == read().paper.references


def test_what_it_said_before_is_then_the_translation() -> None:
    suite = read()
    back = in_language(in_language(suite, "en"), "es")
    assert back.model_dump(exclude={"translations"}) == suite.model_dump(exclude={"translations"})
    assert set(back.translations) == {"en"}
    assert back.translations["en"].abstract == suite.translations["en"].abstract


def test_without_a_translation_the_prose_stays_and_is_known_to_be_in_another_language() -> None:
    said = in_language(read(BASE + OWN), "en")
    assert (said.title, said.paper.language, said.paper.prose_language) == ("Un estudio pequeño", "en", "es")
    assert in_language(said, "es").paper.written_in is None


def test_a_suite_that_asks_for_a_paper_in_its_other_language_gets_it() -> None:
    text = BOTH.replace("paper:\n", "paper:\n  language: en\n  written_in: es\n")
    assert read(text).title == "A small study"
    assert set(read(text).translations) == {"es"}


def test_the_languages_of_a_suite_change_nothing_that_is_run() -> None:
    alone, both = read(BASE + OWN), read()
    plans = [expand(suite, REGISTRY) for suite in (alone, both, in_language(both, "en"))]
    assert len({plan.model_dump_json() for plan in plans}) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    title: A small study\n", "", "translations.en: the English prose has no title; write translations.en.title"),
        ("    abstract: Accuracy is {{test_accuracy 0}}.\n", "", "translations.en: the English prose has no abstract"),
        ("    keywords: [networks]\n", "", "translations.en: the English prose has no keywords"),
        ("    rights: All rights reserved\n", "", "translations.en: the English prose has no rights"),
        ("  assignment: Visión por computador, práctica 2\n", "", "translations.en.assignment: the suite has no assignment"),
        (", recipe.freeze.blocks=1: a single one", "", "translations.en.labels: the English prose lacks the label"),
        ("recipe.freeze.blocks: Blocks", "recipe.freeze.block: Blocks", "the suite has no label 'recipe.freeze.block'"),
        ("    claims: {alta: It is high}\n", "", "the English prose lacks the claim 'alta' ('Es alta')"),
        ("claims: {alta:", "claims: {baja: It is low, alta:", "the suite has no claim 'baja' (expected one of: alta)"),
        (
            '      - {title: Introduction, id: introduction, text: "See {{tab-results}}."}\n', "",
            "the English prose lacks the section 'introduction' ('Introducción')",
        ),
        ("id: introduction, text: \"See", "id: intro, text: \"See", "the suite has no section 'intro'"),
        ("          - {title: Data, id: dataset}", "          - {title: Data, id: model}", "lacks the section 'dataset'"),
        (', text: "We cite [[ana]]."', "", "translations.en.sections[2]: the English prose has no text"),
        ("id: dataset}\n      - {title: Notes", "id: dataset, text: Data.}\n      - {title: Notes", "the suite has no text"),
        ("      - {title: Notes,", "      - {title: More}\n      - {title: Notes,", "the suite has 1 and the English prose 2"),
    ],
)  # fmt: skip
def test_a_language_that_lacks_something_says_so(old: str, new: str, said: str) -> None:
    assert old in BOTH
    found = problems(BOTH.replace(old, new))
    assert any(said in one for one in found), found
    assert all(re.match(r"tiny\.yaml:\d+:\d+: translations\.en", one) for one in found)


def test_sections_in_another_order_are_told() -> None:
    first, second = (
        '      - {title: Introduction, id: introduction, text: "See {{tab-results}}."}\n',
        "      - title: Methods",
    )
    text = BOTH.replace(first, "").replace('"We cite [[ana]]."}\n', f'"We cite [[ana]]."}}\n{first}')
    assert second in text
    (found,) = problems(text)
    assert "the English sections stand in another order than the suite's" in found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{test_accuracy 0}}.\n    keywords: [networks]", "{{test_acuracy 0}}.\n    keywords: [networks]",
         "translations.en.abstract: '{{test_acuracy 0}}' quotes 'test_acuracy', which is unknown"),
        ("See {{tab-results}}", "See {{if claim alta holds}}yes{{end}}",
         "translations.en.sections[0].text: nothing is said where 'claim alta' is fails or open"),
        ("We cite [[ana]]", "We cite [[eva]]", "translations.en.sections[2].text: '[[eva]]' is not among the references"),
        ("It is high", "\"It is {{high}}\"", "translations.en.claims.alta: '{{high}}' quotes 'high', which is unknown"),
    ],
)  # fmt: skip
def test_what_is_quoted_asked_and_cited_is_checked_in_every_language(old: str, new: str, said: str) -> None:
    text = BOTH.replace(old, new)
    (found,) = problems(text)
    line = next(number for number, one in enumerate(text.split("\n"), 1) if new.split("\n")[0] in one)
    assert found.startswith(f"tiny.yaml:{line}:")
    assert said in found


def test_a_fault_of_both_languages_is_told_in_both() -> None:
    assert len(problems(BOTH.replace("{{test_accuracy 0}}", "{{test_accuracy 7}}"))) == 2


def test_a_language_that_papers_do_not_have_is_refused() -> None:
    assert "translations" in "".join(problems(BOTH.replace("\n  en:\n", "\n  fr:\n")))


def test_a_translation_into_the_suites_own_language_is_refused() -> None:
    (found,) = problems(BOTH.replace("\n  en:\n", "\n  es:\n"))
    assert found.startswith(place(BOTH, "title: A small study"))
    assert "the suite's own prose is in Spanish already; remove translations.es, or say in paper.written_in" in found


def test_cases_are_found_by_what_either_language_calls_them() -> None:
    for suite in in_each_language(read()):
        vocabulary = Vocabulary(suite, expand(suite, REGISTRY).cases)
        assert vocabulary.find("uno solo") == vocabulary.find("a single one") == vocabulary.find(1)


@given(st.lists(st.sampled_from(["es", "en"]), max_size=6))
def test_languages_may_be_asked_for_in_any_order(asked: list[str]) -> None:
    suite = read()
    for language in asked:
        suite = in_language(suite, language)  # type: ignore[arg-type]
    last = asked[-1] if asked else "es"
    assert suite.title == {"es": "Un estudio pequeño", "en": "A small study"}[last]
    assert {suite.paper.language, *suite.translations} == {"es", "en"}
