"""What a run computes: network, inputs, training and evaluation, put together in the order that decides its bits.

Takes a task and its components; leaves the best checkpoint in the network and gives the evaluation of validation and
test. What watches, measures and records a run is in `execute`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from benchsuite.contracts.dataset import Images, Split
from benchsuite.engine.data.augment import Augmenter
from benchsuite.engine.data.images import Decoded, geometry, load_images
from benchsuite.engine.data.inputs import Chosen, Inputs, Pixels
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import build
from benchsuite.engine.network.feature_cache import Cut, cut, load_features
from benchsuite.engine.run.components import Components
from benchsuite.engine.task import RunTask
from benchsuite.engine.training.arithmetic import Arithmetic
from benchsuite.engine.training.checkpoint import Checkpoint, TrainingProgress
from benchsuite.engine.training.evaluate import Evaluation, evaluate
from benchsuite.engine.training.loop import Listener, Trainer, timed
from benchsuite.engine.training.sealed_split import SealedSplit
from benchsuite.engine.training.stepper import Supply
from benchsuite.sources.folds import decoded_as


class Pipeline:
    """The computation of one run. What changes while it runs: the network's weights, and `progress`."""

    def __init__(
        self, task: RunTask, components: Components, progress: TrainingProgress, say: Callable[[str], None]
    ) -> None:
        """Build the network on the run's device; `progress` may be that of an interrupted start."""
        self.task, self.components, self.progress, self._say = task, components, progress, say
        self.arithmetic = Arithmetic(torch.device(task.numerics.device), task.numerics.precision)
        parts = components
        self.network = build(parts.model, parts.model_params, parts.shape, task.spec.seed, task.weights)
        self.network.module.to(self.arithmetic.device)
        self._parts: Cut | None = None
        """The cut of the phase that is trained, or was trained last in this process."""

    def trainer(self, checkpoint: Checkpoint, listener: Listener) -> Trainer:
        """What trains the network, from where `progress` is."""
        return Trainer(
            self.network,
            self.components.recipe,
            self.components.recipe_params,
            self.components.phases,
            self.arithmetic,
            self.task.spec.seed,
            self.supply,
            checkpoint,
            listener,
        )

    def evaluate(self) -> tuple[Evaluation, Evaluation]:
        """What the best checkpoint gives on validation, and then on the test split, for the first and only time."""
        parts = self._parts or self.cut(self.last_frozen())
        sealed = SealedSplit(lambda: (self._through(parts, "test"), self._labels("test")))
        # Its epoch may lie before an interruption: what it gave is then computed again, with the same bits.
        validation = self.progress.best_validation
        if validation is None:
            held_out, labels = self._through(parts, "validation"), self._labels("validation")
        with timed(self.progress, "test"):
            if validation is None:
                validation = evaluate(parts.tail, held_out, labels, self.arithmetic.forward)
            inputs, labels = sealed.unseal()
            test = evaluate(parts.tail, inputs, labels, self.arithmetic.forward)
        return validation, test

    def last_frozen(self) -> freeze.FrozenStages:
        """What the last phase freezes."""
        return freeze.resolve(self.components.phases[-1].freeze, self.network.stages)

    def cut(self, frozen: freeze.FrozenStages) -> Cut:
        """The network, cut into the prefix whose features are cached and the tail that trains."""
        return cut(self.network, frozen, self.components.cacheable)

    def supply(self, frozen: freeze.FrozenStages) -> Supply:
        """Inputs of training and validation for what a phase freezes."""
        preprocessing = self.components.preprocessing
        self._parts = parts = self.cut(frozen)
        augmenter = Augmenter(
            preprocessing.augmentations,
            preprocessing.size,
            self.task.spec.seed,
            len(self._kept("train")[0]),
            self.arithmetic.device,
        )
        return Supply(
            cut=parts,
            train=self._through(parts, "train", augmenter or None),
            train_labels=self._labels("train"),
            validation=self._through(parts, "validation"),
            validation_labels=self._labels("validation"),
            augmenter=augmenter or None,
            task=self.components.shape,
            preprocessing=preprocessing,
        )

    def _split(self, name: str) -> Split:
        split: Split = getattr(self.task.data.index, name)
        return split

    def _labels(self, name: str) -> torch.Tensor:
        return torch.tensor(self._split(name).labels, dtype=torch.int64, device=self.arithmetic.device)

    def _kept(self, name: str) -> tuple[Images, Sequence[str], Sequence[int] | None]:
        """What is kept of the images of a split, in the caches and on the device, and which of it they are."""
        return decoded_as(self._split(name).images, self.task.data.digests[name])

    def _images(self, images: Images, digests: Sequence[str]) -> Decoded:
        with timed(self.progress, "data"):
            return load_images(images, digests, self.components.preprocessing, self.task.cache, say=self._say)

    def _through(self, parts: Cut, name: str, augmenter: Augmenter | None = None) -> Inputs:
        """The inputs of the tail: the pixels of a split, or their features where the prefix is frozen."""
        images, digests, numbers = self._kept(name)
        photos = self._images(images, digests)
        if numbers is None or name == "train":  # what is kept for folds has those of validation, too
            self.progress.photo_changes[name] = dict(photos.changes)
        if name == "train":
            sizes = photos.sizes if numbers is None else photos.sizes[list(numbers)]
            height, width = (float(side) for side in sizes.mean(axis=0).round(1))
            self.progress.photo_size = (height, width)
        preprocessing, fields = self.components.preprocessing, self.task.key.fields
        pixels = Pixels(photos.pixels, preprocessing, self.arithmetic.device, augmenter)
        if not parts:
            return self._chosen(pixels, numbers)
        identity = {
            "images": list(digests),
            "preprocessing": geometry(preprocessing),
            "normalisation": [list(preprocessing.mean), list(preprocessing.std)],
            # Of its parameters, a stage shows only some in its structure.
            "model": fields["model"],
            "code": fields["code"],
            "libraries": fields["libraries"],
            "numerics": fields["numerics"],
        }
        with timed(self.progress, "features"):
            features, facts = load_features(
                parts,
                pixels,
                identity=identity,
                folder=self.task.cache / "features",
                device=self.arithmetic.device,
                forward=self.arithmetic.forward,
                say=self._say,
            )
        self.progress.features[name] = {fact: facts[fact] for fact in ("shape", "dtype", "batch_invariant", "key")}
        return self._chosen(features, numbers)

    def _chosen(self, inputs: Inputs, numbers: Sequence[int] | None) -> Inputs:
        return inputs if numbers is None else Chosen(inputs, numbers, self.arithmetic.device)
