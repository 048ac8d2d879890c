"""Reports on the command line: how far their studies are, what is missing, and the paper of those that are finished."""

from __future__ import annotations

import json

import pytest

import benchsuite
from benchsuite.errors import PaperError, SetupError
from benchsuite.suite import SuiteError
from support.plugins import SUITE
from support.program import Program

REPORT = """
kind: report
name: both
title: Dos anchuras
studies:
  - {study: squares_width, label: Anchuras, carries: 4}
  - squares_rate
paper:
  abstract: "{{studies}}, {{runs}}: {{test_accuracy squares_width.4}}."
translations:
  en:
    title: Two widths
    abstract: "In all {{studies}}, {{runs}}: {{test_accuracy squares_width.4}}."
    labels: {squares_width: Widths}
"""
RATE = (
    SUITE.replace("squares_width", "squares_rate")
    .replace("name: speck", "name: speck, width: 4")
    .replace("model.width: [2, 4]", "recipe.learning_rate: [0.01, 0.02]")
    .replace("recipe: {name: finetune, max_epochs: 3, batch_size: 4, learning_rate: 0.01}",
             "recipe: {name: finetune, max_epochs: 3, batch_size: 4}")
    .replace("factor: model.width, baseline: 2", "factor: recipe.learning_rate, baseline: 0.01")
)  # fmt: skip
SAMPLE = ("--policy", "sample")


@pytest.fixture
def report(program: Program) -> Program:
    program.suite(SUITE + "claims: [{id: learnt, text: Ambas aprenden, at_least: 0.1}]\n")
    program.suite(RATE, "squares_rate")
    program.suite(REPORT, "both")
    return program


def test_it_is_listed_with_its_studies_and_planned_without_training(report: Program) -> None:
    rows = json.loads(report.run("list", "suites", "--json").out)["suites"]
    (row,) = [row for row in rows if row["name"] == "both"]
    assert (row["cases"], row["runs"]) == (0, 0)
    assert "a report on squares_width, squares_rate" in row["title"]
    planned = report.run("plan", "both", *SAMPLE)
    assert planned.code == 0, planned.err
    assert "squares_rate (0 of 4 runs done)" in planned.err
    told = json.loads(report.run("plan", "both", *SAMPLE, "--json").out)
    assert told["kind"] == "report"
    assert [(one["suite"], one["planned"], one["finished"]) for one in told["studies"]] == [
        ("squares_width", 4, False),
        ("squares_rate", 4, False),
    ]


@pytest.mark.parametrize("command", ["run", "paper"])
def test_what_is_not_finished_is_named_with_the_command_that_finishes_it(report: Program, command: str) -> None:
    words = "squares_width (0 of 4 runs done)", "benchsuite run squares_width --policy sample", "--studies"
    report.run(command, "both", *SAMPLE).refused("2 of 2 are not", *words)
    assert not (report.results / "both@sample").exists()


def test_a_study_that_is_not_there_is_told_with_a_suggestion(report: Program) -> None:
    report.suite(REPORT.replace("- squares_rate", "- squares_rat"), "both")
    report.run("paper", "both", *SAMPLE).refused("squares_rat", "did you mean 'squares_rate'?")


def test_commands_for_studies_say_that_it_is_none(report: Program) -> None:
    for command in ("verify", "export", "predict"):
        arguments = ("both", "photo.png") if command == "predict" else ("both",)
        done = report.run(command, *arguments)
        assert done.code == 2
        assert "Traceback" not in done.err
    report.run("why", "both").refused("this is a report, which gathers studies")
    report.run("run", "both", "--case", "width=2").refused("has no cases of its own")
    report.run("run", "squares_width", "--studies").refused("is a study, no report")


def test_python_tells_studies_and_reports_apart(report: Program) -> None:
    assert report.results
    with pytest.raises(SetupError, match="both is a report, which makes no runs") as told:
        benchsuite.run("both", policy="sample")
    assert "benchsuite.report" in (told.value.remedy or "")
    with pytest.raises(SuiteError, match="this is a study, and no report"):
        benchsuite.report("squares_width", policy="sample")
    with pytest.raises(PaperError, match="2 of 2 are not"):
        benchsuite.report("both", policy="sample")
    with pytest.raises(SetupError, match="report is 3"):
        benchsuite.report(3)  # type: ignore[arg-type]


def test_the_runs_of_its_studies_are_never_taken_for_nobodys(report: Program) -> None:
    (report.results / "runs").mkdir(parents=True)
    done = report.run("gc")
    assert done.code == 0, done.err


@pytest.mark.slow
def test_from_two_studies_to_a_paper_that_is_checked_and_reproduced(report: Program) -> None:
    done = report.run("run", "squares_width", *SAMPLE, "--no-estimate", "--no-paper")
    assert done.code == 0, done.err
    report.run("run", "both", *SAMPLE).refused("1 of 2 is not", "squares_rate (", "benchsuite run squares_rate")
    done = report.run("run", "both", *SAMPLE, "--studies", "--no-estimate", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert all(one["finished"] for one in told["studies"])
    folder = report.results / "both@sample"
    page = (folder / "paper.html").read_text(encoding="utf-8")
    assert "MUESTRA SINTÉTICA" in page
    assert "Anchuras" in page
    assert "tab-results-squares_rate" in page

    shown = report.run("show", "both", *SAMPLE, "--json")
    assert {record["spec"]["suite"] for record in json.loads(shown.out)} == {"squares_width", "squares_rate"}

    checked = report.run("check", str(folder))
    assert checked.code == 0, checked.err
    assert "the same bytes: every number" in checked.err
    again = report.run("reproduce", str(folder), "--runs", "1", "--to", str(report.folder / "again"))
    assert again.code == 0, again.err
    assert (report.folder / "again" / "paper.pdf").read_bytes() == (folder / "paper.pdf").read_bytes()
    report.run("paper", "--compare", str(folder), str(folder)).refused("the paper of the report both")

    # A suite that is edited asks for other runs: what is finished is not taken for them.
    report.suite(RATE.replace("max_epochs: 3", "max_epochs: 2"), "squares_rate")
    report.run("paper", "both", *SAMPLE).refused("squares_rate (0 of 4 runs done", "4 of it as it was")
    english = report.suite(RATE, "squares_rate")
    assert english.is_file()
    done = report.run("paper", "both", *SAMPLE, "--language", "en", "--template", "report", "--page", "letter")
    assert done.code == 0, done.err
    page = (folder / "paper.html").read_text(encoding="utf-8")
    assert all(words in page for words in ("The chain", "Two widths", "In all two", ">Widths<"))
    assert "Anchuras" not in page
    assert "the claims of squares_width are in Spanish, as their suites have them" in done.err
    assert "Claims of the studies are in Spanish" in page
    assert report.run("check", str(folder)).code == 0

    built = report.run("site", "-o", "pages", "--json")
    assert built.code == 0, built.err
    told = json.loads(built.out)
    assert (told["studies"], told["reports"], told["runs"]) == (2, 1, 8)
    assert "2 studies, 1 report, 8 runs" in built.err
    assert (report.folder / "pages" / "reports" / "both@sample" / "paper.pdf").is_file()

    made = benchsuite.report("both", policy="sample")
    stored = benchsuite.load("results/both")
    assert isinstance(stored, benchsuite.Report)
    assert (made.sample, made.folder, made.steps) == (True, folder, stored.steps)
    assert [(step.study, step.label) for step in made.steps] == [
        ("squares_width", "Anchuras"),
        ("squares_rate", "squares_rate"),
    ]
    assert "Two widths" in stored.paper(language="en").html.read_text(encoding="utf-8")
    assert made.paper().pdf == stored.paper().pdf == folder / "paper.pdf"
