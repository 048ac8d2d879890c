"""What a plugin may do wrong in a step on a card: it costs speed, or it is told; it never changes a result unsaid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from benchsuite.testing.harness.outcomes import Broken
from support.cuda_runs import Interrupted, Run, interrupting, outcome, small, training, with_loss


@pytest.fixture(autouse=True)
def _set_back() -> Iterator[None]:
    yield
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def test_a_loss_that_asks_for_numbers_waits_and_has_the_same_bits(run: Run) -> None:
    recipe = training(precision="fp32")
    asking = with_loss(recipe, lambda logits, targets: cross_entropy(logits, targets) + 0 * logits.max().item())
    plain, _ = run(small("mlp"), with_loss(recipe, cross_entropy), results="plain")
    waiting, card = run(small("mlp"), asking, results="waiting")
    assert card.waits_between_steps()
    assert outcome(plain) == outcome(waiting)


def drawing(logits: Any, targets: Any) -> Any:
    """A loss that draws from NumPy's own generator."""
    return cross_entropy(logits, targets) * float(np.random.default_rng(np.random.randint(2**31)).uniform(0.5, 1.5))


@pytest.mark.slow
def test_draws_from_numpy_are_the_same_when_a_run_is_repeated_or_goes_on(run: Run) -> None:
    recipe = with_loss(training(precision="fp32", max_epochs=3), drawing)
    first, _ = run(small("mlp"), recipe, results="first")
    again, _ = run(small("mlp"), recipe, results="again")
    with pytest.raises(Interrupted):
        run(small("mlp"), recipe, results="stopped", watcher=interrupting(1), checkpoints=0)
    resumed, _ = run(small("mlp"), recipe, results="stopped", checkpoints=0)
    assert outcome(first) == outcome(again) == outcome(resumed)


SWITCHES = {
    "TF32 of products": lambda: setattr(torch.backends.cuda.matmul, "allow_tf32", True),
    "TF32 of convolutions": lambda: setattr(torch.backends.cudnn, "allow_tf32", True),
    "the search for fast kernels": lambda: setattr(torch.backends.cudnn, "benchmark", True),
    "determinism": lambda: torch.use_deterministic_algorithms(False),
    "the precision of products": lambda: torch.set_float32_matmul_precision("high"),
}


QUICK = ("TF32 of products", "determinism")


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in SWITCHES])
def test_a_step_that_switches_how_torch_computes_ends_the_run(name: str, run: Run) -> None:
    def switching(logits: Any, targets: Any) -> Any:
        SWITCHES[name]()
        return cross_entropy(logits, targets)

    try:
        with pytest.raises(Broken, match="chang"):
            run(small("mlp"), with_loss(training(precision="fp32"), switching))
    finally:
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.benchmark = False


def test_gradients_that_overflow_in_fp16_skip_steps_without_a_wait_until_they_fit(run: Run) -> None:
    steep = with_loss(training(precision="fp16"), lambda logits, targets: 1e4 * cross_entropy(logits, targets))
    record, card = run(small("mlp"), steep)
    assert card.waits_between_steps() == []
    assert all(np.isfinite(loss) for _, loss in record.steps)


def test_logits_that_overflow_in_fp16_end_the_run_with_a_remedy(run: Run) -> None:
    def beyond(logits: Any, targets: Any) -> Any:
        return cross_entropy(logits.half() * 1e6, targets)

    with pytest.raises(Broken, match="the training loss became"):
        run(small("mlp"), with_loss(training(precision="fp16"), beyond))
