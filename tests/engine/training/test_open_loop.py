"""What a suite may choose of training: that each choice does what it says, in whole runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from benchsuite.api import Averaging, FreezePolicy, Optimizer, Phase, Scheduler, Task
from benchsuite.engine.run.execute import execute
from benchsuite.engine.training.arithmetic import Arithmetic
from benchsuite.engine.training.averaging import Average
from benchsuite.engine.training.descent import Descent, make_optimizer, make_scheduler
from benchsuite.store.record import RunRecord
from support import open_loop
from support.engine import Bench, Silent, TinyData, TinyDataParameters, make_case, sharp

CPU = Arithmetic(torch.device("cpu"), "fp32")
State = dict[str, torch.Tensor]


def made(bench: Bench, model: dict[str, Any] | None = None, **settings: Any) -> tuple[RunRecord, State]:
    """The record and the weights of a run of the recipe `train`."""
    from safetensors.torch import load_file

    task = bench.task(make_case(recipe="tiny_train", model=model, **{"learning_rate": 0.02, **settings}))
    record = execute(task, bench.registry, Silent())
    assert record.failure is None, record.failure
    return record, load_file(task.results / "runs" / task.key.key / "weights.safetensors")


def refused(bench: Bench, **settings: Any) -> str:
    record = execute(bench.task(make_case(recipe="tiny_train", **settings)), bench.registry, Silent())
    assert record.failure is not None
    assert record.failure.remedy
    return f"{record.failure.what}; {record.failure.remedy}"


# In the tiny data set all classes have as many images.
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(open_loop.OPTIONS) - {"balanced classes"}))
def test_an_option_changes_the_weights(bench: Bench, name: str) -> None:
    options = open_loop.OPTIONS[name]
    usual = {key: options[key] for key in ("weight_decay", "optimizer", "momentum") if key in options}
    usual = {} if usual.keys() == options.keys() else usual
    plain, _ = made(bench, epochs=2, **usual)
    other, _ = made(bench, epochs=2, **options)
    assert other.weights_hash != plain.weights_hash


# Groups of parameters.


def test_weight_decay_for_weights_alone_leaves_biases_and_normalisation_out() -> None:
    tail = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), nn.Linear(2, 2))
    optimizer = make_optimizer(Optimizer("adamw", 0.1, {"weight_decay": 0.3}, decay_weights_only=True), tail)
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in tail.named_parameters():
        assert decays[id(parameter)] == (0.3 if parameter.dim() >= 2 else 0.0), name
    assert len(decays) == len(list(tail.parameters()))


def test_rates_fall_from_the_last_stage_to_the_first_and_follow_the_schedule_together() -> None:
    tail = nn.Sequential(*(nn.Linear(2, 2) for _ in range(3)))
    spec = Optimizer("sgd", 0.8, layer_decay=0.5)
    descent = Descent(Phase("only", 4, 8, spec, scheduler=Scheduler("step", {"step_size": 1, "gamma": 0.5})), tail, CPU)

    def rates() -> list[float]:
        by_parameter = {id(p): group["lr"] for group in descent.optimizer.param_groups for p in group["params"]}
        return [by_parameter[id(stage.weight)] for stage in tail]  # type: ignore[union-attr]

    assert rates() == pytest.approx([0.2, 0.4, 0.8])
    descent.end_epoch()
    assert rates() == pytest.approx([0.1, 0.2, 0.4])


def test_no_groups_are_made_where_none_are_asked_for() -> None:
    (group,) = make_optimizer(Optimizer("sgd", 0.1), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))).param_groups
    assert len(group["params"]) == 4


# Schedules by step.


def _rates(scheduler: Scheduler, epochs: int, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    made = make_scheduler(scheduler, optimizer, epochs, steps)
    assert made is not None
    rates = []
    for _ in range(epochs * steps if scheduler.by_step else epochs):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        made.step()
    return rates


def test_lengths_in_epochs_are_stretched_to_steps() -> None:
    by_step = Scheduler("multistep", {"milestones": (1, 2), "gamma": 0.1}, warmup_epochs=1, by_step=True)
    assert _rates(by_step, 4, 3) == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01])
    in_steps = Scheduler("step", {"step_size": 2, "gamma": 0.1}, by_step=True, in_steps=True, warmup_steps=1)
    assert _rates(in_steps, 1, 5) == pytest.approx([0.5, 1, 1, 0.1, 0.1])


@pytest.mark.parametrize("name", ["cosine", "linear", "polynomial", "one_cycle", "cyclic"])
def test_what_is_as_long_as_the_training_is_so_by_step_too(name: str) -> None:
    options = {"base_lr": 0.1} if name == "cyclic" else {}
    by_epoch, by_step = (Scheduler(name, options, by_step=by_step) for by_step in (False, True))
    assert _rates(by_epoch, 6, 1) == _rates(by_step, 6, 1) == _rates(by_step, 2, 3)
    assert len(set(_rates(by_epoch, 6, 1))) > 3


def test_the_rate_of_an_epoch_is_that_of_its_first_step(bench: Bench) -> None:
    record, _ = made(bench, epochs=2, scheduler={"name": "linear", "options": {"start_factor": 0.5}, "by_step": True})
    assert [epoch.learning_rate for epoch in record.epochs] == pytest.approx([0.01, 0.015])


def test_a_schedule_of_the_recipes_own_is_followed(bench: Bench) -> None:
    record, _ = made(bench, epochs=4, scheduler={"name": "polynomial", "options": {"power": 7}})
    assert [epoch.learning_rate for epoch in record.epochs] == pytest.approx([0.02, 0.02, 0.02 / 3, 0.02 / 3])


# Accumulation.


def test_batches_together_are_a_large_batch(bench: Bench) -> None:
    model = {"batchnorm": False}
    settings = {"epochs": 2, "optimizer": "sgd", "l1": 0.01, "gradient_clip": 0.5}
    _, large = made(bench, model, batch_size=16, **settings)
    for size, batches in ((8, 2), (4, 4)):
        _, together = made(bench, model, batch_size=size, accumulate=batches, **settings)
        for name, tensor in large.items():
            assert torch.allclose(together[name], tensor, atol=1e-6), (name, size)


# Means of the weights.


def _net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def _seen(net: nn.Sequential, images: torch.Tensor) -> None:
    for half in images.split(6):
        net(half)


def _moved(net: nn.Sequential) -> None:
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter))
    net.train()
    net(torch.randn(8, 3))


def test_an_exponential_mean_follows_its_formula_in_weights_and_statistics() -> None:
    net = _net()
    average = Average(Averaging("ema", decay=0.3), net, 5)
    expected = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    for step in range(1, 7):
        _moved(net)
        average.end_step()
        decay = min(0.3, (1 + step) / (10 + step))
        for name, tensor in net.state_dict().items():
            expected[name] = decay * expected[name] + (1 - decay) * tensor
    own = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with average.in_place(lambda: None):
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                assert torch.allclose(tensor, expected[name], atol=1e-6), name
    assert all(torch.equal(tensor, own[name]) for name, tensor in net.state_dict().items())


def test_a_plain_mean_begins_after_its_start_and_measures_normalisation_anew() -> None:
    net, images = _net(), torch.randn(12, 3)
    average = Average(Averaging("swa", start=2), net, 5)
    seen = []
    for epoch in range(4):
        _moved(net)
        average.end_epoch()
        assert average.begun == (epoch >= 2)
        seen.append(net[0].weight.detach().clone())
    net.train()
    own = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with average.in_place(lambda: _seen(net, images)):
        assert torch.allclose(net[0].weight, (seen[2] + seen[3]) / 2)
        inputs = net[0](images)
        norm = net[1]
        assert isinstance(norm, nn.BatchNorm1d)
        assert norm.running_mean is not None
        assert torch.allclose(norm.running_mean, inputs.mean(0), atol=1e-6)
        assert norm.momentum is None or norm.momentum == 0.1
    assert all(torch.equal(tensor, own[name]) for name, tensor in net.state_dict().items())


@pytest.mark.parametrize("batchnorm", ["eval", "train"])
@pytest.mark.parametrize("mean", [{"ema": 0.9}, {"swa_after": 0}], ids=["ema", "swa"])
def test_frozen_stages_stay_what_they_are_in_a_mean(bench: Bench, mean: dict[str, Any], batchnorm: Any) -> None:
    """With statistics that are held nothing of them moves; with statistics that go on, their mean does."""

    def frozen(**more: Any) -> State:
        return _trained_frozen(bench, batchnorm, **more)

    averaged, plain = frozen(**mean), frozen()
    for name in plain:
        statistics = "running" in name or "tracked" in name
        if name.startswith(("stem", "block1")) and not (statistics and batchnorm == "train"):
            assert torch.equal(averaged[name], plain[name]), name
        elif name.startswith("stem") and "running" in name:
            assert not torch.equal(averaged[name], plain[name]), name
    assert not torch.equal(averaged["head.2.weight"], plain["head.2.weight"])


def _trained_frozen(bench: Bench, batchnorm: Any, **mean: Any) -> State:
    from benchsuite_plugins.recipes.train import Train

    own = Train.phases
    freeze = FreezePolicy(blocks=1, batchnorm=batchnorm)
    with pytest.MonkeyPatch.context() as patch:
        from dataclasses import replace

        patch.setattr(Train, "phases", lambda self, params: tuple(replace(p, freeze=freeze) for p in own(self, params)))
        return made(bench, epochs=2, monitor="validation_loss", **mean)[1]


def test_only_epochs_that_are_averaged_can_be_the_best(bench: Bench) -> None:
    record, _ = made(bench, epochs=4, swa_after=3)
    assert record.best is not None
    assert record.best.epoch == 4


# The loss.


def test_balanced_classes_count_alike(bench: Bench) -> None:
    from benchsuite_plugins.recipes.train import Train, TrainParameters

    logits, targets = torch.randn(6, 3), torch.tensor([0, 0, 0, 0, 1, 1])
    counts = torch.tensor([40.0, 20.0, 0.0])
    params = TrainParameters(class_weights="balanced", label_smoothing=0.0)
    each = nn.functional.cross_entropy(logits, targets, reduction="none")
    weights = torch.tensor([60 / (3 * 40)] * 4 + [60 / (3 * 20)] * 2)
    assert torch.allclose(Train().loss(params, logits, targets, counts), (each * weights).mean())


def test_the_loss_is_told_how_many_images_each_class_has(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchsuite_plugins.recipes.train import Train

    told: list[Any] = []
    loss = Train.loss

    def listening(self: Any, params: Any, logits: Any, targets: Any, counts: Any = None) -> Any:
        told.append(counts.tolist())
        return loss(self, params, logits, targets, counts)

    monkeypatch.setattr(Train, "loss", listening)
    made(bench, epochs=1, class_weights="balanced")
    assert told[0] == [9, 9, 9]


def test_loss_and_transform_are_told_the_task_and_the_preprocessing_they_ask_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchsuite_plugins.recipes.train import Train

    told: dict[str, Any] = {}
    loss = Train.loss

    def asking(self: Any, params: Any, logits: Any, targets: Any, task: Any = None) -> Any:
        told["task"] = task
        return loss(self, params, logits, targets)

    def brightening(
        self: Any, params: Any, images: Any, targets: Any, draw: Any, preprocessing: Any = None
    ) -> tuple[Any, Any]:
        told["preprocessing"] = preprocessing
        return images + 0.1 / preprocessing.std[0], targets

    monkeypatch.setattr(Train, "loss", asking)
    monkeypatch.setattr(Train, "transform", brightening)
    task = bench.task(make_case(recipe="tiny_train", epochs=1, mixup=0.2))
    assert execute(task, bench.registry, Silent()).failure is None
    height, width = told["preprocessing"].size
    assert told["task"] == Task(classes=3, height=height, width=width)
    assert told["preprocessing"] == TinyData().preprocessing(TinyDataParameters())


# Mixed batches.


@pytest.mark.parametrize("mixing", [{"mixup": 0.2}, {"cutmix": 1.0}], ids=["mixup", "cutmix"])
def test_training_accuracy_counts_the_share_of_the_predicted_class(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, mixing: dict[str, Any]
) -> None:
    from benchsuite_plugins.recipes.train import Train

    shares: list[float] = []
    loss = Train.loss

    def listening(self: Any, params: Any, logits: Any, targets: Any, counts: Any = None) -> Any:
        if targets.dim() == 2:  # in training, not in validation
            shares.extend(targets[torch.arange(len(logits)), logits.argmax(1)].tolist())
        return loss(self, params, logits, targets, counts)

    monkeypatch.setattr(Train, "loss", listening)
    record, _ = made(bench, epochs=1, **mixing)
    assert len(shares) == 27
    assert not all(float(share).is_integer() for share in shares)
    assert record.epochs[0].train_accuracy == pytest.approx(sum(shares) / 27)


def test_a_transform_that_changes_no_target_leaves_training_accuracy_as_it_was(bench: Bench) -> None:
    record = execute(bench.task(make_case(recipe="tiny_mixing", epochs=2)), bench.registry, Silent())
    assert all(
        (27 * epoch.train_accuracy) == pytest.approx(round(27 * epoch.train_accuracy)) for epoch in record.epochs
    )


def test_a_frozen_prefix_is_not_cached_behind_a_mixed_batch(bench: Bench) -> None:
    from benchsuite.engine.run.components import load_components

    for options, cacheable in (({}, True), ({"mixup": 0.2}, False), ({"cutmix": 1.0}, False)):
        task = bench.task(make_case(recipe="tiny_train", **options))
        assert load_components(task, bench.registry).cacheable is cacheable


# Optimizers that ask for the loss.


def test_a_step_that_asks_twice_takes_the_second_gradient_and_the_first_statistics() -> None:
    net, images, targets = _net(), torch.randn(8, 3), torch.arange(8) % 2
    twin = _net()
    twin.load_state_dict(net.state_dict())
    from support.engine import TinyTrain

    phase = Phase("only", 1, 8, Optimizer("sharp", 0.1, {"rho": 0.2}))
    descent = Descent(phase, net, CPU, TinyTrain())
    assert descent.asks
    descent.ask(lambda: nn.functional.cross_entropy(net(images), targets))
    nn.functional.cross_entropy(twin(images), targets).backward()
    statistics = {name: buffer.clone() for name, buffer in twin.named_buffers()}
    optimizer = sharp()(list(twin.parameters()), 0.1, 0.2)
    times = iter(range(9))

    def closure() -> Any:
        optimizer.zero_grad()
        if next(times):
            twin[1].eval()
            twin[1].train()
        with torch.enable_grad():
            loss = nn.functional.cross_entropy(twin(images), targets)
            loss.backward()
        return loss

    fresh = _net()
    twin.load_state_dict(fresh.state_dict())
    optimizer.step(closure)
    for name, parameter in twin.named_parameters():
        assert torch.equal(parameter, dict(net.named_parameters())[name]), name
    for name, buffer in net.named_buffers():
        assert torch.equal(buffer, statistics[name]), name


def test_what_asks_for_the_loss_is_refused_with_accumulation(bench: Bench) -> None:
    said = refused(bench, optimizer="asgd", accumulate=2)
    assert "asks for the loss several times a step" in said
    assert "set accumulate to 1" in said
