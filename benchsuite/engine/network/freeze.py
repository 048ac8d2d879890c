"""Freezing: which stages do not train, and the mode their layers are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from benchsuite.contracts.recipe import FreezePolicy
from benchsuite.errors import PluginError


@dataclass(frozen=True)
class FrozenStages:
    """The stages that do not train, in order, and whether they are held in eval mode."""

    stages: tuple[str, ...]
    held: bool
    """True when frozen stages stay in eval mode (batch-norm keeps its stored statistics, dropout is off)."""


def resolve(policy: FreezePolicy, stages: Mapping[str, nn.Module]) -> FrozenStages:
    """Which of `stages` the policy freezes. Raises PluginError when it names stages or blocks that do not exist."""
    names = list(stages)
    blocks = names[1:-1]
    held = policy.batchnorm == "eval"
    if policy.train_last is not None:
        frozen = set(names[: -policy.train_last])
    elif policy.stages is not None:
        unknown = [name for name in policy.stages if name not in stages]
        if unknown:
            raise PluginError(
                f"the freeze policy names a stage that the model does not have: {', '.join(unknown)}",
                expected=f"some of {', '.join(names)}",
                remedy="correct freeze.stages",
            )
        frozen = set(policy.stages)
    else:
        if policy.blocks > len(blocks):
            raise PluginError(
                f"the freeze policy asks for {policy.blocks} frozen blocks, but the model has {len(blocks)}",
                expected=f"freeze.blocks from 0 to {len(blocks)} ({', '.join(blocks)})",
                remedy="lower freeze.blocks",
            )
        frozen = set(blocks[: policy.blocks])
        if policy.stem == "always" or (policy.stem == "with_first_block" and policy.blocks > 0):
            frozen.add(names[0])
    if frozen == set(names):
        raise PluginError(
            "the freeze policy freezes every stage, so nothing would train",
            expected="at least the head left free",
            remedy="leave at least one stage out of freeze.stages",
        )
    return FrozenStages(tuple(name for name in names if name in frozen), held)


def apply(frozen: FrozenStages, stages: Mapping[str, nn.Module]) -> None:
    """Let gradients reach exactly the stages that train."""
    for name, stage in stages.items():
        stage.requires_grad_(name not in frozen.stages)


def train_mode(frozen: FrozenStages, stages: Mapping[str, nn.Module]) -> None:
    """Put the stages in training mode, but for frozen ones that are held in eval mode."""
    for name, stage in stages.items():
        stage.train(not (frozen.held and name in frozen.stages))
