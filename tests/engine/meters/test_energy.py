"""The energy of a run: what the GPU's meter says between its starts and its ends, added up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pynvml
import pytest
import torch

from benchsuite.engine.meters import energy
from benchsuite.engine.training.checkpoint import Checkpoint, TrainingProgress


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    energy._handle.cache_clear()
    yield
    energy._handle.cache_clear()


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """NVML with one GPU, whose meter says the last of these millijoules."""
    said = [5_000]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="12ab-cd"))
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", {"GPU-12ab-cd": "handle"}.__getitem__)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", lambda handle: {"handle": said[-1]}[handle])
    return said


def test_without_a_gpu_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    progress = TrainingProgress()
    progress.start(energy.joules)
    progress.tick()
    assert energy.joules() is None
    assert progress.joules is None


def test_the_meter_counts_from_the_start_of_the_run(meter: list[int]) -> None:
    progress = TrainingProgress()
    progress.start(energy.joules)
    meter.append(8_500)
    progress.tick()
    assert progress.joules == 3.5
    meter.append(9_000)
    progress.tick()
    assert progress.joules == 4.0


def test_a_resumed_run_adds_what_its_starts_used_and_not_what_lies_between(meter: list[int], tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", "key")
    progress = TrainingProgress()
    progress.start(energy.joules)
    meter.append(7_000)
    checkpoint.save(progress)
    meter.append(50_000)
    again = checkpoint.load()
    assert again is not None
    again.start(energy.joules)
    meter.append(51_000)
    again.tick()
    assert again.joules == 3.0


def test_a_card_that_does_not_tell_is_none(meter: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: object) -> int:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", refuse)
    progress = TrainingProgress()
    progress.start(energy.joules)
    progress.tick()
    assert progress.joules is None


def test_a_machine_without_the_library_is_none(meter: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", absent)
    assert energy.joules() is None
