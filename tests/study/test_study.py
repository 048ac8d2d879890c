"""A study as Python sees it: its claims and its paper, made now or stored."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

import benchsuite
from benchsuite.errors import BenchsuiteError, SetupError
from support.plugins import SUITE
from support.program import Program

CLAIMS = """
claims:
  - {id: wide, text: La red *ancha* acierta más, cases: [4], better_than: 2}
  - {id: low, text: Ninguna baja del 1 %, at_least: 0.01}
"""


def test_a_paper_shows_itself_in_a_frame_that_reaches_nothing_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "paper.html"
    page.write_text('<!doctype html><p class="a">«ñ» & <script>1 < 2</script></p>', encoding="utf-8")
    shown = benchsuite.Paper(page, tmp_path / "paper.pdf")._repr_html_()
    found = re.fullmatch(r'<iframe srcdoc="([^"]*)" sandbox="([^"]*)" title="[^"]*" style="[^"]*"></iframe>', shown)
    assert found is not None
    assert unescape(found[1]) == page.read_text(encoding="utf-8")
    assert "allow-same-origin" not in found[2]


@pytest.mark.slow
def test_claims_and_papers_are_the_same_made_now_and_stored(program: Program) -> None:
    program.suite(SUITE + CLAIMS)
    made = benchsuite.run("squares_width", policy="sample", estimate=False)
    assert [(claim.id, claim.text, claim.verdict) for claim in made.claims] == [
        ("wide", "La red ancha acierta más", "open"),
        ("low", "Ninguna baja del 1 %", made.claims[1].verdict),
    ]
    paper = made.paper()
    assert paper.pdf == program.results / "squares_width@sample" / "paper.pdf"
    before = paper.pdf.read_bytes(), paper.html.read_bytes()
    assert "Anchura y exactitud" in unescape(paper._repr_html_())

    program.suite(SUITE)  # the claims of a stored study are those of its paper
    stored = benchsuite.load("results", "squares_width")
    assert stored.claims == made.claims
    assert {run.key: run.metrics for run in stored.runs} == {run.key: run.metrics for run in made.runs}
    assert stored.paper() == paper
    assert (paper.pdf.read_bytes(), paper.html.read_bytes()) == before
    for shown in (made._repr_html_(), stored._repr_html_()):
        assert "La red ancha acierta más" in shown
        assert "Synthetic sample" in shown

    with pytest.raises(SetupError, match="template is 'poster'"):
        stored.paper(template="poster")  # type: ignore[arg-type]
    report = stored.paper(template="report")
    assert report.pdf.read_bytes() != before[0]


@pytest.mark.slow
def test_without_a_paper_the_suite_of_that_name_tells_the_claims(program: Program) -> None:
    program.suite(SUITE + CLAIMS)
    benchsuite.run("squares_width", policy="sample", estimate=False, paper=False)
    stored = benchsuite.load("results", "squares_width")
    assert [claim.id for claim in stored.claims] == ["wide", "low"]
    (program.folder / "suites" / "squares_width.yaml").unlink()
    gone = benchsuite.load("results", "squares_width")
    assert len(gone.runs) == 4
    assert "4 runs done" in gone._repr_html_()
    with pytest.raises(BenchsuiteError, match="squares_width"):
        gone.claims  # noqa: B018
    with pytest.raises(BenchsuiteError, match="squares_width"):
        gone.paper()
