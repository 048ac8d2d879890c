"""The composition of whole papers, judged on WeasyPrint's own layout by the rules of `faults`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from random import Random
from typing import Any, get_args

import pytest

from benchsuite.paper.context.material import PaperMaterial, ReportMaterial
from benchsuite.paper.document.blocks import (
    Block,
    Cell,
    Column,
    Document,
    Drawing,
    Equation,
    Figure,
    Heading,
    Paragraph,
    Table,
)
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering import layout_plan, print_page, weasyprint_boxes
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.report import compose_report
from benchsuite.paper.typesetting.arrangement import Arrangement
from benchsuite.paper.typesetting.layout_checks import Fault, faults
from benchsuite.suite.reader import is_report
from benchsuite.suite.schema.suite import Language, PageSize, Template
from support.shipped import FILES
from support.synthetic_study import make_report_material, make_suite_material

WORDS = (
    "los",
    "resultados",
    "de",
    "cada",
    "configuración",
    "se",
    "comparan",
    "con",
    "la",
    "referencia",
    "y",
    "después",
)


def laid_out(document: Document) -> tuple[Any, tuple[Fault, ...]]:
    """The pages with empty drawings, before any rescue, and the faults of their layout."""
    numbering = number(document)
    assets = {
        name: layout_plan.without_drawing(name, asset) for name, asset in print_page.collect_assets(document).items()
    }
    content = layout_plan.layout_blocks(document)
    arrangement = layout_plan.arrange(document, numbering)
    pages = print_page.lay_out_arranged(document, numbering, arrangement, assets)
    return pages, faults(content, arrangement, weasyprint_boxes.layout(pages))


def make_document(seed: int, *, blocks: int = 22) -> Document:
    """Sections of paragraphs, figures and tables of many sizes, narrow and wide, each mentioned before it stands."""
    draw = Random(seed)
    body: list[Block] = []

    def prose(words: int) -> str:
        return " ".join(draw.choice(WORDS) for _ in range(words)).capitalize() + "."

    for at in range(blocks):
        if at % 9 == 0:
            body.append(Heading(f"sec-{at}", 1, f"Sección {at}"))
        if at % 9 == 4:
            body.append(Heading(f"sub-{at}", 2, f"Apartado {at}"))
        kind = draw.choice(["text", "text", "text", "text", "figure", "figure", "table", "equation", "wide", "long"])
        name = f"{'fig' if kind in ('figure', 'wide') else 'tab'}-{at}"
        if kind in ("figure", "wide", "table", "long"):
            body.append(Paragraph(f"{prose(draw.randint(20, 120))} Véase {{{{{name}}}}}."))
        match kind:
            case "figure" | "wide":
                width, height = (514 if kind == "wide" else 251), draw.randint(60, 210)
                svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"></svg>'
                body.append(Figure(name, prose(12), partial(drawn, svg), wide=kind == "wide"))
            case "table" | "long":
                rows = draw.randint(2, 12) if kind == "table" else draw.randint(50, 90)
                cells = tuple((Cell(f"fila {row}"), Cell("0,5")) for row in range(rows))
                body.append(Table(name, prose(5), (Column("Fila"), Column("Valor")), cells, long=kind == "long"))
            case "equation":
                body += [Paragraph(prose(30)), Equation(f"eq-{at}", "x=1", "equis"), Paragraph(prose(40))]
            case _:
                body.append(Paragraph(prose(draw.randint(20, 160))))
    body += [Paragraph(prose(80)) for _ in range(3)]
    return Document("Título", (), prose(90), ("clave",), tuple(body), {}, (), None)


def drawn(svg: str, name: str) -> Drawing:
    return Drawing(svg, name)


@pytest.mark.parametrize("seed", range(5))
def test_documents_of_many_shapes_are_composed_without_a_fault(seed: int) -> None:
    _, found = laid_out(make_document(seed))
    assert found == ()


def test_what_is_wide_stands_before_the_references_however_short_the_text() -> None:
    rows = tuple((Cell(f"fila {row}"), Cell("0,5")) for row in range(20))
    tables = [Table(f"tab-{at}", "Valores", (Column("Fila"), Column("Valor")), rows, wide=True) for at in range(5)]
    body = (Paragraph("Todo está en {{tab-0}} y [[obra]]. " * 9), *tables)
    document = Document("Título", (), "Resumen.", ("clave",), body, {"obra": "Obra, 2020."}, (), None)
    pages, found = laid_out(document)
    assert {fault.kind for fault in found} <= {"hole", "far"}
    tops = {f.index: (f.page, f.top) for f in weasyprint_boxes.layout(pages).fragments}
    assert max(tops, key=tops.__getitem__) > len(body), "the references end the paper"


@pytest.fixture(
    scope="module",
    params=[(path, language) for path in FILES for language in get_args(Language)],
    ids=lambda param: f"{param[0].stem}-{param[1]}",
)
def material(request: pytest.FixtureRequest) -> PaperMaterial | ReportMaterial:
    path, language = request.param
    if is_report(path):
        return make_report_material(path.stem, language=language)
    return make_suite_material(path.stem, language=language)


def composed(material: PaperMaterial | ReportMaterial, template: Template, page: PageSize) -> Document:
    """The paper in a form of its own choice: figures are drawn as wide as its page lets them."""
    form = {"template": template, "page": page}
    suite = material.suite.model_copy(update={"paper": material.suite.paper.model_copy(update=form)})
    if isinstance(material, ReportMaterial):
        return compose_report(replace(material, suite=suite))
    return compose(replace(material, results=replace(material.results, suite=suite)))


@pytest.mark.slow
@pytest.mark.parametrize("page", ["a4", "letter"])
def test_the_papers_of_all_suites_are_composed_without_a_fault(
    material: PaperMaterial | ReportMaterial, page: PageSize
) -> None:
    _, found = laid_out(composed(material, "ieee", page))
    assert found == ()


@pytest.mark.slow
def test_reports_of_all_suites_have_no_fault_but_holes(material: PaperMaterial | ReportMaterial) -> None:
    """One column has fewer ways to fill a page."""
    _, found = laid_out(composed(material, "report", "a4"))
    assert {fault.kind for fault in found} <= {"hole"}


@pytest.mark.parametrize("seed", [1])
def test_the_order_in_which_blocks_are_written_has_faults_that_are_found(seed: int) -> None:
    """The judge itself: without placement there are holes."""
    document = make_document(seed)
    assets: dict[str, Any] = {
        name: layout_plan.without_drawing(name, asset) for name, asset in print_page.collect_assets(document).items()
    }
    content = layout_plan.layout_blocks(document)
    plain = Arrangement(tuple(i for i, block in enumerate(content) if not block.wide))
    layout = weasyprint_boxes.layout(
        print_page.lay_out(print_page.print_html(document, number(document), plain), assets)
    )
    kinds = {fault.kind for fault in faults(content, plain, layout)}
    assert {"hole", "lost"} <= kinds
