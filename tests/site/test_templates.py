"""The site in a real browser: sorted and filtered by keyboard and mouse, light and dark, on a desk and on a phone, from
a disk and from a server, by whoever reads it, with no request to anywhere else."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from benchsuite.site.build import build_site
from support.browser import DESKTOP, PHONE, chromium, opened
from support.site import HOSTILE, SEEDS, make_results, put_broken, put_many

pytestmark = pytest.mark.slow
MANY = 2000
PAGE_OF_RUN = "page of a run"
CHOICES = ("sort=nonsense", "page=-3&rows=7", "study=<b>&status=x", "q=%25&page=99", "%%%", "sort=&rows=", "q=a&q=b")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    make_results(folder / "results")
    put_broken(folder / "results")
    build_site(folder / "results", folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    put_many(folder / "results", MANY)
    build_site(folder / "results", folder / "site")
    return folder / "site"


@contextmanager
def at(browser: Browser, site: Path, path: str, **context: Any) -> Iterator[Page]:
    """A page of the site from the disk; a request for anything but the site's own files fails the test."""
    file, _, choice = path.partition("#")
    address = (site / file).as_uri() + (f"#{choice}" if choice else "")
    with opened(browser, address, within=f"{site.as_uri()}/", **context) as page:
        yield page


def column(page: Page, name: str) -> list[str]:
    """What a column of the table shows."""
    names: list[str] = page.locator("#table thead th").evaluate_all("heads => heads.map(head => head.dataset.name)")
    return page.locator(f"#table tbody tr > :nth-child({names.index(name) + 1})").all_inner_texts()


def head(page: Page, name: str) -> Any:
    return page.locator(f"#table th[data-name={name}]")


def of_runs(site: Path) -> str:
    """The page of a finished run with curves."""
    data = json.loads((site / "runs.html").read_text().split('id="runs">')[1].split("</script>")[0])
    rows = (dict(zip(data["columns"], row, strict=True)) for row in data["rows"])
    return next(row["page"] for row in rows if row["status"] == "done" and row["case"].startswith("freeze"))


PAGES = ("index.html", "runs.html", "studies/beans_freeze/index.html", "studies/no_such_suite/index.html", PAGE_OF_RUN)


def test_the_table_sorts_by_keyboard_and_says_so(browser: Browser, site: Path) -> None:
    with at(browser, site, "runs.html") as page:
        given = column(page, "case")
        button = head(page, "seed").get_by_role("button")
        button.focus()
        page.keyboard.press("Enter")
        expect(head(page, "seed")).to_have_attribute("aria-sort", "ascending")
        seeds = [int(seed) for seed in column(page, "seed")]
        assert seeds == sorted(seeds)
        page.keyboard.press("Space")
        expect(head(page, "seed")).to_have_attribute("aria-sort", "descending")
        assert [int(seed) for seed in column(page, "seed")] == sorted(seeds, reverse=True)
        assert page.locator("#table [aria-sort]").count() == 1
        page.keyboard.press("Enter")
        expect(page.locator("#table [aria-sort]")).to_have_count(0)
        assert column(page, "case") == given


def test_quality_sorts_the_best_first_and_what_is_unknown_last(browser: Browser, site: Path) -> None:
    with at(browser, site, "runs.html") as page:
        for way in ("descending", "ascending"):
            head(page, "test_accuracy").get_by_role("button").click()
            expect(head(page, "test_accuracy")).to_have_attribute("aria-sort", way)
            shown = column(page, "test_accuracy")
            values = [float(text.removesuffix("%")) for text in shown if text]
            assert values == sorted(values, reverse=way == "descending")
            assert shown[-1] == ""


def test_words_study_and_status_filter_and_the_address_keeps_them(browser: Browser, site: Path) -> None:
    with at(browser, site, "runs.html") as page:
        total = len(column(page, "case"))
        page.get_by_label("Words").fill("  BLÓCKS=1  xeon")
        expect(page.locator("#count")).to_have_text(f"{SEEDS} of {total} runs")
        assert column(page, "case") == ["freeze_blocks=1"] * SEEDS
        page.get_by_label("Words").fill("")
        page.get_by_label("Status").select_option("failed")
        expect(page.locator("#count")).to_have_text(f"1 of {total} runs")
        assert column(page, "status") == ["failed"]
        page.get_by_label("Study").select_option("no_such_suite")
        expect(page.locator("#count")).to_have_text(f"0 of {total} runs")
        page.get_by_label("Status").select_option("done")
        assert column(page, "study") == ["no_such_suite"] * 2
        head(page, "seed").get_by_role("button").click()
        address = page.url
        page.get_by_role("button", name="Clear").click()
        expect(page.locator("#count")).to_have_text(f"{total} runs")
        assert page.url.endswith("runs.html")
    with at(browser, site, address.partition("site/")[2]) as page:
        assert column(page, "study") == ["no_such_suite"] * 2
        expect(head(page, "seed")).to_have_attribute("aria-sort", "ascending")
        expect(page.get_by_label("Status")).to_have_value("done")


def test_what_was_typed_just_before_another_choice_is_not_lost(browser: Browser, site: Path) -> None:
    with at(browser, site, "runs.html") as page:
        total = len(column(page, "case"))
        page.evaluate("""() => {
            const { q, status } = document.getElementById("tools").elements;
            for (const [field, value] of [[q, "blocks=1"], [status, "done"]]) {
                field.value = value;
                field.dispatchEvent(new Event("input", { bubbles: true }));
            }
        }""")
        expect(page.locator("#count")).to_have_text(f"{SEEDS} of {total} runs")
        assert page.url.endswith("#q=blocks%3D1&status=done")


@pytest.mark.parametrize("choice", CHOICES)
def test_an_address_with_nonsense_shows_a_table(browser: Browser, site: Path, choice: str) -> None:
    with at(browser, site, f"runs.html#{choice}") as page:
        expect(page.locator("#count")).to_contain_text("runs")
        expect(page.locator("#tools")).to_be_visible()


def test_a_card_leads_to_its_runs_and_a_row_to_the_page_of_the_run(browser: Browser, site: Path) -> None:
    with at(browser, site, "index.html") as page:
        page.locator("article").first.get_by_role("link", name="Runs").click()
        assert set(column(page, "study")) == {"beans_freeze"}
        page.locator("#table tbody a").last.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("seed")
        expect(page.locator(".charts svg")).to_have_count(2)
        expect(page.locator(".confusion tbody tr")).to_have_count(3)
        page.get_by_role("link", name="Un estudio de prueba").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Un estudio de prueba")
        page.get_by_role("navigation", name="Site").get_by_role("link", name="Studies").click()
        expect(page.locator("article")).to_have_count(3)
        page.locator("article").first.get_by_role("link", name="Paper").click()
        assert page.url.endswith("studies/beans_freeze/paper.html")


def test_hostile_names_are_shown_as_they_are(browser: Browser, site: Path) -> None:
    with at(browser, site, "runs.html#study=no_such_suite") as page:
        assert column(page, "case") == [HOSTILE] * 2
        page.locator("#table tbody a").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{HOSTILE}, seed 0")


def test_the_rows_shown_download_as_csv(browser: Browser, site: Path) -> None:
    with at(browser, site, "runs.html#study=no_such_suite") as page:
        with page.expect_download() as waiting:
            page.get_by_role("button", name="CSV").click()
        head_row, *rows = csv.reader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8"), newline=""))
        found = [dict(zip(head_row, row, strict=True)) for row in rows]
        assert [row["case"] for row in found] == [HOSTILE] * 2
        assert all(0 <= float(row["test_accuracy"]) <= 1 for row in found)


def test_dark_follows_the_system_until_it_is_chosen_and_the_choice_is_remembered(browser: Browser, site: Path) -> None:
    def expect_background(page: Page, colour: str) -> None:
        expect(page.locator("html")).to_have_css("background-color", colour)

    with at(browser, site, "index.html", color_scheme="dark") as page:
        expect_background(page, "rgb(22, 24, 27)")
        expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    with at(browser, site, "index.html", color_scheme="light") as page:
        expect_background(page, "rgb(255, 255, 255)")
        page.get_by_role("button", name="Dark").press("Enter")
        expect_background(page, "rgb(22, 24, 27)")
        page.get_by_role("link", name="All runs").click()
        expect_background(page, "rgb(22, 24, 27)")
        page.reload()
        expect_background(page, "rgb(22, 24, 27)")
        page.get_by_role("button", name="Dark").click()
        expect_background(page, "rgb(255, 255, 255)")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_and_nothing_is_wider_than_the_window(
    browser: Browser, site: Path, path: str, viewport: Any, scheme: Any
) -> None:
    path = of_runs(site) if path == PAGE_OF_RUN else path
    with at(browser, site, path, viewport=viewport, color_scheme=scheme) as page:
        for details in page.locator("details > summary").all():
            details.click()
        found = Axe().run(page, options={"preload": False}).response["violations"]  # which asks for the style sheet
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_the_first_tab_leads_past_the_head_and_focus_is_visible(browser: Browser, site: Path) -> None:
    with at(browser, site, "index.html") as page:
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to content")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.keyboard.press("Tab")
        width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert width == "3px"


def test_without_scripts_every_run_can_be_reached(browser: Browser, site: Path) -> None:
    with at(browser, site, "runs.html", java_script_enabled=False) as page:
        page.get_by_role("link", name="pages of the studies").click()
        page.get_by_role("link", name="Un estudio de prueba").click()
        page.locator("a.run").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("freeze_blocks=0")


def test_printed_pages_are_black_on_white_and_without_controls(browser: Browser, site: Path) -> None:
    with at(browser, site, "runs.html", color_scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        expect(page.locator("#tools")).to_be_hidden()
        expect(page.locator("header.bar")).to_be_hidden()
        assert page.evaluate("getComputedStyle(document.querySelector('#table td')).color") == "rgb(26, 26, 26)"


def test_the_site_works_below_any_address_of_a_server(browser: Browser, site: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site.parent))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/site/"
            with opened(browser, address, within=address) as page:
                page.locator("article").first.get_by_role("link", name="Runs").click()
                head(page, "test_accuracy").get_by_role("button").click()
                assert page.url.startswith(f"{address}runs.html#")
                page.locator("#table tbody a").first.click()
                expect(page.locator(".charts svg")).to_have_count(2)
                page.get_by_role("navigation", name="Site").get_by_role("link", name="All runs").click()
                page.get_by_role("button", name="Clear").click()
                assert page.url == f"{address}runs.html"
        finally:
            server.shutdown()
            thread.join(10)


def test_of_thousands_of_runs_some_are_shown_and_all_are_sorted_and_found(browser: Browser, large: Path) -> None:
    with at(browser, large, "runs.html") as page:
        expect(page.locator("#count")).to_have_text(f"{MANY:,} runs")
        assert len(column(page, "case")) == 50
        head(page, "case").get_by_role("button").click()
        head(page, "case").get_by_role("button").click()
        assert column(page, "case")[0] == f"rate={1e-6 * MANY / 5:.6f}"
        expect(page.locator("#place")).to_have_text("Page 1 of 40")
        expect(page.get_by_role("button", name="Previous")).to_be_disabled()
        page.get_by_role("button", name="Next").click()
        expect(page.locator("#place")).to_have_text("Page 2 of 40")
        page.get_by_label("Rows").select_option("1000")
        expect(page.locator("#place")).to_have_text("Page 1 of 2")
        assert len(column(page, "case")) == 1000
        page.get_by_label("Words").fill("rate=0.000123 seed")
        expect(page.locator("#count")).to_have_text(f"5 of {MANY:,} runs")
        expect(page.locator("#pager")).to_be_hidden()
        assert column(page, "case") == ["rate=0.000123"] * 5
