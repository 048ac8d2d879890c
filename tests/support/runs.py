"""Runs in results folders, whole and without training: a record, predictions and weights that fit each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from benchsuite.engine.network.build import weights_hash
from benchsuite.engine.task import RunTask
from benchsuite.identity.run_key import case_fields, component_fields, run_key
from benchsuite.identity.source_fingerprint import fingerprints, libraries
from benchsuite.registry import Registry
from benchsuite.store.predictions import Predictions, predictions_hash
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import LOG, PREDICTIONS, WEIGHTS, Store
from benchsuite.suite.cases.plan import RunSpec
from support.synthetic import make_numerics, make_record


def put_run(
    root: Path, *, seed: int = 0, bits: int = 0, predictions: Predictions | None = None, **changes: Any
) -> RunRecord:
    """Put a run that is done into the results folder `root`; other `bits` are other weights, and other predictions
    where none are given."""
    store, record = Store(root), make_record(seed=seed, **changes)
    draw = np.random.default_rng([seed, bits])
    predictions = predictions or Predictions(
        validation_probabilities=draw.random((9, 3), dtype=np.float32),
        validation_labels=draw.integers(0, 3, 9),
        test_probabilities=draw.random((12, 3), dtype=np.float32),
        test_labels=draw.integers(0, 3, 12),
    )
    weights = {"head.weight": torch.full((3, 2), float(bits)), "count": torch.tensor(seed)}
    confusion = predictions.confusion
    assert record.test is not None
    right = sum(row[i] for i, row in enumerate(confusion)) / len(predictions.test_labels)
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


def put_sure(task: RunTask, wrong: int) -> RunRecord:
    """Put a run that is done for a task, which is sure of all of its predictions, so many of 100 in each split wrong:
    they are its calibration error in percent."""
    labels = np.arange(100) % 3
    sure = np.eye(3, dtype=np.float32)[(labels + (np.arange(100) < wrong)) % 3]
    own: dict[str, Any] = {"spec": task.spec, "key": task.key.key, "key_fields": task.key.fields}
    return put_run(task.results, predictions=Predictions(sure, labels, sure, labels), **own)


def put_planned(
    root: Path, spec: RunSpec, registry: Registry, *, code: dict[str, str] | None = None, **changes: Any
) -> RunRecord:
    """Put a run that is done for a plan: its key covers what that of a real one does, with data that there are not."""
    parts = {role: getattr(spec.case, role) for role in ("dataset", "model", "recipe")}
    entries = {role: registry.entry(role, part.qualified_name) for role, part in parts.items()}
    fields = case_fields(
        {role: component_fields(role, part, entries[role].component.Parameters) for role, part in parts.items()},
        data_fingerprint="d" * 64,
        weights_fingerprint="random",
        code=code if code is not None else fingerprints([entry.module for entry in entries.values()]),
        numerics=make_numerics(),
        libraries={**libraries(entries["model"].module), **libraries(entries["recipe"].module)},
    )
    key = run_key(fields, spec.seed)
    return put_run(root, seed=spec.seed, spec=spec, key=key.key, key_fields=key.fields, **changes)
