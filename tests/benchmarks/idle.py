"""What sites and worker processes do for the benchmarks of scale: runs that do nothing, and come home whole.

An order is answered with a record of some thirty epochs, predictions and weights that fit each other, drawn by its key;
what is left is the cost of everything around a run. Each takes SLEEP seconds.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
from safetensors.numpy import save

from benchsuite.api import Channel
from benchsuite.engine.task import RunTask
from benchsuite.execution import agent
from benchsuite.execution.wire import ASKED, Answer, Arrived, told
from benchsuite.processes import Parent
from benchsuite.store.parcel import Parcel, to_message
from benchsuite.store.predictions import Predictions, predictions_hash, to_bytes
from benchsuite.store.record import Deviation, RunRecord, StoredFile
from benchsuite.store.run_store import LOG, PREDICTIONS, RECORD, WEIGHTS, Store
from benchsuite.store.weights import weights_hash
from benchsuite.suite.cases.plan import RunSpec
from support.synthetic import make_record

SLEEP = "BENCHSUITE_BENCH_SLEEP"
"""Environment: the seconds of a run."""
Images = tuple[int, int]
BEANS: Images = (133, 128)
"""Of validation and test."""
VARIANTS = 64
"""Of results, so that no two cases of a study have the same."""


def survey() -> bytes:
    """As sites tell of themselves; what answering takes is made ready meanwhile."""
    for variant in range(VARIANTS):
        _results(variant, BEANS)
    return agent.survey()


def answer(message: bytes, channel: Channel) -> bytes:
    """The parcel of a run that nobody made: a handler of orders."""
    order = ASKED.validate_json(message)
    if isinstance(order, Arrived):
        return Answer(agent.AGENT, None).to_bytes()
    channel.tell(told("started"))
    _sleep()
    record, files = _run(order.key, order.fields, order.spec, order.deviations)
    contents = {**files, LOG: b"nothing was made\n", RECORD: record.model_dump_json(indent=1).encode()}
    return Answer(agent.AGENT, to_message(Parcel("nothing", _described(contents), contents))).to_bytes()


def fill(tasks: Iterable[RunTask]) -> None:
    """Put the runs into their store, as if they had come home long ago."""
    for task in tasks:
        index = task.data.index
        images = len(index.validation), len(index.test)
        record, files = _run(task.key.key, task.key.fields, task.spec, task.deviations, images)
        folder = Store(task.results).folder(task.key.key)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in {**files, RECORD: record.model_dump_json(indent=1).encode()}.items():
            (folder / name).write_bytes(content)


def serve(parent: Parent, *_: Any) -> None:
    """As `benchsuite.execution.worker.main`, but that nothing is made."""
    while (job := parent.receive()) is not None:
        _sleep()
        parent.send(("result", _run(job.key.key, job.key.fields, job.spec, job.deviations)[0]))


def _sleep() -> None:
    time.sleep(float(os.environ.get(SLEEP, "0")))


def _run(
    key: str, fields: Mapping[str, Any], spec: RunSpec, deviations: Iterable[Deviation], images: Images = BEANS
) -> tuple[RunRecord, Mapping[str, bytes]]:
    record, files = _results(int(key[:8], 16) % VARIANTS, images)
    own = {"key": key, "key_fields": fields, "spec": spec, "deviations": tuple(deviations)}
    return record.model_copy(update=own), files


@cache
def _results(variant: int, images: Images) -> tuple[RunRecord, Mapping[str, bytes]]:
    draw = np.random.default_rng(variant)
    found = {}
    for split, count in zip(("validation", "test"), images, strict=True):
        labels = np.arange(count) % 3
        odds = draw.random((count, 3), dtype=np.float32)
        odds[np.arange(count), labels] += np.float32(0.5)
        found[f"{split}_probabilities"] = odds / odds.sum(axis=1, keepdims=True)
        found[f"{split}_labels"] = labels
    predictions = Predictions(**found)
    weights = save({"head.weight": draw.random((3, 2), dtype=np.float32)})
    files = {PREDICTIONS: to_bytes(predictions), WEIGHTS: weights}
    record = make_record(seed=variant)
    assert record.test is not None
    confusion = predictions.confusion
    counts = np.asarray(confusion)
    right = float(np.trace(counts)) / images[1]
    f1 = float(np.mean(2 * np.diag(counts) / (counts.sum(axis=0) + counts.sum(axis=1))))
    changes = {
        "test": record.test.model_copy(update={"confusion": confusion, "accuracy": right, "macro_f1": f1}),
        "weights_hash": weights_hash(io.BytesIO(weights)),
        "predictions_hash": predictions_hash(predictions),
        "files": _described(files),
    }
    return record.model_copy(update=changes), files


def _described(contents: Mapping[str, bytes]) -> dict[str, StoredFile]:
    return {
        name: StoredFile(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    }
