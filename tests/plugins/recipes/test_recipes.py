"""The recipes: what their parameters become, what they refuse, and that torch takes what they declare."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from benchsuite_plugins.models.resnet import ResNet
from benchsuite_plugins.recipes.train import Train, TrainParameters
from benchsuite_plugins.recipes.two_phase import PRESETS, TwoPhase, TwoPhaseParameters
from pydantic import ValidationError

from benchsuite.api import Averaging, EarlyStopping, FreezePolicy, Parameters, Phase, Scheduler, Task
from benchsuite.registry import registry
from benchsuite.suite.cases.resolver import resolved_parameters


def _phase(**settings: Any) -> Phase:
    (phase,) = Train().phases(TrainParameters(**settings))
    return phase


def _smoke(recipe: Train | TwoPhase, params: Parameters) -> tuple[Phase, ...]:
    small = params.model_copy(update=dict(recipe.smoke(params)))  # type: ignore[arg-type]
    return recipe.phases(small)  # type: ignore[arg-type]


def test_the_recipes_are_registered() -> None:
    assert {"finetune", "train", "two_phase"} <= set(registry().names("recipe"))


@pytest.mark.parametrize("name", ["train", "two_phase"])
def test_the_defaults_are_whole_and_survive_json(name: str) -> None:
    entry = registry().recipe(name)
    resolved = resolved_parameters(entry, {})
    assert resolved_parameters(entry, resolved) == resolved


@pytest.mark.parametrize("schema", [TrainParameters, TwoPhaseParameters])
def test_every_parameter_says_what_it_is(schema: type[Parameters]) -> None:
    described = schema.model_json_schema()
    models = [described, *described["$defs"].values()]
    assert all(field.get("description") for model in models for field in model["properties"].values())


# train


def test_training_is_adam_at_a_constant_rate_unless_said_otherwise() -> None:
    phase = _phase()
    assert (phase.optimizer.name, phase.optimizer.learning_rate) == ("adam", 1e-3)
    assert phase.optimizer.options == {"weight_decay": 0.0}
    assert (phase.scheduler, phase.freeze, phase.l1) == (Scheduler(), FreezePolicy(), 0.0)
    assert (phase.early_stopping, phase.gradient_clip) == (None, None)


def test_every_parameter_reaches_the_phase() -> None:
    phase = _phase(
        optimizer="sgd", learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.01, l1=0.001, max_epochs=7,
        batch_size=128, gradient_clip=2.0, patience=3, monitor="validation_accuracy",
        scheduler={"name": "cosine", "min_learning_rate": 0.01, "warmup_epochs": 2, "by_step": True},
        decay_weights_only=True, layer_decay=0.5, accumulate=4, ema=0.99,
    )  # fmt: skip
    assert asdict(phase.optimizer) == {
        "name": "sgd",
        "learning_rate": 0.1,
        "options": {"weight_decay": 0.01, "momentum": 0.9, "nesterov": True},
        "decay_weights_only": True,
        "layer_decay": 0.5,
    }
    assert phase.scheduler == Scheduler("cosine", {"eta_min": 0.01}, 2, by_step=True)
    assert (phase.accumulate, phase.averaging) == (4, Averaging("ema", decay=0.99))
    assert (phase.max_epochs, phase.batch_size, phase.l1, phase.gradient_clip) == (7, 128, 0.001, 2.0)
    assert (phase.early_stopping, phase.monitor) == (EarlyStopping(3), "validation_accuracy")


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"name": "step", "step_size": 5}, {"step_size": 5, "gamma": 0.1}),
        ({"name": "multistep", "milestones": (3, 6), "gamma": 0.5}, {"milestones": (3, 6), "gamma": 0.5}),
        ({"name": "exponential"}, {"gamma": 0.95}),
        ({"name": "cosine"}, {}),
    ],
)
def test_a_schedule_gets_torchs_options(given: dict[str, Any], options: dict[str, Any]) -> None:
    assert _phase(scheduler=given).scheduler.options == options


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"momentum": 0.9}, "momentum is for sgd and rmsprop; adam has none"),
        ({"optimizer": "adadelta", "momentum": 0.9}, "adadelta has none"),
        ({"optimizer": "sgd", "nesterov": True}, "nesterov needs the optimizer sgd and a momentum above 0"),
        ({"optimizer": "rmsprop", "momentum": 0.9, "nesterov": True}, "nesterov needs the optimizer sgd"),
        ({"optimizer": "sgd", "momentum": 1.0}, "less than 1"),
        ({"scheduler": {"name": "step"}}, "the schedule step needs step_size"),
        ({"scheduler": {"name": "multistep"}}, "the schedule multistep needs milestones"),
        ({"scheduler": {"name": "multistep", "milestones": (5, 5)}}, "milestones must increase"),
        ({"scheduler": {"name": "multistep", "milestones": (0, 5)}}, "greater than or equal to 1"),
        ({"scheduler": {"gamma": 0.5}}, "the schedule constant has no gamma; it takes warmup_epochs alone"),
        ({"scheduler": {"name": "cosine", "gamma": 0.5}}, "cosine has no gamma; it takes min_learning_rate"),
        ({"scheduler": {"name": "exponential", "gamma": 1.5}}, "less than or equal to 1"),
        ({"scheduler": {"name": "exponential", "milestones": (1,)}}, "exponential has no milestones; it takes gamma"),
        ({"scheduler": {"name": "cosine", "min_learning_rate": 0.1}}, "min_learning_rate 0.1 is above learning_rate"),
        ({"scheduler": {"warmup_epochs": -1}}, "greater than or equal to 0"),
        ({"label_smoothing": 1.0}, "less than 1"),
        ({"l1": -0.1}, "greater than or equal to 0"),
        ({"patience": 0}, "greater than or equal to 1"),
        ({"freeze": {}}, "Extra inputs"),
    ],
)
def test_what_contradicts_itself_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TrainParameters(**given)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "adagrad", "rmsprop", "adadelta"])
def test_torch_takes_every_optimizer_with_all_that_it_has(optimizer: str) -> None:
    from torch import nn

    from benchsuite.engine.training.descent import make_optimizer

    more = {"momentum": 0.9} if optimizer in ("sgd", "rmsprop") else {}
    more |= {"nesterov": True} if optimizer == "sgd" else {}
    phase = _phase(optimizer=optimizer, weight_decay=0.1, **more)
    group = make_optimizer(phase.optimizer, nn.Linear(2, 2)).param_groups[0]
    assert (group["lr"], group["weight_decay"], group.get("nesterov", False)) == (1e-3, 0.1, optimizer == "sgd")


def test_label_smoothing_changes_the_training_loss_alone() -> None:
    import torch
    from torch.nn.functional import cross_entropy

    logits, targets = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([0])
    plain, smooth = TrainParameters(), TrainParameters(label_smoothing=0.1)
    assert Train().loss(plain, logits, targets) == cross_entropy(logits, targets)
    expected = 0.9 * cross_entropy(logits, targets) - 0.1 * logits.log_softmax(1).mean()
    assert Train().loss(smooth, logits, targets).item() == pytest.approx(expected.item())


def test_a_trial_takes_three_epochs_at_most() -> None:
    assert [phase.max_epochs for phase in _smoke(Train(), TrainParameters())] == [3]
    assert [phase.max_epochs for phase in _smoke(Train(), TrainParameters(max_epochs=2))] == [2]


# two_phase


def _summary(phases: tuple[Phase, ...]) -> list[tuple[str, int | None, float, int]]:
    return [(p.name, p.freeze.train_last, float(f"{p.optimizer.learning_rate:.2e}"), p.max_epochs) for p in phases]


def test_the_presets_are_the_tutorials() -> None:
    made = {name: TwoPhase().phases(TwoPhaseParameters(phases=name)) for name in PRESETS}  # type: ignore[arg-type]
    assert _summary(made["head_only"]) == [("head", 1, 1e-3, 10)]
    assert _summary(made["all_at_once"]) == [("all", None, 1e-4, 10)]
    assert _summary(made["two_phase"]) == [("head", 1, 1e-3, 5), ("all", None, 1e-4, 5)]
    assert _summary(made["from_scratch"]) == [("all", None, 1e-2, 10)]
    assert _summary(made["gradual"]) == [
        ("last_1", 1, 1e-3, 2),
        ("last_2", 2, 5.62e-4, 2),
        ("last_3", 3, 3.16e-4, 2),
        ("last_4", 4, 1.78e-4, 2),
        ("all", None, 1e-4, 2),
    ]
    phases = [phase for preset in made.values() for phase in preset]
    assert {(p.optimizer.name, p.optimizer.options["momentum"], p.batch_size) for p in phases} == {("sgd", 0.9, 32)}
    assert all(phase.early_stopping is None for phase in phases)
    assert TwoPhase().phases(TwoPhaseParameters()) == made["two_phase"]


def test_phases_may_be_written_out() -> None:
    given = {
        "phases": [
            {"name": "head", "freeze": {"train_last": 1}, "optimizer": "adam", "learning_rate": 0.01},
            {"name": "top", "freeze": {"blocks": 2}, "optimizer": "sgd", "momentum": 0.9, "max_epochs": 3,
             "scheduler": {"name": "step", "step_size": 1}},
        ],
        "patience": 2,
    }  # fmt: skip
    entry = registry().recipe("two_phase")
    first, second = TwoPhase().phases(entry.parse(given))  # type: ignore[arg-type]
    assert (first.freeze.train_last, second.freeze.blocks) == (1, 2)
    assert (first.optimizer.name, first.optimizer.learning_rate, first.max_epochs) == ("adam", 0.01, 5)
    assert (second.scheduler.options["step_size"], second.max_epochs, second.early_stopping) == (1, 3, EarlyStopping(2))
    assert resolved_parameters(entry, resolved_parameters(entry, given)) == resolved_parameters(entry, given)


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        ("three_phase", "two_phase"),
        ((), "at least 1"),
        (({"name": "a"}, {"name": "a"}), "each phase needs a name of its own; a is given twice"),
        (({"name": "a", "momentum": 0.9},), "momentum is for sgd and rmsprop"),
        (({"name": "a", "freeze": {"train_last": 1, "blocks": 1}},), "leave out blocks"),
        (({"freeze": {"train_last": 1}},), "Field required"),
    ],
)
def test_phases_that_cannot_be_are_refused(phases: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        registry().recipe("two_phase").parse({"phases": phases})


def test_phases_are_no_longer_than_asked_for() -> None:
    shortened = TwoPhase().phases(TwoPhaseParameters(max_epochs=3))
    assert [phase.max_epochs for phase in shortened] == [3, 3]
    assert [p.max_epochs for p in TwoPhase().phases(TwoPhaseParameters(phases="gradual", max_epochs=3))] == [2] * 5
    assert [phase.max_epochs for phase in _smoke(TwoPhase(), TwoPhaseParameters())] == [2, 2]


@pytest.mark.parametrize("depth", [18, 50])
def test_the_head_phase_trains_a_linear_layer_on_pooled_features(depth: int) -> None:
    import torch
    from torch import nn

    from benchsuite.engine.network import freeze
    from benchsuite.engine.network.build import build
    from benchsuite.engine.network.feature_cache import cut

    model, shape = ResNet(), Task(classes=3, height=32, width=32)
    network = build(model, ResNet.Parameters(depth=depth, weights="none"), shape, 0, None)
    head, everything = TwoPhase().phases(TwoPhaseParameters())
    frozen = freeze.resolve(head.freeze, network.stages)
    parts = cut(network, frozen, cacheable=True)
    with torch.inference_mode():
        assert parts.prefix.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 512 if depth == 18 else 2048)
    assert [type(layer) for layer in parts.tail.modules()][-1] is nn.Linear
    assert all(isinstance(layer, nn.Sequential | nn.Linear) for layer in parts.tail.modules())
    free = freeze.resolve(everything.freeze, network.stages)
    assert free.stages == ()
    assert not cut(network, free, cacheable=True)


def test_gradual_unfreezing_moves_the_cut_back_one_stage_at_a_time() -> None:
    from benchsuite.engine.network import freeze
    from benchsuite.engine.network.build import build

    network = build(ResNet(), ResNet.Parameters(weights="none"), Task(3, 32, 32), 0, None)
    phases = TwoPhase().phases(TwoPhaseParameters(phases="gradual"))
    trained = [len(network.stages) - len(freeze.resolve(p.freeze, network.stages).stages) for p in phases]
    assert trained == [1, 2, 3, 4, 6]
