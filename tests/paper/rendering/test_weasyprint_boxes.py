"""The PDF's layout, read from WeasyPrint's boxes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchsuite.paper.document.blocks import Block, Document, Drawing, Figure, Heading, Paragraph
from benchsuite.paper.document.numbering import number
from benchsuite.paper.document.style import Form
from benchsuite.paper.rendering import layout_plan, print_page, weasyprint_boxes
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.typesetting.arrangement import Arrangement
from benchsuite.paper.typesetting.column_model import Measure
from benchsuite.suite.schema.suite import Template
from support.paper_material import make_material


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
    html = print_page.print_html(document, number(document), Arrangement(tuple(range(len(body)))))
    laid_out = print_page.lay_out(html, print_page.collect_assets(document))
    paragraphs = [lines(box) for index, _, box, _ in weasyprint_boxes.blocks(laid_out) if 0 <= index < len(body)]
    assert any(len(paragraph) > 1 for paragraph in paragraphs)
    for paragraph in paragraphs:
        for line in paragraph[:-1]:
            assert line.width > 0.7 * max(other.width for other in paragraph)


@pytest.mark.parametrize("template", ["ieee", "report"])
def test_blocks_measure_in_halves_what_they_measure_in_the_whole_paper(template: Template) -> None:
    document = replace(compose(make_material(cases=3, seeds=2)), form=Form(template, "a4"))
    numbering, content = number(document), layout_plan.layout_blocks(document)
    (first, front), (second, _) = layout_plan.measure_blocks(document, numbering, content)
    assert min(len(first), len(second)) > len(content) / 4
    assert not first.keys() & second.keys()
    rules = f"{document.form.geometry.endless}.matter{{display:none}}"
    html = print_page.print_html(document, numbering, Arrangement(tuple(range(len(content)))), rules)
    laid_out = print_page.lay_out(html, print_page.collect_assets(document))
    whole, whole_front = weasyprint_boxes.measures(laid_out, columns=document.form.geometry.columns)
    assert front == pytest.approx(whole_front)
    assert {index: flat(measure) for index, measure in (first | second).items()} == {
        index: pytest.approx(flat(measure)) for index, measure in whole.items()
    }


def flat(measure: Measure) -> list[float]:
    numbers = [measure.height, measure.above, measure.below, measure.again, measure.leads]
    return [*numbers, *measure.tops, *measure.bottoms, *measure.cuts]


def figure(name: str, *, wide: bool) -> Figure:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {514 if wide else 251} 90"></svg>'
    return Figure(name, f"Lo que muestra {name}.", lambda _: Drawing(svg, name), wide)


def test_columns_that_are_set_once_are_those_that_are_set_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    from weasyprint.layout import block

    prose = "Un párrafo que ocupa unas cuantas líneas de su columna, y algunas más. "
    body: list[Block] = [Heading("sec-a", 1, "Sección")]
    for at in range(24):
        body.append(Paragraph(prose * (at % 7 + 2) + (f"Véase {{{{fig-{at}}}}}." if at % 4 == 1 else "")))
        if at % 4 == 1:
            body.append(figure(f"fig-{at}", wide=at in (5, 17)))
    document = Document("Título", (), "Resumen.", ("clave",), tuple(body), {}, (), None)
    numbering = number(document)
    arrangement = layout_plan.arrange(document, numbering)
    assert arrangement.booked
    assert arrangement.margins
    lines_set: list[object] = []
    set_lines = block._linebox_layout

    def counted(*given: Any) -> Any:
        lines_set.append(None)
        return set_lines(*given)

    monkeypatch.setattr(block, "_linebox_layout", counted)
    html, assets = print_page.print_html(document, numbering, arrangement), print_page.collect_assets(document)
    found = []
    for in_order in (False, True):
        lines_set.clear()
        found.append((weasyprint_boxes.layout(print_page.lay_out(html, assets, in_order=in_order)), len(lines_set)))
    (twice, more), (once, fewer) = found
    assert once == twice
    assert once.pages > 2
    assert fewer < 0.7 * more
    assert weasyprint_boxes.layout(print_page.lay_out_arranged(document, numbering, arrangement, assets)) == once
