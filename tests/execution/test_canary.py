"""The canary: equal where all is equal, asked for once, and no secret when it cannot be had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchsuite.errors import DeviceError
from benchsuite.execution import canary as module
from benchsuite.execution.canary import MEMORY, canary
from benchsuite.identity.gpus import Gpu
from benchsuite.identity.numerics import MachineFacts, machine_facts

CARD = Gpu(name="NVIDIA A100", driver="580.1", capability="8.0", uuid="GPU-1", cores=6912)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def here() -> MachineFacts:
    return machine_facts("cpu")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, cache: Path) -> list[str | None]:
    """The cards on which steps were asked for; each card has bits of its own, given in `bits`."""
    cards: list[str | None] = []
    monkeypatch.setattr(module, "_ask", lambda every, card: cards.append(card) or f"bits of {card}")
    return cards


@pytest.mark.slow
def test_real_steps_are_the_same_twice_and_others_in_other_code_or_threads(cache: Path, here: MachineFacts) -> None:
    first = canary(here, "code")
    assert {device: len(steps) for device, steps in first.items()} == {"cpu": 32}
    (cache / MEMORY).unlink()
    assert canary(here, "code") == first
    other = here.model_copy(update={"bf16_set": None if here.bf16_set else "AVX512_BF16"})
    assert canary(other, "code") != first, "the steps are made in the precision that runs have"


@pytest.mark.slow
def test_a_process_that_cannot_make_them_says_why(
    cache: Path, here: MachineFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "usable_gpus", lambda: (CARD,))
    with pytest.raises(DeviceError, match="training steps cannot be made here: DeviceError: CUDA was asked for"):
        canary(here.model_copy(update={"gpu": CARD, "cuda": "13.0"}), "code")
    assert not (cache / MEMORY).exists()


def test_they_are_remembered_until_something_changes(
    asked: list[str | None], here: MachineFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def times(facts: MachineFacts = here, code: str = "code") -> int:
        canary(facts, code)
        return len(asked)

    assert (times(), times()) == (1, 1)
    assert times(code="other code") == 2
    assert times(here.model_copy(update={"torch": "9.9"})) == 3
    assert times() == 3
    monkeypatch.setattr(module.platform, "node", lambda: "another machine that shares this folder")
    assert times() == 4
    monkeypatch.setattr(module, "source_fingerprint", lambda name: "other steps")
    assert times() == 5


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}'])
def test_what_is_remembered_may_be_damaged(
    asked: list[str | None], here: MachineFacts, cache: Path, content: str
) -> None:
    (cache / MEMORY).write_text(content)
    assert canary(here, "code") == {"cpu": "bits of None"}
    assert "bits of None" in json.loads((cache / MEMORY).read_text()).values()


def test_every_card_makes_them_and_one_that_differs_shows(
    asked: list[str | None], here: MachineFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = [CARD, CARD.model_copy(update={"uuid": "GPU-2"}), CARD.model_copy(update={"uuid": "GPU-3", "cores": 1})]
    monkeypatch.setattr(module, "usable_gpus", lambda: tuple(cards))
    facts = here.model_copy(update={"gpu": CARD, "cuda": "13.0"})
    assert canary(facts, "code") == {"cpu": "bits of None", "cuda": "bits of GPU-1+bits of GPU-2"}
    assert asked == [None, "GPU-1", "GPU-2"], "a card of another kind makes no runs of this one"
    alike: Any = lambda every, card: "the same"  # noqa: E731
    monkeypatch.setattr(module, "_ask", alike)
    assert canary(facts, "other code") == {"cpu": "the same", "cuda": "the same"}
