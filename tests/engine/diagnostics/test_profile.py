"""The timed steps of an estimate: what a device does is waited for, and what only the first step costs is left out."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from benchsuite.contracts.model import Task
from benchsuite.engine.diagnostics import profile
from benchsuite.engine.network.build import Network
from benchsuite.engine.network.feature_cache import Cut
from benchsuite.engine.network.freeze import FrozenStages
from support import stand_in_card


class Device:
    """A device that is given work in 0.01 s, and has it done when somebody waits for it."""

    def __init__(self, patch: pytest.MonkeyPatch, *seconds: float) -> None:
        self.now, self.owed, self.seconds = 0.0, 0.0, list(seconds)
        patch.setattr(profile.time, "perf_counter", lambda: self.now)
        patch.setattr(profile, "_wait", self.wait)

    def work(self) -> int:
        self.now += 0.01
        self.owed += self.seconds.pop(0)
        return len(self.seconds)

    def wait(self, _: torch.device) -> None:
        self.now += self.owed
        self.owed = 0.0

    def timed(self) -> tuple[float, float, int]:
        return profile._time(self.work, torch.device("cuda"), 3)


def test_the_least_of_three_times_after_a_first_that_warms_up_counts_until_the_device_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done, given, left = Device(monkeypatch, 99.0, 0.05, 0.03, 0.04).timed()
    assert math.isclose(done, 0.04)
    assert math.isclose(given, 0.01)
    assert left == 0


def test_a_long_step_is_timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    done, _, left = Device(monkeypatch, 99.0, 7.0, 1.0, 1.0).timed()
    assert math.isclose(done, 7.01)
    assert left == 2


def test_the_device_is_waited_for_where_it_is_a_card() -> None:
    with stand_in_card.card() as now:
        profile._time(lambda: None, stand_in_card.CARD, 1)
        assert [event.what for event in now.events] == ["torch.cuda.synchronize"] * 2


def test_counting_the_operations_of_a_network_takes_nothing_of_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("weights were copied on the card")

    with stand_in_card.card():
        head = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
        stages = {"body": nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)), "head": head}
        network = Network(nn.Sequential(*stages.values()).to("cuda"), stages)
        monkeypatch.setattr(stand_in_card.CardTensor, "__deepcopy__", refuse)
        monkeypatch.setattr(stand_in_card.CardTensor, "clone", refuse)
        parts = Cut(nn.Sequential(), nn.Sequential(*stages.values()))
        facts = profile.model_facts(network, FrozenStages((), True), parts, Task(2, 8, 8))
    assert facts.parameters_total == 84 + 6 + 386
    assert facts.forward_flops > 0


@pytest.mark.parametrize(
    "layer",
    [nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 8, 3), nn.ConvTranspose2d(8, 4, 2, stride=2, groups=4)],
)
def test_each_gradient_of_a_convolution_takes_as_much_as_its_forward_pass(layer: nn.Module) -> None:
    """Of grouped ones too, whose gradients torch counts as if every channel met every other."""
    task = Task(2, 8, 8)
    first = nn.Conv2d(3, 8, 1)  # its images need no gradient
    forward = profile._count(nn.Sequential(first, layer), task, backward=False)[0]
    trained = profile._count(nn.Sequential(first, layer), task, backward=True)[0]
    assert trained == 3 * forward - profile._count(first, task, backward=False)[0]
