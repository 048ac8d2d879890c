"""The settings that all code of a process shares, under the names by which messages call them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def process_settings() -> dict[str, Any]:
    """How torch is set, and where the process stands; plugins leave all of it alone."""
    cudnn = torch.backends.cudnn
    return {
        "the default dtype": torch.get_default_dtype(),
        "the number of threads": torch.get_num_threads(),
        "torch's deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "the precision of float32 products": torch.get_float32_matmul_precision(),
        "cuDNN's flags": (cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32),
        "whether gradients are recorded": torch.is_grad_enabled(),
        "the current folder": _folder(),
    }


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "none"
