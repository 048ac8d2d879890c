"""Freeze policies: what they freeze, what they refuse, and that what is frozen stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from benchsuite.contracts.recipe import FreezePolicy
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import Network, build
from benchsuite.engine.run.execute import execute
from benchsuite.engine.task import RunTask
from benchsuite.errors import PluginError
from support.engine import Bench, Silent, make_case

STAGES = {name: nn.Linear(1, 1) for name in ("stem", "block1", "block2", "head")}


@pytest.mark.parametrize(
    ("policy", "frozen"),
    [
        (FreezePolicy(), ()),
        (FreezePolicy(blocks=1), ("stem", "block1")),
        (FreezePolicy(blocks=2, stem="never"), ("block1", "block2")),
        (FreezePolicy(stem="always"), ("stem",)),
        (FreezePolicy(stages=("block2", "stem")), ("stem", "block2")),
        (FreezePolicy(blocks=2, stages=()), ()),
        (FreezePolicy(stages=("head",)), ("head",)),
        (FreezePolicy(train_last=1), ("stem", "block1", "block2")),
        (FreezePolicy(train_last=3), ("stem",)),
        (FreezePolicy(train_last=4), ()),
        (FreezePolicy(train_last=99), ()),
    ],
)
def test_a_policy_freezes_these_stages(policy: FreezePolicy, frozen: tuple[str, ...]) -> None:
    resolved = freeze.resolve(policy, STAGES)
    assert resolved.stages == frozen
    freeze.apply(resolved, STAGES)
    assert {name for name, stage in STAGES.items() if not stage.weight.requires_grad} == set(frozen)
    parameters = list(nn.ModuleDict(STAGES).parameters())
    assert sum(p.numel() for p in parameters) == 8
    assert sum(p.numel() for p in parameters if p.requires_grad) == 8 - 2 * len(frozen)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (FreezePolicy(stages=("stem", "layer9")), "layer9"),
        (FreezePolicy(blocks=3), "3 frozen blocks"),
        (FreezePolicy(stages=("stem", "block1", "block2", "head")), "every stage"),
    ],
)
def test_a_policy_that_does_not_fit_the_model_is_refused(policy: FreezePolicy, said: str) -> None:
    with pytest.raises(PluginError, match=said) as caught:
        freeze.resolve(policy, STAGES)
    assert caught.value.expected
    assert caught.value.remedy


@pytest.mark.parametrize("more", [{"blocks": 1}, {"stages": ()}, {"stem": "always"}, {"stem": "never"}])
def test_a_policy_says_only_once_what_is_frozen(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=f"train_last already says what is frozen; leave out {next(iter(more))}"):
        FreezePolicy(train_last=1, **more)


def test_at_least_one_stage_trains() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        FreezePolicy(train_last=0)


def _network(bench: Bench, task: RunTask) -> Network:
    model = bench.registry.model("tiny_net")
    from benchsuite.engine.run.components import load_components

    parts = load_components(task, bench.registry)
    return build(parts.model, model.parse(task.spec.case.model.parameters), parts.shape, task.spec.seed, None)


def _changed(bench: Bench, task: RunTask) -> set[str]:
    """Stages of which a tensor differs after the run from before it, split into `<stage> parameters` and `buffers`."""
    from safetensors.torch import load_file

    before = _network(bench, task)
    assert execute(task, bench.registry, Silent()).failure is None
    after = load_file(task.results / "runs" / task.key.key / "weights.safetensors")
    parameters = {name for name, _ in before.module.named_parameters()}
    return {
        f"{before.stage_of(name)} {'parameters' if name in parameters else 'buffers'}"
        for name, tensor in before.module.state_dict().items()
        if not torch.equal(tensor, after[name])
    }


def test_frozen_parameters_and_statistics_stay_when_batchnorm_is_held(bench: Bench) -> None:
    changed = _changed(bench, bench.task(make_case(epochs=1, freeze=FreezePolicy(blocks=1))))
    assert changed == {"block2 parameters", "block2 buffers", "head parameters"}


def test_only_the_head_trains_on_cached_features_where_it_is_the_last_stage_to_train(bench: Bench) -> None:
    changed = _changed(bench, bench.task(make_case(epochs=1, freeze=FreezePolicy(train_last=1))))
    assert changed == {"head parameters"}
    assert list((bench.root / "cache" / "features").glob("*.features"))


def test_a_frozen_stage_behind_a_trained_one_stays_too(bench: Bench) -> None:
    changed = _changed(bench, bench.task(make_case(epochs=1, freeze=FreezePolicy(stages=("block2",)))))
    assert changed == {"stem parameters", "stem buffers", "block1 parameters", "block1 buffers", "head parameters"}


def test_statistics_move_and_nothing_is_cached_when_batchnorm_trains(bench: Bench) -> None:
    policy = FreezePolicy(blocks=1, batchnorm="train")
    changed = _changed(bench, bench.task(make_case(epochs=1, freeze=policy)))
    assert changed == {"stem buffers", "block1 buffers", "block2 parameters", "block2 buffers", "head parameters"}
    assert not (bench.root / "cache" / "features").exists()
