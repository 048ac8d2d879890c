"""Runs and claims as Python sees them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchsuite.study.outcomes import Run, in_order, run_of, standing
from support.synthetic import make_plan, make_records

RECORDS = make_records(make_plan(1, 2), failed=[(0, 1)])
DONE, FAILED = (run_of(record, Path("runs") / key) for key, record in RECORDS.items())


def test_a_run_tells_what_its_record_does() -> None:
    record = RECORDS[DONE.key]
    assert record.test is not None
    assert record.best is not None
    assert DONE.metrics["test_accuracy"] == record.test.accuracy
    assert DONE.metrics["validation_loss"] == record.best.validation_loss
    assert (DONE.case, DONE.seed, DONE.suite) == (record.spec.case.name, record.spec.seed, record.spec.suite)
    assert len(DONE.epochs) == len(record.epochs)
    assert DONE.failure is None


def test_a_run_that_failed_says_why_and_what_to_do() -> None:
    failure = RECORDS[FAILED.key].failure
    assert failure is not None
    assert FAILED.status == "failed"
    assert FAILED.failure is not None
    assert failure.what in FAILED.failure
    assert "test_accuracy" not in FAILED.metrics


def test_how_runs_stand_is_told_in_words() -> None:
    assert standing([DONE]) == "1 run done"
    assert standing([DONE, DONE, FAILED]) == "2 runs done, 1 failed"


def named(*cases: str) -> list[Run]:
    return [replace(DONE, case=case) for case in cases]


def test_cases_come_in_the_order_of_their_numbers() -> None:
    assert [run.case for run in in_order(named("h=32", "h=8", "h=100", "a"))] == ["a", "h=8", "h=32", "h=100"]


@given(st.lists(st.tuples(st.text(max_size=8), st.integers(0, 3)), max_size=8), st.randoms())
def test_the_order_depends_on_nothing_but_the_names(pairs: list[tuple[str, int]], chance: object) -> None:
    runs = [replace(DONE, case=case, seed=seed) for case, seed in pairs]
    other = list(runs)
    chance.shuffle(other)  # type: ignore[attr-defined]
    assert [(run.case, run.seed) for run in in_order(runs)] == [(run.case, run.seed) for run in in_order(other)]
