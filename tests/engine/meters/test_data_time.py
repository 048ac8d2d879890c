"""Data time: what lies between asking for a batch and having it, by the clock that tells it where the batch is made."""

from __future__ import annotations

import json

import pytest
import torch

from benchsuite.engine.meters import clock
from benchsuite.engine.meters.data_time import NoTime, StreamTime, data_time
from benchsuite.engine.run.execute import execute
from benchsuite.engine.training.checkpoint import TrainingProgress
from benchsuite.engine.training.stepper import EagerStep
from benchsuite.store.migrations import load_record
from support.engine import Bench, Silent, make_case, outcome
from support.stand_in_card import card
from support.synthetic import make_record


def test_on_the_cpu_the_blocks_are_timed_and_what_lies_between_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 10.5, 20.0, 20.25, 30.0, 31.0])
    monkeypatch.setattr(clock, "seconds", lambda: next(times))
    waits = data_time(torch.device("cpu"))
    for _ in range(2):
        with waits:
            pass
    assert waits.take() == 0.75
    assert waits.take() == 0.0
    with waits:
        pass
    assert waits.take() == 1.0


def test_on_a_gpu_events_in_its_stream_tell_it_and_nothing_waits_for_them() -> None:
    with card() as now:
        waits = data_time(torch.device("cuda"))
        for _ in range(3):
            with waits:
                pass
        assert waits.take() == pytest.approx(0.003)  # a millisecond each, on this card
        assert waits.take() == 0.0
    assert not [event for event in now.events if event.kind == "wait"]
    assert isinstance(waits, StreamTime)


def test_once_it_is_not_known_of_a_phase_it_is_not_known_of_the_run() -> None:
    progress = TrainingProgress()
    progress.wait(0.5, 2.0)
    progress.wait(3.0, 2.0)  # a stopped process, whose GPU's clock went on
    assert progress.data_seconds == 2.5
    progress.wait(NoTime().take(), 2.0)
    progress.wait(0.5, 2.0)
    assert progress.data_seconds is None


def test_a_run_tells_its_part_of_the_training_and_has_the_bits_of_one_that_does_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = bench.task(make_case(epochs=2))
    record = execute(task, bench.registry, Silent())
    assert record.cost is not None
    assert record.cost.data_seconds is not None
    assert 0 < record.cost.data_seconds < record.cost.seconds["training"]
    monkeypatch.setattr("benchsuite.engine.training.stepper.data_time", lambda device: NoTime())
    other = execute(task, bench.registry, Silent())
    assert other.cost is not None
    assert other.cost.data_seconds is None
    assert outcome(other) == outcome(record)


def test_what_is_done_to_a_batch_is_in_it_and_what_the_network_does_is_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def taking(seconds: float, name: str) -> None:
        made = getattr(EagerStep, name)

        def slow(self: EagerStep, *given: object) -> object:
            now[0] += seconds
            return made(self, *given)

        monkeypatch.setattr(EagerStep, name, slow)

    monkeypatch.setattr(clock, "seconds", lambda: now[0])
    taking(1.0, "_batch")
    taking(3.0, "_forward")
    record = execute(bench.task(make_case(epochs=2)), bench.registry, Silent())
    assert record.cost is not None
    assert record.cost.data_seconds == pytest.approx(record.cost.seconds["training"] / 4)


def test_a_record_from_before_it_was_measured_is_read() -> None:
    fields = json.loads(make_record().model_dump_json())
    del fields["cost"]["data_seconds"]
    cost = load_record(json.dumps(fields)).cost
    assert cost is not None
    assert cost.data_seconds is None
