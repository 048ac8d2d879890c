"""The settings that all code of a process shares, under the names by which messages call them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from benchsuite.engine.determinism.torch_settings import arithmetic


def process_settings() -> dict[str, Any]:
    """How torch is set, and where the process stands; plugins leave all of it alone."""
    return {
        **arithmetic(),
        "the default dtype": torch.get_default_dtype(),
        "the number of threads": torch.get_num_threads(),
        "whether gradients are recorded": torch.is_grad_enabled(),
        "the current folder": _folder(),
    }


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "none"
