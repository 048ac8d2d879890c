"""A suite that is written in two languages has a paper in each that is in it from the first word to the last."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html import unescape

import pytest

from benchsuite.paper.bundle.attachments import pack, unpack
from benchsuite.paper.document.blocks import Block, Document, Figure, texts
from benchsuite.paper.document.numbering import number
from benchsuite.paper.language.catalogue import catalogue
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.rendering.print_page import print_html
from benchsuite.paper.rendering.templates import plain
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.report import compose_report
from benchsuite.paper.typesetting.arrangement import Arrangement
from benchsuite.registry import registry
from benchsuite.suite import expand, read_suite
from benchsuite.suite.prose.assertions import asserted_results
from benchsuite.suite.prose.references import typed_results
from benchsuite.suite.prose.translations import in_each_language, in_language
from benchsuite.suite.reports import read_report
from benchsuite.suite.schema.suite import Language
from support.shipped import REPORTS, STUDIES, SUITES
from support.synthetic_study import make_report_material, make_suite_material

TRANSLATED = [file.stem for file in STUDIES if "\ntranslations:" in file.read_text("utf-8")]
REPORTED = [file.stem for file in REPORTS if "\ntranslations:" in file.read_text("utf-8")]
SPANISH = re.compile(
    r"[áéíóúñ¿¡«»]|\b(?:el|la|los|las|un|una|unos|del|al|de|que|por|para|según|entre|desde|es|son|se|su|sus|ni|cada|y"
    r"|con|en|como|más|pero|todas|todos|figura|cuadro|tabla|semilla|semillas|datos|resultados|resumen|pérdida|época)\b",
    re.IGNORECASE,
)
ENGLISH = re.compile(
    r"\b(?:the|of|and|is|are|with|from|which|that|this|each|by|for|its|in the|seeds?|runs?|loss|accuracy|epochs?"
    r"|frozen|table|training|figure)\b",
    re.IGNORECASE,
)
ALLOWED = {
    "en": re.compile(
        r"equipo@benchsuite\.invalid|\bet al\b|^(?:y|en)$|\(z, ?y\)|Universidad (?:Politécnica )?de (?:Madrid|Granada)"
    ),
    "es": re.compile(r"low-rank adaptation|-with-glibc|California Institute of Technology|Black-and-white Warbler"),
}
"""Addresses, institutions, letters of formulas, species and foreign words that a paper in the language may have."""


@cache
def composed(name: str, language: Language) -> Document:
    if name in REPORTED:
        return compose_report(make_report_material(name, language=language))
    return compose(make_suite_material(name, language=language))


def references(found: re.Match[str]) -> str:
    """A list of works without their authors and titles, and without where they came out, which is in italics."""
    listed = re.sub(r'(?s)<span class="label">.*?(?:[»”]|(?<!et al\.)</i>)', " ", found[0])
    return re.sub(r'(?s)<i lang="en">.*?</i>', " ", listed)


def printed(document: Document) -> list[str]:
    """The texts of the page as it is read, in print and aloud, without code, what scripts carry, and of works without
    authors and titles."""
    page = render_html(document, number(document))
    page = re.sub(r"(?s)<(script|style|code|pre)\b.*?</\1>", " ", page)
    page = re.sub(r'(?s)<ol class="references".*?</ol>', references, page)
    page = re.sub(r'<span class="sc">([^<]*)</span>', r"\1", page)
    spoken = re.findall(r'(?:alt|title|aria-label|content)="([^"]*)"', page)
    return [unescape(text).strip() for text in [*re.split(r"<[^>]*>", page), *spoken] if text.strip()]


def foreign(name: str, language: Language, written: Language | None = None) -> list[str]:
    """What a paper in a language, or one that is `written` in another, has of what is foreign to it."""
    words = SPANISH if language == "en" else ENGLISH
    texts = printed(composed(name, written or language))
    return [text for text in texts if words.search(ALLOWED[language].sub("", text))]


def drawn(block: Block) -> object:
    """A block, or the drawing of one that would only be drawn."""
    return (block.id, block.caption, block.wide, block.drawing) if isinstance(block, Figure) else block


def test_every_report_is_written_in_both_languages_and_so_are_its_studies() -> None:
    assert len(REPORTED) == len(REPORTS) > 0
    gathered = {step.study for file in REPORTS for step in read_report(file, registry()).report.studies}
    assert {"beans_freeze", *gathered} <= set(TRANSLATED)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TRANSLATED, *REPORTED])
def test_the_english_paper_has_no_spanish_word(name: str) -> None:
    document = composed(name, "en")
    assert foreign(name, "en") == []
    assert (document.form.language, document.form.foreign, document.notices) == ("en", "", ())


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TRANSLATED, *REPORTED])
def test_the_spanish_paper_has_no_english_word(name: str) -> None:
    assert foreign(name, "es") == []


@pytest.mark.slow
def test_words_of_the_other_language_are_found() -> None:
    assert len(foreign("two_phase", "en", written="es")) > 20
    assert len(foreign("two_phase", "es", written="en")) > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TRANSLATED, *REPORTED])
def test_both_papers_have_the_same_parts_and_quote_the_same_numbers(name: str) -> None:
    spanish, english = composed(name, "es"), composed(name, "en")
    assert [getattr(block, "id", type(block)) for block in spanish.body] == [
        getattr(block, "id", type(block)) for block in english.body
    ]
    assert sorted(str(one.value) for one in spanish.quantities) == sorted(str(one.value) for one in english.quantities)
    assert list(number(spanish).citations) == list(number(english).citations)


def anchors(language: Language) -> set[str]:
    """The places that the catalogue names."""
    forms = catalogue(language).forms.items()
    return {form for (message, _), (form, *_) in forms if message.startswith("anchor-")}


@pytest.mark.slow
@pytest.mark.parametrize("medium", ["web", "print"])
@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("name", [*TRANSLATED, *REPORTED])
def test_places_of_a_page_are_named_in_its_language_and_links_lead_to_them(
    name: str, language: Language, medium: str
) -> None:
    document = composed(name, language)
    if medium == "web":
        page = render_html(document, number(document))
    else:
        page = print_html(document, number(document), Arrangement(tuple(range(len(document.body)))))
    places = set(re.findall(r'\bid="([^"]+)"', page))
    named = set(re.findall(r'(?:href="#|aria-labelledby="|<label for=")([^"]+)"', page))
    assert named <= places
    assert anchors("es").isdisjoint(anchors("en"))
    assert anchors(language) <= places
    other: Language = "en" if language == "es" else "es"
    assert places.isdisjoint(anchors(other))
    words = [" ".join(re.split("[-_.:]", place)) for place in places | named if not place.startswith("run-")]
    assert language == "es" or [word for word in words if SPANISH.search(word)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TRANSLATED, *REPORTED])
def test_the_english_paper_is_told_in_whole_sentences(name: str) -> None:
    document = composed(name, "en")
    parts = [document.abstract, *document.highlights, *(text for block in document.body for text in texts(block))]
    named = [re.sub(r"\{\{[^{}]+\}\}|\[\[[^\[\]]+\]\]", "This", part) for part in parts]
    whole = " ".join(plain(document, part) for part in named if part).replace("\u00a0", " ")
    assert "{{" not in whole
    assert re.findall(r"\S{0,9}(?: [,.;:]|\.\.|,,| {2}|\( | \)|\(\))\S{0,9}", whole) == []
    assert re.findall(r"(?<!\bal)(?<!\bvs)[.!?] [a-z]\w*", whole) == []
    assert re.findall(r"\b1 (?:seeds|runs|epochs|classes|trials)\b|\ba (?!one)[aeio]\w+|\d %|\d,\d", whole) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSLATED)
def test_a_paper_carries_its_suite_in_both_languages(name: str) -> None:
    material = make_suite_material(name, language="en")
    again = unpack(pack(material))
    ours, theirs = compose(material), compose(again)
    assert replace(theirs, body=()) == replace(ours, body=())
    assert list(map(drawn, theirs.body)) == list(map(drawn, ours.body))
    assert in_language(again.suite, "es").title == read_suite(name, registry()).title


@pytest.mark.parametrize("name", TRANSLATED)
def test_no_language_types_or_asserts_a_result(name: str) -> None:
    for said in in_each_language(read_suite(SUITES / f"{name}.yaml", registry())):
        cases = expand(said, registry()).cases
        assert [str(warning) for warning in (*typed_results(said), *asserted_results(said, cases))] == []
