"""Runs in results folders, whole and without training: a record, predictions and weights that fit each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from benchsuite.engine.network.build import weights_hash
from benchsuite.store.predictions import Predictions, predictions_hash
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import LOG, PREDICTIONS, WEIGHTS, Store
from support.synthetic import make_record


def put_run(root: Path, *, seed: int = 0, bits: int = 0, **changes: Any) -> RunRecord:
    """Put a run that is done into the results folder `root`; other `bits` are other weights and predictions."""
    store, record = Store(root), make_record(seed=seed, **changes)
    draw = np.random.default_rng([seed, bits])
    predictions = Predictions(
        validation_probabilities=draw.random((9, 3), dtype=np.float32),
        validation_labels=draw.integers(0, 3, 9),
        test_probabilities=draw.random((12, 3), dtype=np.float32),
        test_labels=draw.integers(0, 3, 12),
    )
    weights = {"head.weight": torch.full((3, 2), float(bits)), "count": torch.tensor(seed)}
    confusion = predictions.confusion
    assert record.test is not None
    right = sum(row[i] for i, row in enumerate(confusion)) / 12
    record = record.model_copy(
        update={
            "test": record.test.model_copy(update={"confusion": confusion, "accuracy": right}),
            "weights_hash": weights_hash(weights),
            "predictions_hash": predictions_hash(predictions),
            "files": {
                WEIGHTS: store.write_file(record.key, WEIGHTS, save(weights)),
                PREDICTIONS: store.write_predictions(record.key, predictions),
            },
        }
    )
    (store.folder(record.key) / LOG).write_text("a line\n")
    store.write(record)
    return record
