"""Several runs at once on one stand-in card, by the program as a user calls it, with worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchsuite.execution import executors, packing, worker_pool
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from support.cuda_runs import A100, BUSY, FAULT, MEETING, described_as, outcome, stand_in_worker
from support.program import Outcome, Program, make_program

SUITE = """
name: packed
title: Una tarjeta
size: {cases: 2, seeds: 2}
dataset: {name: fake, image_size: 32, classes: 4, train_images: 48, validation_images: 8, test_images: 8}
model: {name: lenet5, dropout: 0.2}
recipe: {name: train, max_epochs: 3, batch_size: 12, precision: fp32}
vary:
  recipe.learning_rate: [0.01, 0.001]
seeds: 2
"""
"""Four whole batches an epoch: the fourth step of all is recorded, where graphs are."""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    """The program on a machine with four cores and a card."""
    monkeypatch.setenv("BENCHSUITE_GRAPHS", "1")
    monkeypatch.setattr(executors, "usable_gpus", lambda: (A100,))
    monkeypatch.setattr(packing, "usable_cores", lambda: 4)
    monkeypatch.setattr(worker_pool, "try_gpu", lambda uuid: None)
    monkeypatch.setattr(worker_pool.worker, "main", stand_in_worker)
    with described_as(A100):
        yield from make_program(tmp_path, monkeypatch, capsys)


def run(program: Program, results: str, workers: int) -> tuple[Outcome, list[RunRecord]]:
    """What the command says, and the records by case and seed."""
    suite, folder = program.suite(SUITE, "packed"), program.folder / results
    options = ["--policy", "sample", "--device", "cuda", "--no-paper", "--no-estimate", "--workers", str(workers)]
    said = program.run("run", str(suite), *options, "--results", str(folder))
    print(said.out, said.err)
    (own,) = folder.iterdir()
    return said, sorted(Store(own).records(), key=lambda record: record.key)


def executions(records: list[RunRecord]) -> set[str]:
    assert all(record.cost is not None for record in records)
    return {how for record in records for how in record.cost.execution.values()}  # type: ignore[union-attr]


@pytest.mark.slow
def test_four_runs_on_a_card_whose_graphs_all_lack_memory_have_the_bits_of_runs_alone(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = program.folder / "meeting"
    meeting.mkdir()
    for place in range(4):
        (meeting / f"place {place}").touch()
    monkeypatch.setenv(MEETING, str(meeting))
    said, packed = run(program, "packed", 4)
    assert said.code == 0
    assert len(list(meeting.glob("* is here"))) == 4
    assert [record.status for record in packed] == ["done"] * 4
    assert all("out of memory" in how for how in executions(packed)), executions(packed)
    assert "again alone" not in said.out + said.err
    assert {record.cost.at_once for record in packed if record.cost} == {4}
    monkeypatch.delenv(MEETING)
    _, recorded = run(program, "recorded", 1)
    assert executions(recorded) == {"graph"}
    monkeypatch.setenv("BENCHSUITE_GRAPHS", "0")
    _, alone = run(program, "alone", 1)
    assert {record.cost.at_once for record in alone if record.cost} == {1}
    for bits in zip(packed, recorded, alone, strict=True):
        first, *others = map(outcome, bits)
        assert others == [first, first]


@pytest.mark.slow
def test_a_run_that_finds_no_cuda_fails_with_a_remedy_and_the_others_are_made(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = program.folder / "fault"
    fault.touch()
    monkeypatch.setenv(FAULT, str(fault))
    said, records = run(program, "results", 2)
    assert said.code == 1
    assert "Traceback" not in said.out + said.err
    assert sorted(record.status for record in records) == ["done", "done", "done", "failed"]
    failure: Any = next(record.failure for record in records if record.failure)
    assert failure.kind == "device"
    assert BUSY in failure.what
    assert "wait until it is free" in failure.remedy
    again, records = run(program, "results", 2)
    assert again.code == 0
    assert [record.status for record in records] == ["done"] * 4
