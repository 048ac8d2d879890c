"""The reference components: a data set, a network and a recipe of the kit itself, which a component is run with.

All three are tiny, so that a run takes about a second: 32 pictures of 16 pixels in four classes, a network of 6,000
parameters with batch-norm in every stage and dropout before the last layer, one phase of Adam.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.random import Generator, Philox
from pydantic import Field

from benchsuite.contracts.dataset import Dataset, DatasetCard, DatasetIndex, Found, Preprocessing, Split
from benchsuite.contracts.figure import CaseResult, RunResult, StudyResult
from benchsuite.contracts.metric import Predicted
from benchsuite.contracts.model import Model, Task
from benchsuite.contracts.observer import EpochReport
from benchsuite.contracts.optional_arguments import asked_for
from benchsuite.contracts.parameters import Parameters
from benchsuite.contracts.recipe import Optimizer, Phase, Recipe
from benchsuite.metrics import METRICS

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor, nn

CLASSES = ("class_0", "class_1", "class_2", "class_3")
IMAGES = 32
SIDE = 16
SPLITS = ("train", "validation", "test")
OPENED: list[str] = []
"""Names of the images of the test split that this process has opened."""


class PatternsParameters(Parameters):
    """What the pictures are."""

    repeat: bool = False
    """Whether the validation split holds the training images."""

    test_seed: int = Field(default=0, ge=0, le=1000)
    """Seed of the test split's pictures, which changes no other."""


@dataclass(frozen=True)
class PatternImages:
    """The pictures of a split: each class has a pattern of its own, below noise of each picture's own."""

    split: str
    seed: int

    def __len__(self) -> int:
        return IMAGES

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.split}/{i:02d}" for i in range(IMAGES))

    def read(self, i: int) -> bytes:
        import numpy as np

        label = i % len(CLASSES)
        pattern = np.random.Generator(np.random.Philox(key=[1, label])).integers(0, 120, (4, 4, 3))
        noise = np.random.Generator(np.random.Philox(key=[2 + SPLITS.index(self.split), 1000 * self.seed + i]))
        pixels = pattern.repeat(4, axis=0).repeat(4, axis=1) + noise.integers(0, 120, (SIDE, SIDE, 3))
        return pixels.astype(np.uint8).tobytes()

    def decode(self, i: int, content: bytes) -> Image.Image:
        from PIL import Image

        if self.split == "test":
            OPENED.append(self.names[i])
        return Image.frombytes("RGB", (SIDE, SIDE), content)


class Patterns(Dataset[PatternsParameters]):
    """Pictures of four patterns, computed when they are asked for."""

    name: ClassVar[str] = "kit_patterns"
    Parameters: ClassVar[type[Parameters]] = PatternsParameters
    origin = "own"

    def card(self, params: PatternsParameters) -> DatasetCard:
        return DatasetCard("Patterns", "Cuatro motivos.", "", "", "", (), CLASSES, dict.fromkeys(SPLITS, IMAGES))

    def preprocessing(self, params: PatternsParameters) -> Preprocessing:
        return Preprocessing(size=(SIDE, SIDE), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))

    def find(self, params: PatternsParameters, root: Path, scratch: Path) -> Found | None:
        return Found(root, "own data", "computed by the kit")

    def sample(self, params: PatternsParameters, folder: Path) -> None:
        """There is nothing to write."""

    def index(self, params: PatternsParameters, folder: Path) -> DatasetIndex:
        labels = tuple(i % len(CLASSES) for i in range(IMAGES))
        train = Split(PatternImages("train", 0), labels)
        validation = train if params.repeat else Split(PatternImages("validation", 0), labels)
        return DatasetIndex(CLASSES, train, validation, Split(PatternImages("test", params.test_seed), labels))


class BlocksParameters(Parameters):
    """The network has no choices."""


class Blocks(Model[BlocksParameters]):
    """stem, layer1 to layer4 and head; the stages are called as ResNet's, which recipes may name."""

    name: ClassVar[str] = "kit_blocks"
    Parameters: ClassVar[type[Parameters]] = BlocksParameters
    built: nn.Module | None = None
    """The network that was built last, for rules that look at it while it trains."""

    def title(self, params: BlocksParameters) -> str:
        return "Blocks"

    def bibtex(self, params: BlocksParameters) -> str:
        return ""

    def build(self, params: BlocksParameters, task: Task) -> nn.Module:
        from torch import nn

        def block(before: int, stride: int) -> nn.Module:
            return nn.Sequential(nn.Conv2d(before, 12, 3, stride, padding=1), nn.BatchNorm2d(12), nn.ReLU())

        stages = {"stem": block(task.channels, 2), **{f"layer{i}": block(12, 1 + i % 2) for i in range(1, 5)}}
        height, width = -(-task.height // 8), -(-task.width // 8)
        stages["head"] = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.1),
            nn.Linear(12 * height * width, task.classes),
        )
        self.built = nn.Sequential(OrderedDict(stages))
        return self.built

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        return dict(module.named_children())


class OnePhaseParameters(Parameters):
    """How long to train."""

    max_epochs: int = Field(default=1, ge=1, le=1000)
    """Epochs at most."""


class OnePhase(Recipe[OnePhaseParameters]):
    """Adam, with everything free."""

    name: ClassVar[str] = "kit_one_phase"
    Parameters: ClassVar[type[Parameters]] = OnePhaseParameters

    def phases(self, params: OnePhaseParameters) -> tuple[Phase, ...]:
        return (Phase("train", params.max_epochs, 16, Optimizer("adam", 1e-3)),)

    def smoke(self, params: OnePhaseParameters) -> Mapping[str, Any]:
        return {}


class RecordingWatcher:
    """Keeps the reports of all epochs, and shows them to `react` after each, which may end the run by raising."""

    def __init__(self, react: Callable[[Sequence[EpochReport]], None] = lambda epochs: None) -> None:
        self.epochs: list[EpochReport] = []
        self._react = react

    def say(self, text: str) -> None:
        print(text)

    def epoch(self, report: EpochReport, max_epochs: int) -> None:
        self.epochs.append(report)
        self._react(self.epochs)

    def steps(self, epoch: int, done: int, total: int) -> None: ...


def made_up_study(
    language: str = "es",
    *,
    cases: int = 3,
    seeds: int = 3,
    epochs: int = 6,
    finished: int | None = None,
    predictions: bool = False,
) -> StudyResult:
    """A study for figures, the same each time; with `finished`, only so many runs are done, case after case; with
    `predictions`, what they predicted is told."""
    left = cases * seeds if finished is None else finished
    told = []
    for case in range(cases):
        done = min(seeds, left)
        left -= done
        told.append(
            CaseResult(
                name=f"depth={case}",
                label=str(case),
                settings={"model.depth": case},
                parameters=1000 * (case + 1) if done else None,
                trainable=500 * (case + 1) if done else None,
                runs=tuple(_made_up_run(case, seed, epochs, predictions) for seed in range(done)),
            )
        )
    known = any(case.runs for case in told)
    factor = "Profundidad" if language == "es" else "Depth"
    return StudyResult(factor, CLASSES if known else (), tuple(told), language)


def made_up_predictions(
    *, images: int = 80, classes: int = 10, absent: int = 0, skill: float = 0.3, sure: bool = False
) -> Predicted:
    """What a run might have predicted. The last `absent` classes have no image; `skill` is from -1, nothing right, to
    1, all right; `sure` predictions have the probability 1."""
    draw = Generator(Philox(key=[images, classes]))
    labels = np.arange(images, dtype=np.int64) % (classes - absent)
    logits = draw.standard_normal((images, classes)) / 2
    true = np.arange(images), labels
    logits[true] += 8 * skill
    weights = np.exp(logits)
    probabilities = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    if sure:
        probabilities = np.eye(classes, dtype=np.float32)[probabilities.argmax(axis=1)]
    for array in (probabilities, labels):
        array.flags.writeable = False
    return Predicted(probabilities, labels, tuple(f"class_{number}" for number in range(classes)))


def _made_up_run(case: int, seed: int, epochs: int, predictions: bool) -> RunResult:
    draw = Generator(Philox(key=[case, seed]))
    reached = 0.6 + 0.05 * case + 0.02 * draw.standard_normal()
    curve = [float(reached * (1 - 0.5 ** (epoch + 1))) for epoch in range(epochs)]
    reports = tuple(
        EpochReport("train", number, 1.4 - each, each, 1.5 - each, each, 0.001, 1.0 + case, ())
        for number, each in enumerate(curve, 1)
    )
    right = round(8 * curve[-1])
    confusion = tuple(tuple(right if a == b else (8 - right) * (b == (a + 1) % 4) for b in range(4)) for a in range(4))
    record = SimpleNamespace(
        best=reports[-1],
        epochs=reports,
        test=SimpleNamespace(accuracy=right / 8, macro_f1=right / 8, loss=1.5 - curve[-1]),
        cost=SimpleNamespace(
            seconds={"training": (1.0 + case) * epochs},
            data_seconds=0.1 * epochs,
            images_per_second=32 / (1.0 + case),
            peak_memory_bytes=1e9,
            peak_device_memory_bytes=None,
            energy_joules=None,
        ),
    )
    measured = {name: metric.read(record) for name, metric in METRICS.items()}
    metrics = {name: float(value) for name, value in measured.items() if value is not None}
    predicted = made_up_predictions(images=32, classes=len(CLASSES)) if predictions else None
    key = f"{case:016x}{seed:016x}"
    return RunResult(key, seed, metrics, reports, confusion, validation=predicted, test=predicted)


def given_to_loss(recipe: Recipe[Any], counts: Tensor, size: int) -> dict[str, Any]:
    """What a recipe's loss asks for beside logits and targets, of a task with so many training images of each class."""
    offered = {"counts": lambda: counts, "task": lambda: Task(len(counts), size, size)}
    return asked_for(recipe.loss, offered)


def given_to_transform(recipe: Recipe[Any], size: int) -> dict[str, Any]:
    """What a recipe's transform asks for beside the batch."""
    preprocessing = Preprocessing((size, size), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    return asked_for(recipe.transform, {"preprocessing": lambda: preprocessing})
