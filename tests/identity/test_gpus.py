"""The GPUs as a driver tells of them: whole cards and slices, hidden ones, and machines without any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from benchsuite.identity.gpus import find_gpus


@dataclass(frozen=True)
class Card:
    """What NVML says of a card, or of a slice of one."""

    name: str
    uuid: str
    cores: int
    capability: tuple[int, int] = (9, 0)
    mig: int | None = None
    slices: Sequence[Card | None] = field(default=())


def install(monkeypatch: pytest.MonkeyPatch, *cards: Card, error: bool = False) -> None:
    """Answer NVML's calls as a driver with these cards does."""

    def initialise() -> None:
        if error:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    def mode(card: Card) -> tuple[int, int]:
        if card.mig is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return card.mig, card.mig

    def part(card: Card, number: int) -> Card:
        if (found := card.slices[number]) is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return found

    answers: dict[str, Any] = {
        "Init": initialise,
        "Shutdown": lambda: None,
        "SystemGetDriverVersion": lambda: "580.95.05",
        "DeviceGetCount": lambda: len(cards),
        "DeviceGetHandleByIndex": lambda number: cards[number],
        "DeviceGetCudaComputeCapability": lambda card: card.capability,
        "DeviceGetName": lambda card: card.name,
        "DeviceGetUUID": lambda card: card.uuid,
        "DeviceGetNumGpuCores": lambda card: card.cores,
        "DeviceGetMigMode": mode,
        "DeviceGetMaxMigDeviceCount": lambda card: len(card.slices),
        "DeviceGetMigDeviceHandleByIndex": part,
        "DeviceGetAttributes": lambda card: SimpleNamespace(multiprocessorCount=card.cores),
    }
    for name, answer in answers.items():
        monkeypatch.setattr(pynvml, f"nvml{name}", answer)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    find_gpus.cache_clear()
    yield
    find_gpus.cache_clear()


ONE, TWO = Card("NVIDIA H100", "GPU-11aa", 16896), Card("NVIDIA H100", "GPU-22bb", 16896)
SMALL = Card("NVIDIA GeForce RTX 3080", "GPU-33cc", 8704, (8, 6))
LARGE = Card("NVIDIA GeForce RTX 3080", "GPU-44dd", 8960, (8, 6))
CUT = Card(
    "NVIDIA A100", "GPU-55ee", 6912, (8, 0), pynvml.NVML_DEVICE_MIG_ENABLE,
    (Card("NVIDIA A100 MIG 3g.20gb", "MIG-66ff", 42), None, Card("NVIDIA A100 MIG 1g.5gb", "MIG-77aa", 14)),
)  # fmt: skip
WHOLE = Card("NVIDIA A100", "GPU-88bb", 6912, (8, 0), pynvml.NVML_DEVICE_MIG_DISABLE)


def test_every_card_is_told_with_what_decides_its_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ONE, SMALL)
    first, second = find_gpus()
    assert first.model == ("NVIDIA H100", "580.95.05", "9.0", 16896)
    assert (second.uuid, second.capability) == ("GPU-33cc", "8.6")


def test_cards_of_one_name_with_other_numbers_of_cores_are_no_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, SMALL, LARGE)
    small, large = find_gpus()
    assert small.name == large.name
    assert small.model != large.model


def test_the_slices_of_a_card_take_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, CUT, WHOLE)
    assert [(gpu.uuid, gpu.cores) for gpu in find_gpus()] == [("MIG-66ff", 42), ("MIG-77aa", 14), ("GPU-88bb", 6912)]
    assert len({gpu.model for gpu in find_gpus()}) == 3


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("", []),
        ("-1", []),
        ("1", ["GPU-22bb"]),
        ("2,0", ["MIG-66ff", "GPU-11aa"]),
        ("GPU-22", ["GPU-22bb"]),
        (" GPU-22bb , 0 ", ["GPU-22bb", "GPU-11aa"]),
        ("MIG-77aa", ["MIG-77aa"]),
        ("1,9,0", ["GPU-22bb"]),
        ("GPU-", []),
        ("GPU-99,0", []),
        ("0,0", []),
        ("0,GPU-11aa", []),
        ("GPU-11aa,MIG-66ff,MIG-99", ["GPU-11aa", "MIG-66ff"]),
        ("everything", []),
        ("cuda:0", []),
        ("0 1", []),
        ("٠", []),
        ("99999999999999999999", []),
    ],
)
def test_only_what_cuda_would_show_is_found_in_its_order(
    monkeypatch: pytest.MonkeyPatch, chosen: str, expected: list[str]
) -> None:
    install(monkeypatch, ONE, TWO, CUT)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert [gpu.uuid for gpu in find_gpus()] == expected


def test_a_machine_without_a_driver_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ONE, error=True)
    assert find_gpus() == ()
    find_gpus.cache_clear()
    install(monkeypatch)
    assert find_gpus() == ()
