"""Training steps that are recorded as CUDA graphs: whole runs have the bits of steps that are launched one operation at
a time, and what cannot be recorded goes on as it is, with the reason in the record and told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from benchsuite.engine.training import loop, stepper
from benchsuite.engine.training.descent import Descent
from benchsuite.engine.training.stepper import make_step
from benchsuite.store.record import RunRecord
from benchsuite.testing.harness.small_run import BoundComponent
from support import stand_in_card
from support.cuda_runs import (
    MODELS,
    OPTIMIZERS,
    PRECISIONS,
    Interrupted,
    Run,
    bound,
    interrupting,
    outcome,
    small,
    training,
)
from support.stand_in_card import Card, CUDAGraph

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch, deterministic: None) -> None:
    monkeypatch.setenv("BENCHSUITE_GRAPHS", "1")


@pytest.fixture
def both(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[RunRecord, RunRecord, Card]]:
    """Make a run with recorded steps, and the same without; gives both records, and the card of the first. A recipe
    that keeps something of its own is given by a function that makes it."""

    def make(model: BoundComponent, recipe: Any, **more: Any) -> tuple[RunRecord, RunRecord, Card]:
        recipes = [recipe() if callable(recipe) else recipe for _ in range(2)]
        record, card = run(model, recipes[0], **more)
        with monkeypatch.context() as patch:
            patch.setenv("BENCHSUITE_GRAPHS", "0")
            eager, _ = run(model, recipes[1], **{**more, "results": "eager"})
        assert set(eager.cost.execution.values()) == {"eager: BENCHSUITE_GRAPHS is 0"}
        return record, eager, card

    return make


def recorded_as(record: RunRecord) -> str:
    """How the one phase of a run was made."""
    assert record.cost is not None
    (how,) = record.cost.execution.values()
    return how


def recipe_with(loss: Callable[..., Any], **more: Any) -> BoundComponent:
    """The recipe `train` with another loss: a function of the recipe itself, the logits and the targets."""
    given = training(**{"precision": "fp32", "max_epochs": 3, **more})
    own = type(given.entry.component)

    def own_loss(self: Any, params: Any, logits: Any, targets: Any) -> Any:
        return loss(self, logits, targets)

    changed = type(own.__name__, (own,), {"loss": own_loss})()
    return BoundComponent(replace(given.entry, component=changed), given.params)


def matrix(first: Any, quick: Any) -> list[Any]:
    """Each of `first` in each precision; marked slow but for the pairs in `quick`."""
    pairs = [(name, precision) for name in first for precision in PRECISIONS]
    return [pytest.param(*pair, marks=() if pair in quick else pytest.mark.slow) for pair in pairs]


# Whole runs: 9 whole batches of 10 images, and 3 of the 2 that are left.


@pytest.mark.parametrize(
    ("optimizer", "precision"), matrix(OPTIMIZERS, [("adam", "fp16"), ("rmsprop", "fp32"), ("adagrad", "bf16")])
)
def test_every_optimizer_is_recorded_with_the_bits_of_eager_steps(optimizer: str, precision: str, both: Any) -> None:
    more = {"momentum": 0.9, "nesterov": True} if optimizer == "sgd" else {}
    schedule = {"name": "cosine", "warmup_epochs": 1}
    recipe = training(
        optimizer=optimizer, precision=precision, learning_rate=0.01, max_epochs=3, scheduler=schedule, **more
    )
    record, eager, card = both(small("lenet5"), recipe)
    if optimizer == "adagrad" and "Adagrad" in recorded_as(record):
        assert card.replays == 0  # torch has a form of it for graphs from 2.12 on
    else:
        assert recorded_as(record) == "graph"
        assert card.replays == 6
    assert outcome(record) == outcome(eager)


def test_how_long_steps_wait_for_batches_is_known_unless_they_are_recorded(both: Any) -> None:
    record, eager, _ = both(small("mlp"), training(precision="fp32", max_epochs=3))
    assert recorded_as(record) == "graph"
    assert record.cost.data_seconds is None
    assert 0 < eager.cost.data_seconds <= eager.cost.seconds["training"]


@pytest.mark.parametrize(("model", "precision"), matrix(MODELS, [("mlp", "fp32"), ("resnet_cifar", "bf16")]))
def test_every_model_is_recorded_with_the_bits_of_eager_steps(model: str, precision: str, both: Any) -> None:
    recipe = training(precision=precision, max_epochs=3, gradient_clip=1.0, l1=1e-5, optimizer="sgd", momentum=0.9)
    record, eager, card = both(small(model), recipe)
    assert recorded_as(record) == "graph"
    assert card.replays == 6
    assert outcome(record) == outcome(eager)


@pytest.mark.parametrize(
    "phases", [pytest.param(p, marks=() if p == "two" else pytest.mark.slow) for p in ("two", "gradual", "head_only")]
)
def test_each_phase_is_recorded_anew(phases: str, both: Any) -> None:
    parameters = {"max_epochs": 3, "batch_size": 10} | ({} if phases == "two" else {"phases": phases})
    record, eager, _ = both(small("resnet_cifar"), bound("recipe", "two_phase", **parameters), augmented=False)
    assert record.cost is not None
    assert set(record.cost.execution.values()) == {"graph"}
    assert list(record.cost.execution) == list(dict.fromkeys(epoch.phase for epoch in record.epochs))
    assert outcome(record) == outcome(eager)


@pytest.mark.parametrize(("optimizer", "precision"), matrix(OPTIMIZERS, [("sgd", "fp16")]))
def test_a_run_interrupted_after_its_recording_goes_on_with_the_same_bits(
    optimizer: str, precision: str, both: Any, run: Run
) -> None:
    more = {"momentum": 0.9} if optimizer == "sgd" else {}
    recipe = training(
        optimizer=optimizer, precision=precision, learning_rate=0.01, max_epochs=5,
        scheduler={"name": "exponential", "gamma": 0.7}, **more,
    )  # fmt: skip
    _, eager, _ = both(small("lenet5"), recipe)
    with pytest.raises(Interrupted):
        run(small("lenet5"), recipe, results="again", watcher=interrupting(3), checkpoints=0)
    resumed, _ = run(small("lenet5"), recipe, results="again", checkpoints=0)
    assert resumed.resumed == 1
    assert outcome(resumed) == outcome(eager)


def test_the_host_waits_for_the_card_only_to_compare_the_recording(run: Run) -> None:
    _, card = run(small("mlp"), training(precision="fp16", max_epochs=3, optimizer="rmsprop"))
    assert card.replays == 6
    waits = card.waits_between_steps()
    assert all("stepper.py" in wait or "_Graph" in wait or "synchronize" in wait for wait in waits), waits


@pytest.mark.parametrize(("optimizer", "usual"), [("adam", 2.0**15), ("rmsprop", 2.0**13)])
@pytest.mark.parametrize("step", [7, 99])
def test_a_step_of_fp16_that_overflows_is_skipped_in_a_recording_too(
    optimizer: str, usual: float, step: int, both: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gradient of the seventh step is infinite, three steps after that which is recorded; there is no
    99th, and what overflows without it are the first steps, under the scale that torch begins with."""
    made: list[Descent] = []
    monkeypatch.setattr(stepper, "make_step", lambda eager, say: made.append(eager.descent) or make_step(eager, say))
    monkeypatch.setattr(loop, "make_step", stepper.make_step)

    def loss(recipe: Any, logits: Any, targets: Any) -> Any:
        if not hasattr(recipe, "count"):
            recipe.count = torch.zeros((), device=logits.device)
        recipe.count.add_(1)
        steep = torch.where(recipe.count == step, 1e38, 0.0)
        some = logits.float().sum()
        return nn.functional.cross_entropy(logits, targets) + (some - some.detach()) * steep

    def recipe() -> BoundComponent:
        return recipe_with(loss, precision="fp16", optimizer=optimizer)

    record, eager, card = both(small("mlp"), recipe)
    assert recorded_as(record) == "graph"
    assert card.replays == 6
    held: list[Any] = [descent.scaler._scale for descent in made]
    expected = usual / 2 if step == 7 else usual  # halved by each step that is skipped
    assert [float(tensor.held) for tensor in held] == [expected] * 2
    assert outcome(record) == outcome(eager)


# What cannot be recorded.


def cross_entropy(logits: Any, targets: Any) -> Any:
    return nn.functional.cross_entropy(logits, targets)


def waiting(recipe: Any, logits: Any, targets: Any) -> Any:
    return cross_entropy(logits, targets) * (1 + 0 * logits.max().item())


def drawing(recipe: Any, logits: Any, targets: Any) -> Any:
    return cross_entropy(logits, targets) * float(np.random.rand())


def drawing_of_torch(recipe: Any, logits: Any, targets: Any) -> Any:
    return cross_entropy(logits, targets) * float(torch.rand(()))


def counting(recipe: Any, logits: Any, targets: Any) -> Any:
    recipe.calls = getattr(recipe, "calls", 0) + 1
    return cross_entropy(logits, targets) * (1 + recipe.calls)


def remembering(recipe: Any, logits: Any, targets: Any) -> Any:
    loss = cross_entropy(logits, targets)
    recipe.mean = 0.9 * getattr(recipe, "mean", loss.detach()) + 0.1 * loss.detach()
    return loss * recipe.mean


def branching(recipe: Any, logits: Any, targets: Any) -> Any:
    """Another computation while it is captured, with other bits."""
    loss = cross_entropy(logits, targets)
    return loss * 2 if stand_in_card.capturing() else loss


def raising(recipe: Any, logits: Any, targets: Any) -> Any:
    if stand_in_card.capturing():
        raise ValueError("not while capturing")
    return cross_entropy(logits, targets)


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "a wait": (waiting, "a step waits for the GPU at test_graphs.py"),
    "numpy": (drawing, "draws random numbers on the host"),
    "torch": (drawing_of_torch, "draws random numbers on the host"),
    "a counter": (counting, "keeps count"),
    "a tensor of its own": (remembering, "keeps count"),
    "other bits": (branching, "other bits"),
    "an error": (raising, "not while capturing"),
}


SLOW = ("numpy", "torch")


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in REFUSED])
def test_what_no_recording_can_repeat_is_found_and_the_run_goes_on_as_it_is(
    name: str, both: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    loss, reason = REFUSED[name]
    record, eager, card = both(small("lenet5"), lambda: recipe_with(loss))
    assert recorded_as(record).startswith("eager: ")
    assert reason in recorded_as(record)
    assert any("one operation at a time" in line and reason in line for line in capsys.readouterr().out.splitlines())
    assert outcome(record) == outcome(eager)
    assert card.stream is None


def test_a_tensor_that_a_plugin_changes_in_place_is_recorded_with_it(both: Any) -> None:
    def loss(recipe: Any, logits: Any, targets: Any) -> Any:
        found = cross_entropy(logits, targets)
        if not hasattr(recipe, "mean"):
            recipe.mean = torch.zeros_like(found)
        recipe.mean.mul_(0.9).add_(0.1 * found.detach())
        return found * recipe.mean

    record, eager, card = both(small("lenet5"), lambda: recipe_with(loss))
    assert recorded_as(record) == "graph"
    assert card.replays == 6
    assert outcome(record) == outcome(eager)


@pytest.mark.parametrize("room", [0, 20])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_graph_that_finds_no_memory_is_done_without(
    room: int, precision: str, both: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CUDAGraph, "room", room)
    record, eager, card = both(small("lenet5"), training(precision=precision, max_epochs=3))
    assert "out of memory" in recorded_as(record)
    assert card.replays == 0
    assert outcome(record) == outcome(eager)


def test_a_graph_that_leaves_no_memory_for_other_batches_is_done_without(
    both: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CUDAGraph, "bytes", 5 * 2**30)
    record, eager, card = both(small("lenet5"), training(precision="fp32", max_epochs=3), free=4 * 2**30)
    assert "takes 5120 MiB, and only 4096 MiB are left" in recorded_as(record)
    assert card.replays == 0
    assert outcome(record) == outcome(eager)


def test_a_capture_that_breaks_leaves_a_process_that_computes_on(both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where torch does not see that a step waits; the network draws its dropout from the generator of the card."""
    monkeypatch.setattr(Card, "sync_debug_mode", property(lambda card: 0, lambda card, mode: None), raising=False)
    record, eager, card = both(small("lenet5"), recipe_with(waiting))
    assert "not permitted when stream is capturing" in recorded_as(record)
    assert outcome(record) == outcome(eager)
    assert card.stream is None


def test_a_replay_that_computes_otherwise_is_found_and_undone(both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    faithful = CUDAGraph.replay

    def replay(graph: Any) -> None:
        faithful(graph)
        place = next(made for _, _, _, made in reversed(graph._recording._calls) if isinstance(made, torch.Tensor))
        place.view(torch.uint8).bitwise_xor_(1)

    monkeypatch.setattr(CUDAGraph, "replay", replay)
    record, eager, card = both(small("lenet5"), training(precision="fp32", max_epochs=3))
    assert "other bits" in recorded_as(record)
    assert card.replays == 1
    assert outcome(record) == outcome(eager)


def test_data_on_the_host_are_not_recorded(both: Any) -> None:
    record, eager, _ = both(small("lenet5"), training(precision="fp32"), free=0)
    assert recorded_as(record) == "eager: the data do not fit on the GPU"
    assert outcome(record) == outcome(eager)


def test_a_transform_is_not_recorded(both: Any) -> None:
    given = training(precision="fp32", max_epochs=3)
    own = type(given.entry.component)

    def transform(self: Any, params: Any, images: Any, targets: Any, draw: Any) -> Any:
        return images * float(draw.uniform(0.5, 1)), targets

    changed = type(own.__name__, (own,), {"transform": transform})()
    recipe = BoundComponent(replace(given.entry, component=changed), given.params)
    record, eager, _ = both(small("lenet5"), recipe)
    assert recorded_as(record) == "eager: the recipe transforms batches on the host"
    assert outcome(record) == outcome(eager)


def test_mixing_is_not_recorded(both: Any) -> None:
    record, eager, _ = both(small("lenet5"), training(precision="fp32", max_epochs=2, mixup=0.2, cutmix=1.0))
    assert recorded_as(record) == "eager: the recipe transforms batches on the host"
    assert outcome(record) == outcome(eager)


def test_images_that_are_augmented_one_at_a_time_are_not_recorded(both: Any) -> None:
    record, eager, _ = both(small("lenet5"), training(precision="fp32", max_epochs=2), one_by_one=True)
    assert recorded_as(record) == "eager: images are augmented one at a time"
    assert outcome(record) == outcome(eager)


def test_a_phase_of_few_steps_is_not_recorded(run: Run) -> None:
    record, card = run(small("mlp"), training(precision="fp32", max_epochs=1))
    assert recorded_as(record) == "eager: there were no more than 3 whole batches"
    assert card.replays == 0
