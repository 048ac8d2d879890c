"""Fine-tuning in one phase: Adam, early stopping and the best checkpoint by validation loss.

The defaults are those of the study of selective freezing on Beans: learning rate 1e-4, batches of 16, at most 30
epochs, patience 10. Adam: D. P. Kingma and J. Ba, ICLR 2015. Early stopping: L. Prechelt, 1998.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from benchsuite.api import EarlyStopping, FreezePolicy, Optimizer, Parameters, Phase, Precision, Recipe


class FinetuneParameters(Parameters):
    """One phase of training and what is frozen in it."""

    freeze: FreezePolicy = FreezePolicy()
    """Which stages do not train."""

    learning_rate: float = Field(default=1e-4, gt=0, le=10)
    """Adam's step size."""

    weight_decay: float = Field(default=0.0, ge=0, le=10)
    """L2 penalty that Adam adds to the gradient."""

    batch_size: int = Field(default=16, ge=1, le=65536)
    """Images a step."""

    max_epochs: int = Field(default=30, ge=1, le=100_000)
    """Epochs at most."""

    patience: int = Field(default=10, ge=1, le=100_000)
    """Epochs without a better validation loss after which training stops."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic: `auto` is bf16 where the GPU or the CPU has it, else fp16 with a scaler on the GPU and
    fp32 on the CPU."""

    log_every: int = Field(default=10, ge=1)
    """Every how many steps the training loss is logged."""


class Finetune(Recipe[FinetuneParameters]):
    """Fine-tune a (pretrained) network, all of it or what the freeze policy leaves."""

    name = "finetune"
    Parameters = FinetuneParameters

    def phases(self, params: FinetuneParameters) -> tuple[Phase, ...]:
        return (
            Phase(
                name="finetune",
                max_epochs=params.max_epochs,
                batch_size=params.batch_size,
                optimizer=Optimizer("adam", params.learning_rate, {"weight_decay": params.weight_decay}),
                freeze=params.freeze,
                early_stopping=EarlyStopping(params.patience),
            ),
        )

    def precision(self, params: FinetuneParameters) -> Precision:
        return params.precision

    def log_every(self, params: FinetuneParameters) -> int:
        return params.log_every

    def smoke(self, params: FinetuneParameters) -> Mapping[str, Any]:
        # Without pretrained weights and with few photos, the study's own learning rate would not move in so few epochs.
        return {"max_epochs": min(params.max_epochs, 4), "learning_rate": max(params.learning_rate, 1e-3)}
