"""The record: everything a finished run leaves behind, as `record.json`.

Beside it in the run's folder lie `predictions.safetensors` (class probabilities, float32, of validation and test
images, with their labels), `weights.safetensors` (the best checkpoint) and `log.txt`. The record lists the first two
with their checksums; the log is for people, and nothing is computed from it. Weights that were not to be kept are
not listed, and `weights_hash` is there all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from benchsuite.contracts.dataset import Provenance
from benchsuite.contracts.observer import Epoch
from benchsuite.identity.numerics import Numerics
from benchsuite.suite.cases.plan import RunSpec

SCHEMA_VERSION = 3


class RecordPart(BaseModel):
    """A part of a record, which nobody changes and which has no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Best(RecordPart):
    """The checkpoint that validation chose."""

    phase: str
    epoch: int
    validation_loss: float
    validation_accuracy: float
    validation_macro_f1: float


class TestMetrics(RecordPart):
    """The sealed test split, evaluated once, from the best checkpoint."""

    __test__ = False

    loss: float
    accuracy: float
    macro_f1: float
    confusion: tuple[tuple[int, ...], ...]
    """Rows are true classes, columns predicted ones; counts of images."""


class Layer(RecordPart):
    """A layer of the network, or a block of layers that are no plain sequence, as one image passes through it."""

    stage: str
    kind: str
    """The name of its class, such as Conv2d or BasicBlock."""
    block: bool
    """Whether it is made of other layers."""
    output: tuple[int, ...]
    """Shape of what leaves it, without the batch; empty where that is not one tensor."""
    parameters: int
    macs: int
    """Multiply-adds of its convolutions and matrix products."""
    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    groups: int = 1


class ModelFacts(RecordPart):
    """Sizes of the network as it was trained."""

    parameters_total: int
    parameters_trainable: int
    """In the last phase."""
    forward_flops: int
    """Of one image through the whole network; a multiply-add counts as two."""
    train_flops: int
    """Of one image, forward and backward, as trained (what is cached is not counted)."""
    stages: tuple[str, ...]
    frozen_stages: tuple[str, ...]
    layers: tuple[Layer, ...] = ()
    """In the order of the forward pass; empty in records of schema version 1."""


class DatasetFacts(RecordPart):
    """Which data the run saw."""

    title: str
    classes: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]
    """For each split (train, validation, test), the number of images of each class."""
    image_size: tuple[int, int]
    """(height, width) in pixels of what the network sees."""
    original_size: tuple[float, float] | None = None
    """Mean (height, width) in pixels of the training photos as they are; None where the run did not get to them."""
    provenance: Provenance
    evidence: str
    fingerprint: str
    duplicates: Mapping[str, int] = {}
    """Images that are, byte for byte, in an earlier split too (`test in train`), repeat another of their own split
    (`test in test`), or bear another class, too (`classes`)."""
    changes: Mapping[str, int] = {}
    """How many images were changed to show them as people see them, by what was done."""
    left_out: Mapping[str, tuple[str, ...]] = {}
    """For each split, the names of the images that could not be decoded and were left out."""


class WeightsFacts(RecordPart):
    """What the network started from. `sha256` and `file` are None for a seeded random start."""

    request: str
    provenance: Literal["official", "unofficial copy", "random"]
    file: str | None
    sha256: str | None


class Cost(RecordPart):
    """What the run cost. Times are wall-clock seconds; `images_per_second` counts training images in epochs."""

    seconds: Mapping[str, float]
    """By part: setup, data, features, training, validation, test, total (over all starts of a resumed run)."""
    data_seconds: float | None = None
    """Of the seconds of training, how long its steps waited for their batches (`engine.meters.data_time`); None where
    that is not known: where a GPU was given steps as a graph, and in older records."""
    images_per_second: float
    peak_memory_bytes: int
    """Of the process."""
    peak_device_memory_bytes: int | None
    """Allocated by torch on the GPU; None on the CPU."""
    energy_joules: float | None = None
    """Of the whole GPU while the run was made, over all starts, by its driver's meter; None where it does not tell, and
    where the GPU carried other runs besides."""
    at_once: int | None = None
    """How many runs its device carried at once, by which times are longer than alone; None in older records."""
    execution: Mapping[str, str] = Field(default_factory=dict)
    """By phase, how the GPU was given its training steps: `graph` (recorded once, and replayed), or `eager: why not`.
    Either way the bits are the same. Empty on the CPU."""


class Environment(Numerics):
    """Where the run was made: the numerics that its key covers, and what decides no bit.

    `packages` maps distributions to versions.
    """

    python: str
    platform: str
    packages: Mapping[str, str]
    git: Mapping[str, str | bool] | None
    """Commit and whether the tree was dirty; None outside a repository."""

    @property
    def numerics(self) -> Numerics:
        """Without what decides no bit."""
        return Numerics(**{name: getattr(self, name) for name in Numerics.model_fields})


class StoredFile(RecordPart):
    """A file beside the record, as it was written."""

    bytes: int
    sha256: str


class Failure(RecordPart):
    """Why a run failed. `traceback` is kept for defects of plugins and of benchsuite itself."""

    kind: str
    what: str
    where: str | None = None
    expected: str | None = None
    remedy: str | None = None
    traceback: str | None = None


DEVIATIONS = {
    "synthetic sample": "the data are a synthetic sample, not the data set",
    "random weights": "random weights in place of {}",
    "no cuda": "no CUDA GPU: computed on the CPU",
    "cuda unusable": "computed on the CPU, since the GPU cannot be used: {}",
    "left out": "images left out, which cannot be decoded: {}",
    "changed": "changed: {}",
}


class Deviation(RecordPart):
    """One thing that is not as the suite asked. `detail` says what of: the weights' name, or the changed parameter."""

    kind: Literal["synthetic sample", "random weights", "no cuda", "cuda unusable", "left out", "changed"]
    detail: str = ""

    def __str__(self) -> str:
        return DEVIATIONS[self.kind].format(self.detail)


class RunRecord(RecordPart):
    """One run. Fields after `failure` are None or empty when the run failed before they were known."""

    schema_version: int = SCHEMA_VERSION
    key: str
    key_fields: Mapping[str, Any]
    """What the key is the hash of: a nested mapping of plain values."""
    spec: RunSpec
    status: Literal["done", "failed"]
    started: str
    """ISO 8601, UTC."""
    finished: str
    resumed: int = 0
    """How often the run was taken up again after an interruption."""
    deviations: tuple[Deviation, ...] = ()
    """Everything that is not as the suite asked: synthetic sample, random weights, no CUDA, `--set` changes."""
    environment: Environment
    failure: Failure | None = None
    dataset: DatasetFacts | None = None
    weights: WeightsFacts | None = None
    model: ModelFacts | None = None
    epochs: tuple[Epoch, ...] = ()
    steps: tuple[tuple[int, float], ...] = ()
    """(step, batch loss) as often as the recipe logs."""
    best: Best | None = None
    test: TestMetrics | None = None
    weights_hash: str | None = None
    """SHA-256 over the best checkpoint's tensors: names, types, shapes and bytes."""
    predictions_hash: str | None = None
    """SHA-256 over the probabilities of validation and test."""
    files: Mapping[str, StoredFile] = {}
    """What lies beside the record and was made with it, by name; empty in records from before this was listed."""
    cost: Cost | None = None
    measured: Mapping[str, float] = Field(default={}, exclude=True)
    """What metrics of plugins give for its predictions, by their names in the suite that it was read for: never written
    with it, but put in by whoever analyses it (`execution.measuring`)."""
    notes: Mapping[str, Any] = {}
    """Facts about how the engine carried the run: feature cache, chunk size, batch invariance of the features."""
