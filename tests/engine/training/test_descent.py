"""Learning-rate schedules with and without warm-up, and steps that are skipped without asking the host."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchsuite.api import Optimizer, Phase, PluginError, Scheduler
from benchsuite.engine.training.arithmetic import Arithmetic
from benchsuite.engine.training.descent import FROM_ZERO, FUSED, OPTIMIZERS, Descent, make_optimizer, make_scheduler

CPU = Arithmetic(torch.device("cpu"), "fp32")
SCALED = Arithmetic(torch.device("cpu"), "fp16")
PHASE = Phase("only", 5, 8, Optimizer("sgd", 0.1))


def _rates(scheduler: Scheduler, epochs: int, learning_rate: float = 0.1) -> list[float]:
    """The learning rate of each epoch."""
    optimizer = make_optimizer(Optimizer("sgd", learning_rate), nn.Linear(1, 1))
    made = make_scheduler(scheduler, optimizer, epochs)
    rates = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(epochs):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            if made is not None:
                made.step()
    return rates


SCHEDULES: dict[str, tuple[Scheduler, list[float]]] = {
    "constant": (Scheduler(), [1, 1, 1, 1, 1]),
    "step": (Scheduler("step", {"step_size": 2, "gamma": 0.5}), [1, 1, 0.5, 0.5, 0.25]),
    "multistep": (Scheduler("multistep", {"milestones": (1, 3), "gamma": 0.1}), [1, 0.1, 0.1, 0.01, 0.01]),
    "exponential": (Scheduler("exponential", {"gamma": 0.8}), [1, 0.8, 0.64, 0.512, 0.4096]),
    "cosine": (Scheduler("cosine"), [(1 + math.cos(math.pi * i / 5)) / 2 for i in range(5)]),
}


@pytest.mark.parametrize(("scheduler", "expected"), SCHEDULES.values(), ids=SCHEDULES.keys())
def test_a_schedule_is_torchs_and_follows_its_warm_up(scheduler: Scheduler, expected: list[float]) -> None:
    assert _rates(scheduler, 5) == pytest.approx([0.1 * share for share in expected])
    warm = Scheduler(scheduler.name, scheduler.options, warmup_epochs=3)
    rates = _rates(warm, 8)
    assert rates == pytest.approx([0.1 * share for share in (0.25, 0.5, 0.75, *expected)])
    assert rates[3] == 0.1


def test_a_warm_up_longer_than_the_training_only_rises() -> None:
    assert _rates(Scheduler("cosine", warmup_epochs=9), 3) == pytest.approx([0.01, 0.02, 0.03])


def test_a_schedule_that_torch_refuses_names_what_it_was_given() -> None:
    with pytest.raises(PluginError, match="the schedule step does not accept"):
        _rates(Scheduler("step", {"gamma": 0.5}, warmup_epochs=2), 3)


def test_the_rate_of_a_descent_follows_its_schedule_and_goes_on_where_it_was() -> None:
    phase = replace(PHASE, scheduler=Scheduler("step", {"step_size": 2, "gamma": 0.7}, warmup_epochs=2))

    def made() -> Descent:
        return Descent(phase, nn.Linear(1, 1), CPU)

    whole, rates = made(), []
    for epoch in range(7):
        rates.append(whole.learning_rate)
        assert whole.optimizer.param_groups[0]["lr"] == rates[-1]
        whole.end_epoch()
        if epoch == 3:
            stopped = whole.state()
    assert rates == pytest.approx([0.1 * share for share in (1 / 3, 2 / 3, 1, 1, 0.7, 0.7, 0.49)])
    resumed = made()
    resumed.load(stopped)
    for rate in rates[4:]:
        assert resumed.learning_rate == rate
        assert resumed.optimizer.param_groups[0]["lr"] == rate
        resumed.end_epoch()


# Steps of fp16 whose gradient is not finite.


def _losses(weight: Tensor) -> list[Tensor]:
    """Losses of which the first, and one in the middle, have no finite gradient once they are scaled."""
    return [(weight * factor).square().sum() for factor in (1e38, 1.0, 2.0, 1e38, 0.5)]


def _alike(ours: Tensor, theirs: Tensor, name: str) -> bool:
    """Equal bits, but for those whose fused form rounds otherwise."""
    return torch.allclose(ours, theirs, rtol=1e-5) if name in FUSED else torch.equal(ours, theirs)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_skipped_as_torch_skips_them(name: str) -> None:
    options: dict[str, Any] = {"momentum": 0.9} if name in ("sgd", "rmsprop") else {}
    phase = replace(PHASE, optimizer=Optimizer(name, 0.1, options))
    ours, theirs = (nn.Linear(3, 2, bias=False) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    descent = Descent(phase, ours, SCALED)
    optimizer = OPTIMIZERS[name](theirs.parameters(), lr=0.1, **options)  # type: ignore[call-arg]
    scaler = SCALED.scaler()
    start = ours.weight.detach().clone()
    for step in range(5):
        descent.minimise(_losses(ours.weight)[step])
        optimizer.zero_grad()
        scaler.scale(_losses(theirs.weight)[step]).backward()  # type: ignore[no-untyped-call]
        scaler.step(optimizer)
        scaler.update()
        assert _alike(ours.weight, theirs.weight, name)
        assert torch.equal(ours.weight, start) == (step == 0)
    assert descent.scaler.state_dict() == scaler.state_dict()
    mine, other = descent.optimizer.state_dict()["state"][0], optimizer.state_dict()["state"][0]
    for part in mine.keys() - {"step"}:
        assert _alike(mine[part], other[part], name), part


def test_no_step_asks_the_host_whether_to_skip_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.amp.GradScaler, "_maybe_opt_step", None)
    weights = nn.Linear(3, 2)
    for name in (*FROM_ZERO, *FUSED):
        descent = Descent(replace(PHASE, optimizer=Optimizer(name, 0.1)), weights, SCALED)
        descent.minimise(weights.weight.square().sum() + weights.bias.sum())
