"""When a phase ends: after its epochs, or early, when validation has not improved for as long as the recipe waits."""

from __future__ import annotations

from benchsuite.contracts.recipe import Phase
from benchsuite.engine.training.checkpoint import TrainingProgress


def has_ended(phase: Phase, progress: TrainingProgress) -> bool:
    """Whether no further epoch of the phase is to be trained."""
    if progress.epoch - progress.phase_start >= phase.max_epochs:
        return True
    if phase.early_stopping is None or progress.best is None:
        return False
    return progress.epoch - progress.best.epoch >= phase.early_stopping.patience
