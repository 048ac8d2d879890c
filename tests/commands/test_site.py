"""`benchsuite site` as a user meets it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import webbrowser
from html import unescape

import pytest

from benchsuite.store.run_store import Store
from benchsuite.suite.cases.plan import RunSpec
from support.program import Program
from support.runs import put_run
from support.site import put_broken, tree
from support.synthetic import make_case


def test_the_site_is_built_and_then_stands(program: Program) -> None:
    put_run(program.results)
    done = program.run("site", "-o", "pages")
    assert done.code == 0
    assert "1 study, 1 run: 6 files written" in done.err
    assert "pages/index.html" in done.err
    before = tree(program.folder / "pages")
    again = program.run("site", "results", "--to", "pages")
    assert "nothing has changed, 6 files stand" in again.err
    assert tree(program.folder / "pages") == before


def test_the_first_page_has_the_title_that_was_asked_for(program: Program) -> None:
    put_run(program.results)
    program.run("site", "-o", "pages", "--title", "Plants <& leaves>")
    text = (program.folder / "pages" / "index.html").read_text()
    assert "<h1>Plants &lt;&amp; leaves&gt;</h1>" in text
    assert "<title>Plants &lt;&amp; leaves&gt;</title>" in text


def test_what_cannot_be_read_is_told_and_the_rest_is_shown(program: Program) -> None:
    damaged, newer = put_broken(program.results)
    put_run(program.results)
    done = program.run("site", "-o", "pages")
    assert done.code == 0
    assert f"left out: runs/{damaged}: this record is not JSON" in done.err
    assert f"left out: runs/{newer}: this record has schema version" in done.err
    assert "1 study, 1 run" in done.err


def test_a_folder_without_results_is_refused(program: Program) -> None:
    program.run("site", "-o", "pages").refused("this folder is not there", "benchsuite run")
    program.results.mkdir()
    program.run("site", "-o", "pages").refused("there are no results in this folder", "results folder", "--results")
    assert not (program.folder / "pages").exists()


def test_an_empty_results_folder_gives_a_site_that_says_so(program: Program) -> None:
    (program.results / "runs").mkdir(parents=True)
    assert program.run("site", "-o", "pages").code == 0
    assert "There are no runs in this results folder yet." in (program.folder / "pages" / "index.html").read_text()


def test_a_folder_of_somebody_else_is_refused_and_nothing_in_it_touched(program: Program) -> None:
    put_run(program.results)
    (program.folder / "thesis").mkdir()
    (program.folder / "thesis" / "index.html").write_text("mine")
    program.run("site", "-o", "thesis").refused("this folder is no site", "index.html", "name another folder")
    program.run("site", "-o", "results").refused("this folder is no site", "runs")
    assert tree(program.folder / "thesis") == {"index.html": b"mine"}


def test_the_site_may_lie_in_the_results_folder(program: Program) -> None:
    put_run(program.results)
    for _ in range(2):
        assert program.run("site", "-o", "results/site").code == 0
    assert "nothing has changed" in program.run("site", "-o", "results/site").err


def test_no_folder_for_the_site_is_an_error_that_says_which_option(program: Program) -> None:
    done = program.run("site")
    assert done.code == 2
    assert "--to" in done.err


def test_open_shows_the_first_page(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def open_page(address: str) -> bool:
        shown.append(address)
        return len(shown) == 1

    monkeypatch.setattr(webbrowser, "open", open_page)
    put_run(program.results)
    assert "no browser" not in program.run("site", "-o", "pages", "--open").err
    assert shown == [(program.folder / "pages" / "index.html").resolve().as_uri()]
    assert "no browser could be started" in program.run("site", "-o", "pages", "--open").err


def test_a_site_is_built_without_torch(program: Program) -> None:
    put_run(program.results)
    code = (
        "import sys\nfrom benchsuite.cli import main\nsys.argv = ['benchsuite', 'site', '-o', 'pages']\nmain()\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_command_on_a_page_repeats_that_run_and_no_other(program: Program) -> None:
    made = program.run("run", "squares_width", "--policy", "sample", "--seeds", "1", "--no-estimate")
    assert made.code == 0, made.err
    assert program.run("site", "-o", "pages").code == 0
    records = list(Store(program.smoke_runs.parent).records())
    assert len(records) > 1
    for record in records:
        page = program.folder / "pages" / "runs" / "squares_width@sample" / f"{record.key}.html"
        command = re.search("<pre>(.*?)</pre>", page.read_text())
        assert command is not None
        done = program.run(*shlex.split(unescape(command[1]))[1:])
        assert done.code == 0, done.err
        assert done.out.count("the same bits") == 1
        assert f"{record.spec.case.name}, seed {record.spec.seed}" in done.out


def test_a_study_is_told_by_the_suite_that_is_found_here(program: Program) -> None:
    put_run(program.results, spec=RunSpec(suite="squares_width", case=make_case(), seed=0))
    assert program.run("site", "-o", "pages").code == 0
    page = (program.folder / "pages" / "studies" / "squares_width" / "index.html").read_text()
    assert "There is no paper yet" in page
    assert "Other runs" in page
    program.suite("name: [", "squares_width")
    told = program.run("site", "-o", "pages")
    assert told.code == 0
    assert "squares_width: The suite squares_width.yaml cannot be read" in told.err


def test_programs_are_told_what_was_written_and_what_could_not_be_read(program: Program) -> None:
    put_run(program.results)
    keys = put_broken(program.results)
    told = json.loads(program.run("site", "-o", "pages", "--json").out)
    assert (told["site"], told["studies"], told["runs"]) == ("pages/index.html", 1, 1)
    assert (told["written"], told["kept"], told["removed"]) == (6, 0, 0)
    assert {problem["where"] for problem in told["problems"]} == {f"runs/{key}" for key in keys}
