"""Training from scratch in one phase: any of torch's optimizers, a schedule, penalties, and the best checkpoint.

The defaults are common practice: Adam with a constant rate of 1e-3 and no penalty. There is no early stopping unless a
patience is given. Dropout is the model's, augmentation the data set's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchsuite.api import Phase

from .optimization import LoopParameters, LoopRecipe, OptimizationParameters

TRIAL_EPOCHS = 3


class TrainParameters(OptimizationParameters, LoopParameters):
    """One phase in which every stage trains."""


class Train(LoopRecipe[TrainParameters]):
    """Train the whole network with one optimizer and one schedule."""

    name = "train"
    Parameters = TrainParameters

    def phases(self, params: TrainParameters) -> tuple[Phase, ...]:
        return (params.phase("train", params),)

    def smoke(self, params: TrainParameters) -> Mapping[str, Any]:
        return {"max_epochs": min(params.max_epochs, TRIAL_EPOCHS)}
