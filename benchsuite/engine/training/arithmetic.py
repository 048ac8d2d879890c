"""Device and precision of a run, and what torch needs to compute so."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Arithmetic:
    """Device and precision of a run."""

    device: torch.device
    precision: str

    def forward(self, module: nn.Module, batch: Tensor) -> Tensor:
        """Apply `module` in the run's precision."""
        with self.autocast():
            output: Tensor = module(batch)
        return output

    def autocast(self) -> Any:
        if self.precision == "fp32":
            return nullcontext()
        dtype = torch.bfloat16 if self.precision == "bf16" else torch.float16
        return torch.autocast(self.device.type, dtype=dtype)

    def scaler(self) -> torch.amp.GradScaler:
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")
