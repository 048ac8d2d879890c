"""What `check`, `reproduce` and `paper --compare` say of files, right or wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.document.numbering import number
from benchsuite.paper.plugin_figures import charts_of
from benchsuite.paper.rendering.pdf import render_pdf
from benchsuite.paper.sections.compose import compose
from benchsuite.registry import discover, registry
from support.paper_material import make_material
from support.program import Program


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest paper, and one that prints another accuracy than its results give."""
    folder = tmp_path_factory.mktemp("papers")
    material = make_material(cases=2, seeds=1)
    document = compose(material)
    (folder / "honest.pdf").write_bytes(render_pdf(document, number(document)))
    records = dict(material.results.records)
    key, record = next(iter(records.items()))
    assert record.test is not None
    records[key] = record.model_copy(update={"test": record.test.model_copy(update={"accuracy": 0.1234})})
    told = compose(replace(material, results=replace(material.results, records=records)))
    (folder / "forged.pdf").write_bytes(render_pdf(replace(told, files=pack(material)), number(told)))
    return folder


def test_an_honest_paper_passes(program: Program, papers: Path) -> None:
    done = program.run("check", str(papers / "honest.pdf"))
    assert done.code == 0, done.err
    assert "the same bytes: every number" in done.err


@pytest.mark.slow
def test_a_changed_digit_is_found_with_its_page_and_what_it_should_be(program: Program, papers: Path) -> None:
    done = program.run("check", str(papers / "forged.pdf"))
    assert done.code == 1
    assert "page " in done.err
    assert "12,3" in done.err
    assert "its results give" in done.err


def test_what_is_no_paper_is_refused(program: Program, tmp_path: Path) -> None:
    (tmp_path / "text.pdf").write_text("hello")
    program.run("check", str(tmp_path / "text.pdf")).refused("this is no PDF", "paper.pdf that benchsuite wrote")
    program.run("check", str(tmp_path / "absent.pdf")).refused("the paper cannot be read")
    program.run("reproduce", str(tmp_path / "text.pdf")).refused("this is no PDF")


def test_comparing_needs_one_paper_on_each_side(program: Program, papers: Path, tmp_path: Path) -> None:
    program.run("paper", "--compare", str(tmp_path), str(tmp_path)).refused("no paper.pdf lies below this folder")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "paper.pdf").write_bytes((papers / "honest.pdf").read_bytes())
    program.run("paper", "--compare", str(tmp_path), str(tmp_path / "a")).refused("several papers lie", "name the file")


def test_a_paper_of_nothing_names_what_is_missing(program: Program) -> None:
    program.run("paper").refused("no suite is named", "--compare A B")


FLAT = '''
from pydantic import Field
from benchsuite.api import Chart, ChartSeries, Figure, Parameters


class FlatParameters(Parameters):
    height: float = Field(default=1.0, ge=0, le=9)
    """How high the line lies."""


class Flat(Figure[FlatParameters]):
    name = "flat"
    Parameters = FlatParameters

    def chart(self, params, study):
        y = tuple(params.height for _ in study.cases)
        line = ChartSeries("", tuple(range(len(y))), y)
        names = tuple(case.label for case in study.cases)
        return Chart("una recta", "En 1.", "lines", "Caso", "Altura", (line,), names)
'''


@pytest.mark.slow
def test_the_chart_of_a_plugin_is_computed_again_where_the_plugin_is(program: Program, tmp_path: Path) -> None:
    plugin = tmp_path / "flat_figure.py"
    plugin.write_text(FLAT)
    material = make_material({"figures": [{"figure": {"name": "flat"}}]}, cases=2, seeds=1)
    material = replace(material, charts=charts_of(material, discover((), local=[plugin])))
    (made,) = material.charts
    higher = replace(made.chart, series=(replace(made.chart.series[0], y=(2.0, 2.0)),))
    for name, charts in (("honest", (made,)), ("forged", (replace(made, chart=higher),))):
        document = compose(replace(material, charts=charts))
        (tmp_path / f"{name}.pdf").write_bytes(render_pdf(document, number(document)))

    done = program.run("check", str(tmp_path / "forged.pdf"))
    assert done.code == 0
    assert "which is not here: its points were not computed again" in done.err
    registry.cache_clear()  # as another process would have none
    done = program.run("check", str(tmp_path / "honest.pdf"), "--plugins", str(plugin))
    assert (done.code, "computed again" in done.err) == (0, False), done.err
    done = program.run("check", str(tmp_path / "forged.pdf"), "--plugins", str(plugin))
    assert done.code == 1
    assert "fig-flat: flat of local" in done.err
    assert "gives another chart for these runs" in done.err
