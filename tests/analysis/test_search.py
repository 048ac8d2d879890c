"""Findings of a search: every number from its runs, the best first, and no importance that chance would show."""

from __future__ import annotations

import numpy as np
import pytest

from benchsuite.analysis.search import epsilon_squared, search_findings
from benchsuite.analysis.summary import study
from benchsuite.suite.schema.suite import Halving
from support.search import SPACE, make_results, make_search, make_search_findings
from support.synthetic import make_plan

HALVING = Halving(path="recipe.max_epochs", rungs=(3, 9, 27), keep=0.34)


def test_trials_come_best_first_each_with_its_run() -> None:
    plan, keys, records = make_results(make_search())
    found = search_findings(plan, keys, records)
    assert found is not None
    accuracies = [trial.values["validation_accuracy"] for trial in found.trials]
    assert accuracies == sorted(accuracies, reverse=True)
    assert len(accuracies) == 24
    assert found.best == found.trials[0]
    for trial in found.trials:
        assert trial.run is not None
        record = records[trial.run]
        assert record.best is not None
        assert trial.values["validation_accuracy"] == record.best.validation_accuracy
        assert trial.values["epochs_run"] == len(record.epochs)
        assert trial.settings == record.spec.case.settings


def test_the_smallest_loss_is_the_best() -> None:
    found = make_search_findings(make_search(metric="validation_loss"))
    losses = [trial.values["validation_loss"] for trial in found.trials]
    assert losses == sorted(losses)


def test_a_trial_that_came_further_stands_before_a_better_one_that_did_not() -> None:
    found = make_search_findings(make_search(halving=HALVING))
    assert [trial.rung for trial in found.trials] == [2] * 4 + [1] * 5 + [0] * 15
    assert [trial.resource for trial in found.trials[3:5]] == [27, 9]
    assert found.planned == found.done == found.most == 24 + 9 + 4


def test_missing_and_failed_trials_are_counted_and_never_guessed() -> None:
    found = make_search_findings(make_search(), done=9, failing=4)
    assert (found.planned, found.done, found.failed) == (24, 7, 2)
    assert [trial.status for trial in found.trials].count("due") == 15
    assert all(trial.run is None and not trial.values for trial in found.trials[7:])
    assert make_search_findings(make_search(), done=0).best is None


def test_what_decides_is_told_from_what_does_not() -> None:
    found = make_search_findings(make_search(budget=40))
    shares = {axis.path: axis for axis in found.importances}
    decisive, idle = shares["recipe.learning_rate"], shares["recipe.momentum"]
    assert found.importances[0] == decisive
    assert decisive.share is not None
    assert decisive.chance is not None
    assert decisive.share > 0.9
    assert decisive.chance < 0.5
    assert idle.share is not None
    assert idle.chance is not None
    assert idle.share < idle.chance
    assert len(decisive.runs) == 40


def test_nothing_is_said_of_an_axis_with_too_few_trials_for_its_values() -> None:
    found = make_search_findings(make_search(budget=10))
    shares = {axis.path: axis.share for axis in found.importances}
    assert shares["recipe.momentum"] is None
    assert shares["recipe.weight_decay"] is not None
    assert all(axis.share is None for axis in make_search_findings(make_search(), done=1).importances)


def test_importance_is_taken_from_the_rung_that_all_trials_had() -> None:
    found = make_search_findings(make_search(halving=HALVING))
    assert all(len(axis.runs) == 24 for axis in found.importances)


def test_epsilon_squared_is_kelleys() -> None:
    values = np.array([1.0, 2.0, 3.0, 7.0, 8.0, 9.0])
    groups = np.array([0, 0, 0, 1, 1, 1])
    # SS within 4, total 58: 1 - (4 / 4) / (58 / 5)
    assert epsilon_squared(groups, values) == pytest.approx(1 - 1 / 11.6)
    draw = np.random.default_rng(0)
    nothing = [epsilon_squared(draw.integers(5, size=60) % 5, draw.normal(size=60)) for _ in range(400)]
    assert abs(float(np.mean(nothing))) < 0.01


def test_the_same_records_give_the_same_findings() -> None:
    assert make_search_findings() == make_search_findings()


def test_the_cases_of_a_study_are_counted_without_its_trials() -> None:
    plan, keys, records = make_results(make_search(space=SPACE))
    found = study(plan, keys, records)
    assert (found.planned, found.done) == (1, 0)
    assert found.search is not None
    assert found.search.done == 24
    assert found.partial
    assert found.dataset is not None
    assert found.finished is not None
    assert study(make_plan(1, 1), {}, {}).search is None
