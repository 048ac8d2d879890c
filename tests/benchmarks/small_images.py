"""Images a second on CIFAR-10 from memory, the engine against a DataLoader, interleaved; and the data paths alone.

The usual way is torchvision's manner: a data set of PIL images in memory, its transforms one image at a time in a
DataLoader with four worker processes, the same network and optimizer. It has a process of its own. The engine is the
very trainer that runs use; the barest loop over its tensors shows what it costs itself. The data paths are measured
without a network: augmented batches of CIFAR-10 on one thread, and CUB at 256 pixels with both flips.
"""

from __future__ import annotations

import argparse
import platform
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.engine.determinism.torch_settings import configure, prepare_environment
from benchsuite.engine.meters import memory
from benchsuite.engine.task import RunTask
from benchsuite.identity.numerics import describe
from tests.benchmarks.engine import Engine, data_folder, interval, tasks_of, timed
from tests.benchmarks.usual import Usual, UsualProcess

AUGMENTED = "dataset.augmentation=[pad_crop, horizontal_flip, random_erasing]"
FLIPPED = "dataset.augmentation=[horizontal_flip, vertical_flip]"
DENSE, CONVOLUTIONAL, RESIDUAL = "fc_hl_bigvalues", "LeNet-5", "ResNet18"
CONTESTS: dict[str, tuple[str, str, tuple[str, ...], int]] = {
    "MLP": ("cifar10_dense", DENSE, (), 1),
    "LeNet-5": ("cifar10_cnn", CONVOLUTIONAL, (), 1),
    "LeNet-5, augmented": ("cifar10_cnn", CONVOLUTIONAL, (AUGMENTED,), 1),
    "ResNet18": ("cifar10_cnn", RESIDUAL, (), 20),
}
"""Suite, case, settings, and by how much fewer images are trained on than of the others, because each takes long."""


def main() -> None:
    options = _options()
    numerics = describe(options.device, None, "auto")
    memory.keep()
    prepare_environment(numerics)
    configure(numerics)
    contests = {}
    usual = UsualProcess(numerics.threads)
    for title, (suite, case, overrides, fewer) in CONTESTS.items():
        task = _case(suite, case, options, overrides)
        engine = Engine(task, min(options.images // fewer, len(task.data.index.train)))
        usual.prepare(title, _usual_task(engine, task))
        usual.epoch(title)
        engine.epoch()
        engine.bare()
        contests[title] = engine
    provenance = task.data.provenance
    print(f"{numerics.device_name}, {numerics.threads} threads, torch {numerics.torch}, {platform.system()}")
    print(f"data: {provenance}; {options.rounds} rounds, {time.strftime('%Y-%m-%d')}\n")
    print("| network | images | usual (images/s) | engine (images/s) | times faster | 95 % interval | over bare loop |")
    print("|---|---|---|---|---|---|---|")
    for title, engine in contests.items():
        rounds = [(usual.epoch(title), *_engine_and_bare(engine, number)) for number in range(options.rounds)]
        slow, fast, bare = engine.used / np.array(rounds).T
        low, high = interval(fast / slow)
        print(
            f"| {title} | {engine.used} | {np.median(slow):,.0f} | {np.median(fast):,.0f} | "
            f"{np.median(fast / slow):.2f} | {low:.2f} to {high:.2f} | {100 * (np.median(bare / fast) - 1):+.1f} % |",
            flush=True,
        )
    _report_paths(options)


def _engine_and_bare(engine: Engine, number: int) -> tuple[float, float]:
    """Seconds of both, twice in turn; in every other round the other goes first."""
    works = [engine.epoch, engine.bare]
    if number % 2:
        works.reverse()
    one, other = works
    first, second, third, fourth = one(), other(), other(), one()
    pair = [(first + fourth) / 2, (second + third) / 2]
    if number % 2:
        pair.reverse()
    return pair[0], pair[1]


def _report_paths(options: Any) -> None:
    """Batches alone, without a network."""
    print("\n| data path | threads | images/s |\n|---|---|---|")
    for title, suite, case, overrides, threads in (
        ("CIFAR-10, crop, flip and erasing", "cifar10_dense", DENSE, (AUGMENTED,), 1),
        ("CUB at 256, both flips", "cub_x20", "estándar", (FLIPPED,), None),
    ):
        engine = Engine(_case(suite, case, options, overrides), 10**9)
        print(f"| {title} | {threads or 'all'} | {_batches_per_second(engine, threads, options.rounds):,.0f} |")


def _batches_per_second(engine: Engine, threads: int | None, rounds: int) -> float:
    import torch

    inputs, augmenter = engine.whole.train, engine.whole.augmenter
    assert augmenter is not None
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    order = torch.randperm(len(inputs), device=engine.device)

    def epoch() -> None:
        augmenter.start_epoch(1)
        for samples in order.split(engine.phase.batch_size):
            inputs.batch(samples)

    epoch()
    seconds = float(np.median([timed(epoch, engine.device) for _round in range(rounds)]))
    torch.set_num_threads(before)
    return len(inputs) / seconds


def _case(suite: str, name: str, options: Any, overrides: tuple[str, ...]) -> RunTask:
    tasks = tasks_of(suite, options.data, options.device, overrides)
    return next(task for task in tasks if task.spec.case.name == name)


@dataclass(frozen=True)
class _UsualTask:
    """What the usual way needs: pixels uint8 (N, 32, 32, 3), labels, and the network as it starts."""

    pixels: np.ndarray
    labels: np.ndarray
    network: Any
    batch_size: int
    augmented: bool
    device: str
    precision: str
    optimizer: tuple[str, dict[str, Any]]

    def start(self) -> Usual:
        import torch

        network = self.network.to(self.device).train()
        name, options = self.optimizer
        optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[name](network.parameters(), **options)
        pictures = _Pictures(self.pixels, self.labels, self.augmented)
        return Usual(network, optimizer, pictures, self.batch_size, self.device, self.precision)


def _usual_task(engine: Engine, task: RunTask) -> _UsualTask:
    import copy

    images = task.data.index.train.images
    phase = engine.phase
    return _UsualTask(
        np.stack([np.asarray(images.decode(i, images.read(i))) for i in range(engine.used)]),
        np.array(task.data.index.train.labels[: engine.used]),
        copy.deepcopy(engine.run.network.module).cpu(),
        phase.batch_size,
        bool(engine.run.components.preprocessing.augmentations),
        engine.device.type,
        engine.run.arithmetic.precision,
        (phase.optimizer.name, {"lr": phase.optimizer.learning_rate, **phase.optimizer.options}),
    )


class _Pictures:
    """A map-style data set as torchvision's own: a PIL image from memory, then transforms, at every access."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, augmented: bool) -> None:
        from torchvision import transforms

        self.pixels, self.labels = pixels, labels
        before = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()] if augmented else []
        after = [transforms.RandomErasing(p=0.5)] if augmented else []
        normalize = transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
        self.transform = transforms.Compose([*before, transforms.ToTensor(), normalize, *after])

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, i: int) -> tuple[Any, int]:
        from PIL import Image

        return self.transform(Image.fromarray(self.pixels[i])), int(self.labels[i])


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=data_folder(), help="folder with the real data")
    parser.add_argument("--images", type=int, default=10_000, help="images of a measured epoch (default 10,000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured in turn (default 5)")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    return parser.parse_args()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
