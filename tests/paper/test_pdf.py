"""The PDF's layout, read from WeasyPrint's boxes."""

from __future__ import annotations

from typing import Any

from benchsuite.paper import boxes, pdf
from benchsuite.paper.arrangement import Arrangement
from benchsuite.paper.document import Document, Paragraph
from benchsuite.paper.numbering import number


def lines(box: Any) -> list[Any]:
    inner = getattr(box, "_box", box)
    if type(inner).__name__ == "LineBox":
        return [inner]
    return [line for child in getattr(inner, "children", ()) or () for line in lines(child)]


def test_every_line_of_a_paragraph_but_its_last_is_filled() -> None:
    """Wherever the code that does not fit in the first line begins."""
    body = tuple(
        Paragraph(
            f"En el otro extremo, quitar {'i' * width} deja 369\N{NO-BREAK SPACE}970 parámetros en `fc_hl_1layer`."
        )
        for width in range(30)
    )
    document = Document("Título", (), "Resumen.", (), body, {}, (), None)
    html = pdf._html(document, number(document), Arrangement(tuple(range(len(body)))))
    laid_out = pdf._compose(html, pdf._assets(document))
    paragraphs = [lines(box) for index, _, box, _ in boxes.blocks(laid_out) if 0 <= index < len(body)]
    assert any(len(paragraph) > 1 for paragraph in paragraphs)
    for paragraph in paragraphs:
        for line in paragraph[:-1]:
            assert line.width > 0.7 * max(other.width for other in paragraph)
