"""The runs behind a number, in a real browser: within reach of the keyboard, of touch, and of those without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from support.browser import DESKTOP, PHONE, chromium, opened
from support.paper_material import make_material
from support.search import make_search_material

CASES, SEEDS = 5, 7
NUMBER = "#tab-results tr[data-case='freeze_blocks=2'] a.q"


def html(material: PaperMaterial) -> str:
    document = compose(material)
    return render_html(document, number(document))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def material() -> PaperMaterial:
    return make_material(cases=CASES, seeds=SEEDS)


@pytest.fixture(scope="module")
def paper(material: PaperMaterial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("runs") / "paper.html"
    file.write_text(html(material), encoding="utf-8")
    return file


def keys(material: PaperMaterial) -> list[str]:
    return list(material.findings.case("freeze_blocks=2").estimates["validation_accuracy"].runs)


def test_enter_on_a_number_lists_its_runs_which_lead_to_their_table(
    browser: Browser, paper: Path, material: PaperMaterial
) -> None:
    with opened(browser, paper) as page:
        link = page.locator(NUMBER).first
        link.focus()
        expect(link).to_have_attribute("aria-expanded", "false")
        page.keyboard.press("Enter")
        panel = page.get_by_role("dialog", name="7 ejecuciones detrás de")
        expect(panel).to_be_visible()
        expect(link).to_have_attribute("aria-expanded", "true")
        assert panel.locator("code").all_inner_texts() == [key[:12] for key in keys(material)]
        assert [said.split(" ", 1)[1] for said in panel.locator("li").all_inner_texts()] == [
            f"Bloques congelados: 2, semilla {seed}" for seed in range(SEEDS)
        ]
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(panel).to_be_hidden()
        assert page.url.endswith(f"#run-{keys(material)[1][:12]}")
        target = page.locator(":target")
        expect(target).to_be_in_viewport()
        expect(target).to_be_focused()
        assert target.inner_text().startswith(keys(material)[1][:8])


def test_escape_goes_back_to_the_number(browser: Browser, paper: Path) -> None:
    with opened(browser, paper) as page:
        link = page.locator(NUMBER).nth(1)
        link.press("Enter")
        expect(page.locator(".runs")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".runs")).to_be_hidden()
        expect(link).to_be_focused()
        expect(link).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize("place", ["p a.q >> nth=0", "p a.q >> nth=-1", f"{NUMBER} >> nth=-1"])
def test_a_tap_lists_the_runs_within_the_screen(browser: Browser, paper: Path, place: str) -> None:
    with opened(browser, paper, viewport=PHONE, has_touch=True, reduced_motion="reduce") as page:
        page.locator(place).tap()
        panel = page.locator(".runs")
        expect(panel).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_without_scripts_a_number_leads_to_the_table_of_the_runs(
    browser: Browser, paper: Path, material: PaperMaterial
) -> None:
    with opened(browser, paper, java_script_enabled=False) as page:
        page.locator(NUMBER).first.click()
        expect(page.locator("#tab-runs td:target")).to_have_count(1)
        assert page.locator(":target").inner_text().startswith(keys(material)[0][:8])


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
def test_axe_finds_no_fault_in_the_list(browser: Browser, paper: Path, scheme: Any, viewport: Any) -> None:
    with opened(browser, paper, color_scheme=scheme, viewport=viewport) as page:
        page.locator(NUMBER).first.press("Enter")
        expect(page.locator(".runs")).to_be_visible()
        found = Axe().run(page).response["violations"]
        assert [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")] == []


def test_every_number_leads_to_a_place_that_exists_once(material: PaperMaterial) -> None:
    for source in (html(material), html(make_search_material())):
        places = re.findall(r' id="(run-[0-9a-f]{12})"', source)
        assert len(places) == len(set(places)) > 0
        aims = set(re.findall(r'<a class="q" href="#([^"]+)"', source))
        assert aims <= set(places)
        assert aims
