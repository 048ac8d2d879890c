"""What a reference points at, shown beside it: to the pointer, to the keyboard, and to readers who hear it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from support.browser import DESKTOP, PHONE, opened

pytestmark = pytest.mark.slow

FIGURE = "main a.ref[href='#fig-loss'] >> nth=0"
WORK = "main a.cite[href='#ref-zeta'] >> nth=0"


@pytest.mark.parametrize(
    ("link", "shown", "words"),
    [
        (FIGURE, "svg", "Pérdida por época"),
        ("main a.ref[href='#tab-results'] >> nth=0", "table", "Test (%)"),
        ("main a.ref[href='#sec-fin'] >> nth=0", "p", "CONCLUSIONES"),
        (WORK, "i", "Obra zeta"),
    ],
)
def test_the_pointer_and_the_keyboard_show_what_is_meant(page: Page, link: str, shown: str, words: str) -> None:
    preview = page.get_by_role("tooltip")
    expect(preview).to_be_hidden()
    page.locator(link).hover()
    expect(preview.locator(shown).first).to_be_visible()
    expect(preview).to_contain_text(words)
    page.mouse.move(0, 0)
    expect(preview).to_be_hidden()
    page.keyboard.press("Tab")
    page.locator(link).focus()
    expect(preview.locator(shown).first).to_be_visible()
    expect(page.locator(link)).to_have_attribute("aria-describedby", "preview")
    assert preview.evaluate("node => node.scrollWidth <= node.clientWidth + 1 || node.querySelector('table') !== null")
    page.keyboard.press("Escape")
    expect(preview).to_be_hidden()
    expect(page.locator(link)).not_to_have_attribute("aria-describedby", "preview")
    expect(page.locator(link)).to_be_focused()


def test_the_pointer_may_go_onto_the_preview(page: Page) -> None:
    preview = page.get_by_role("tooltip")
    page.locator(FIGURE).hover()
    expect(preview).to_be_visible()
    preview.hover()
    page.wait_for_timeout(400)
    expect(preview).to_be_visible()
    page.mouse.move(0, 0)
    expect(preview).to_be_hidden()


def test_an_equation_is_shown_and_names_stay_unique(page: Page) -> None:
    page.locator(FIGURE).hover()
    expect(page.get_by_role("tooltip")).to_be_visible()
    twice = page.evaluate(
        """() => {
          const names = [...document.querySelectorAll("[id]")].map(({id}) => id);
          return names.filter((name, place) => names.indexOf(name) !== place);
        }"""
    )
    assert twice == []


def test_a_click_follows_the_reference_and_a_tap_shows_no_preview(browser: Browser, paper: Path, page: Page) -> None:
    page.locator(WORK).click()
    expect(page.locator("#ref-zeta")).to_be_in_viewport()
    expect(page.get_by_role("tooltip")).to_be_hidden()
    with opened(browser, paper, viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce") as phone:
        phone.locator(WORK).tap()
        expect(phone.locator("#ref-zeta")).to_be_in_viewport()
        expect(phone.get_by_role("tooltip")).to_be_hidden()


def test_each_work_leads_back_to_every_place_that_cites_it(page: Page) -> None:
    back = page.locator("#ref-zeta .back a")
    assert back.count() == 2
    page.get_by_role("link", name="Volver a la cita 2 de [1]").click()
    cited = page.locator("#cite-zeta-2")
    expect(cited).to_be_in_viewport()
    expect(cited).to_have_text("[1]")


def test_without_scripts_references_and_ways_back_are_links(browser: Browser, paper: Path) -> None:
    with opened(browser, paper, java_script_enabled=False) as page:
        page.locator(WORK).click()
        expect(page.locator("#ref-zeta:target")).to_be_in_viewport()
        page.locator("#ref-zeta .back a").first.click()
        expect(page.locator("#cite-zeta-1:target")).to_be_in_viewport()


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
def test_axe_finds_no_fault_in_a_preview(browser: Browser, paper: Path, scheme: Any, viewport: Any) -> None:
    with opened(browser, paper, color_scheme=scheme, viewport=viewport) as page:
        page.keyboard.press("Tab")
        page.locator(FIGURE).focus()
        expect(page.get_by_role("tooltip")).to_be_visible()
        found = Axe().run(page).response["violations"]
        assert [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")] == []
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
