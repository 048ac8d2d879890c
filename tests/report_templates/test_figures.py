"""Figures: larger, as files, with the runs behind them, and readable on a phone."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from support.browser import PHONE, opened

SMALLEST = 7.5
"""Pixels of the smallest letters of a figure on a phone."""


def saved(page: Page, name: str) -> tuple[str, bytes]:
    with page.expect_download() as started:
        page.locator("#fig-loss").get_by_role("button", name=name).click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def test_a_figure_is_enlarged_and_gives_the_focus_back(page: Page) -> None:
    button = page.get_by_role("button", name="Ampliar: Figura 4")
    small = page.locator("#fig-loss .card svg").bounding_box()
    button.click()
    dialog = page.get_by_role("dialog", name="Figura 4")
    large = dialog.locator("svg").bounding_box()
    assert small is not None
    assert large is not None
    assert large["width"] > 1.2 * small["width"]
    expect(dialog).to_contain_text("Pérdida por época")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_a_figure_downloads_as_an_svg_of_its_own(page: Page) -> None:
    page.get_by_text("Qué se muestra").click()
    page.get_by_role("group", name="Bloques congelados").get_by_label("1", exact=True).uncheck()
    name, content = saved(page, "Descargar como SVG")
    assert name == "fig-loss.svg"
    root = ElementTree.fromstring(content)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["width"].endswith("pt")
    cases = {node.attrib["data-case"] for node in root.iter() if "data-case" in node.attrib}
    assert cases == {"freeze_blocks=0", "freeze_blocks=2"}
    assert "@font-face" in "".join(root.itertext())


def test_a_figure_downloads_as_png_on_white(page: Page) -> None:
    name, content = saved(page, "Descargar como PNG")
    assert name == "fig-loss.png"
    image = Image.open(io.BytesIO(content)).convert("RGB")
    assert image.width > 2000
    assert image.getpixel((2, 2)) == (255, 255, 255)
    assert len(image.getcolors(10**6) or ()) > 10, "something is drawn"


def test_a_figure_tells_the_runs_behind_it(page: Page) -> None:
    page.locator("#fig-loss").get_by_role("button", name="Ejecuciones (12)").click()
    panel = page.get_by_role("dialog", name="12 ejecuciones detrás de la Figura 4")
    assert panel.locator("li").count() == 12
    panel.locator("a").first.click()
    expect(page.locator("td:target")).to_be_in_viewport()


@pytest.mark.parametrize("scripts", [True, False])
def test_on_a_phone_the_letters_of_every_figure_can_be_read(browser: Browser, paper: Path, scripts: bool) -> None:
    with opened(browser, paper, viewport=PHONE, java_script_enabled=scripts) as page:
        assert page.locator("#fig-loss .card svg").count() == 1
        heights = page.locator("figure .card svg").evaluate_all(
            """drawings => drawings.flatMap((svg) => {
              const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
              const size = (text) => scale * parseFloat(getComputedStyle(text).fontSize);
              return [...svg.querySelectorAll("text")].map(size);
            })"""
        )
        assert min(heights) >= SMALLEST
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        if scripts:
            box = page.locator("#fig-loss .card svg").bounding_box()
            assert box is not None
            assert box["height"] > 0.8 * box["width"], "its panels are stacked"
            assert page.get_by_role("slider", name="Valores de la Figura 4").count() == 1
