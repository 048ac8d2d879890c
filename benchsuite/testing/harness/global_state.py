"""The state of the process that a component must leave alone: random generators, torch's switches, folders, hooks.

`snapshot` takes it, `changes` compares two of them in words. Imports torch.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import warnings
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFile
from torch import nn, optim

from benchsuite.engine.diagnostics.process_settings import process_settings

RANDOM = ("random's generator", "numpy's generator", "torch's generator")
"""The facts that a draw changes."""
FILTERS = "the warnings filters"

State = Mapping[str, Any]


def snapshot() -> State:
    """What there is now, by name."""
    kind, keys, position, *rest = np.random.get_state(legacy=True)
    return {
        "random's generator": random.getstate(),
        "numpy's generator": (kind, np.asarray(keys).tobytes(), position, *rest),
        "torch's generator": torch.get_rng_state().numpy().tobytes(),
        **process_settings(),
        "torch.get_num_interop_threads()": torch.get_num_interop_threads(),
        "torch.get_default_device()": str(torch.get_default_device()),
        "torch.is_anomaly_enabled()": torch.is_anomaly_enabled(),
        "PIL's LOAD_TRUNCATED_IMAGES": ImageFile.LOAD_TRUNCATED_IMAGES,
        "PIL's MAX_IMAGE_PIXELS": Image.MAX_IMAGE_PIXELS,
        "the environment": dict(os.environ),
        FILTERS: tuple(map(repr, warnings.filters)),
        "sys.path": tuple(sys.path),
        "the signal handlers": tuple(map(repr, map(signal.getsignal, signal.valid_signals()))),
        "torch's functions": _functions(),
    }


def changes(before: State, after: State, but: Collection[str] = ()) -> tuple[str, ...]:
    """What differs, in words, except the facts `but`."""
    said = []
    for name in before:
        old, new = before[name], after[name]
        if name in but or old == new:
            continue
        if isinstance(old, dict):
            # Libraries add names when they load; what was there must stay what it was.
            own = name == "torch's functions"
            different = [key for key in old if old[key] != new.get(key)]
            different += [] if own else [key for key in new if key not in old]
            said += [f"{name} ({', '.join(sorted(different)[:4])})"] if different else []
        elif name in RANDOM or isinstance(old, tuple):
            said.append(name)
        else:
            said.append(f"{name}, from {old} to {new}")
    return tuple(said)


def _functions() -> dict[str, Any]:
    """Every function of torch that a network or a loop calls, and every method of its layers and optimizers."""
    homes: dict[str, Any] = {"torch": torch, "torch.nn.functional": nn.functional, "torch.Tensor": torch.Tensor}
    for module, base in ((nn, nn.Module), (optim, optim.Optimizer)):
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, base):
                homes[f"{module.__name__}.{name}"] = value
    return {
        f"{home}.{name}": value
        for home, place in homes.items()
        for name, value in vars(place).items()
        if callable(value)
    }
