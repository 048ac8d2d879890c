"""The imitation of columns against the WeasyPrint that is installed: the same block in the same place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from benchsuite.paper.document.blocks import Block, Bullets, Document, Equation, Paragraph
from benchsuite.paper.document.numbering import number
from benchsuite.paper.document.page import PIXEL
from benchsuite.paper.document.style import Form
from benchsuite.paper.rendering import layout_plan, print_page, weasyprint_boxes
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.typesetting.arrangement import Arrangement, Fragment
from benchsuite.paper.typesetting.column_model import Part, Sheet, fill
from benchsuite.suite.schema.suite import Template
from support.paper_material import make_material

PIXELS = 0.5
"""By which sums of measures may differ from the boxes."""


def below_heads(parts: Sequence[Part | Fragment]) -> list[float]:
    """How far each part begins below the first of its column, whose own margin placement takes away."""
    first: dict[tuple[int, int], float] = {}
    return [part.top - first.setdefault((part.page, part.column), part.top) for part in parts]


def imitated_and_real(document: Document) -> tuple[list[tuple[int, Part]], list[Fragment]]:
    """The parts of all blocks but wide ones, in the order they are written, and what WeasyPrint makes of them."""
    numbering, content = number(document), layout_plan.layout_blocks(document)
    (measures, front), (more, _) = layout_plan.measure_blocks(document, numbering, content)
    measures |= more
    order = tuple(index for index, block in enumerate(content) if not block.wide)
    head = tuple(sorted(index for index in measures if index < 0))
    tail = tuple(sorted(index for index in measures if index >= weasyprint_boxes.TAIL))
    geometry = document.form.geometry
    sheet = Sheet(geometry.text_height / PIXEL, front, head, tail, geometry.columns)
    imitated = list(fill([*head, *order, *tail], measures, sheet, {}))
    html = print_page.print_html(document, numbering, Arrangement(order), ".matter{display:none}")
    laid_out = weasyprint_boxes.layout(print_page.lay_out(html, print_page.collect_assets(document)))
    return imitated, [part for part in laid_out.fragments if part.index != weasyprint_boxes.FRONT]


def spots(parts: Sequence[tuple[int, Part | Fragment]]) -> list[tuple[int, int, int]]:
    return [(index, part.page, part.column) for index, part in parts]


@pytest.mark.parametrize("template", ["ieee", "report"])
def test_it_puts_every_part_of_every_block_where_weasyprint_puts_it(template: Template) -> None:
    form = Form(template, "a4", table="Tabla" if template == "report" else "Cuadro")
    document = replace(compose(make_material(cases=3, seeds=3)), form=form)
    imitated, real = imitated_and_real(document)
    assert len(real) > sum(not block.wide for block in layout_plan.layout_blocks(document))
    assert spots(imitated) == spots([(part.index, part) for part in real])
    assert below_heads([part for _, part in imitated]) == pytest.approx(below_heads(real), abs=PIXELS)


@pytest.mark.parametrize("template", ["ieee", "report"])
@pytest.mark.parametrize("seed", range(3))
def test_texts_that_lists_and_equations_go_on_end_no_column(template: Template, seed: int) -> None:
    draw = Random(seed)

    def prose(least: int, most: int) -> str:
        return " ".join(
            draw.choice(("cada", "configuración", "se", "compara")) for _ in range(draw.randint(least, most))
        )

    body: list[Block] = []
    for at in range(60):
        body.append(Paragraph(f"{prose(8, 90)}:"))
        match draw.choice(("text", "list", "list", "equation")):
            case "list":
                body.append(Bullets(tuple(prose(3, 40) for _ in range(draw.randint(1, 4)))))
            case "equation":
                body.append(Equation(f"eq-{at}", "x=1", "equis"))
    document = Document("Título", (), prose(90, 90), ("clave",), tuple(body), {}, (), None, form=Form(template, "a4"))
    imitated, real = imitated_and_real(document)
    assert spots(imitated) == spots([(part.index, part) for part in real])
    content = layout_plan.layout_blocks(document)
    ends = {(part.page, part.column): part for part in real}
    whole = {part.index: part for part in real}
    assert len(ends) > 5
    ended = [part.index for part in ends.values() if whole[part.index] is part]
    assert not [index for index in ended if index < len(content) and content[index].leads]


def test_what_is_installed_is_what_is_imitated() -> None:
    assert weasyprint_boxes.is_known(), weasyprint_boxes.installed()
