"""The index: two levels, where the reader is, and out of the way on a phone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from support.browser import PHONE, opened


def test_the_index_has_two_levels_and_marks_what_is_read(page: Page) -> None:
    assert page.locator(".contents .level-1").count() >= 4
    assert page.locator(".contents .level-2").count() >= 4
    marked = page.locator(".contents [aria-current=location]")
    for name in ("sec-model", "sec-results"):
        page.locator(f".contents a[href='#{name}']").click()
        expect(marked).to_have_count(1)
        expect(marked).to_have_attribute("href", f"#{name}")
        expect(marked).to_be_in_viewport()
    page.keyboard.press("End")
    expect(marked).to_have_attribute("href", "#referencias")


def test_on_a_phone_the_index_is_folded_until_it_is_asked_for(browser: Browser, paper: Path) -> None:
    with opened(browser, paper, viewport=PHONE, has_touch=True, reduced_motion="reduce") as page:
        link = page.locator(".contents a[href='#sec-results']")
        expect(link).to_be_hidden()
        text = page.locator(".abstract").first.bounding_box()
        assert text is not None
        assert text["y"] < 2 * PHONE["height"]
        page.get_by_text("Índice", exact=True).click()
        link.click()
        expect(link).to_be_hidden()
        expect(page.locator("#sec-results")).to_be_in_viewport()


def test_without_scripts_the_index_is_there(browser: Browser, paper: Path) -> None:
    with opened(browser, paper, java_script_enabled=False) as page:
        expect(page.locator(".contents a[href='#sec-results']")).to_be_visible()
    with opened(browser, paper, java_script_enabled=False, viewport=PHONE) as page:
        page.get_by_text("Índice", exact=True).click()
        expect(page.locator(".contents a[href='#sec-results']")).to_be_visible()
