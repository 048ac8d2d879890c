"""Metrics by epoch: their mean and range over seeds, and the phases."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter

from benchsuite.analysis.findings import Curve, PhaseFindings
from benchsuite.contracts.observer import Epoch
from benchsuite.store.record import RunRecord

CURVES: Mapping[str, Callable[[Epoch], float]] = {
    **{name: attrgetter(name) for name in ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")},
    "overfitting_gap": lambda epoch: epoch.train_accuracy - epoch.validation_accuracy,
}
"""How each is read from an epoch."""


def curve(records: Sequence[RunRecord], metric: str) -> Curve:
    """`metric` (one of `CURVES`) by epoch over finished runs; an epoch counts the runs that reached it."""
    last = max((len(record.epochs) for record in records), default=0)
    each = tuple(tuple(float(CURVES[metric](epoch)) for epoch in record.epochs) for record in records)
    columns = [[values[i] for values in each if i < len(values)] for i in range(last)]
    return Curve(
        epochs=tuple(range(1, last + 1)),
        mean=tuple(math.fsum(column) / len(column) for column in columns),
        low=tuple(min(column) for column in columns),
        high=tuple(max(column) for column in columns),
        n=tuple(len(column) for column in columns),
        runs=tuple(record.key for record in records),
        each=each,
    )


def phases(records: Sequence[RunRecord]) -> tuple[PhaseFindings, ...]:
    """The phases of finished runs, each from the runs that reached it."""
    found = []
    for name in dict.fromkeys(epoch.phase for record in records for epoch in record.epochs):
        reached = [(record.key, [epoch for epoch in record.epochs if epoch.phase == name]) for record in records]
        reached = [(key, epochs) for key, epochs in reached if epochs]
        runs = len(reached)
        found.append(
            PhaseFindings(
                name=name,
                first_epoch=sum(epochs[0].epoch for _, epochs in reached) / runs,
                epochs=sum(len(epochs) for _, epochs in reached) / runs,
                learning_rate=math.fsum(epochs[0].learning_rate for _, epochs in reached) / runs,
                runs=tuple(key for key, _ in reached),
            )
        )
    return tuple(found)
