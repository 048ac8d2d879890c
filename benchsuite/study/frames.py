"""Runs as Arrow tables, which pandas, polars, DuckDB and others take without a copy and without one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa

from benchsuite.contracts.observer import Epoch
from benchsuite.metrics import METRICS
from benchsuite.study.outcomes import Run
from benchsuite.suite.prose.references import written

OF_RUNS = ("suite", "case", "seed", "key", "status")


def runs_table(runs: Sequence[Run]) -> pa.Table:
    """A row for each run."""
    columns = _identity(runs)
    names = dict.fromkeys((*METRICS, *(name for run in runs for name in run.metrics)))
    columns |= {name: pa.array([run.metrics.get(name) for run in runs], pa.float64()) for name in names}
    columns["failure"] = _texts(run.failure for run in runs)
    columns["deviations"] = pa.array([list(run.deviations) for run in runs], pa.list_(pa.string()))
    columns["started"], columns["finished"] = _texts(run.started for run in runs), _texts(run.finished for run in runs)
    return pa.table(columns)


def epochs_table(runs: Sequence[Run]) -> pa.Table:
    """A row for each epoch of each run."""
    rows = [(run, epoch) for run in runs for epoch in run.epochs]
    columns = _identity([run for run, _ in rows])
    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
    for field in fields(Epoch):
        values = [getattr(epoch, field.name) for _, epoch in rows]
        columns[field.name] = pa.array(values, types[str(field.type)])
    return pa.table(columns)


def _identity(runs: Sequence[Run]) -> dict[str, pa.Array]:
    """The columns that say which run a row is of."""
    columns = {name: _texts(getattr(run, name) for run in runs) for name in OF_RUNS}
    columns["seed"] = pa.array([run.seed for run in runs], pa.int64())
    if any(run.folds is not None for run in runs):
        columns["folds"] = pa.array([run.folds for run in runs], pa.int64())
        columns["fold"] = pa.array([run.fold for run in runs], pa.int64())
    for path in dict.fromkeys(path for run in runs for path in run.settings):
        columns[path] = _values([run.settings.get(path) for run in runs])
    return columns


def _texts(values: Iterable[object]) -> pa.Array:
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _values(values: Sequence[Any]) -> pa.Array:
    """Values of a setting: as they are where all are switches, numbers or texts, else as a suite file writes them."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int} and all(value is None or abs(value) < 2**63 for value in values):
        return pa.array(values, pa.int64())
    if float in kinds and kinds <= {int, float}:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if kinds <= {str}:
        return _texts(values)
    return _texts(None if value is None else written(value) for value in values)
