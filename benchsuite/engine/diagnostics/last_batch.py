"""The last batch of an epoch, which takes what is left: of one image, it is none on which batch normalisation could
train where its maps have shrunk to a single pixel.

That a batch has one image is known when a study is planned, so this module imports no torch by itself; whether it
matters to a network is found out before the first epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from benchsuite.contracts.recipe import Phase
from benchsuite.errors import TrainingError

if TYPE_CHECKING:
    from benchsuite.contracts.model import Task
    from benchsuite.engine.network.build import Network

SHOWN = 4


def has_batch_of_one(images: int, size: int) -> bool:
    """Whether an epoch of so many images, in batches of this size, has a batch of one."""
    return min(images, size) == 1 or images % size == 1


def fitting_sizes(images: int, size: int) -> str:
    """The batch sizes nearest to this one that leave no image alone, in words."""
    fitting = (other for other in range(2, 2 * size + 20) if images > 1 and not has_batch_of_one(images, other))
    nearest = sorted(sorted(fitting, key=lambda other: (abs(other - size), other))[:SHOWN])
    return ", ".join(map(str, nearest)) or "none: there is a single training image"


def describe_batch(images: int, phase: Phase) -> str:
    """Which batch of a phase has one image, in the words of a suite's author."""
    size = phase.batch_size
    which = "each batch" if min(images, size) == 1 else "the last batch of each epoch"
    return f"phase {phase.name}: {which} has one image ({images} training images, batch_size {size})"


def check_last_batches(network: Network, phases: Iterable[Phase], images: int, shape: Task) -> None:
    """Raise TrainingError for a phase with a batch of one image on which this network cannot train."""
    import copy

    import torch

    from benchsuite.engine.network import freeze

    for phase in phases:
        if not has_batch_of_one(images, phase.batch_size):
            continue
        stages = {name: copy.deepcopy(stage).to("meta") for name, stage in network.stages.items()}
        freeze.train_mode(freeze.resolve(phase.freeze, stages), stages)
        batch = torch.empty(1, shape.channels, shape.height, shape.width, device="meta")
        try:
            with torch.no_grad():
                for stage in stages.values():
                    batch = stage(batch)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise TrainingError(
                f"{describe_batch(images, phase)}, and batch normalisation cannot train on a single value",
                where=network.origin,
                expected="two images or more in every batch, or larger images",
                remedy=f"set the recipe's batch_size to one that fits: {fitting_sizes(images, phase.batch_size)}",
            ) from error
