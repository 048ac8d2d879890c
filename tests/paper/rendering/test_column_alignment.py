"""Numbers of a column stand below each other by their decimal sign."""

from __future__ import annotations

from typing import Any

import pytest

from benchsuite.paper.document.blocks import Cell, Column, Document, Table
from benchsuite.paper.document.markup import literal
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering import print_page, templates
from benchsuite.paper.rendering.column_alignment import Aligned, align
from benchsuite.paper.typesetting.arrangement import Arrangement

N = "\u00a0"


def make_table(*texts: str) -> Table:
    rows = tuple((Cell(str(place)), Cell(literal(text))) for place, text in enumerate(texts))
    return Table("tab-x", "Título", (Column("Caso"), Column("Valor", "right")), rows)


@pytest.mark.parametrize(
    ("texts", "heads", "tails"),
    [
        (("0,5", "0,0125", "3"), ("0", "0", "3"), (",5", ",0125", "")),
        ((f"350{N}ms", f"41,2{N}s"), ("350", "41"), (f"{N}ms", f",2{N}s")),
        (("9,5 [8,1; 10,2]", "99,5 [98,1; 100,0]", "—"), ("9,5", "99,5", "—"), ("[8,1; 10,2]", "[98,1; 100,0]", "")),
        ((f"<{N}0,001", "0,04"), (f"<{N}0", "0"), (",001", ",04")),
    ],
)
def test_a_number_is_parted_where_the_column_is_aligned(
    texts: tuple[str, ...], heads: tuple[str, ...], tails: tuple[str, ...]
) -> None:
    cells = [row[1] for row in align(make_table(*texts))]
    assert [cell.head for cell in cells] == list(heads)
    assert [cell.tail for cell in cells] == [
        tail if "," not in tail or tail[0] == "," else literal(tail) for tail in tails
    ]
    assert len({cell.ems for cell in cells}) == 1
    assert cells[0].ems > 0


@pytest.mark.parametrize("texts", [("1", "20"), ("0,5", "10,5"), ("referencia", "no concluyente"), ()])
def test_columns_that_the_edge_aligns_and_words_stay_as_they_are(texts: tuple[str, ...]) -> None:
    assert [row[1] for row in align(make_table(*texts))] == [Aligned(text) for text in texts]


def decimal_places(table: Table) -> list[float]:
    """Where the decimal signs of the second column are printed, in pixels."""
    document = Document("Título", (), "", (), (table,), {}, (), None)
    html = print_page.print_html(document, number(document), Arrangement((0,)))
    laid_out = print_page.lay_out(html, print_page.collect_assets(document))
    found: list[float] = []

    def walk(box: Any) -> None:
        inner = getattr(box, "_box", box)
        children = getattr(inner, "children", ()) or ()
        if type(inner).__name__ == "TableCellBox" and "right" in str(inner.element.get("class")):
            texts = list(texts_of(inner))
            whole = "".join(one.text for one in texts)
            if "," in whole:
                found.append(place_of(texts, whole.index(",")))
            return
        for child in children:
            walk(child)

    walk(laid_out.pages[0]._page_box)
    return found


def texts_of(box: Any) -> list[Any]:
    inner = getattr(box, "_box", box)
    own = [inner] if type(inner).__name__ == "TextBox" else []
    return own + [text for child in getattr(inner, "children", ()) or () for text in texts_of(child)]


def place_of(texts: list[Any], index: int) -> float:
    """Where the sign with that index begins: figures have one width, half an em."""
    for text in texts:
        if index < len(text.text):
            return float(text.position_x + sum(0.5 * text.style["font_size"] for _ in text.text[:index]))
        index -= len(text.text)
    raise AssertionError(index)


INTERVALS = make_table("9,5 [8,1; 10,2]", "99,5 [98,1; 100,0]", "98,7 [8,1; 9,0]")


@pytest.mark.parametrize("table", [INTERVALS, make_table("0,5", "0,0125", "13,25"), make_table("1,5", f"41,2{N}s")])
def test_decimal_signs_stand_below_each_other(table: Table) -> None:
    places = decimal_places(table)
    assert places == pytest.approx([places[0]] * len(table.rows), abs=0.5)


def test_without_help_they_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge itself."""
    templates._environment.cache_clear()
    monkeypatch.setattr(templates, "align", lambda table: [[Aligned(cell.text) for cell in row] for row in table.rows])
    try:
        places = decimal_places(INTERVALS)
    finally:
        templates._environment.cache_clear()
    assert max(places) - min(places) > 2
