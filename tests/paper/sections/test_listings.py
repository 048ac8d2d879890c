"""Listings have what was declared and what was written, however hostile, and are never too long."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Listing, Paragraph
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.listings import DECLARED, LONG, MOST_LINES, design_blocks, source_blocks
from benchsuite.registry import registry
from benchsuite.suite.reader import read_suite
from support.paper_material import HOSTILE, make_material
from support.paper_studies import make_study
from support.shipped import SUITES
from support.synthetic_study import make_unstudied_material


def only(blocks: list[Block]) -> Listing:
    paragraph, listing = blocks
    assert isinstance(paragraph, Paragraph)
    assert isinstance(listing, Listing)
    assert f"{{{{{listing.id}}}}}" in paragraph.text
    return listing


def test_the_declaration_reads_back_as_it_was_declared() -> None:
    material = make_material({"further": ["fig-listing"]})
    listing = only(design_blocks(PaperContext(material)))
    read = yaml.safe_load(listing.source)
    declared = material.suite.model_dump(mode="json", exclude_unset=True)
    assert read == {name: declared[name] for name in DECLARED if name in declared}
    assert read["vary"] == {"recipe.freeze.blocks": [0, 1, 2, 3, 4]}
    assert "paper" not in read
    assert not listing.wide


@pytest.mark.parametrize(("length", "wide"), [(LONG, False), (LONG + 1, True)])
def test_code_with_long_lines_takes_the_width_of_the_page(length: int, wide: bool) -> None:
    material = replace(make_material({"further": ["fig-source"]}), source="x" * length)
    assert only(source_blocks(PaperContext(material))).wide is wide


def test_code_that_would_fill_a_page_is_cut() -> None:
    code = "\n".join(f"line_{number} = {number}" for number in range(500))
    material = replace(make_material({"further": ["fig-source"]}), source=code)
    lines = only(source_blocks(PaperContext(material))).source.split("\n")
    assert len(lines) == MOST_LINES
    assert lines[-1] == "…"


def test_code_is_set_as_it_is_and_means_nothing_to_the_page() -> None:
    material = replace(make_material({"further": ["fig-source"]}), source=f"{HOSTILE}\n    **b** `c` {{{{fig-x}}}}")
    document = compose(material)
    page = render_html(document, number(document))
    shown = page[page.index('<pre lang="en" tabindex="0">') :].split("</pre>")[0]
    assert "<script" not in shown
    assert "    **b** `c` {{fig-x}}" in shown
    assert "&lt;script&gt;" in shown
    assert "\u202e" not in shown


def test_listings_are_there_only_where_asked_for_and_known() -> None:
    assert design_blocks(PaperContext(make_material())) == []
    assert source_blocks(PaperContext(replace(make_material(), source="x"))) == []
    assert source_blocks(PaperContext(make_material({"further": ["fig-source"]}))) == []


def test_listings_are_numbered_with_the_figures() -> None:
    material = make_material({"further": ["fig-listing"]}, cases=2, seeds=2)
    document = compose(material)
    labels = number(document).labels
    order = [block.id for block in document.body if getattr(block, "kind", "") in ("figure", "photos", "listing")]
    assert [labels[name] for name in order] == [f"Figura\u00a0{place}" for place in range(1, len(order) + 1)]
    assert "fig-listing" in order


def test_the_changes_of_named_cases_are_in_the_declaration() -> None:
    material = make_study("aves")
    paper = material.suite.paper.model_copy(update={"further": ("fig-listing",)})
    suite = material.suite.model_copy(update={"paper": paper})
    study = PaperContext(replace(material, results=replace(material.results, suite=suite)))
    read = yaml.safe_load(only(design_blocks(study)).source)
    assert read["cases"][3] == {"name": "ajuste 3 (kernel 6)", "set": {"model.kernel_size": 6}}


@pytest.mark.parametrize("name", ["cub_x20", "cub_x200", "two_phase"])
def test_a_column_holds_the_lines_of_a_declaration(name: str) -> None:
    study = PaperContext(make_unstudied_material(read_suite(SUITES / f"{name}.yaml", registry())))
    lines = only(design_blocks(study)).source.split("\n")
    assert max(map(len, lines)) <= LONG
