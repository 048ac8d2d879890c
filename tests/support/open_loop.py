"""The options of training that a suite may choose, each as parameters of `train`, for what must hold of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OPTIMIZERS = ("adafactor", "adamax", "nadam", "radam", "rprop")
SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "cosine_restarts": {"T_0": 2},
    "linear": {},
    "polynomial": {"power": 2.0},
    "cyclic": {"base_lr": 0.001},
    "one_cycle": {},
}

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    **{name: {"optimizer": name} for name in OPTIMIZERS},
    **{name: {"scheduler": {"name": name, "options": options}} for name, options in SCHEDULES.items()},
    "options of adam": {"optimizer_options": {"betas": (0.5, 0.9), "amsgrad": True}},
    "cosine by step, warm-up by step": {"scheduler": {"name": "cosine", "by_step": True, "warmup_steps": 5}},
    "multistep by step, in epochs": {
        "scheduler": {"name": "multistep", "milestones": (1, 2), "gamma": 0.3, "by_step": True, "warmup_epochs": 1}
    },
    "step by step, in steps": {"scheduler": {"name": "step", "step_size": 3, "by_step": True, "in_steps": True}},
    "decay of weights only": {"weight_decay": 0.05, "decay_weights_only": True, "optimizer": "adamw"},
    "rates by layer": {"layer_decay": 0.5},
    "groups of both kinds": {"weight_decay": 0.05, "decay_weights_only": True, "layer_decay": 0.5},
    "accumulation": {"accumulate": 3},
    "accumulation, by step": {"accumulate": 2, "scheduler": {"name": "cosine", "by_step": True}, "ema": 0.9},
    "ema": {"ema": 0.9},
    "swa": {"swa_after": 1, "optimizer": "sgd", "momentum": 0.9},
    "balanced classes": {"class_weights": "balanced"},
    "mixup": {"mixup": 0.2},
    "cutmix": {"cutmix": 1.0},
    "mixup or cutmix, with all else": {
        "mixup": 0.4, "cutmix": 1.0, "label_smoothing": 0.1, "class_weights": "balanced", "accumulate": 2, "ema": 0.9,
    },
    "an optimizer that asks for the loss": {"optimizer": "asgd"},
    "a schedule of the recipe's own": {"scheduler": {"name": "polynomial", "options": {"power": 7}}},
}  # fmt: skip
"""By what they are called, parameters beside the recipe's defaults. `asgd` and the power 7 stand for what
`support.engine.TinyTrain` has of its own."""
