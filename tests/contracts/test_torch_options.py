"""What is known of torch's optimizers and schedules without importing torch is what torch has."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, get_args

import pytest
from benchsuite_plugins.recipes.optimization import OptimizerName, ScheduleName

from benchsuite.api import Optimizer, Scheduler
from benchsuite.contracts import torch_options
from benchsuite.contracts.torch_options import SCHEDULES, UNFIT, optimizer_fault, optimizers, overlong, scheduler_fault
from benchsuite.registry import registry
from benchsuite.suite import SuiteError, parse_suite


def test_every_optimizer_of_torch_is_known_and_the_recipes_offer_each() -> None:
    import torch

    theirs = {
        name.lower()
        for name in torch.optim.__all__
        if name != "Optimizer" and isinstance(getattr(torch.optim, name), type)
    }
    assert set(optimizers()) == theirs - set(UNFIT)
    assert set(get_args(OptimizerName)) == set(optimizers())
    assert set(get_args(ScheduleName)) == {"constant", *SCHEDULES}


def test_options_are_those_of_torchs_own_signatures() -> None:
    import inspect

    import torch

    for name in optimizers():
        kind = next(k for k in vars(torch.optim).values() if isinstance(k, type) and k.__name__.lower() == name)
        signature = inspect.signature(kind).parameters
        options = torch_options._signature(torch_options._classes()[name]).options
        assert options.keys() == signature.keys() - torch_options._ENGINES, name
        for option, default in options.items():
            assert default == signature[option].default, (name, option)


def test_they_are_known_without_torch_being_imported() -> None:
    code = (
        "import sys; from benchsuite.contracts.torch_options import optimizers;"
        "assert 'adam' in optimizers(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (Optimizer("adamwx", 0.1), "no optimizer is called 'adamwx'; did you mean 'adamw'?"),
        (Optimizer("lion", 0.1), "there are adadelta, adafactor"),
        (Optimizer("muon", 0.1), "trains no network here: it takes matrices alone"),
        (Optimizer("nadam", 0.1, {"beta": (0.9, 0.9)}), "the optimizer nadam has no option beta"),
        (Optimizer("nadam", 0.1, {"beta": (0.9, 0.9)}), "did you mean betas?"),
        (Optimizer("adam", 0.1, {"fused": True}), "the optimizer adam has no option fused"),
        (Optimizer("adam", 0.1, {"betas": (0.9,)}), "torch's Adam expects 2 numbers there"),
        (Optimizer("adam", 0.1, {"eps": "small"}), "torch's Adam expects a number there"),
        (Optimizer("adam", 0.1, {"amsgrad": 1}), "torch's Adam expects true or false there"),
        (Optimizer("rprop", 0.1, decay_weights_only=True), "rprop has no weight decay"),
        (Optimizer("adamw", 0.1, {"betas": (0.5, 0.9), "amsgrad": True}), None),
    ],
)
def test_faults_of_optimizers(spec: Optimizer, said: str | None) -> None:
    found = optimizer_fault(spec)
    assert found is None if said is None else said in (found or "")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (Scheduler("liner"), "no schedule is called 'liner'; did you mean 'linear'?"),
        (Scheduler("cyclic"), "the schedule cyclic needs base_lr"),
        (Scheduler("linear", {"start": 0.1}), "has no option start"),
        (Scheduler("linear", in_steps=True), "moves by step, not by epoch"),
        (Scheduler("linear", warmup_steps=3), "moves by step, not by epoch"),
        (Scheduler("linear", by_step=True, warmup_steps=3, warmup_epochs=1), "not in both"),
        (Scheduler("one_cycle", warmup_epochs=1), "a rise of its own"),
        (Scheduler("constant", {"gamma": 0.1}), "constant has no option gamma"),
        (Scheduler("linear", {"total_iters": 3}, by_step=True, in_steps=True, warmup_steps=3), None),
    ],
)
def test_faults_of_schedules(spec: Scheduler, said: str | None) -> None:
    found = scheduler_fault(spec)
    assert found is None if said is None else said in (found or "")


@pytest.mark.parametrize(
    ("spec", "epochs", "steps", "long"),
    [
        (Scheduler("multistep", {"milestones": (2, 5)}), 5, None, False),
        (Scheduler("multistep", {"milestones": (2, 6)}), 5, None, True),
        (Scheduler("multistep", {"milestones": (2, 5)}, warmup_epochs=1), 5, None, True),
        (Scheduler("cosine", warmup_epochs=6), 5, None, True),
        (Scheduler("step", {"step_size": 9}, by_step=True, in_steps=True), 2, None, False),
        (Scheduler("step", {"step_size": 9}, by_step=True, in_steps=True), 2, 4, True),
        (Scheduler("step", {"step_size": 9}, by_step=True, in_steps=True), 2, 5, False),
        (Scheduler("cosine", by_step=True, warmup_steps=9), 2, 4, True),
    ],
)
def test_what_is_longer_than_the_training(spec: Scheduler, epochs: int, steps: int | None, long: bool) -> None:
    assert (overlong(spec, epochs, steps) is not None) == long


SUITE = """\
name: tiny
dataset: {name: fake, classes: 3, train_images: 90, validation_images: 30, test_images: 30, image_size: 16}
model: {name: mlp, hidden: [16]}
recipe: {name: train, max_epochs: 4, %s}
seeds: 2
"""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("optimizer: adamww", "did you mean 'adamw'"),
        ("optimizer_options: {beta: 0.9}", "did you mean betas?"),
        ("optimizer_options: {momentum: 0.9}", "momentum stands beside the optimizer, not in optimizer_options"),
        ("scheduler: {name: multistep, milestones: [2, 9]}", "shorten it, or train longer (max_epochs is 4)"),
        (
            "scheduler: {warmup_epochs: 5}",
            "is longer than the training: it takes 5 epochs, of which the training has 4",
        ),
        ("swa_after: 4", "what comes before the mean of weights in phases[0] is longer than the training"),
        ("'ema': 0.9, swa_after: 2", "ema and swa_after are two means of the weights; give one"),
        ("decay_weights_only: true", "decay_weights_only needs a weight_decay above 0"),
        ("optimizer: rprop, weight_decay: 0.1", "rprop has no weight decay"),
        ("accumulate: 1", "recipe.accumulate: 1 is too small"),
    ],
)
def test_a_suite_is_told_what_does_not_go(given: str, said: str) -> None:
    with pytest.raises(SuiteError) as caught:
        parse_suite((SUITE % given).encode(), "tiny.yaml", registry())
    told: Any = [str(problem) for problem in caught.value.problems]
    assert any(said in text for text in told), told
    assert all(text.startswith("tiny.yaml:") for text in told)
