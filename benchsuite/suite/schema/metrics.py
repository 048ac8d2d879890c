"""The metrics of a run: what comparisons, claims and quoted results may speak of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Metric = Literal[
    "test_accuracy", "test_macro_f1", "test_loss", "validation_accuracy", "validation_loss", "train_accuracy",
    "train_loss", "overfitting_gap", "best_epoch", "epochs_run", "epochs_to_95", "training_seconds",
    "seconds_per_epoch", "images_per_second", "peak_memory_bytes", "energy_joules",
]  # fmt: skip
"""`train_…` and `validation_…` are those of the best epoch; `overfitting_gap` is train minus validation accuracy;
`epochs_to_95` counts the epochs until 95 % of the run's own best validation accuracy."""

METRICS: tuple[str, ...] = get_args(Metric)

HIGHER_IS_BETTER: Mapping[str, bool] = {
    **dict.fromkeys(("test_accuracy", "test_macro_f1", "validation_accuracy", "train_accuracy"), True),
    **dict.fromkeys(("test_loss", "validation_loss", "train_loss", "overfitting_gap"), False),
    **dict.fromkeys(("epochs_run", "epochs_to_95", "training_seconds", "seconds_per_epoch"), False),
    "images_per_second": True,
    "peak_memory_bytes": False,
    "energy_joules": False,
}
"""Which way a metric is better; one that is absent has no better and worse."""
