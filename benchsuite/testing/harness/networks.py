"""Networks and images for the rules about models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from benchsuite.contracts.model import Task
from benchsuite.errors import BenchsuiteError
from benchsuite.testing.harness.outcomes import Broken, check, join_some
from benchsuite.testing.harness.subject import Subject

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite.engine.network.build import Network

SIZES = (32, 64, 96, 224, 299)
"""Usual heights and widths of images, in pixels."""


BATCH = 4


def usual_size(subject: Subject) -> int:
    """The first usual image size that the model takes."""
    if "size" not in subject.notes:
        for size in SIZES:
            try:
                build_network(subject, size=size)
            except BenchsuiteError:
                continue
            subject.notes["size"] = size
            break
        else:
            raise Broken(f"it refuses images of every usual size: {join_some(SIZES)}")
    return int(subject.notes["size"])


def build_network(subject: Subject, classes: int = 3, seed: int = 0, size: int | None = None) -> Network:
    """A network from its seed, as the engine builds it but for its inspection."""
    from torch import nn

    from benchsuite.engine.determinism import seeds
    from benchsuite.engine.network.build import Network

    side = size or usual_size(subject)
    with seeds.isolated():
        seeds.reseed(seed, "init")
        module = subject.component.build(subject.params, Task(classes, side, side))
    check(isinstance(module, nn.Module), f"build() returned {type(module).__name__}; expected a torch.nn.Module")
    stages = subject.component.stages(module)
    wrong = not isinstance(stages, Mapping) or not all(isinstance(stage, nn.Module) for stage in stages.values())
    check(not wrong, f"stages() returned {type(stages).__name__}; expected a mapping from names to modules")
    return Network(module, dict(stages))


def random_images(subject: Subject, count: int = BATCH) -> Tensor:
    import torch

    side = usual_size(subject)
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(1))


def labels() -> Tensor:
    import torch

    return torch.tensor([0, 1, 2, 0])
