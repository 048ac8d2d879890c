"""One run from task to record.

The order is fixed: network, training and validation inputs, phases, best checkpoint, and only then the test split,
once. Whatever goes wrong becomes a failed record; only an interruption passes through.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import save_file

from benchsuite.atomic_files import atomic_path
from benchsuite.contracts.dataset import Split
from benchsuite.contracts.observer import EpochReport, RunInfo, RunSummary
from benchsuite.engine.data.augment import Augmenter
from benchsuite.engine.data.images import Decoded, cached_images
from benchsuite.engine.data.inputs import Inputs, Pixels
from benchsuite.engine.determinism import seeds
from benchsuite.engine.diagnostics import guard, profile
from benchsuite.engine.diagnostics.failures import describe_failure
from benchsuite.engine.diagnostics.observers import Observers
from benchsuite.engine.meters import memory
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import Network, build, weights_hash
from benchsuite.engine.network.feature_cache import Cut, cached, cut
from benchsuite.engine.run.components import Components, components_of, entries_of
from benchsuite.engine.task import RunTask
from benchsuite.engine.training.checkpoint import Checkpoint, Progress
from benchsuite.engine.training.evaluate import Evaluation, SealedSplit, evaluate
from benchsuite.engine.training.loop import Arithmetic, Listener, Supply, Trainer, timed
from benchsuite.errors import PluginError
from benchsuite.registry import Entry, Registry
from benchsuite.store.environment import capture
from benchsuite.store.predictions import Predictions, predictions_hash
from benchsuite.store.record import (
    Best,
    Cost,
    DatasetFacts,
    ModelFacts,
    RunRecord,
    TestMetrics,
    WeightsFacts,
)
from benchsuite.store.run_store import Store


class Watcher(Protocol):
    """Whoever asked for the run: hears how it goes."""

    def say(self, text: str) -> None:
        """A line worth telling."""

    def epoch(self, report: EpochReport, max_epochs: int) -> None:
        """An epoch has finished, of at most `max_epochs`."""

    def steps(self, epoch: int, done: int, total: int) -> None:
        """`done` of `total` steps of `epoch` are under way."""


@dataclass
class _Known:
    """What is known of the run so far, so that a failed record tells as much as it can."""

    progress: Progress = field(default_factory=Progress)
    dataset: DatasetFacts | None = None
    model: ModelFacts | None = None
    test: TestMetrics | None = None
    weights_hash: str | None = None
    predictions_hash: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)


def carry(task: RunTask, registry: Registry, watcher: Watcher, checkpoint_interval: float | None = None) -> RunRecord:
    """Make the run and write its record. The process must have been prepared by `determinism`.

    The caller holds the run's lock. Every failure ends in a record with status `failed`.
    """
    store = Store(task.results)
    started = datetime.now(UTC)
    known = _Known()
    entries: tuple[Entry, ...] = ()
    try:
        entries = entries_of(task.spec.case, registry)
        at_work = guard.suspects(entries, registry.observers)
        with guard.guarding(at_work, (task.results, task.cache)) as watched, seeds.isolated():
            Run(task, registry, store, watcher, checkpoint_interval, known, watched).make()
            watched.check("during the run")
        failure = None
    except (Exception, SystemExit) as error:
        failure = describe_failure(error, task, entries)
    record = RunRecord(
        key=task.key.key,
        key_fields=task.key.fields,
        spec=task.spec,
        status="failed" if failure else "done",
        started=started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        resumed=max(known.progress.starts - 1, 0),
        deviations=task.deviations,
        environment=capture(task.numerics),
        failure=failure,
        dataset=known.dataset,
        weights=WeightsFacts(
            request=task.weights.request,
            provenance=task.weights.provenance,
            file=task.weights.file.name if task.weights.file else None,
            sha256=task.weights.sha256,
        ),
        model=known.model,
        epochs=known.progress.history(),
        steps=tuple((int(step), float(loss)) for step, loss in known.progress.steps),
        best=known.progress.best_checkpoint(),
        test=known.test,
        weights_hash=known.weights_hash,
        predictions_hash=known.predictions_hash,
        cost=_cost(known.progress, task),
        notes=known.notes,
    )
    store.write(record)
    if failure is None:
        Checkpoint(store.folder(task.key.key) / "checkpoint.pt", task.key.key).delete()
    return record


class Run:
    """The parts of one run while it is made."""

    def __init__(
        self,
        task: RunTask,
        registry: Registry,
        store: Store,
        watcher: Watcher,
        checkpoint_interval: float | None,
        known: _Known,
        watched: guard.Guard,
    ) -> None:
        self.watched = watched
        self.task, self.registry, self.watcher, self.known = task, registry, watcher, known
        self.store = store
        self.folder = store.folder(task.key.key)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.parts = components_of(task, registry)
        self.preprocessing, self.phases = self.parts.preprocessing, self.parts.phases
        self.arithmetic = Arithmetic(torch.device(task.numerics.device), task.numerics.precision)
        self.checkpoint = Checkpoint(self.folder / "checkpoint.pt", task.key.key, checkpoint_interval)
        self.network: Network

    def make(self) -> None:
        memory.start_peak()
        if self.arithmetic.device.type == "cuda":
            # What an earlier run of this process left reserved would count as taken, and this one's data stay outside.
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        self.known.dataset = _dataset_facts(self.task, self.parts)
        self.known.progress = progress = self._progress()
        progress.starts += 1
        with timed(progress, "setup"):
            self.build()
            self.known.model = self._facts()
        self.watched.check("while the network was built")
        info = RunInfo(
            key=self.task.key.key,
            suite=self.task.spec.suite,
            case=self.task.spec.case.name,
            seed=self.task.spec.seed,
            folder=self.folder,
            parameters=self.task.spec.case.model_dump(mode="json"),
            resumed_from_epoch=progress.epoch,
        )
        observers = Observers(self.registry, info)
        try:
            observers.started()
            listener = _Listener(observers, self.watcher, self.watched, sum(phase.max_epochs for phase in self.phases))
            self.trainer(listener).run(progress)
            self._finish(progress)
        except BaseException:
            progress.tick()
            with suppress(PluginError):  # an observer's own failure must not hide the first one
                observers.finished(self._summary("failed"))
            raise
        progress.tick()
        observers.finished(self._summary("done"))

    def _progress(self) -> Progress:
        """How far an earlier start came, or a fresh start."""
        known = self.checkpoint.load()
        if known is not None:
            self.watcher.say(f"{self.task.title}: goes on after epoch {known.epoch}")
        elif self.checkpoint.exists():
            self.watcher.say(f"{self.task.title}: its checkpoint cannot be used; the run starts anew")
        return known or Progress()

    def build(self) -> None:
        """Build the network on the run's device."""
        seed, weights = self.task.spec.seed, self.task.weights.file
        self.network = build(self.parts.model, self.parts.model_params, self.parts.shape, seed, weights)
        self.network.module.to(self.arithmetic.device)

    def trainer(self, listener: Listener) -> Trainer:
        """The trainer of the network that was built."""
        return Trainer(
            self.network,
            self.parts.recipe,
            self.parts.recipe_params,
            self.arithmetic,
            self.task.spec.seed,
            self.supply,
            self.checkpoint,
            listener,
        )

    def _facts(self) -> ModelFacts:
        frozen = freeze.resolve(self.phases[-1].freeze, self.network.stages)
        freeze.apply(frozen, self.network.stages)
        return profile.model_facts(self.network, frozen, self._cut(frozen), self.parts.shape)

    def _cut(self, frozen: freeze.Frozen) -> Cut:
        return cut(self.network, frozen, self.parts.cacheable)

    def _images(self, split: Split, digests: tuple[str, ...]) -> Decoded:
        with timed(self.known.progress, "data"):
            return cached_images(split.images, digests, self.preprocessing, self.task.cache, say=self.watcher.say)

    def _labels(self, split: Split) -> torch.Tensor:
        return torch.tensor(split.labels, dtype=torch.int64, device=self.arithmetic.device)

    def supply(self, frozen: freeze.Frozen) -> Supply:
        """Inputs of training and validation for what a phase freezes."""
        data, device = self.task.data, self.arithmetic.device
        parts = self._cut(frozen)
        augmenter = Augmenter(
            self.preprocessing.augmentations,
            self.preprocessing.size,
            self.task.spec.seed,
            len(data.index.train),
            device,
        )
        photos = self._images(data.index.train, data.digests["train"])
        self._tell_size(photos)
        train = Pixels(photos.pixels, self.preprocessing, device, augmenter or None)
        held_out = self._images(data.index.validation, data.digests["validation"])
        validation = Pixels(held_out.pixels, self.preprocessing, device, None)
        supply = Supply(
            cut=parts,
            train=self._through(parts, train, "train"),
            train_labels=self._labels(data.index.train),
            validation=self._through(parts, validation, "validation"),
            validation_labels=self._labels(data.index.validation),
            augmenter=augmenter or None,
            classes=len(data.index.classes),
        )
        memory.give_back()
        return supply

    def _tell_size(self, photos: Decoded) -> None:
        height, width = (float(side) for side in photos.sizes.mean(axis=0).round(1))
        if self.known.dataset is not None:
            self.known.dataset = self.known.dataset.model_copy(update={"original_size": (height, width)})

    def _through(self, parts: Cut, pixels: Pixels, split: str) -> Inputs:
        """The inputs of the tail: the pixels themselves, or the features of the frozen prefix."""
        if not parts:
            return pixels
        digests, fields = self.task.data.digests[split], self.task.key.fields
        identity = {
            "images": list(digests),
            "preprocessing": [list(self.preprocessing.size), self.preprocessing.resize],
            "normalisation": [list(self.preprocessing.mean), list(self.preprocessing.std)],
            # Of its parameters, a stage shows only some in its structure.
            "model": fields["model"],
            "code": fields["code"],
            "libraries": fields["libraries"],
            "numerics": fields["numerics"],
        }
        with timed(self.known.progress, "features"):
            features, facts = cached(
                parts.prefix,
                pixels,
                identity=identity,
                folder=self.task.cache / "features",
                device=self.arithmetic.device,
                forward=self.arithmetic.forward,
                say=self.watcher.say,
            )
        kept = self.known.notes.setdefault("features", {})
        kept[split] = {name: facts[name] for name in ("shape", "dtype", "batch_invariant", "key")}
        return features

    def _finish(self, progress: Progress) -> None:
        """Evaluate the best checkpoint, on the test split for the first and only time, and write what stays."""
        frozen = freeze.resolve(self.phases[-1].freeze, self.network.stages)
        parts = self._cut(frozen)
        data, forward = self.task.data, self.arithmetic.forward

        def pixels(split: Split, name: str) -> Pixels:
            images = self._images(split, data.digests[name])
            return Pixels(images.pixels, self.preprocessing, self.arithmetic.device, None)

        def open_test() -> tuple[Inputs, torch.Tensor]:
            split = data.index.test
            return self._through(parts, pixels(split, "test"), "test"), self._labels(split)

        held_out = self._through(parts, pixels(data.index.validation, "validation"), "validation")
        with timed(progress, "test"):
            validation = evaluate(parts.tail, held_out, self._labels(data.index.validation), forward)
            inputs, labels = SealedSplit(open_test).unseal()
            test = evaluate(parts.tail, inputs, labels, forward)
        with timed(progress, "writing"):
            self._write(validation, test)

    def _write(self, validation: Evaluation, test: Evaluation) -> None:
        # Copies, in plain layout: safetensors takes neither another one nor tensors that share memory.
        state = {
            name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, tensor in self.network.module.state_dict().items()
        }
        predictions = Predictions(
            validation_probabilities=validation.probabilities,
            validation_labels=validation.labels,
            test_probabilities=test.probabilities,
            test_labels=test.labels,
        )
        with atomic_path(self.folder / "weights.safetensors") as temporary:
            save_file(state, temporary)
        self.store.write_predictions(self.task.key.key, predictions)
        self.known.weights_hash = weights_hash(state)
        self.known.predictions_hash = predictions_hash(predictions)
        self.known.test = TestMetrics(
            loss=test.loss,
            accuracy=test.accuracy,
            macro_f1=test.macro_f1,
            confusion=tuple(tuple(int(n) for n in row) for row in test.confusion),
        )

    def _summary(self, status: str) -> RunSummary:
        best: Best | None = self.known.progress.best_checkpoint()
        return RunSummary(
            status=status,
            best_epoch=best.epoch if best else None,
            test_accuracy=self.known.test.accuracy if self.known.test else None,
            test_loss=self.known.test.loss if self.known.test else None,
            seconds=self.known.progress.seconds.get("total", 0.0),
        )


@dataclass
class _Listener:
    """Passes the trainer's reports on to observers and to the watcher."""

    observers: Observers
    watcher: Watcher
    watched: guard.Guard
    max_epochs: int

    def epoch(self, report: EpochReport) -> None:
        self.observers.epoch(report)
        self.watched.check(f"in epoch {report.epoch}")
        self.watcher.epoch(report, self.max_epochs)

    def steps(self, epoch: int, done: int, total: int) -> None:
        self.watcher.steps(epoch, done, total)


def _dataset_facts(task: RunTask, parts: Components) -> DatasetFacts:
    index = task.data.index
    splits = {"train": index.train, "validation": index.validation, "test": index.test}
    return DatasetFacts(
        title=parts.dataset.card(parts.dataset_params).title,
        classes=index.classes,
        counts={
            name: tuple(int(n) for n in np.bincount(split.labels, minlength=len(index.classes)))
            for name, split in splits.items()
        },
        image_size=parts.preprocessing.size,
        provenance=task.data.provenance,
        evidence=task.data.evidence,
        fingerprint=task.data.fingerprint,
    )


def _cost(progress: Progress, task: RunTask) -> Cost | None:
    training = progress.seconds.get("training", 0.0)
    if not training:
        return None
    on_gpu = task.numerics.device == "cuda"
    return Cost(
        seconds={part: round(spent, 6) for part, spent in progress.seconds.items()},
        images_per_second=progress.epoch * len(task.data.index.train) / training,
        peak_memory_bytes=memory.peak(),
        peak_device_memory_bytes=int(torch.cuda.max_memory_allocated()) if on_gpu else None,
        energy_joules=None if progress.joules is None else round(progress.joules, 3),
    )
