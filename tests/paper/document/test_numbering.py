"""Numbers of sections, floats and works."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchsuite.errors import PaperError
from benchsuite.paper.document.blocks import Document, Drawing, Equation, Figure, Heading, Paragraph
from benchsuite.paper.document.numbering import number
from benchsuite.paper.sections.compose import compose
from support.paper_material import make_material


def drawn(name: str) -> Drawing:
    return Drawing("<svg/>", name)


EMPTY = Document("t", (), "", (), (), {}, (), None)


def test_sections_floats_and_leads_are_numbered_in_reading_order() -> None:
    body = (
        Heading("sec-a", 1, "A"),
        Heading("sec-b", 2, "B"),
        Paragraph("x", lead="L"),
        Figure("fig-a", "c", drawn),
        Equation("eq-a", "x", "x"),
        Heading("sec-c", 1, "C"),
        Figure("fig-b", "c", drawn, wide=True),
    )
    found = number(replace(EMPTY, body=body))
    assert found.numbers == ("I", "I-A", "I-A1", "1", "1", "II", "2")
    assert found.labels["fig-b"] == "Figura\u00a02"


def test_works_are_numbered_by_first_citation_and_only_cited_ones() -> None:
    found = number(compose(make_material(cases=1, seeds=1)))
    assert found.citations == {"zeta": 1, "alfa": 2, "beans": 3, "he2016": 4, "media": 5}


def test_a_citation_of_an_unlisted_work_is_an_error() -> None:
    with pytest.raises(PaperError, match="nadie"):
        number(replace(EMPTY, body=(Paragraph("véase [[nadie]]"),)))


def test_repeated_identifiers_are_an_error() -> None:
    with pytest.raises(PaperError, match="sec-a"):
        number(replace(EMPTY, body=(Heading("sec-a", 1, "A"), Heading("sec-a", 1, "B"))))
