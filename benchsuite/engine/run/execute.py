"""One run from task to record: the pipeline is made and run, while observers, guard and meters watch it.

Whatever goes wrong becomes a failed record; only an interruption passes through. Nothing here decides what is
computed: that is in `pipeline`.
"""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import save

from benchsuite.contracts.observer import EpochReport, RunInfo, RunSummary
from benchsuite.engine.determinism import seeds
from benchsuite.engine.diagnostics import guard, profile
from benchsuite.engine.diagnostics.failures import describe_failure
from benchsuite.engine.diagnostics.last_batch import check_last_batches
from benchsuite.engine.diagnostics.observers import Observers
from benchsuite.engine.meters import energy, memory
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import weights_hash
from benchsuite.engine.run.components import Components, find_entries, load_components
from benchsuite.engine.run.pipeline import Pipeline
from benchsuite.engine.task import RunTask
from benchsuite.engine.training.checkpoint import Checkpoint, TrainingProgress
from benchsuite.engine.training.evaluate import Evaluation
from benchsuite.engine.training.loop import Trainer, timed
from benchsuite.errors import PluginError, StoreError, TrainingError
from benchsuite.registry import Entry, Registry
from benchsuite.store.environment import capture_environment
from benchsuite.store.predictions import Predictions, predictions_hash
from benchsuite.store.record import Cost, DatasetFacts, ModelFacts, RunRecord, StoredFile, TestMetrics, WeightsFacts
from benchsuite.store.run_store import CHECKPOINT, PREDICTIONS, WEIGHTS, Store

_LOG = logging.getLogger(__name__)
GUARD_SECONDS = 0.5
"""Epochs that are shorter share one look at what plugins must leave alone; the last one follows the run."""


class Watcher(Protocol):
    """Whoever asked for the run: hears how it goes."""

    def say(self, text: str) -> None:
        """A line worth telling."""

    def epoch(self, report: EpochReport, max_epochs: int) -> None:
        """An epoch has finished, of at most `max_epochs`."""

    def steps(self, epoch: int, done: int, total: int) -> None:
        """`done` of `total` steps of `epoch` are under way."""


@dataclass
class _RunState:
    """What is known of the run so far, so that a failed record tells as much as it can."""

    progress: TrainingProgress = field(default_factory=TrainingProgress)
    dataset: DatasetFacts | None = None
    pipeline: Pipeline | None = None
    model: ModelFacts | None = None
    test: TestMetrics | None = None
    weights_hash: str | None = None
    predictions_hash: str | None = None
    files: Mapping[str, StoredFile] = field(default_factory=dict)


def execute(task: RunTask, registry: Registry, watcher: Watcher, checkpoint_interval: float | None = None) -> RunRecord:
    """Make the run and write its record. The process must have been prepared by `determinism`.

    The caller holds the run's lock. Every failure ends in a record with status `failed`.
    """
    store = Store(task.results)
    started = datetime.now(UTC)
    state = _RunState()
    entries: tuple[Entry, ...] = ()
    failure = None
    try:
        entries = find_entries(task.spec.case, registry)
        suspects = guard.suspects(entries, registry.observers)
        with (
            store.room(task.key.key),
            guard.guarding(suspects, (task.results, task.cache)) as guarding,
            seeds.isolated(),
        ):
            _compute(task, registry, watcher, store, checkpoint_interval, state, guarding)
            guarding.check("during the run")
    except (Exception, SystemExit) as error:
        failure = describe_failure(error, task, entries)
    progress, pipeline = state.progress, state.pipeline
    record = RunRecord(
        key=task.key.key,
        key_fields=task.key.fields,
        spec=task.spec,
        status="failed" if failure else "done",
        started=started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        resumed=max(progress.starts - 1, 0),
        deviations=task.deviations,
        environment=capture_environment(task.numerics),
        failure=failure,
        dataset=state.dataset and state.dataset.model_copy(update=_seen_photos(progress)),
        weights=WeightsFacts(
            request=task.weights.request,
            provenance=task.weights.provenance,
            file=task.weights.file.name if task.weights.file else None,
            sha256=task.weights.sha256,
        ),
        model=state.model,
        epochs=tuple(progress.epochs),
        steps=tuple((int(step), float(loss)) for step, loss in progress.steps),
        best=progress.best,
        test=state.test,
        weights_hash=state.weights_hash,
        predictions_hash=state.predictions_hash,
        files=state.files,
        cost=_cost(progress, task),
        notes=_notes(progress, pipeline, task),
    )
    store.write(record)
    if record.cost is not None:
        _LOG.debug("seconds: %s", ", ".join(f"{part} {spent:.2f}" for part, spent in record.cost.seconds.items()))
    if failure is None:
        with suppress(OSError):  # it only costs space
            (store.folder(task.key.key) / CHECKPOINT).unlink()
    return record


def _compute(
    task: RunTask,
    registry: Registry,
    watcher: Watcher,
    store: Store,
    checkpoint_interval: float | None,
    state: _RunState,
    guarding: guard.Guard,
) -> None:
    """Run the pipeline, watched, and write weights and predictions; `state` is filled on the way."""
    folder = store.folder(task.key.key)
    components = load_components(task, registry)
    checkpoint = Checkpoint(folder / CHECKPOINT, task.key.key, checkpoint_interval)
    memory.start_peak()
    if task.numerics.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        torch.cuda.reset_accumulated_memory_stats()
    state.dataset = _dataset_facts(task, components)
    state.progress = progress = _load_progress(checkpoint, task, watcher)
    progress.at_once = max(progress.at_once, task.at_once)
    progress.start(energy.joules)
    with timed(progress, "setup"):
        state.pipeline = pipeline = Pipeline(task, components, progress, watcher.say)
        for remark in pipeline.network.remarks:
            watcher.say(f"WEIGHTS: {remark}")
        state.model = _model_facts(pipeline)
        images = len(task.data.index.train)
        check_last_batches(pipeline.network, components.phases, images, components.shape)
    guarding.check("while the network was built")
    observers = Observers(registry, _run_info(task, folder, progress))
    try:
        observers.started()
        max_epochs = sum(phase.max_epochs for phase in components.phases)
        trainer = pipeline.trainer(checkpoint, _Listener(observers, watcher, guarding, max_epochs))
        trainer.run(progress)
        with _keeping(trainer, progress):
            validation, test = pipeline.evaluate()
            with timed(progress, "writing"):
                _write(pipeline, validation, test, store, state)
    except BaseException:
        progress.tick()
        with suppress(PluginError):  # an observer's own failure must not hide the first one
            observers.finished(_summary("failed", state))
        raise
    progress.tick()
    with _keeping(trainer, progress):
        observers.finished(_summary("done", state))


@contextmanager
def _keeping(trainer: Trainer, progress: TrainingProgress) -> Iterator[None]:
    """Whatever the block raises does not cost the run what it has trained."""
    try:
        yield
    except BaseException:
        with suppress(StoreError):  # of a full disk, which is what was raised
            trainer.save(progress)
        raise


@dataclass
class _Listener:
    """Passes the trainer's reports on to observers and to the watcher."""

    observers: Observers
    watcher: Watcher
    guarding: guard.Guard
    max_epochs: int
    guarded: float = -math.inf

    def phase(self) -> None:
        memory.give_back()

    def epoch(self, report: EpochReport) -> None:
        self.observers.epoch(report)
        if time.monotonic() - self.guarded >= GUARD_SECONDS:
            self.guarding.check(f"in epoch {report.epoch}")
            self.guarded = time.monotonic()
        self.watcher.epoch(report, self.max_epochs)

    def say(self, text: str) -> None:
        self.watcher.say(text)

    def steps(self, epoch: int, done: int, total: int) -> None:
        self.watcher.steps(epoch, done, total)


def _load_progress(checkpoint: Checkpoint, task: RunTask, watcher: Watcher) -> TrainingProgress:
    """How far an earlier start came, or a fresh start."""
    earlier = checkpoint.load()
    if earlier is not None:
        watcher.say(f"{task.title}: goes on after epoch {earlier.epoch}")
    elif checkpoint.exists():
        watcher.say(f"{task.title}: its checkpoint cannot be used; the run starts anew")
    return earlier or TrainingProgress()


def _run_info(task: RunTask, folder: Path, progress: TrainingProgress) -> RunInfo:
    return RunInfo(
        key=task.key.key,
        suite=task.spec.suite,
        case=task.spec.case.name,
        seed=task.spec.seed,
        folder=folder,
        parameters=task.spec.case.model_dump(mode="json"),
        resumed_from_epoch=progress.epoch,
    )


def _summary(status: str, state: _RunState) -> RunSummary:
    best = state.progress.best
    return RunSummary(
        status=status,
        best_epoch=best.epoch if best else None,
        test_accuracy=state.test.accuracy if state.test else None,
        test_loss=state.test.loss if state.test else None,
        seconds=state.progress.seconds.get("total", 0.0),
    )


def _write(pipeline: Pipeline, validation: Evaluation, test: Evaluation, store: Store, state: _RunState) -> None:
    """Write the weights, if they are kept, and the predictions; note their hashes and the test metrics."""
    key = pipeline.task.key.key
    if not math.isfinite(test.loss):
        raise TrainingError(
            f"the test loss is {test.loss}, though that of validation is a number",
            where=pipeline.task.title,
            expected="a finite loss",
            remedy="lower the learning rate, clip the gradient, or take a higher precision",
        )
    # Copies, in plain layout: safetensors takes neither another one nor tensors that share memory.
    weights = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in pipeline.network.module.state_dict().items()
    }
    predictions = Predictions(
        validation_probabilities=validation.probabilities,
        validation_labels=validation.labels,
        test_probabilities=test.probabilities,
        test_labels=test.labels,
    )
    kept = {WEIGHTS: store.write_file(key, WEIGHTS, save(weights))} if pipeline.task.keeps_weights else {}
    state.files = {**kept, PREDICTIONS: store.write_predictions(key, predictions)}
    state.weights_hash = weights_hash(weights)
    state.predictions_hash = predictions_hash(predictions)
    state.test = TestMetrics(
        loss=test.loss,
        accuracy=test.accuracy,
        macro_f1=test.macro_f1,
        confusion=tuple(tuple(int(n) for n in row) for row in test.confusion),
    )


def _model_facts(pipeline: Pipeline) -> ModelFacts:
    """The network's sizes in the last phase."""
    frozen = pipeline.last_frozen()
    freeze.apply(frozen, pipeline.network.stages)
    return profile.model_facts(pipeline.network, frozen, pipeline.cut(frozen), pipeline.components.shape)


def _dataset_facts(task: RunTask, components: Components) -> DatasetFacts:
    return DatasetFacts(
        title=components.dataset.card(components.dataset_params).title,
        classes=task.data.index.classes,
        counts=task.data.counts,
        image_size=components.preprocessing.size,
        provenance=task.data.provenance,
        evidence=task.data.evidence,
        fingerprint=task.data.fingerprint,
        duplicates=task.data.duplicates,
        left_out=task.data.left_out,
    )


def _seen_photos(progress: TrainingProgress) -> dict[str, Any]:
    """What is known of the photos once they were decoded."""
    changes: Counter[str] = Counter()
    for of_split in progress.photo_changes.values():
        changes.update(of_split)
    return {"original_size": progress.photo_size, "changes": dict(sorted(changes.items()))}


def _notes(progress: TrainingProgress, pipeline: Pipeline | None, task: RunTask) -> dict[str, Any]:
    """What else is worth knowing of the run."""
    notes = {
        "features": progress.features,
        "weights": list(pipeline.network.remarks) if pipeline else [],
        "scarce_memory": _scarce_memory() if task.numerics.device == "cuda" else {},
    }
    return {name: note for name, note in notes.items() if note}


def _scarce_memory() -> dict[str, int]:
    """How often the GPU had no memory for torch, until some was given back, or at all. Libraries then compute in
    another way that takes less, if they have one: with other bits, perhaps."""
    known = torch.cuda.memory_stats()
    counts = {"retried": known.get("num_alloc_retries", 0), "refused": known.get("num_ooms", 0)}
    return {name: int(count) for name, count in counts.items() if count}


def _cost(progress: TrainingProgress, task: RunTask) -> Cost | None:
    training = progress.seconds.get("training", 0.0)
    if not training:
        return None
    on_gpu = task.numerics.device == "cuda"
    return Cost(
        seconds={part: round(spent, 6) for part, spent in progress.seconds.items()},
        data_seconds=None if progress.data_seconds is None else round(progress.data_seconds, 6),
        images_per_second=progress.epoch * len(task.data.index.train) / training,
        peak_memory_bytes=progress.peak_bytes,
        peak_device_memory_bytes=int(torch.cuda.max_memory_allocated()) if on_gpu else None,
        # The meter of a GPU that carries several runs does not tell theirs apart.
        energy_joules=None if progress.joules is None or progress.at_once > 1 else round(progress.joules, 3),
        at_once=progress.at_once,
        execution=progress.execution if on_gpu else {},
    )
