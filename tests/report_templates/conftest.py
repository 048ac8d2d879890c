"""One browser and one paper for what the page's scripts do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from support.browser import chromium, opened
from support.paper_material import make_material

PROSE = (
    "Véanse la {{fig-loss}}, el {{tab-results}}, la {{sec-fin}} y [[zeta]]. La pérdida se define así:\n\n"
    "$$ L=\\dfrac{1}{N}\\sum_{i=1}^{N}\\ell(x_i) $$ la pérdida media\n\nOtra vez [[zeta]], y $\\sigma(x)=1/(1+e^{-x})$."
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three cases, four seeds, on the synthetic sample; it refers to blocks and works of every kind."""
    sections = [
        {"title": "Introducción", "text": PROSE},
        {"title": "Conclusiones", "id": "fin", "place": "conclusions", "text": "Se acaba en la {{sec-results}}."},
    ]
    document = compose(make_material({"sections": sections}, cases=3, seeds=4, sample=True))
    file = tmp_path_factory.mktemp("page") / "paper.html"
    file.write_text(render_html(document, number(document)), encoding="utf-8")
    return file


@pytest.fixture
def page(browser: Browser, paper: Path) -> Iterator[Page]:
    with opened(browser, paper, reduced_motion="reduce") as shown:
        yield shown
