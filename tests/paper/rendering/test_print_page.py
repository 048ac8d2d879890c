"""Code in print never leaves its column, however long a line is; photos stand in even rows, and paragraphs are indented
as their form has it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from benchsuite.paper.document.blocks import Document, Equation, Heading, Listing, Paragraph, Photos
from benchsuite.paper.document.numbering import number
from benchsuite.paper.document.page import PIXEL
from benchsuite.paper.document.style import Form
from benchsuite.paper.rendering import print_page, weasyprint_boxes
from benchsuite.paper.typesetting.arrangement import Arrangement
from support.composition import indents

CODE = "    x = 1\n" + "y" * 400 + "\nz = [" + "1, " * 120 + "]"


def letters(box: Any) -> Iterator[Any]:
    """The boxes of text within a box."""
    inner = getattr(box, "_box", box)
    if type(inner).__name__ == "TextBox":
        yield inner
    for child in getattr(inner, "children", ()) or ():
        yield from letters(child)


@pytest.mark.parametrize("template", ["ieee", "report"])
@pytest.mark.parametrize("wide", [False, True])
def test_no_line_of_code_leaves_its_column(template: Any, wide: bool) -> None:
    listing = Listing("fig-source", CODE, "Código.", wide)
    form = Form(template)
    document = Document(
        "T", (), "R.", ("c",), (Paragraph("Véase la {{fig-source}}."), listing), {}, (), None, form=form
    )
    html = print_page.print_html(document, number(document), Arrangement((0, 1)))
    laid_out = print_page.lay_out(html, print_page.collect_assets(document))
    (box,) = [found for index, _, found, _ in weasyprint_boxes.blocks(laid_out) if index == 1]
    width = (form.geometry.text_width if wide else form.geometry.column_width) / PIXEL
    right = box.position_x + width
    shown = [text for text in letters(box) if text.style["font_family"][0] == "IEEE-Mono"]
    assert "".join(text.text.strip() for text in shown).count("y") == 400, "nothing is cut off"
    assert len(shown) > 3
    assert max(text.position_x + text.width for text in shown) <= right + 0.5
    assert shown[0].text.startswith("    x"), "indentation stays"


def pictures(box: Any) -> Iterator[Any]:
    """The boxes of images within a box."""
    inner = getattr(box, "_box", box)
    if type(inner).__name__.endswith("ReplacedBox"):
        yield inner
    for child in getattr(inner, "children", ()) or ():
        yield from pictures(child)


@pytest.mark.parametrize(
    ("template", "rows"), [("ieee", [5]), ("ieee", [3, 3]), ("report", [6]), ("report", [5, 5]), ("report", [4])]
)
def test_photos_stand_in_even_rows(template: Any, rows: list[int]) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    photos = Photos(
        "fig-mistakes", tuple(("gato", (file.getvalue(),)) for _ in range(sum(rows))), "Fotos.", gallery=True
    )
    form = Form(template)
    document = Document(
        "T", (), "R.", ("c",), (Paragraph("Véase la {{fig-mistakes}}."), photos), {}, (), None, form=form
    )
    html = print_page.print_html(document, number(document), Arrangement((0, 1)))
    laid_out = print_page.lay_out(html, print_page.collect_assets(document))
    tops = [round(one.position_y) for page in laid_out.pages for one in pictures(page._page_box)]
    assert list(Counter(tops).values()) == rows


@pytest.mark.parametrize(("template", "points"), [("ieee", 10), ("report", 1.2 * 11)])
def test_paragraphs_begin_as_their_form_has_them_and_those_after_an_equation_at_the_edge(
    template: Any, points: float
) -> None:
    words = "Se comparan las configuraciones con la referencia y después entre sí, una por una. " * 2
    body = (
        Heading("s", 1, "Parte"),
        Paragraph(words),
        Paragraph(words),
        Equation("eq-1", "x=1", "equis"),
        Paragraph(words),
    )
    document = Document("T", (), words, ("c",), body, {}, (), None, form=Form(template))
    html = print_page.print_html(document, number(document), Arrangement(tuple(range(len(body)))))
    assert indents(print_page.lay_out(html, print_page.collect_assets(document))) == {0, round(points * 96 / 72, 1)}
