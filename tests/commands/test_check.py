"""What `check`, `reproduce` and `paper --compare` say of files, right or wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchsuite.extras import EXTRAS
from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.document.numbering import number
from benchsuite.paper.plugin_figures import charts_of
from benchsuite.paper.rendering.pdf import render_pdf
from benchsuite.paper.sections.compose import compose
from benchsuite.registry import discover, registry
from support.hostile_papers import FILES_THAT_HURT, RESULTS_THAT_CANNOT_BE, with_results
from support.paper_material import make_material
from support.program import Program
from support.smaller import block


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
def test_a_paper_is_checked_where_nothing_that_trains_can_be_imported(papers: Path, tmp_path: Path) -> None:
    blocked = block(
        tmp_path / "blocked", "torch", "torchvision", "triton", *(one for of in EXTRAS.values() for one in of)
    )
    for command in (["check", str(papers / "honest.pdf")], ["reproduce", str(papers / "honest.pdf")]):
        done = subprocess.run(
            [sys.executable, "-m", "benchsuite", *command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(blocked)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "the same bytes: every number" in done.stderr


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


def test_what_is_not_there_or_a_folder_is_told_with_what_to_do(
    program: Program, papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ("check", "reproduce"):
        program.run(command, str(tmp_path / "absent.pdf")).refused("No such file", "remedy:")
        (tmp_path / "empty").mkdir(exist_ok=True)
        program.run(command, str(tmp_path / "empty")).refused("no paper.pdf lies below this folder", "remedy:")
        program.run(command, "/dev/null").refused("this is no file", "remedy:")
        program.run(command, str(tmp_path / ("x" * 5000))).refused("cannot be read", "remedy:")
    os.mkfifo(tmp_path / "pipe.pdf")
    program.run("check", str(tmp_path / "pipe.pdf")).refused("this is no file")
    (tmp_path / "empty" / "paper.pdf").write_bytes((papers / "honest.pdf").read_bytes())
    assert program.run("check", str(tmp_path / "empty")).code == 0


HURT = ("encrypted by AES", "gigabytes of attachments", "twenty thousand pages", "cut in half")
CANNOT_BE = ("more outcomes than there are", "a ragged confusion", "a confusion of zeros", "epochs that are no numbers")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*HURT, *CANNOT_BE])
def test_hostile_papers_are_refused_on_one_screen(name: str, program: Program, papers: Path, tmp_path: Path) -> None:
    honest = (papers / "honest.pdf").read_bytes()
    hostile = FILES_THAT_HURT[name](honest) if name in HURT else with_results(honest, RESULTS_THAT_CANNOT_BE[name])
    (tmp_path / "hostile.pdf").write_bytes(hostile)
    program.run("check", str(tmp_path / "hostile.pdf")).refused("this paper is damaged or hostile: ", "remedy:")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["check", "reproduce", "paper"])
@pytest.mark.parametrize("name", [*RESULTS_THAT_CANNOT_BE, *FILES_THAT_HURT])
def test_no_paper_ends_in_a_traceback(name: str, command: str, program: Program, papers: Path, tmp_path: Path) -> None:
    honest = (papers / "honest.pdf").read_bytes()
    change = RESULTS_THAT_CANNOT_BE.get(name)
    hostile = FILES_THAT_HURT[name](honest) if change is None else with_results(honest, change)
    file = tmp_path / "hostile.pdf"
    file.write_bytes(hostile)
    done = program.run(
        command, *(("--compare", str(papers / "honest.pdf"), str(file)) if command == "paper" else (str(file),))
    )
    assert done.code in (0, 1, 2)
    assert "Traceback" not in done.err
    assert "defect" not in done.err, done.err
    assert (done.code == 2) == ("error: " in done.err and "remedy:" in done.err), done.err


@pytest.mark.parametrize("command", ["check", "reproduce"])
def test_a_paper_of_a_newer_version_is_told_as_one(
    command: str, program: Program, papers: Path, tmp_path: Path
) -> None:
    def newer(content: dict[str, Any]) -> None:
        for record in content["records"]:
            record["schema_version"] = 99

    (tmp_path / "newer.pdf").write_bytes(with_results((papers / "honest.pdf").read_bytes(), newer))
    program.run(command, str(tmp_path / "newer.pdf")).refused("version 99", "newer benchsuite")


def test_for_programs_a_comparison_is_a_document(program: Program, papers: Path) -> None:
    done = program.run("check", str(papers / "honest.pdf"), "--json")
    told = json.loads(done.out)
    assert (done.code, told["same"], told["equal_bytes"], told["words"], told["faults"]) == (0, True, True, [], [])


@pytest.mark.slow
def test_for_programs_a_forged_paper_has_its_differences(program: Program, papers: Path) -> None:
    done = program.run("check", str(papers / "forged.pdf"), "--json")
    told = json.loads(done.out)
    assert (done.code, told["same"]) == (1, False)
    assert any("12,3" in one["printed"] for one in told["words"])
    assert all(one["page"] >= 1 for one in told["words"])


def test_runs_that_read_what_a_paper_names_are_not_repeated(program: Program, papers: Path, tmp_path: Path) -> None:
    def name_secret(content: dict[str, Any]) -> None:
        content["plan"]["cases"][1]["model"]["parameters"]["weights"] = "/home/ana/secret.pth"

    (tmp_path / "hostile.pdf").write_bytes(with_results((papers / "honest.pdf").read_bytes(), name_secret))
    done = program.run("reproduce", str(tmp_path / "hostile.pdf"), "--runs", "1")
    done.refused(
        "names files of this machine outside the folder of data", "model resnet: /home/ana/secret.pth", "--data"
    )
    assert not (tmp_path / "reproduced").exists()


def test_what_a_paper_says_steers_no_terminal(program: Program, papers: Path, tmp_path: Path) -> None:
    def steer(content: dict[str, Any]) -> None:
        content["schema"] = "\x1b[2J\x1b]0;title\x07[red]"

    (tmp_path / "hostile.pdf").write_bytes(with_results((papers / "honest.pdf").read_bytes(), steer))
    done = program.run("check", str(tmp_path / "hostile.pdf"))
    assert "\x1b" not in done.err
    assert "[red]" in done.err


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
    assert "its points were not computed again" in done.err
    registry.cache_clear()  # as another process would have none
    done = program.run("check", str(tmp_path / "honest.pdf"), "--plugins", str(plugin))
    assert (done.code, "computed again" in done.err) == (0, False), done.err
    done = program.run("check", str(tmp_path / "forged.pdf"), "--plugins", str(plugin))
    assert done.code == 1
    assert "fig-flat: flat of local" in done.err
    assert "gives another chart for these runs" in done.err
