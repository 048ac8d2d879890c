"""Phases that are refused, and the L1 penalty."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from benchsuite.api import FreezePolicy
from benchsuite.engine.run.execute import execute
from benchsuite.engine.training.stepper import l1_norm
from benchsuite.store.record import RunRecord
from support.engine import Bench, Silent, make_case


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"warmup": -1}, "phases[0].scheduler.warmup_epochs is -1"), ({"l1": -0.1}, "phases[0].l1 is -0.1")],
)
def test_negative_penalties_and_warm_ups_are_refused(bench: Bench, wrong: dict[str, Any], said: str) -> None:
    record = execute(bench.task(make_case(**wrong)), bench.registry, Silent())
    assert record.failure is not None
    assert record.failure.kind == "plugin"
    assert said in record.failure.what


# The L1 penalty.


def test_the_norm_sums_absolute_values_and_its_gradient_is_the_sign() -> None:
    weights = [torch.tensor([[1.0, -2.0], [0.0, 4.0]], requires_grad=True), torch.full((1, 1, 1, 1), -3.0)]
    norm = l1_norm(weights)
    assert norm.item() == 10
    norm.backward()
    assert weights[0].grad is not None
    assert weights[0].grad.tolist() == [[1, -1], [0, 1]]


def _made(bench: Bench, **settings: Any) -> tuple[RunRecord, dict[str, torch.Tensor]]:
    from safetensors.torch import load_file

    task = bench.task(make_case(**{"epochs": 1, "optimizer": "sgd", **settings}))
    record = execute(task, bench.registry, Silent())
    assert record.failure is None, record.failure
    return record, load_file(task.results / "runs" / task.key.key / "weights.safetensors")


def test_one_step_moves_weights_by_the_sign_and_leaves_biases_and_normalisation_alone(bench: Bench) -> None:
    whole = {"batch_size": 27, "learning_rate": 0.01}
    plain, without = _made(bench, **whole)
    lasso, penalised = _made(bench, **whole, l1=0.5)
    for name, tensor in without.items():
        moved = (penalised[name] - tensor).abs()
        if tensor.dim() >= 2:
            assert torch.allclose(moved, torch.full_like(moved, 0.005), atol=1e-6), name
        else:
            assert not moved.any(), name
    # One step: the loss logged for it was taken before the weights moved, and holds no penalty.
    assert lasso.epochs[0].train_loss == plain.epochs[0].train_loss


def test_frozen_weights_are_not_penalised(bench: Bench) -> None:
    head = FreezePolicy(train_last=1)
    _, without = _made(bench, batch_size=27, freeze=head)
    _, penalised = _made(bench, batch_size=27, freeze=head, l1=0.5)
    assert {name for name in without if not torch.equal(without[name], penalised[name])} == {"head.2.weight"}


def test_a_lasso_makes_weights_small(bench: Bench) -> None:
    settings = {"epochs": 6, "learning_rate": 0.02}
    (_, without), (_, penalised) = _made(bench, **settings), _made(bench, **settings, l1=0.05)
    weights = [name for name in without if without[name].dim() >= 2]
    assert l1_norm([penalised[n] for n in weights]) < 0.8 * l1_norm([without[n] for n in weights])
