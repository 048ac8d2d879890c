"""Stored runs gain the metrics that a program asks for, whatever their suite says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import benchsuite
from benchsuite.errors import BenchsuiteError, SetupError
from benchsuite.suite.source.problems import SuiteError
from support.runs import put_run


@pytest.fixture
def study(tmp_path: Path) -> benchsuite.Study:
    put_run(tmp_path, seed=0)
    put_run(tmp_path, seed=1)
    return benchsuite.load(tmp_path, "beans_freeze")


def test_a_frame_has_them_for_both_splits_beside_all_others(study: benchsuite.Study) -> None:
    before = study.frame()
    table = study.frame(metrics={"ece": {"bins": 5}, "ten": {"name": "ece", "bins": 10}})
    added = [name for name in table.column_names if name not in before.column_names]
    assert added == ["validation_ece", "test_ece", "validation_ten", "test_ten"]
    assert all(0 <= value <= 1 for value in table.column("test_ece").to_pylist())
    assert table.column("test_ece") != table.column("test_ten")
    assert table.column("test_accuracy") == before.column("test_accuracy")
    assert study.frame(metrics=["balanced_accuracy"]).column("test_balanced_accuracy").null_count == 0
    assert study.frame().column_names == before.column_names


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        (["aucc"], SuiteError, "did you mean 'auc'?"),
        ({"ece": {"bin": 3}}, SuiteError, "did you mean 'bins'?"),
        ({"accuracy": {"name": "ece"}}, SetupError, "metrics is 'accuracy'"),
        ([7], SetupError, "metrics is 7"),
        (7, SetupError, "metrics is 7"),
        ({"ece": 7}, BenchsuiteError, "7"),
    ],
)
def test_what_cannot_be_asked_for_is_told(
    study: benchsuite.Study, asked: Any, error: type[BenchsuiteError], words: str
) -> None:
    with pytest.raises(error) as caught:
        study.frame(metrics=asked)
    assert words in str(caught.value)
