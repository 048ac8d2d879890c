"""Runs on the stand-in card: torch deterministic, on one thread, and nothing captured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch

from benchsuite.engine.determinism.torch_settings import configure
from benchsuite.identity.gpus import Gpu
from benchsuite.identity.numerics import describe
from benchsuite.store.record import RunRecord
from benchsuite.testing.harness.reference_components import RecordingWatcher
from benchsuite.testing.harness.small_run import BoundComponent
from support.cuda_runs import A100, Run, described_as, setup
from support.stand_in_card import GIB, Card, card


@pytest.fixture(autouse=True)
def deterministic(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    monkeypatch.setenv("BENCHSUITE_GRAPHS", "0")  # there is nothing to record a graph on
    threads, was = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    configure(describe("cpu", 1))
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(was)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Make a run on the stand-in card; gives its record, and the card with all that happened."""

    def make(
        model: BoundComponent,
        recipe: BoundComponent,
        *,
        gpu: Gpu = A100,
        free: int = 8 * GIB,
        results: str = "results",
        watcher: RecordingWatcher | None = None,
        checkpoints: float | None = None,
        **pictures: Any,
    ) -> tuple[RunRecord, Card]:
        major, minor = gpu.capability.split(".")
        hearing = watcher or RecordingWatcher()
        with ExitStack() as stack:
            stack.enter_context(described_as(gpu))
            prepared = setup(tmp_path, model, recipe, "cuda", **pictures)
            task = prepared.task(results)
            now = stack.enter_context(card((int(major), int(minor)), free))
            stack.enter_context(_epochs_noted(hearing, now))
            return prepared.execute(task, hearing, checkpoints), now

    return make


def _epochs_noted(watcher: RecordingWatcher, now: Card) -> Any:
    heard = watcher.epoch

    def epoch(*report: Any) -> None:
        now.note("epoch")
        heard(*report)

    return mock.patch.object(watcher, "epoch", epoch)
