"""Code in print: monospace that never leaves its column, however long a line is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchsuite.paper.document.blocks import Document, Listing, Paragraph
from benchsuite.paper.document.numbering import number
from benchsuite.paper.document.page import PIXEL
from benchsuite.paper.document.style import Form
from benchsuite.paper.rendering import print_page, weasyprint_boxes
from benchsuite.paper.typesetting.arrangement import Arrangement

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
