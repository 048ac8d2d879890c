from __future__ import annotations

import pytest

from benchsuite.analysis.curves import curve
from benchsuite.contracts.observer import Epoch
from support.synthetic import make_record


def make_epoch(number: int, accuracy: float, loss: float = 1.0) -> Epoch:
    return Epoch(
        phase="finetune",
        epoch=number,
        train_loss=loss,
        train_accuracy=accuracy,
        validation_loss=loss,
        validation_accuracy=accuracy,
        learning_rate=0.1,
        seconds=1.0,
    )


def test_an_epoch_counts_the_runs_that_reached_it() -> None:
    long = make_record(seed=0, epochs=tuple(make_epoch(i, i / 10) for i in (1, 2, 3)))
    short = make_record(seed=1, epochs=(make_epoch(1, 0.5),))
    found = curve([long, short], "validation_accuracy")
    assert found.epochs == (1, 2, 3)
    assert found.n == (2, 1, 1)
    assert found.mean == pytest.approx((0.3, 0.2, 0.3))
    assert found.low == (0.1, 0.2, 0.3)
    assert found.high == (0.5, 0.2, 0.3)
    assert found.runs == (long.key, short.key)
    assert found.each == ((0.1, 0.2, 0.3), (0.5,))


def test_no_runs_make_an_empty_curve() -> None:
    assert curve([], "train_loss").epochs == ()


def test_the_gap_is_training_minus_validation_in_every_epoch() -> None:
    record = make_record(seed=0)
    found = curve([record], "overfitting_gap")
    assert found.each == (tuple(one.train_accuracy - one.validation_accuracy for one in record.epochs),)
    assert any(value != found.mean[0] for value in found.mean)
