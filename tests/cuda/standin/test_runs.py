"""What the engine does on CUDA, in whole runs on a stand-in card: devices, waits, bits, and going on after a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from benchsuite.engine.training import descent
from benchsuite.identity.gpus import Gpu
from benchsuite.store.record import RunRecord
from benchsuite.testing.harness.small_run import BoundComponent
from support.cuda_runs import (
    A100,
    MODELS,
    OPTIMIZERS,
    PRECISIONS,
    T4,
    Interrupted,
    Run,
    bound,
    interrupting,
    outcome,
    setup,
    small,
    training,
)
from support.stand_in_card import Card

pytestmark = pytest.mark.slow

Precision = Literal["fp32", "bf16", "fp16"]
QUICK = {
    "resnet_cifar": "fp16",
    "vgg16_cifar": "fp32",
    "lenet5": "bf16",
    "mlp": "fp16",
    "small_cnn": "fp32",
    "birdcnn": "fp16",
}
"""The precision in which a small model is tried whenever the tests run; the others are where time does not matter."""
FREEZING = {
    "frozen": ("finetune", {"freeze": {"blocks": 2}, "max_epochs": 2}),
    "two_phase": ("two_phase", {"max_epochs": 1}),
    "gradual": ("two_phase", {"phases": "gradual", "max_epochs": 1}),
    "head_only": ("two_phase", {"phases": "head_only", "max_epochs": 2}),
}


def matrix(first: Any, quick: Any) -> list[Any]:
    """Each of `first` in each precision; marked slow but for the pairs that `quick` picks."""
    pairs = [(name, precision) for name in first for precision in PRECISIONS]
    return [pytest.param(*pair, marks=() if quick(*pair) else pytest.mark.slow) for pair in pairs]


@pytest.mark.parametrize(("name", "precision"), matrix(MODELS, lambda name, precision: QUICK.get(name) == precision))
def test_every_model_trains_in_every_precision_and_no_step_waits(name: str, precision: Precision, run: Run) -> None:
    record, card = run(small(name), training(precision=precision, gradient_clip=1.0, l1=1e-5))
    assert len(record.epochs) == 2
    assert card.steps() == 8
    assert card.waits_between_steps() == []


@pytest.mark.parametrize(
    ("optimizer", "precision"),
    matrix(OPTIMIZERS, lambda optimizer, precision: precision == ("fp32" if optimizer == "sgd" else "fp16")),
)
def test_no_optimizer_makes_a_step_wait(optimizer: str, precision: Precision, run: Run) -> None:
    more = {"momentum": 0.9, "nesterov": True} if optimizer == "sgd" else {}
    recipe = training(optimizer=optimizer, precision=precision, learning_rate=0.01, **more)
    _, card = run(small("mlp"), recipe)
    assert card.waits_between_steps() == []


@pytest.mark.parametrize("free", [8 * 2**30, 0], ids=["resident", "on the host"])
@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == "frozen" else pytest.mark.slow) for n in FREEZING])
def test_what_is_frozen_is_computed_once_and_no_step_waits(name: str, free: int, run: Run) -> None:
    recipe, parameters = FREEZING[name]
    record, card = run(small("resnet_cifar"), bound("recipe", recipe, **parameters), free=free, augmented=False)
    assert record.notes["features"]
    assert card.waits_between_steps() == []


def on_both(run: Run, folder: Path, model: BoundComponent, recipe: BoundComponent, **card: Any) -> tuple[Any, Any]:
    """The outcome of a run on the card, and on the CPU."""
    there, _ = run(model, recipe, **card)
    own = setup(folder, model, recipe, "cpu", **{name: card[name] for name in card if name != "free"})
    return outcome(there), outcome(own.execute(own.task("results")))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "lenet5" else pytest.mark.slow) for name in MODELS]
)
def test_the_bits_in_fp32_are_those_of_the_cpu(name: str, run: Run, tmp_path: Path) -> None:
    there, here = on_both(run, tmp_path, small(name), training(precision="fp32", optimizer="sgd"))
    assert there == here


@pytest.mark.parametrize("free", [8 * 2**30, pytest.param(0, marks=pytest.mark.slow)], ids=["resident", "on the host"])
def test_the_bits_of_a_frozen_network_are_those_of_the_cpu(
    free: int, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With a learning rate that is a tensor, as it is on a card, fused Adam rounds otherwise.
    monkeypatch.setattr(descent, "_form_on_cuda", lambda name: {})
    recipe = bound("recipe", "finetune", freeze={"blocks": 2}, max_epochs=2, precision="fp32")
    there, here = on_both(run, tmp_path, small("resnet_cifar"), recipe, free=free, augmented=False)
    assert there == here


def test_data_that_stay_on_the_host_give_the_same_bits_with_every_augmentation(run: Run) -> None:
    recipe = training(precision="bf16")
    resident, _ = run(small("lenet5"), recipe)
    travelling, _ = run(small("lenet5"), recipe, free=0, results="travelling")
    assert outcome(resident) == outcome(travelling)


@pytest.mark.parametrize(
    ("optimizer", "precision"),
    matrix(OPTIMIZERS, lambda optimizer, precision: (optimizer, precision) in (("adam", "fp16"), ("sgd", "fp32"))),
)
def test_an_interrupted_run_goes_on_with_the_same_bits(optimizer: str, precision: Precision, run: Run) -> None:
    more = {"momentum": 0.9} if optimizer == "sgd" else {}
    schedule = {"name": "cosine", "warmup_epochs": 1}
    recipe = training(
        optimizer=optimizer, precision=precision, learning_rate=0.01, max_epochs=4, scheduler=schedule, **more
    )
    whole, _ = run(small("lenet5"), recipe)
    with pytest.raises(Interrupted):
        run(small("lenet5"), recipe, results="again", watcher=interrupting(2), checkpoints=0)
    resumed, _ = run(small("lenet5"), recipe, results="again", checkpoints=0)
    assert resumed.resumed == 1
    assert outcome(whole) == outcome(resumed)


@pytest.mark.parametrize(("gpu", "precision"), [(A100, "bf16"), (T4, "fp16")], ids=["A100", "T4"])
def test_auto_takes_the_half_precision_that_the_card_has(gpu: Gpu, precision: str, run: Run) -> None:
    record: RunRecord
    record, _ = run(small("mlp"), bound("recipe", "finetune", max_epochs=1), gpu=gpu)
    assert record.key_fields["numerics"]["precision"] == precision


def test_a_record_tells_that_memory_was_scarce(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = training(precision="fp32", max_epochs=1)
    record, _ = run(small("mlp"), recipe)
    assert "scarce_memory" not in record.notes
    monkeypatch.setattr(Card, "memory_stats", {"num_alloc_retries": 3, "num_ooms": 0})
    record, _ = run(small("mlp"), recipe, results="scarce")
    assert record.notes["scarce_memory"] == {"retried": 3}
