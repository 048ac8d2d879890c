"""The hooks that observe runs: when each is called, and with what."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from benchsuite.api import EpochReport, RunInfo, RunSummary, hookimpl
from benchsuite.engine.run.execute import execute
from benchsuite.store.record import RunRecord
from support.engine import Bench, Silent, make_case, registry_with


class Witness:
    """Keeps what each hook is given."""

    benchsuite_api = "1.0"

    def __init__(self) -> None:
        self.told: list[tuple[str, tuple[Any, ...]]] = []

    @hookimpl
    def benchsuite_run_started(self, run: RunInfo) -> None:
        self.told.append(("started", (run,)))

    @hookimpl
    def benchsuite_epoch_finished(self, run: RunInfo, epoch: EpochReport) -> None:
        self.told.append(("epoch", (run, epoch)))

    @hookimpl
    def benchsuite_run_finished(self, run: RunInfo, summary: RunSummary) -> None:
        self.told.append(("finished", (run, summary)))


@pytest.fixture
def witnessed(bench: Bench) -> tuple[RunRecord, Witness]:
    """A run of three epochs, and what an observer was told."""
    witness = Witness()
    observed = replace(bench, registry=registry_with(witness))
    task = replace(observed.task(make_case(epochs=3)), results=bench.root / "results")
    return execute(task, observed.registry, Silent()), witness


def test_benchsuite_run_started_comes_first_and_says_which_run(witnessed: tuple[RunRecord, Witness]) -> None:
    record, witness = witnessed
    name, (run,) = witness.told[0]
    assert name == "started"
    assert (run.key, run.seed, run.resumed_from_epoch) == (record.key, record.spec.seed, 0)
    assert run.folder.is_dir()
    with pytest.raises(FrozenInstanceError):
        run.seed = 1


def test_benchsuite_epoch_finished_comes_once_an_epoch_with_its_metrics(witnessed: tuple[RunRecord, Witness]) -> None:
    record, witness = witnessed
    reports = [given[1] for name, given in witness.told if name == "epoch"]
    assert [report.epoch for report in reports] == [1, 2, 3]
    losses = [epoch.validation_loss for epoch in record.epochs]
    assert [report.validation_loss for report in reports] == losses
    assert not [name for name in vars(reports[0]) if "test" in name]


def test_benchsuite_run_finished_comes_last_with_the_result(witnessed: tuple[RunRecord, Witness]) -> None:
    record, witness = witnessed
    name, (_, summary) = witness.told[-1]
    assert name == "finished"
    assert [name for name, _ in witness.told].count("finished") == 1
    assert record.test is not None
    assert (summary.status, summary.test_accuracy) == ("done", record.test.accuracy)
