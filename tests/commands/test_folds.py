"""Folds from plan to paper, and what a user who declares them wrongly is told."""

from __future__ import annotations

from pathlib import Path

import pytest

import benchsuite
from benchsuite.commands.options import StudyOptions
from benchsuite.commands.session import open_study
from support.program import RATE, Program
from support.runs import put_sure

STUDY = (
    RATE
    + """\
vary: {recipe.learning_rate: [0.00001, 0.05]}
size: {cases: 2, seeds: 5}
seeds: 5
folds: 5
compare: {factor: recipe.learning_rate, baseline: 0.00001, metric: validation_accuracy}
claims:
  - {id: faster, text: Una tasa mayor aprende más., cases: [0.05], better_than: 0.00001, metric: train_loss}
"""
)
pytestmark = pytest.mark.usefixtures("rate")


def test_the_plan_tells_the_folds_and_their_sizes(program: Program) -> None:
    plan = program.run("plan", "rate")
    assert plan.code == 0, plan.err
    words = " ".join(plan.out.split())
    assert "5 folds in 1 round: seed n is validated on fold n mod 5, with 6 to 7 images" in words
    assert plan.err.count("train: 28 images") == 1, "the data are told once, as they were found"
    found = program.planned("rate")
    assert (found["folds"]["k"], found["folds"]["merge_official"]) == (5, False)
    assert sum(size["validation"] for size in found["folds"]["sizes"]) == 34
    assert {size["train"] + size["validation"] for size in found["folds"]["sizes"]} == {34}
    assert [run["fold"]["number"] for run in found["runs"]] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_more_folds_than_images_of_the_smallest_class_are_refused(program: Program) -> None:
    program.suite(STUDY.replace("seeds: 5", "seeds: 18").replace("folds: 5", "folds: 18"), "rate")
    program.run("plan", "rate").refused("there are more folds, 18, than images of the class 'gato'", "folds: 17")


def test_a_validation_folder_of_the_users_own_is_not_merged_unasked(program: Program, noise: Path) -> None:
    for split in ("train", "validation"):
        (noise / split).mkdir()
    for label in ("gato", "perro"):
        for number, photo in enumerate(sorted((noise / label).iterdir())):
            home = noise / ("train" if number < 14 else "validation") / label
            home.mkdir(exist_ok=True)
            photo.rename(home / photo.name)
        (noise / label).rmdir()
    program.run("plan", "rate").refused("have a validation split of their own", "merge_official: true")
    program.suite(STUDY.replace("folds: 5", "folds: {k: 5, merge_official: true}"), "rate")
    assert program.run("plan", "rate").code == 0


@pytest.mark.slow
def test_a_study_of_folds_is_made_and_its_paper_says_what_it_is(program: Program) -> None:
    made = program.run("run", "rate", "--no-estimate", "--workers", "1")
    assert made.code == 0, made.err
    assert "nothing to train" in program.run("run", "rate", "--no-paper", "--no-estimate").err
    html = (program.results / "rate" / "paper.html").read_text()
    assert "La validación es cruzada" in html
    assert program.run("check", str(program.results / "rate" / "paper.pdf")).code == 0
    study = benchsuite.load(program.results / "rate")
    assert {(run.seed, run.folds, run.fold) for run in study.runs} == {(seed, 5, seed) for seed in range(5)}


@pytest.mark.parametrize(
    ("fewer", "verdict"),
    [
        ((3, 3, 4, 4, 4), "holds"),
        # Of independent runs p would be 0.01 on either side; of folds it is 0.03.
        ((1, 2, 3, 4, 6), "open"),
    ],
)
def test_a_metric_of_a_plugin_is_decided_over_folds_with_their_correction(
    program: Program, fewer: tuple[int, ...], verdict: str
) -> None:
    program.suite(
        STUDY.replace("metric: validation_accuracy", "metric: validation_ece").replace("train_loss", "validation_ece")
        + "metrics: {ece: {}}\n",
        "rate",
    )
    for task in open_study("rate", StudyOptions(), download=False, quiet=True).preparation.tasks:
        better = task.spec.case.name == "learning_rate=0.05"
        put_sure(task, 20 + task.spec.seed - (fewer[task.spec.seed] if better else 0))
    study = benchsuite.load(program.results / "rate")
    (claim,) = study.claims
    assert (claim.id, claim.verdict) == ("faster", verdict)
