"""Seeds until the claims are decided, from plan to paper: look by look, and the same however the study is made."""

from __future__ import annotations

import pytest

import benchsuite
from benchsuite.commands.options import StudyOptions
from benchsuite.commands.session import open_study
from benchsuite.site.gather import gather
from support.program import RATE, Program
from support.runs import put_sure

STUDY = (
    RATE
    + """\
vary: {recipe.learning_rate: [0.00001, 0.05]}
size: {cases: 2, seeds: 14}
seeds: {at_least: 6, at_most: 14, until: decided, every: 2}
compare: {factor: recipe.learning_rate, baseline: 0.00001}
claims:
  - {id: faster, text: Una tasa mayor aprende más., cases: [0.05], better_than: 0.00001, metric: train_loss}
"""
)
SURE = "  - {id: sure, text: Una tasa mayor calibra mejor., cases: [0.05], better_than: 0.00001, metric: test_ece}\n"
BOUNDED = "  - {id: bounded, text: Ninguna calibra muy mal., at_most: 0.9, metric: test_ece}\n"
ASKED = "metrics: {ece: {}}\n"
QUICK = ("--no-paper", "--no-estimate", "--weights", "none")
pytestmark = pytest.mark.usefixtures("rate")


def test_the_plan_says_which_looks_there_will_be(program: Program) -> None:
    plan = program.run("plan", "rate")
    assert plan.code == 0, plan.err
    assert "2 cases x 10 seeds of at most 14 = 20 runs" in plan.out
    assert "seeds until the claims are decided: 3 looks, at 10, 12, 14 seeds" in plan.out
    assert "with fewer than 10, no test could decide anything" in plan.out
    assert "power of 14 fixed seeds: differences of test_accuracy above 0.81 standard deviations" in plan.out
    found = program.planned("rate")["sequential"]
    assert [look["seeds"] for look in found["looks"]] == [10, 12, 14]
    assert (found["taken"], found["following"]) == ([], 8)


def test_the_seeds_of_the_command_line_are_refused(program: Program) -> None:
    program.run("plan", "rate", "--seeds", "3").refused("the claims decide how many seeds", "leave --seeds out")


@pytest.mark.parametrize("reopened", [False, True])
def test_a_claim_on_a_metric_of_a_plugin_is_decided_by_what_runs_predicted(program: Program, reopened: bool) -> None:
    program.suite(STUDY[: STUDY.index("  - {id")] + SURE + ASKED, "rate")
    study = open_study("rate", StudyOptions(), download=False, quiet=True)
    due = list(study.preparation.tasks)
    for task in due:
        made = put_sure(task, 10 if task.spec.case.name == "learning_rate=0.05" else 20 + task.spec.seed)
        if not reopened:
            assert not list(study.later.take(made))
    looks = open_study("rate", StudyOptions(), download=False, quiet=True).looks if reopened else study.looks
    assert [(look.seeds, look.decided) for look in looks] == [(10, ("sure",))]
    (claim,) = benchsuite.load(program.results / "rate").claims
    assert (claim.id, claim.verdict) == ("sure", "holds")


@pytest.mark.parametrize(("fewer", "due"), [(10, 0), (0, 2 * 2)])
def test_a_site_counts_the_seeds_of_looks_and_none_that_will_not_be_made(
    program: Program, fewer: int, due: int
) -> None:
    program.suite(STUDY[: STUDY.index("  - {id")] + SURE + ASKED, "rate")
    for task in open_study("rate", StudyOptions(), download=False, quiet=True).preparation.tasks:
        put_sure(task, 20 - (fewer if task.spec.case.name == "learning_rate=0.05" else 0))
    (study,) = gather(program.results).studies
    assert (study.declared.source, study.done, study.due) == ("suite", 20, due)


def test_a_claim_on_a_metric_that_nobody_asked_for_is_told(program: Program) -> None:
    program.suite(STUDY + SURE, "rate")
    program.run("plan", "rate").refused("no metric here is named 'test_ece'", "add `ece: {}` to the `metrics`")


@pytest.mark.slow
def test_a_study_ends_at_the_look_that_decides_and_its_paper_says_so(program: Program) -> None:
    program.suite(STUDY + BOUNDED + ASKED, "rate")
    made = program.run("run", "rate", "--no-estimate", "--weights", "none", "--workers", "2")
    assert made.code == 0, made.err
    assert "look 1 of 3, with 10 seeds: decided are faster, bounded, and with them every claim: the" in made.err
    found = program.planned("rate")
    assert {run["status"] for run in found["runs"]} == {"done"}
    assert found["power"]["known_from"] == 10
    assert " points are found with 80%" in " ".join(program.run("plan", "rate").out.split())
    assert (found["seeds"], found["sequential"]["following"]) == (list(range(10)), 0)
    assert "nothing to train" in program.run("run", "rate", *QUICK).err
    html = (program.results / "rate" / "paper.html").read_text()
    assert "el diseño es secuencial" in html
    assert "tiende a sobrestimar las diferencias" in html
    assert "error de calibración esperado (ECE)" in html
    assert program.run("check", str(program.results / "rate" / "paper.pdf")).code == 0


@pytest.mark.slow
def test_a_look_that_was_not_finished_is_taken_when_the_study_goes_on(program: Program) -> None:
    assert program.run("run", "rate", *QUICK, "--case", "learning_rate=0.05").code == 0
    assert program.planned("rate")["sequential"]["taken"] == []
    made = program.run("run", "rate", *QUICK, "--workers", "1")
    assert made.code == 0, made.err
    assert [look["seeds"] for look in program.planned("rate")["sequential"]["taken"]] == [10]
    (claim,) = benchsuite.load(program.results / "rate").claims
    assert (claim.id, claim.verdict) == ("faster", "holds")
