"""A phase ends with its epochs, or earlier when validation no longer improves."""

from __future__ import annotations

import pytest

from benchsuite.contracts.recipe import EarlyStopping, Optimizer, Phase
from benchsuite.engine.training.checkpoint import TrainingProgress
from benchsuite.engine.training.early_stopping import has_ended
from benchsuite.store.record import Best


def phase(patience: int | None) -> Phase:
    stopping = None if patience is None else EarlyStopping(patience)
    return Phase(name="p", max_epochs=5, batch_size=1, optimizer=Optimizer("sgd", 0.1), early_stopping=stopping)


def progress(epoch: int, best: int | None, start: int = 0) -> TrainingProgress:
    chosen = best and Best(phase="p", epoch=best, validation_loss=1.0, validation_accuracy=0.5, validation_macro_f1=0.5)
    return TrainingProgress(epoch=epoch, phase_start=start, best=chosen or None)


@pytest.mark.parametrize(
    ("patience", "epoch", "best", "start", "ended"),
    [
        (None, 4, 1, 0, False),
        (None, 5, 1, 0, True),
        (2, 2, 1, 0, False),
        (2, 3, 1, 0, True),
        (2, 4, 3, 0, False),
        (2, 0, None, 0, False),
        (None, 7, 3, 3, False),
        (None, 8, 3, 3, True),
    ],
)
def test_a_phase_ends(patience: int | None, epoch: int, best: int | None, start: int, ended: bool) -> None:
    assert has_ended(phase(patience), progress(epoch, best, start)) is ended
