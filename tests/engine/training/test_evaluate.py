"""Metrics against hand computations, and the seal on the test split."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchsuite.engine.training import evaluate as module
from benchsuite.engine.training.evaluate import Evaluation, evaluate
from benchsuite.engine.training.sealed_split import SealedSplit


def _one_hot(predicted: list[int], classes: int) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[predicted]


def test_confusion_accuracy_and_macro_f1_by_hand() -> None:
    evaluation = Evaluation(0.0, _one_hot([0, 0, 1, 1, 2, 0], 4), np.array([0, 1, 1, 1, 2, 2]))
    assert evaluation.confusion.tolist() == [[1, 0, 0, 0], [1, 2, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    assert evaluation.accuracy == 4 / 6
    # F1 of the classes: 2/(2+2+0), 4/(4+0+1), 2/(2+0+1), and 0 for the class that never occurs.
    assert math.isclose(evaluation.macro_f1, (2 / 4 + 4 / 5 + 2 / 3 + 0) / 4)


class _Rows:
    def __init__(self, rows: Tensor) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, samples: Tensor, here: Tensor | None = None) -> Tensor:
        return self.rows[samples]


@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_the_whole_split_counts_once_with_its_remainder(n: int) -> None:
    rows, labels = torch.randn(n, 3, generator=torch.Generator().manual_seed(n)), torch.arange(n) % 3
    evaluation = evaluate(nn.Identity(), _Rows(rows), labels, lambda tail, batch: tail(batch))
    by_hand = -rows.log_softmax(1)[torch.arange(n), labels].mean()
    assert evaluation.loss == pytest.approx(float(by_hand), rel=1e-6)
    assert evaluation.confusion.sum() == n
    assert np.allclose(evaluation.probabilities, rows.softmax(1))
    assert evaluation.accuracy == pytest.approx(float((rows.argmax(1) == labels).double().mean()))


def test_evaluation_is_in_eval_mode_and_leaves_no_gradient() -> None:
    tail = nn.Sequential(nn.Dropout(0.9), nn.Linear(3, 3)).train()
    evaluations = [
        evaluate(tail, _Rows(torch.ones(5, 3)), torch.zeros(5, dtype=torch.int64), lambda t, b: t(b)) for _ in range(2)
    ]
    assert not tail.training
    assert np.array_equal(evaluations[0].probabilities, evaluations[1].probabilities)
    assert module.BATCH == 64


def test_the_test_split_opens_once() -> None:
    opened = []

    def opener() -> tuple[_Rows, Tensor]:
        opened.append(1)
        return _Rows(torch.zeros(1, 3)), torch.zeros(1)

    sealed = SealedSplit(opener)
    assert not opened
    sealed.unseal()
    with pytest.raises(RuntimeError, match="already"):
        sealed.unseal()
    assert opened == [1]
