"""The metrics of a run, read from its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchsuite.analysis.curves import epochs_to_95
from benchsuite.contracts.observer import Epoch
from benchsuite.store.record import RunRecord


def _best_epoch(record: RunRecord) -> Epoch | None:
    if record.best is None:
        return None
    return next((epoch for epoch in record.epochs if epoch.epoch == record.best.epoch), None)


def _at_best(name: str) -> Callable[[RunRecord], float | None]:
    def measure(record: RunRecord) -> float | None:
        epoch = _best_epoch(record)
        return None if epoch is None else float(getattr(epoch, name))

    return measure


def _overfitting_gap(record: RunRecord) -> float | None:
    epoch = _best_epoch(record)
    return None if epoch is None else epoch.train_accuracy - epoch.validation_accuracy


def _seconds_per_epoch(record: RunRecord) -> float | None:
    return sum(epoch.seconds for epoch in record.epochs) / len(record.epochs) if record.epochs else None


MEASURES: Mapping[str, Callable[[RunRecord], float | None]] = {
    "test_accuracy": lambda record: record.test.accuracy if record.test else None,
    "test_loss": lambda record: record.test.loss if record.test else None,
    "test_macro_f1": lambda record: record.test.macro_f1 if record.test else None,
    "validation_accuracy": _at_best("validation_accuracy"),
    "validation_loss": _at_best("validation_loss"),
    "train_accuracy": _at_best("train_accuracy"),
    "train_loss": _at_best("train_loss"),
    "overfitting_gap": _overfitting_gap,
    "best_epoch": lambda record: record.best.epoch if record.best else None,
    "epochs_run": lambda record: len(record.epochs) or None,
    "epochs_to_95": lambda record: epochs_to_95(record.epochs),
    "training_seconds": lambda record: record.cost.seconds.get("training") if record.cost else None,
    "seconds_per_epoch": _seconds_per_epoch,
    "images_per_second": lambda record: record.cost.images_per_second if record.cost else None,
    "peak_memory_bytes": lambda record: record.cost.peak_memory_bytes if record.cost else None,
    "energy_joules": lambda record: record.cost.energy_joules if record.cost else None,
}
"""How each of `suite.metrics.METRICS` is read from a finished run; None where the run does not tell it."""
