"""The executor of a machine's cards: all of one kind work, and the others do not stay idle without a word."""

from __future__ import annotations

from typing import Any

import pytest

from benchsuite.errors import SetupError
from benchsuite.execution import executors
from benchsuite.execution.executors import open_executor
from benchsuite.execution.worker_pool import Pool
from benchsuite.identity.gpus import Gpu
from benchsuite.identity.numerics import processor_name
from support.engine import Silent
from support.synthetic import make_numerics

LARGE = Gpu(name="NVIDIA GeForce RTX 3080", driver="580.1", capability="8.6", uuid="GPU-1", cores=8960)
CARDS = {
    "GPU-1": LARGE,
    "GPU-2": LARGE.model_copy(update={"uuid": "GPU-2"}),
    "GPU-3": LARGE.model_copy(update={"uuid": "GPU-3", "cores": 8704}),
    "MIG-4": Gpu(name="NVIDIA A100 MIG 1g.5gb", driver="580.1", capability="8.0", uuid="MIG-4", cores=14),
}
NUMERICS = make_numerics(
    device="cuda", device_name=LARGE.name, driver=LARGE.driver, capability=LARGE.capability, cores=LARGE.cores
)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The cards on which runs are made, of those that are here, and what is said of it."""

    def open_with(*uuids: str) -> tuple[list[str | None], list[str]]:
        heard = Silent()
        monkeypatch.setattr(executors, "usable_gpus", lambda: tuple(CARDS[uuid] for uuid in uuids))
        with open_executor(NUMERICS, heard) as executor:
            assert isinstance(executor, Pool)
            return [device.gpu for device in executor._devices], heard.said

    return open_with


def test_all_cards_of_one_kind_work_without_a_word(opened: Any) -> None:
    assert opened("GPU-1", "GPU-2") == (["GPU-1", "GPU-2"], [])


def test_cards_of_other_kinds_stay_idle_and_are_told_in_one_line(opened: Any) -> None:
    gpus, (said,) = opened("GPU-1", "GPU-3", "MIG-4", "GPU-2")
    assert gpus == ["GPU-1", "GPU-2"]
    assert "\n" not in said
    for told in ("other bits", "stay idle: NVIDIA GeForce RTX 3080, NVIDIA A100 MIG 1g.5gb"):
        assert told in said


def test_the_processor_is_one_device() -> None:
    with open_executor(make_numerics(device="cpu", device_name=processor_name()), Silent()) as executor:
        assert executor.devices == 1


def test_runs_of_another_machine_are_not_made_here(opened: Any) -> None:
    with pytest.raises(SetupError, match="machine with NVIDIA GeForce RTX 3080, and this one has NVIDIA A100"):
        opened("MIG-4")
    with pytest.raises(SetupError, match="and this one has no GPU"):
        opened()
    with pytest.raises(SetupError, match="a machine with another processor"):
        open_executor(make_numerics(device="cpu", device_name="another processor"), Silent())
