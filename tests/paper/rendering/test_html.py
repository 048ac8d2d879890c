"""The web page in a real browser: what readers can do with it, with and without scripts, and whether all can."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from pypdf import PdfReader

from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering.html import BLEED, render_html
from benchsuite.paper.sections.compose import compose
from support.browser import DESKTOP, PHONE, chromium, opened
from support.paper_material import make_material
from support.paper_studies import make_study
from support.search import make_search_material
from support.synthetic_study import make_suite_material

CASES, SEEDS = 5, 7
BRIGHT, DARK = "rgb(255, 255, 255)", "rgb(22, 24, 27)"


def write(material: PaperMaterial, file: Path) -> Path:
    document = compose(material)
    file.write_text(render_html(document, number(document)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five cases, seven seeds."""
    return write(make_material(cases=CASES, seeds=SEEDS), tmp_path_factory.mktemp("web") / "paper.html")


@pytest.fixture
def page(browser: Browser, paper: Path) -> Iterator[Page]:
    with opened(browser, paper, permissions=["clipboard-read", "clipboard-write"]) as shown:
        yield shown


def column(page: Page, table: str, at: int) -> list[str]:
    cells = page.locator(f"#{table} tbody tr:visible > :nth-child({at})").all_inner_texts()
    return [cell.replace("\u00a0", " ").strip() for cell in cells]


def tip(page: Page, figure: str) -> str:
    return page.locator(f"#{figure} .tip").inner_text().replace("\u00a0", " ")


def drawn(parts: Locator) -> list[tuple[str, str]]:
    """(case, seed) of each part of a figure that is not hidden."""
    return parts.evaluate_all(
        """nodes => nodes.filter(node => getComputedStyle(node).display !== "none")
          .map(({dataset}) => [dataset.case, dataset.seed])"""
    )


def download(page: Page, table: str) -> list[list[str]]:
    with page.expect_download() as started:
        page.locator(f"#{table}").get_by_role("button", name="Descargar como CSV").click()
    assert started.value.suggested_filename == f"{table}.csv"
    raw = Path(started.value.path()).read_bytes().decode()
    assert raw.count("\r\n") == raw.count("\n")
    return list(csv.reader(io.StringIO(raw, newline=""), strict=True))


def test_tables_sort_by_the_values_behind_the_print_and_back(page: Page) -> None:
    trainable = page.locator("#tab-results thead th").last
    given = column(page, "tab-results", 1)
    assert given == ["0", "1", "2", "3", "4"]
    trainable.get_by_role("button").click()
    expect(trainable).to_have_attribute("aria-sort", "ascending")
    assert column(page, "tab-results", 1) == ["4", "3", "2", "1", "0"]
    trainable.get_by_role("button").press("Enter")
    expect(trainable).to_have_attribute("aria-sort", "descending")
    assert column(page, "tab-results", 1) == given
    page.locator("#tab-results thead button").first.click()
    expect(trainable).not_to_have_attribute("aria-sort", "descending")
    for _ in range(2):
        page.locator("#tab-results thead button").first.click()
    assert column(page, "tab-results", 1) == given
    assert page.locator("#tab-results [aria-sort]").count() == 0


def test_long_tables_filter_by_words_without_accents_and_say_how_many_rows_are_left(page: Page) -> None:
    box = page.get_by_role("searchbox", name="Filtrar las filas: Cuadro II", exact=True)
    count = page.locator("#tab-configuration output")
    rows = len(column(page, "tab-configuration", 1))
    box.fill("  EPOCAS maximas ")
    assert column(page, "tab-configuration", 1) == ["Épocas máximas"]
    expect(count).to_have_text(f"1 de {rows} filas")
    box.fill("nada de esto")
    expect(count).to_have_text(f"0 de {rows} filas")
    box.fill("")
    expect(count).to_have_text("")
    assert len(column(page, "tab-configuration", 1)) == rows
    assert page.locator("#tab-results input").count() == 0, "a table of five rows needs no filter"


def test_a_filter_looks_at_nothing_that_is_hidden(page: Page) -> None:
    column_of_one = page.locator("#tab-runs tbody td[data-case='freeze_blocks=1']")
    page.locator("#tab-runs input").fill(column_of_one.nth(2).inner_text())
    assert column(page, "tab-runs", 1) == ["2"]
    page.get_by_text("Qué se muestra").click()
    page.get_by_role("group", name="Bloques congelados").get_by_label("1", exact=True).uncheck()
    assert column(page, "tab-runs", 1) == []
    expect(page.locator("#tab-runs output")).to_have_text(f"0 de {SEEDS} filas")


def test_a_table_downloads_as_csv_with_true_values_units_and_intervals(page: Page) -> None:
    head, *rows = download(page, "tab-results")
    estimate = make_material(cases=CASES, seeds=SEEDS).findings.cases[4].estimates["test_accuracy"]
    found = dict(zip(head, rows[4], strict=True))
    assert float(found["Test (%)"]) == 100 * estimate.mean
    assert float(found["Test (%), inferior"]) == 100 * (estimate.low or 0)
    assert float(found["Test (%), superior"]) == 100 * (estimate.high or 0)
    assert found["Entrenables"] == "1539"
    assert rows[0][head.index("Diferencia (puntos)")] == "referencia"
    cost, *_ = download(page, "tab-cost")
    assert {"Tiempo (s)", "Por época (s)", "Memoria (bytes)"} <= set(cost)


def test_csv_has_the_rows_and_columns_that_are_shown_in_their_order(page: Page) -> None:
    page.get_by_text("Qué se muestra").click()
    page.get_by_role("group", name="Semillas").get_by_label("2", exact=True).uncheck()
    page.get_by_role("group", name="Bloques congelados").get_by_label("1", exact=True).uncheck()
    first = page.locator("#tab-runs thead button").first
    first.click()
    first.click()
    head, *rows = download(page, "tab-runs")
    assert head == ["Semilla", "0", "2", "3", "4"]
    assert [row[0] for row in rows] == ["6", "5", "4", "3", "1", "0"]


@pytest.mark.slow
def test_fields_with_commas_quotes_and_line_breaks_survive_csv(browser: Browser, paper: Path, tmp_path: Path) -> None:
    marked = re.sub(r"<code>resnet</code>", "res,&quot;net&quot;<br>«ñ»", paper.read_text(encoding="utf-8"))
    copy = tmp_path / "marked.html"
    copy.write_text(marked, encoding="utf-8")
    with opened(browser, copy) as page:
        assert ["Modelo", 'res,"net"«ñ»'] in download(page, "tab-configuration")


def test_the_whole_results_download_as_json(page: Page) -> None:
    with page.expect_download() as started:
        page.get_by_role("link", name="Descargar los resultados").click()
    assert Path(started.value.path()).read_bytes() == compose(make_material(cases=CASES, seeds=SEEDS)).results


def test_a_case_disappears_from_figures_and_tables_which_say_so_until_all_is_shown_again(page: Page) -> None:
    curves = page.locator("#fig-loss [data-case='freeze_blocks=3']")
    parts = 2 * (1 + SEEDS)  # its band is not drawn: it is neither the reference nor the best
    assert curves.count() == parts, "two panels, each with a mean and a line for every run"
    page.get_by_text("Qué se muestra").click()
    page.get_by_role("group", name="Bloques congelados").get_by_label("3", exact=True).uncheck()
    assert drawn(curves) == []
    assert len(drawn(page.locator("#fig-loss [data-case='freeze_blocks=2']"))) == parts
    struck = page.locator("#fig-loss [data-legend='freeze_blocks=3'] text")
    expect(struck).to_have_css("text-decoration-line", "line-through")
    assert column(page, "tab-results", 1) == ["0", "1", "2", "4"]
    for figure in ("fig-loss", "tab-results", "fig-confusion"):
        expect(page.locator(f"#{figure} .without")).to_have_text("Sin mostrar: Bloques congelados: 3.")
    page.get_by_role("button", name="Mostrar todo").click()
    assert len(drawn(curves)) == parts
    assert column(page, "tab-results", 1) == ["0", "1", "2", "3", "4"]
    expect(page.locator("#fig-loss .without")).to_be_hidden()


def test_a_seed_takes_its_runs_out_of_figures_and_tables(page: Page) -> None:
    runs = page.locator("#fig-test [data-seed]")
    assert len(drawn(runs)) == CASES * SEEDS
    page.get_by_text("Qué se muestra").click()
    page.get_by_role("group", name="Semillas").get_by_label("6", exact=True).uncheck()
    left = [seed for _, seed in drawn(runs)]
    assert len(left) == CASES * (SEEDS - 1)
    assert "6" not in left
    assert column(page, "tab-runs", 1) == ["0", "1", "2", "3", "4", "5"]
    expect(page.locator("#tab-runs output")).to_have_text(f"6 de {SEEDS} filas")
    assert len(drawn(page.locator("#fig-loss [data-seed]"))) == 2 * CASES * (SEEDS - 1)
    for figure in ("fig-test", "fig-loss"):
        expect(page.locator(f"#{figure} .without")).to_have_text("Sin mostrar: semilla 6.")
    expect(page.locator("#fig-cost .without")).to_be_hidden()


def test_curves_tell_their_values_where_the_pointer_is(page: Page) -> None:
    probe = page.locator("#fig-loss .probe")
    series = json.loads(page.locator("#fig-loss > script").text_content() or "")
    validation = next(found for found in series if found["title"] == "Bloques congelados: 4 · pérdida de validación")
    x, y, said = validation["points"][0]
    curve = make_material(cases=CASES, seeds=SEEDS).findings.cases[4].curves["validation_loss"]
    assert said.startswith(f"época 1: {curve.mean[0]:.3f}".replace(".", ","))
    assert said.endswith(f"en {SEEDS} ejecuciones")
    probe.scroll_into_view_if_needed()
    box = probe.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + x * box["width"] + 3, box["y"] + y * box["height"] - 3)
    assert tip(page, "fig-loss") == f"{validation['title']}\n{said}".replace("\u00a0", " ")
    page.mouse.move(box["x"] - 20, box["y"] - 20)
    expect(page.locator("#fig-loss .tip")).to_be_hidden()


def test_the_places_of_values_are_where_the_marks_are_drawn(page: Page) -> None:
    """Every mean of the accuracies' figure lies within the marks that the SVG draws for its case."""
    away = page.locator("#fig-test").evaluate(
        """figure => {
          const series = JSON.parse(figure.querySelector("script").textContent).filter(s => s.facet.seed !== null);
          const box = figure.querySelector("svg").getBoundingClientRect();
          return series.map(({facet, points: [[x, y]]}) => {
            const mark = figure.querySelector(`[data-case='${facet.case}'][data-seed='${facet.seed}'] use`);
            const drawn = mark.getBoundingClientRect();
            return Math.hypot(box.left + x * box.width - drawn.left - drawn.width / 2,
                              box.top + y * box.height - drawn.top - drawn.height / 2);
          });
        }"""
    )
    assert len(away) == CASES * SEEDS
    assert max(away) < 1.5


def test_values_are_told_to_the_keyboard_point_by_point_and_series_by_series(page: Page) -> None:
    probe = page.get_by_role("slider", name="Valores de la Figura 6")
    probe.focus()
    page.keyboard.press("Home")
    assert tip(page, "fig-convergence").startswith("Bloques congelados: 0 · exactitud de validación\népoca 1: ")
    page.keyboard.press("ArrowRight")
    expect(probe).to_have_attribute("aria-valuetext", re.compile(r"^Bloques congelados: 0 · .* · época 2: "))
    page.keyboard.press("ArrowDown")
    expect(probe).to_have_attribute("aria-valuetext", re.compile(r"^Bloques congelados: 1 · .* · época 2: "))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(probe).to_have_attribute("aria-valuetext", re.compile(r"^Bloques congelados: 0 · .* · época 2: "))
    page.keyboard.press("End")
    assert tip(page, "fig-convergence").startswith("Bloques congelados: 4 · ")
    assert probe.get_attribute("aria-valuenow") == probe.get_attribute("aria-valuemax")
    page.keyboard.press("Escape")
    expect(page.locator("#fig-convergence .tip")).to_be_hidden()


def test_what_is_hidden_has_no_values(page: Page) -> None:
    page.get_by_text("Qué se muestra").click()
    page.get_by_role("group", name="Bloques congelados").get_by_label("0", exact=True).uncheck()
    probe = page.get_by_role("slider", name="Valores de la Figura 6")
    probe.focus()
    page.keyboard.press("Home")
    assert tip(page, "fig-convergence").startswith("Bloques congelados: 1")
    for box in page.get_by_role("group", name="Bloques congelados").get_by_role("checkbox").all():
        box.uncheck()
    expect(probe).to_be_hidden()


@pytest.mark.slow
def test_a_tap_tells_a_value(browser: Browser, paper: Path) -> None:
    with opened(browser, paper, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        page.locator("#fig-gap .probe").scroll_into_view_if_needed()
        box = page.locator("#fig-gap .probe").bounding_box()
        assert box is not None
        series = json.loads(page.locator("#fig-gap > script").text_content() or "")
        x, y, _ = series[2]["points"][0]
        page.touchscreen.tap(box["x"] + x * box["width"], box["y"] + y * box["height"])
        assert tip(page, "fig-gap").startswith("Bloques congelados: 2\nbrecha de sobreajuste ")
        shown = page.locator("#fig-gap .tip").bounding_box()
        assert shown is not None
        assert shown["x"] >= 0
        assert shown["x"] + shown["width"] <= PHONE["width"]


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


@pytest.mark.slow
@pytest.mark.parametrize(("system", "own", "other"), [("light", BRIGHT, DARK), ("dark", DARK, BRIGHT)])
def test_the_reader_chooses_light_or_dark_over_the_system_and_is_remembered(
    browser: Browser, paper: Path, system: Any, own: str, other: str
) -> None:
    with opened(browser, paper, color_scheme=system) as page:
        button = page.get_by_role("button", name="Modo oscuro")
        assert background(page) == own
        expect(button).to_have_attribute("aria-pressed", str(system == "dark").lower())
        button.click()
        assert background(page) == other
        page.reload()
        assert background(page) == other
        page.get_by_role("button", name="Modo oscuro").click()
        page.reload()
        assert background(page) == own
        page.emulate_media(color_scheme="light" if system == "dark" else "dark")
        assert background(page) == other, "without a choice of its own the page follows the system"


@pytest.mark.slow
def test_without_storage_the_choice_lasts_as_long_as_the_page(browser: Browser, paper: Path) -> None:
    refuse = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
    with opened(browser, paper, color_scheme="light") as page:
        page.add_init_script(refuse)
        page.reload()
        page.get_by_role("button", name="Modo oscuro").click()
        assert background(page) == DARK


def test_bibtex_is_copied_whole(page: Page) -> None:
    details = page.locator("#ref-beans details")
    details.locator("summary").click()
    details.get_by_role("button", name="Copiar BibTeX").click()
    expect(details.locator("output")).to_have_text("Copiado")
    assert page.evaluate("navigator.clipboard.readText()") == "@misc{beans,\n  title = {Beans},\n}"


@pytest.mark.slow
def test_without_scripts_the_page_is_whole_and_has_no_dead_controls(browser: Browser, paper: Path) -> None:
    with opened(browser, paper, java_script_enabled=False, color_scheme="dark", viewport=PHONE) as page:
        assert page.locator("button, input, .probe, .tools, .options").count() == 0
        assert page.locator("figure svg").first.is_visible()
        assert column(page, "tab-results", 1) == ["0", "1", "2", "3", "4"]
        assert not page.get_by_text('"points"').first.is_visible()


@pytest.fixture(scope="module")
def papers(paper: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Papers that have, together, every kind of figure and table, each made when it is asked for."""
    folder = tmp_path_factory.mktemp("papers")
    made = {"cases": paper}
    materials = {"search": make_search_material, "birds": lambda: make_study("aves")}

    def find(name: str) -> Path:
        if name not in made:
            made[name] = write(materials[name](), folder / f"{name}.html")
        return made[name]

    return find


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scheme", "viewport"),
    [
        ("cases", "light", DESKTOP),
        ("cases", "dark", PHONE),
        *(
            pytest.param(*other, marks=pytest.mark.slow)
            for other in (
                ("cases", "light", PHONE),
                ("cases", "dark", DESKTOP),
                ("search", "light", PHONE),
                ("search", "dark", DESKTOP),
                ("birds", "light", DESKTOP),
                ("birds", "dark", PHONE),
            )
        ),
    ],
)
def test_axe_finds_no_serious_fault_and_the_page_never_scrolls_sideways(
    browser: Browser, papers: Callable[[str], Path], name: str, scheme: Any, viewport: Any
) -> None:
    with opened(browser, papers(name), color_scheme=scheme, viewport=viewport) as page:
        for summary in page.locator("details:not([open]) > summary").all()[::-1]:
            summary.click()
        for box in page.locator(".options input").all()[:1]:
            box.uncheck()
        page.locator(".probe:visible").first.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".tip:visible")).to_have_count(1)
        found = Axe().run(page).response["violations"]
        grave = [fault for fault in found if fault["impact"] in ("serious", "critical")]
        assert [(fault["id"], [node["html"][:200] for node in fault["nodes"]]) for fault in grave] == []
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


@pytest.mark.slow
def test_code_in_tables_is_whole_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    paper = write(make_suite_material("two_phase"), tmp_path / "paper.html")
    with opened(browser, paper, viewport=PHONE) as page:
        found = page.evaluate(
            """() => [...document.querySelectorAll('.scroll code')].filter(code => !/[\\s-]/.test(code.textContent))
              .map(code => [code.textContent, code.getClientRects().length])"""
        )
        assert len(found) > 5
        assert [text for text, lines in found if lines > 1] == []


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [int(name[1]) for name in page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(h => h.localName)")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_keyboard_goes_through_the_page_in_reading_order(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Saltar al contenido")).to_be_focused()
    places = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input, summary, [tabindex]')]
          .filter(node => node.tabIndex > 0).length"""
    )
    assert places == 0, "no control jumps the queue"


@pytest.mark.slow
def test_print_is_black_on_white_without_controls(browser: Browser, paper: Path) -> None:
    with opened(browser, paper, color_scheme="dark") as page:
        page.get_by_text("Qué se muestra").click()
        page.get_by_role("group", name="Bloques congelados").get_by_label("3", exact=True).uncheck()
        page.emulate_media(media="print")
        assert background(page) == BRIGHT
        assert page.locator("main").evaluate("node => getComputedStyle(node).color") == "rgb(0, 0, 0)"
        for control in (".options", ".tools button", ".tools label", ".probe", ".contents", ".footer"):
            assert page.locator(control).evaluate_all("nodes => nodes.every(node => !node.checkVisibility())"), control
        expect(page.locator("#fig-loss .without")).to_be_visible()
        lines = page.locator("main a").evaluate_all("all => all.map(a => getComputedStyle(a).textDecorationLine)")
        assert set(lines) == {"none"}
        assert page.pdf().startswith(b"%PDF")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cases", pytest.param("search", marks=pytest.mark.slow)])
def test_print_is_one_column_that_nothing_leaves(browser: Browser, papers: Callable[[str], Path], name: str) -> None:
    sheet = {"width": int((210 - 2 * (25 - BLEED)) * 96 / 25.4), "height": 900}
    with opened(browser, papers(name), viewport=sheet) as page:
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") == sheet["width"]
        left = page.locator("main *").evaluate_all("all => Math.min(...all.map(e => e.getBoundingClientRect().left))")
        assert left >= 0
        printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
        assert [round(float(side) * 25.4 / 72) for side in printed.pages[0].mediabox[2:]] == [210, 297]


@pytest.mark.slow
def test_nothing_moves_for_those_who_ask_for_less_motion(browser: Browser, paper: Path) -> None:
    with opened(browser, paper, reduced_motion="reduce") as page:
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.slow
def test_forced_colours_keep_figures_on_white_and_controls_told_apart(browser: Browser, paper: Path) -> None:
    with opened(browser, paper, forced_colors="active", color_scheme="dark") as page:
        assert page.locator(".card").first.evaluate("node => getComputedStyle(node).backgroundColor") == BRIGHT
        page.locator(".probe").first.focus()
        page.keyboard.press("ArrowRight")
        assert page.locator(".tip:visible").evaluate("node => getComputedStyle(node).borderTopWidth") != "0px"
