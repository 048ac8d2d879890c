"""The power that `plan` tells follows from the number of seeds, and from how much the runs so far differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest

from benchsuite.analysis.power import smallest_size
from benchsuite.commands.options import StudyOptions
from benchsuite.commands.power import power, power_words
from benchsuite.commands.session import Session, open_study
from benchsuite.engine.task import RunTask
from benchsuite.store.run_store import Store
from support.program import RATE, Program
from support.runs import put_sure
from support.synthetic import make_record

STUDY = (
    RATE
    + """\
vary: {recipe.learning_rate: [0.01, 0.02, 0.05]}
size: {cases: 3, seeds: 12}
seeds: 12
compare: {factor: recipe.learning_rate, baseline: 0.01}
"""
)
SHIFTS = {"learning_rate=0.01": 0.0, "learning_rate=0.02": 0.0001, "learning_rate=0.05": 0.002}
"""What accuracy grows by with each seed: so the last case differs most."""


@pytest.fixture
def opened(program: Program, noise: Path) -> Callable[..., Session]:
    """The study, with other words in its suite."""

    def open_it(old: str = "", new: str = "") -> Session:
        assert old in STUDY
        program.suite(STUDY.replace(old, new) if old else STUDY, "rate")
        return open_study("rate", StudyOptions(), download=False, quiet=True)

    return open_it


def make(study: Session, wanted: Callable[[RunTask], bool]) -> None:
    for task in filter(wanted, study.preparation.tasks):
        record = make_record(task.spec)
        assert record.test is not None
        test = record.test.model_copy(update={"accuracy": 0.5 + SHIFTS[task.spec.case.name] * task.spec.seed})
        made = {"key": task.key.key, "key_fields": task.key.fields, "test": test}
        Store(task.results).write(record.model_copy(update=made))


def told(study: Session) -> dict[str, Any]:
    found = power(study, study.survey().statuses)
    assert found is not None
    return found


def said(study: Session) -> list[str]:
    return list(power_words(study, study.survey().statuses))


def test_before_any_run_the_size_is_in_deviations(opened: Callable[..., Session]) -> None:
    study = opened()
    size = smallest_size(12, 2)
    assert told(study) == {
        "metric": "test_accuracy", "seeds": 12, "comparisons": 2, "size": size, "deviation": None, "known_from": 0,
    }  # fmt: skip
    (line,) = said(study)
    assert line.startswith(
        f"power of 12 fixed seeds: differences of test_accuracy above {size:.2f} standard deviations"
    )


def test_five_pairs_tell_how_large_a_difference_is(opened: Callable[..., Session]) -> None:
    study = opened()
    make(study, lambda task: task.spec.seed < 4)
    assert told(study)["deviation"] is None
    make(study, lambda task: task.spec.seed == 4)
    found, deviation = told(study), stdev(0.002 * seed for seed in range(5))
    assert found["known_from"] == 5
    assert found["deviation"] == pytest.approx(deviation)
    (line,) = said(study)
    assert f"above {100 * found['size'] * deviation:.2f} points are found with 80%" in line
    assert f"of {100 * deviation:.2f}, from 5 seeds" in line


def test_of_many_runs_whole_comparisons_are_read(opened: Callable[..., Session], program: Program) -> None:
    study = opened()
    make(study, lambda task: True)
    assert told(study)["deviation"] == pytest.approx(stdev(0.002 * seed for seed in range(12)))
    program.patch.setattr("benchsuite.commands.power.ENOUGH_RUNS", 1)
    first = told(study)
    assert (first["known_from"], first["deviation"]) == (12, pytest.approx(stdev(0.0001 * seed for seed in range(12))))


def test_too_few_seeds_have_none(opened: Callable[..., Session]) -> None:
    study = opened("12", "4")
    assert told(study)["size"] is None
    assert said(study) == ["power of 4 fixed seeds: none, they are too few for a test of 2 comparisons"]


CLAIM = "claims:\n  - {id: c, text: Algo., cases: [learning_rate=0.05], better_than: learning_rate=0.01}\n"


def test_where_claims_alone_are_tested_it_is_that_of_each_of_their_inequalities(opened: Callable[..., Session]) -> None:
    compared = STUDY[STUDY.index("compare") :]
    study = opened(compared, CLAIM)
    size = smallest_size(12, 1)
    assert told(study) == {
        "metric": None, "seeds": 12, "comparisons": 0, "size": size, "deviation": None, "known_from": 0,
    }  # fmt: skip
    (line,) = said(study)
    assert f"is shown with 80% where it is true by {size:.2f} standard deviations over seeds" in line
    few = opened(STUDY[STUDY.index("size: {cases") :], f"size: {{cases: 3, seeds: 5}}\nseeds: 5\n{CLAIM}")
    assert said(few) == ["power of 5 fixed seeds: none, they are too few for a test of a claim"]


def test_where_nothing_is_tested_there_is_none(opened: Callable[..., Session]) -> None:
    study = opened(STUDY[STUDY.index("compare") :], "")
    assert power(study, {}) is None
    assert said(study) == []


def test_a_plan_of_fixed_seeds_tells_no_power_of_itself(opened: Callable[..., Session], program: Program) -> None:
    opened()
    assert "power" not in program.run("plan", "rate").out
    assert "power" not in program.planned("rate")


def test_a_metric_of_a_plugin_is_told_in_its_own_unit(opened: Callable[..., Session]) -> None:
    study = opened("baseline: 0.01}", "baseline: 0.01, metric: test_ece}\nmetrics: {ece: {}}")
    for task in study.preparation.tasks:
        put_sure(task, task.spec.seed * (task.spec.case.name == "learning_rate=0.05"))
    found, deviation = told(study), stdev(0.01 * seed for seed in range(12))
    assert (found["metric"], found["deviation"]) == ("test_ece", pytest.approx(deviation))
    (line,) = said(study)
    assert f"differences of test_ece above {found['size'] * deviation:.4f} are found with 80%" in line


@pytest.mark.slow
def test_with_the_cost_it_is_told(opened: Callable[..., Session], program: Program) -> None:
    opened()
    plan = program.run("plan", "rate", "--cost", "--workers", "1")
    assert plan.code == 0, plan.err
    assert "power of 12 fixed seeds" in plan.out
    found = program.planned("rate", "--cost", "--workers", "1")
    assert found["power"]["seeds"] == 12
    assert len(found["cost"]) == 3
