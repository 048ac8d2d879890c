"""What a page says of itself: to search engines, to reference managers, and at its head."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from benchsuite.paper.bundle.consistency import count_traced
from benchsuite.paper.sections.compose import compose
from support.paper_material import make_material


def named(page: Page, name: str) -> list[str]:
    found = page.locator(f"meta[name='{name}'], meta[property='{name}']")
    return [str(content) for content in found.evaluate_all("all => all.map(meta => meta.content)")]


def test_search_engines_and_reference_managers_are_told_of_the_work(page: Page) -> None:
    assert named(page, "citation_title") == named(page, "og:title") == ["Un estudio de prueba"]
    assert named(page, "citation_author") == ["Ana Núñez"]
    assert named(page, "citation_author_institution") == ["Universidad de Prueba"]
    assert named(page, "citation_pdf_url") == ["paper.pdf"]
    (date,) = named(page, "citation_publication_date")
    described = json.loads(page.locator("script[type='application/ld+json']").text_content() or "")
    assert described["@type"] == "ScholarlyArticle"
    assert described["author"] == [
        {
            "@type": "Person",
            "name": "Ana Núñez",
            "affiliation": {"@type": "Organization", "name": "Universidad de Prueba"},
        }
    ]
    assert described["datePublished"].startswith(date.replace("/", "-"))
    assert described["citation"][0] == "Obra zeta, Journal, 2020."


def test_the_head_has_the_date_the_notices_the_pdf_and_what_was_verified(page: Page) -> None:
    head = page.locator("header.front")
    expect(head.locator("time")).to_have_attribute("datetime", named(page, "dcterms.created")[0])
    expect(head.get_by_role("note").first).to_contain_text("MUESTRA SINTÉTICA")
    expect(head.get_by_role("link", name="PDF")).to_have_attribute("href", "paper.pdf")
    verified = compose(make_material(cases=3, seeds=4, sample=True)).verified
    assert verified > 50
    expect(head).to_contain_text("verificado: ")


def test_formulas_are_mathml_for_who_hears_or_copies_them(page: Page) -> None:
    assert page.locator("main math").count() >= 2
    assert page.locator(".equation math").get_attribute("alttext") == "la pérdida media"
    page.evaluate(
        "getSelection().selectAllChildren([...document.querySelectorAll('main p')].find(p => p.querySelector('math')))"
    )
    copied = " ".join(page.evaluate("getSelection().toString()").split())
    assert "y σ(x) = 1/(1 + e^(−x))." in copied
    assert page.locator("main svg.math[aria-hidden=true]").count() == page.locator("main math").count()


def test_numbers_whose_records_contradict_themselves_are_not_counted() -> None:
    material = make_material(cases=2, seeds=2)
    document = compose(material)
    assert document.verified == count_traced(material, document.body, document.quantities) > 0
    key, record = next(iter(material.results.records.items()))
    assert record.test is not None
    wrong = record.model_copy(update={"test": record.test.model_copy(update={"accuracy": record.test.accuracy / 2})})
    material.results.records[key] = wrong  # type: ignore[index]
    assert count_traced(material, document.body, document.quantities) == 0
