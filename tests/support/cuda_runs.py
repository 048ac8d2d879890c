"""Small whole runs for the CUDA path, on a real card, on the stand-in, and on the CPU to compare them with.

They go through the real engine in this process, on the kit's pictures and with models and recipes that ship.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal
from unittest import mock

from pydantic import Field

from benchsuite.contracts.augmentation import Augmentation
from benchsuite.contracts.dataset import DatasetIndex, Preprocessing, Split
from benchsuite.contracts.observer import EpochReport
from benchsuite.contracts.parameters import Parameters
from benchsuite.execution import worker
from benchsuite.identity import numerics
from benchsuite.identity.gpus import Gpu
from benchsuite.registry import registry
from benchsuite.store.record import RunRecord
from benchsuite.testing.harness.reference_components import (
    CLASSES,
    IMAGES,
    PatternImages,
    Patterns,
    PatternsParameters,
    RecordingWatcher,
)
from benchsuite.testing.harness.small_run import BoundComponent, RunSetup, bind_reference
from support.stand_in_card import CUDAGraph, card

MODELS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "resnet_cifar": ("resnet", {"form": "cifar", "weights": "none", "width": 4, "dropout": 0.2}),
    "resnet_imagenet": ("resnet", {"weights": "none"}),
    "vgg16_cifar": ("vgg16", {"form": "cifar", "weights": "none", "width": 2}),
    "lenet5": ("lenet5", {"dropout": 0.2}),
    "mlp": ("mlp", {"hidden": (16,), "dropout": 0.2}),
    "small_cnn": ("small_cnn", {}),
    "birdcnn": ("birdcnn", {"channels": (4, 8), "hidden": 16}),
}
"""Seven networks that ship, as small as their parameters make them: the model and its parameters."""
OPTIMIZERS = ("sgd", "adam", "adamw", "adagrad", "rmsprop", "adadelta")
PRECISIONS: tuple[Literal["fp32", "bf16", "fp16"], ...] = ("fp32", "bf16", "fp16")
EVERY_AUGMENTATION = ("horizontal_flip", "vertical_flip", "pad_crop", "random_erasing")
"""Of those that change whole batches."""
A100 = Gpu(name="Stand-in A100", driver="580.1", capability="8.0", uuid="GPU-0", cores=6912)
T4 = Gpu(name="Stand-in T4", driver="580.1", capability="7.5", uuid="GPU-0", cores=2560)

Run = Callable[..., tuple[RunRecord, Any]]
"""Makes a run from a model, a recipe and more: the record, and the card on which it was made."""


class PicturesParameters(PatternsParameters):
    """How large the pictures are, and whether they are augmented."""

    size: int = Field(default=32, ge=16, le=512)
    """Height and width in pixels."""
    augmented: bool = True
    """Whether every augmentation is made."""
    one_by_one: bool = False
    """Whether images are changed one at a time as well."""
    count: int = Field(default=IMAGES, ge=1, le=100_000)
    """How many there are to train on; beyond the kit's they recur."""


@dataclass(frozen=True)
class Recurring(PatternImages):
    """More pictures than there are."""

    count: int

    def __len__(self) -> int:
        return self.count

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.split}/{i:05d}" for i in range(self.count))

    def read(self, i: int) -> bytes:
        return super().read(i % IMAGES)


class Pictures(Patterns):
    """The kit's pictures, resized and augmented."""

    name: ClassVar[str] = "pictures"
    Parameters: ClassVar[type[Parameters]] = PicturesParameters

    def preprocessing(self, params: Any) -> Preprocessing:
        chosen = [*(EVERY_AUGMENTATION if params.augmented else ()), *(("randaugment",) if params.one_by_one else ())]
        augmentations = tuple(map(Augmentation, chosen))
        return Preprocessing((params.size, params.size), (0.5,) * 3, (0.25,) * 3, augmentations=augmentations)

    def index(self, params: Any, folder: Path) -> DatasetIndex:
        own = super().index(params, folder)
        if params.count == IMAGES:
            return own
        labels = tuple(i % len(CLASSES) for i in range(params.count))
        return replace(own, train=Split(Recurring("train", 0, params.count), labels))


def bound(kind: Literal["model", "recipe"], name: str, **parameters: Any) -> BoundComponent:
    """A component that ships, with parameters of which the others have their defaults."""
    entry = getattr(registry(), kind)(name)
    return BoundComponent(entry, entry.component.Parameters(**parameters))


def small(name: str) -> BoundComponent:
    """One of `MODELS`."""
    model, parameters = MODELS[name]
    return bound("model", model, **parameters)


def training(**parameters: Any) -> BoundComponent:
    """The recipe `train`: two epochs of four steps, unless said otherwise."""
    return bound("recipe", "train", **{"max_epochs": 2, "batch_size": 10, **parameters})


def with_loss(recipe: BoundComponent, loss: Callable[[Any, Any], Any]) -> BoundComponent:
    """The recipe with another loss, of logits and targets."""
    own = type(recipe.entry.component)
    changed = type(own.__name__, (own,), {"loss": lambda self, params, logits, targets: loss(logits, targets)})
    return BoundComponent(replace(recipe.entry, component=changed()), recipe.params)


def setup(
    folder: Path, model: BoundComponent, recipe: BoundComponent, device: Literal["cpu", "cuda"], **pictures: Any
) -> RunSetup:
    """A run on this device, with its files below `folder`; `pictures` are the data set's parameters."""
    own = folder / device
    own.mkdir(parents=True, exist_ok=True)
    return RunSetup(own, bind_reference(Pictures, **pictures), model, recipe, device)


def outcome(record: RunRecord) -> tuple[Any, ...]:
    """All of a run that must be the same bits when it is made again."""
    epochs = tuple(vars(epoch) | {"seconds": None} for epoch in record.epochs)
    return record.weights_hash, record.predictions_hash, epochs, record.steps, record.best, record.test


class Interrupted(BaseException):
    """Ends a run from outside, as Ctrl-C does."""


def interrupting(after: int) -> RecordingWatcher:
    """A watcher that interrupts the run after so many epochs."""

    def react(epochs: Sequence[EpochReport]) -> None:
        if len(epochs) == after:
            raise Interrupted

    return RecordingWatcher(react)


@contextlib.contextmanager
def described_as(gpu: Gpu) -> Iterator[None]:
    """Planning finds this GPU, on which torch computes."""
    build = {"version": numerics.torch_build()["version"], "cuda": numerics.torch_build()["cuda"] or "13.0"}
    with (
        mock.patch.object(numerics, "usable_gpus", return_value=(gpu,)),
        mock.patch.object(numerics, "torch_build", return_value=build),
    ):
        yield


MEETING, FAULT = "STAND_IN_MEETING", "STAND_IN_FAULT"
"""Environment of `stand_in_worker`: a folder with a place for each process that must be there when a graph is captured,
and a file whose finder meets a fault."""
BUSY = "CUDA error: CUDA-capable device(s) is/are busy or unavailable"
PATIENCE = 120.0


def stand_in_worker(parent: Any, numerics: Any, gpu: str | None, level: int) -> None:
    """What a worker process does, with a stand-in card: put in the place of `worker.main`.

    With MEETING no graph has room for a step, and all are captured at the same time. With FAULT the first run that
    finds the file finds no CUDA.
    """
    with (
        card(),
        mock.patch.object(CUDAGraph, "capture_begin", _met),
        mock.patch.object(CUDAGraph, "room", 20 if MEETING in os.environ else None),
        mock.patch("torch.cuda.reset_peak_memory_stats", _start),
    ):
        worker.main(parent, numerics, gpu, level)


def _start() -> None:
    if FAULT in os.environ:
        with contextlib.suppress(FileNotFoundError):
            Path(os.environ[FAULT]).unlink()
            raise RuntimeError(BUSY)


_capture_begin = CUDAGraph.capture_begin


def _met(graph: CUDAGraph) -> None:
    if MEETING in os.environ:
        folder = Path(os.environ[MEETING])
        (folder / f"{os.getpid()} is here").touch()
        ends = time.monotonic() + PATIENCE
        while len(list(folder.glob("* is here"))) < len(list(folder.glob("place *"))):
            assert time.monotonic() < ends, "the others do not come"
            time.sleep(0.02)
    _capture_begin(graph)
