"""What becomes of a drawing: identifiers of its own, fonts of no system, values and marks."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from benchsuite.paper.document.blocks import Drawing, Facet, Figure
from benchsuite.paper.figures import curves, intervals, style
from benchsuite.paper.figures.canvas import draw_within, drawing
from benchsuite.paper.sections.compose import compose
from benchsuite.suite.schema.suite import Template
from support.composition import SMALLEST
from support.figures import seeds_by_run
from support.shipped import STUDIES
from support.synthetic import make_findings
from support.synthetic_study import make_suite_material


def test_identifiers_carry_the_name_of_their_figure() -> None:
    cases = make_findings(cases=2, seeds=2).cases
    svg = curves.draw_loss("fig-loss", cases, "Bloques", seeds_by_run(cases)).svg
    assert all(name.startswith("fig-loss-") for name in re.findall(r'\bid="([^"]+)"', svg))


def test_figures_name_no_font_that_a_system_may_have() -> None:
    svg = intervals.draw_gap("fig-gap", make_findings(cases=2, seeds=2).cases, "Bloques").svg
    assert set(re.findall(r'font-family="([^"]*)"', svg)) == {style.FAMILIES}
    assert "STIX" not in svg


def test_a_series_of_a_case_bears_its_factor_its_name_and_its_seed() -> None:
    case = replace(make_findings(cases=1, seeds=1).cases[0], label="tres")
    with drawing("fig-x", 3, 2, factor="Bloques") as canvas:
        drawn = canvas.axes.plot([0, 1], [0, 1])
        canvas.show(case, drawn, canvas.axes, [(0.5, 0.5, "medio"), (9, 9, "fuera")], "pérdida", seed=7)
        canvas.trace(canvas.axes, "sin puntos", [(9, 9, "fuera")])
        saved = canvas.finish("Una <línea>.")
    (series,) = saved.series
    assert (series.title, series.facet) == ("Bloques: tres · pérdida", Facet(case.case.name, 7))
    assert [said for _, _, said in series.points] == ["medio"]
    assert f'data-case="{case.case.name}" data-seed="7"' in saved.svg
    assert '<title id="fig-x-title">Una &lt;línea&gt;.</title>' in saved.svg


def test_the_legend_makes_the_drawing_taller_and_without_labels_there_is_none() -> None:
    heights = []
    for label in ("serie", None):
        with drawing("fig-x", 3, 2) as canvas:
            canvas.axes.plot([0, 1], [0, 1], label=label)
            canvas.legend(canvas.axes)
            heights.append(canvas.figure.get_size_inches()[1])
    assert heights[0] > heights[1] == 2


def test_a_drawing_is_no_wider_than_the_page_that_it_is_for() -> None:
    def draw(name: str) -> Drawing:
        with drawing(name, 7.14, 2) as canvas:
            return canvas.finish("x")

    assert 'width="514.' in draw("fig-x").svg
    assert 'width="453.6pt"' in draw_within(6.3, draw, "fig-x").svg
    assert 'width="514.' in draw("fig-x").svg


@pytest.mark.slow
@pytest.mark.parametrize("name", [file.stem for file in STUDIES])
@pytest.mark.parametrize("template", ["ieee", "report"])
def test_no_letter_of_a_figure_of_the_suites_is_printed_too_small(name: str, template: Template) -> None:
    material = make_suite_material(name)
    paper = material.suite.paper.model_copy(update={"template": template})
    suite = material.suite.model_copy(update={"paper": paper})
    document = compose(replace(material, results=replace(material.results, suite=suite)))
    geometry = document.form.geometry
    column = geometry.column_width if template == "ieee" else 100.0
    found = 0
    for block in document.body:
        if isinstance(block, Figure):
            svg = block.drawing.svg
            width = re.search(r'<svg[^>]* width="([\d.]+)pt"', svg)
            assert width is not None
            printed = (geometry.text_width if block.wide else column) * 72 / 25.4
            sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)(?:px|pt)?"', svg)]
            assert sizes or "<text" not in svg, f"{block.id} has letters of no size"
            found += len(sizes)
            assert min(sizes, default=SMALLEST) * printed / float(width[1]) >= SMALLEST - 0.05, block.id
    assert found
