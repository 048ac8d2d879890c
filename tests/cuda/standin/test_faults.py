"""The stand-in card finds the faults that a real one would: each is planted here, in what plugins may do and in torch's
own terms, and what it takes for one is none that CUDA would let pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from benchsuite.testing.harness.outcomes import Broken
from benchsuite.testing.harness.small_run import BoundComponent
from support.cuda_runs import Run, bound, outcome, setup, small, training, with_loss
from support.stand_in_card import Refused, card


def model_whose_head(does: Callable[[Any], Any]) -> BoundComponent:
    """The model `mlp` with something more before its stages."""
    given = bound("model", "mlp", hidden=(16,))
    own = type(given.entry.component)

    class First(nn.Module):
        def forward(self, images: Any) -> Any:
            return does(images)

    def stages(self: Any, module: Any) -> Any:
        return {"first": First(), **own.stages(self, module)}

    changed = type(own.__name__, (own,), {"stages": stages})()
    return BoundComponent(replace(given.entry, component=changed), given.params)


def cross_entropy(logits: Any, targets: Any, **more: Any) -> Any:
    return nn.functional.cross_entropy(logits, targets, **more)


REFUSED: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "weights of classes on the host": (lambda x, y: cross_entropy(x, y, weight=torch.ones(4)), "two devices"),
    "targets on the host": (lambda x, y: cross_entropy(x, torch.zeros(len(x), dtype=torch.int64)), "two devices"),
    "a generator of the host": (
        lambda x, y: cross_entropy(x * torch.rand(x.shape, generator=torch.Generator(), device=x.device).round(), y),
        "generator",
    ),
    "numpy": (lambda x, y: cross_entropy(x, y) + float(x.detach().numpy().sum()), "numpy"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cuda_refuses_ends_the_run(name: str, run: Run) -> None:
    loss, told = REFUSED[name]
    with pytest.raises(Broken, match=told):
        run(small("mlp"), with_loss(training(precision="fp32"), loss))


def test_a_constant_that_did_not_move_with_the_model_ends_the_run(run: Run) -> None:
    constant = torch.ones(3, 1, 1)
    with pytest.raises(Broken, match="device cpu"):
        run(model_whose_head(lambda images: images * constant), training(precision="fp32"))


def copied(x: Any, y: Any) -> Any:
    return cross_entropy(x, y, weight=torch.tensor([1.0, 2.0, 1.0, 1.0], device=x.device))


def branching(x: Any, y: Any) -> Any:
    return cross_entropy(x, y) if x.max() < 1e9 else x.sum()


def waiting(x: Any, y: Any) -> Any:
    torch.cuda.synchronize()
    return cross_entropy(x, y)


WAITS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "item": (lambda x, y: cross_entropy(x, y) + 0 * x.max().item(), "_local_scalar_dense"),
    "float": (lambda x, y: cross_entropy(x, y) + 0 * float(x.detach()[0, 0]), "_local_scalar_dense"),
    "tolist": (lambda x, y: cross_entropy(x, y) + 0 * len(y.tolist()), "copy to the host"),
    "cpu": (lambda x, y: cross_entropy(x.cpu(), y.cpu()), "copy to the host"),
    "a copy to the card": (copied, "copy between host and card"),
    "a branch": (branching, "_local_scalar_dense"),
    "synchronize": (waiting, "synchronize"),
    "a mask": (lambda x, y: cross_entropy(x[y >= 0], y[y >= 0]), "mask"),
    "nonzero": (lambda x, y: cross_entropy(x, y) + 0 * len(torch.nonzero(y)), "nonzero"),
    "unique": (lambda x, y: cross_entropy(x, y) + 0 * len(torch.unique(y)), "unique"),
}


QUICK = ("item", "cpu", "a copy to the card", "a mask")


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in WAITS])
def test_whatever_waits_in_a_step_is_found_with_its_line(name: str, run: Run) -> None:
    loss, told = WAITS[name]
    _, now = run(small("mlp"), with_loss(training(precision="fp32"), loss))
    assert any(told in wait and Path(__file__).name in wait for wait in now.waits_between_steps())


def test_a_model_that_computes_otherwise_on_the_card_has_other_bits(run: Run, tmp_path: Path) -> None:
    model = model_whose_head(lambda images: images * 2 if images.is_cuda else images)
    recipe = training(precision="fp32")
    there, _ = run(model, recipe)
    here = setup(tmp_path, model, recipe, "cpu")
    assert outcome(there) != outcome(here.execute(here.task("results")))


def test_a_copy_from_pinned_memory_is_not_waited_for_and_any_other_is() -> None:
    with card() as now:
        pinned = torch.arange(4.0).pin_memory()
        assert pinned.is_pinned()
        assert torch.empty(4, pin_memory=True).is_pinned()
        there = pinned.to("cuda", non_blocking=True)
        there.copy_(pinned, non_blocking=True)
        assert [event.kind for event in now.events] == ["copy", "copy"]
        now.events.clear()
        there.copy_(pinned)
        there.copy_(torch.ones(4), non_blocking=True)
        torch.ones(4).cuda(non_blocking=True)
        assert [event.kind for event in now.events] == ["wait"] * 3


def test_a_tensor_says_where_it_is_and_carries_it_through_views_copies_and_gradients() -> None:
    with card():
        weight = nn.Parameter(torch.arange(6.0).view(2, 3).to("cuda"))
        made = (weight[0] * 2).sum() + torch.zeros((), device="cuda")
        made.backward()
        for tensor in (weight, made, weight.grad, weight.t(), torch.zeros_like(weight), weight.detach().half()):
            assert tensor is not None
            assert (tensor.device, tensor.is_cuda) == (torch.device("cuda", 0), True)
        assert weight.grad is not None
        assert torch.equal(weight.grad.cpu(), torch.tensor([[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]]))
        assert (weight.cpu().device.type, weight.to("meta").device.type) == ("cpu", "meta")
        with pytest.raises(Refused, match="two devices"):
            weight + torch.ones(2, 3)
        assert torch.equal((weight + torch.tensor(1.0)).cpu(), weight.cpu() + 1)  # a single number may come along


def test_the_card_is_gone_after_its_block() -> None:
    available = torch.cuda.is_available()
    with card():
        assert torch.cuda.is_available()
        left = torch.ones(2, device="cuda")
    assert torch.cuda.is_available() == available
    with pytest.raises(Refused, match="gone"):
        left.cpu()


def test_one_hot_with_its_classes_given_does_not_wait() -> None:
    with card() as now:
        labels = torch.zeros(3, dtype=torch.int64, device="cuda")
        nn.functional.one_hot(labels, 4)
        assert now.events == []
