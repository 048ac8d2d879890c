"""The energy that the GPU has used, as its driver counts it (NVML, for Volta and later)."""

from __future__ import annotations

import functools
from typing import Any

import torch


def joules() -> float | None:
    """What the GPU of this process has used since its driver was loaded, by whoever; None without one that tells.

    The meter counts millijoules.
    """
    handle = _handle() if torch.cuda.is_available() else None
    if handle is None:
        return None
    import pynvml

    try:
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000
    except pynvml.NVMLError:
        return None


@functools.cache
def _handle() -> Any | None:
    """NVML's handle of the one GPU that this process sees; None where the library is not there."""
    import pynvml

    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(0).uuid}")
    except pynvml.NVMLError:
        return None
