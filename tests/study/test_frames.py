"""Frames of runs and epochs: every run and metric is there, and pandas and polars read them alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from benchsuite.metrics import METRICS
from benchsuite.study.frames import epochs_table, runs_table
from benchsuite.study.outcomes import Run, run_of
from support.synthetic import make_plan, make_records


@pytest.fixture(scope="module")
def runs() -> tuple[Run, ...]:
    records = make_records(make_plan(2, 3), failed=[(1, 0)])
    return tuple(run_of(record, Path(key)) for key, record in records.items())


def test_there_is_a_row_for_each_run_with_every_metric(runs: tuple[Run, ...]) -> None:
    table = runs_table(runs)
    assert table.num_rows == len(runs) == 6
    assert set(METRICS) <= set(table.column_names)
    for run, row in zip(runs, table.to_pylist(), strict=True):
        assert (row["case"], row["seed"], row["key"], row["status"]) == (run.case, run.seed, run.key, run.status)
        assert {name: row[name] for name in METRICS if row[name] is not None} == dict(run.metrics)
        assert {path: row[path] for path in run.settings} == dict(run.settings)
        assert row["deviations"] == list(run.deviations)
        assert (row["failure"] is None) == (run.status == "done")


def test_there_is_a_row_for_each_epoch(runs: tuple[Run, ...]) -> None:
    rows = epochs_table(runs).to_pylist()
    assert len(rows) == sum(len(run.epochs) for run in runs) > 6
    first = next(run for run in runs if run.epochs)
    own = [row for row in rows if row["key"] == first.key]
    assert [row["epoch"] for row in own] == [epoch.epoch for epoch in first.epochs]
    assert [row["validation_loss"] for row in own] == [epoch.validation_loss for epoch in first.epochs]
    assert {row["phase"] for row in own} == {epoch.phase for epoch in first.epochs}


@pytest.mark.parametrize("make", [runs_table, epochs_table])
def test_pandas_and_polars_read_the_same(runs: tuple[Run, ...], make: object) -> None:
    table: pa.Table = make(runs)  # type: ignore[operator]
    in_pandas, in_polars = table.to_pandas(), pl.DataFrame(table)
    assert list(in_pandas.columns) == in_polars.columns == table.column_names
    assert isinstance(in_pandas, pd.DataFrame)
    assert in_polars.to_dicts() == table.to_pylist()
    assert in_pandas["seed"].tolist() == in_polars["seed"].to_list()
    # By the protocols alone, without a method of the table's own:
    assert pa.RecordBatchReader.from_stream(table).read_all() == table
    assert pl.from_dataframe(table.select(["case", "seed"])).height == table.num_rows


def test_no_runs_are_no_rows_but_the_same_columns(runs: tuple[Run, ...]) -> None:
    assert runs_table(()).num_rows == epochs_table(()).num_rows == 0
    assert set(METRICS) <= set(runs_table(()).column_names)


@pytest.mark.parametrize(
    ("values", "kind", "shown"),
    [
        ([True, False], pa.bool_(), [True, False]),
        ([1, 2], pa.int64(), [1, 2]),
        ([1, 0.5], pa.float64(), [1.0, 0.5]),
        (["adam", "sgd"], pa.string(), ["adam", "sgd"]),
        ([[8], [32]], pa.string(), ["[8]", "[32]"]),
        ([True, 2], pa.string(), ["true", "2"]),
        ([{"name": "mlp"}, "lenet5"], pa.string(), ['{"name": "mlp"}', "lenet5"]),
        ([2**70, 1], pa.string(), [str(2**70), "1"]),
    ],
)
def test_a_setting_has_one_type(
    runs: tuple[Run, ...], values: list[object], kind: pa.DataType, shown: list[object]
) -> None:
    changed = [replace(run, settings={"a.b": value}) for run, value in zip(runs, values, strict=False)]
    column = runs_table(changed)["a.b"]
    assert column.type == kind
    assert column.to_pylist() == shown


def test_what_a_case_does_not_set_is_null(runs: tuple[Run, ...]) -> None:
    table = runs_table([replace(runs[0], settings={"a.b": 1}), replace(runs[1], settings={"a.c": "x"})])
    assert table["a.b"].to_pylist() == [1, None]
    assert table["a.c"].to_pylist() == [None, "x"]
