"""Seconds an epoch of ResNet18 at 224 on Beans: the engine against the usual way, interleaved.

The usual way is a DataLoader with four worker processes that decode, resize and normalise every JPEG in every epoch,
`requires_grad=False` on what is frozen, no caches, torch's default memory format; it has a process of its own, so that
nothing of the engine's touches it. The engine is the very trainer that runs use. Both train on the same images in
batches of 16, with the same weights and optimizer settings.

`--images` trains each measured epoch on so many images only (the same for both) and scales to the whole split;
`--rounds` repeats everything in turn, so that a machine that slows down slows both. The table gives medians and the
median of the ratios round by round with its 95 % bootstrap interval.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.engine.determinism.torch_settings import configure, prepare_environment
from benchsuite.engine.meters import memory
from benchsuite.engine.task import RunTask
from benchsuite.identity.numerics import describe
from tests.benchmarks.engine import Engine, data_folder, interval, tasks_of
from tests.benchmarks.usual import Usual, UsualProcess

WHOLE_SECONDS = 1.0
REPETITIONS = 5
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main() -> None:
    options = _options()
    numerics = describe(options.device, None, "auto")
    memory.keep()
    prepare_environment(numerics)
    configure(numerics)
    overrides = [f"model.weights={options.weights}"] if options.weights else []
    tasks = tasks_of("beans_freeze", options.data, options.device, overrides)
    whole = len(tasks[0].data.index.train)
    print(f"{numerics.device_name}, {numerics.threads} threads, torch {numerics.torch}, {platform.system()}")
    print(f"data: {tasks[0].data.provenance}; {options.images} of {whole} images "
          f"an epoch, {options.rounds} rounds, {time.strftime('%Y-%m-%d')}\n")  # fmt: skip
    usual = UsualProcess(numerics.threads)
    by_blocks = {task.spec.case.settings["recipe.freeze.blocks"]: task for task in tasks}
    contests = [Contest(by_blocks[blocks], options.images, usual) for blocks in options.blocks]
    measured = [_Times([], [], []) for _ in contests]
    for _round in range(options.rounds):
        for contest, times in zip(contests, measured, strict=True):
            times.usual.append(contest.usual())
            engine, bare = contest.engine_and_bare()
            times.engine.append(engine)
            times.bare.append(bare)
    _report(whole, contests, measured)
    if options.processes:
        _report_processes(options)
    if options.device != "cpu" and numerics.device == "cuda":
        _report_determinism(contests, options.rounds)


@dataclass(frozen=True)
class _Times:
    usual: list[float]
    engine: list[float]
    bare: list[float]


class Contest:
    """The contestants of one case, each with a network of its own, warmed up by one short epoch."""

    def __init__(self, task: RunTask, images: int, usual: UsualProcess) -> None:
        self.blocks = task.spec.case.settings["recipe.freeze.blocks"]
        self.n = min(images, len(task.data.index.train))
        self.engine = Engine(task, self.n)
        self._usual = usual
        self._bare_first = False
        usual.prepare(self.blocks, _usual_task(task, self.n, self.engine.run.arithmetic.precision))
        self.usual()
        # A fast epoch is measured whole: a few steps of it would be noise.
        if self.engine.epoch() < WHOLE_SECONDS:
            self.engine.use(len(task.data.index.train))
            self.engine.epoch()

    def engine_and_bare(self) -> tuple[float, float]:
        """Both in turn. From round to round the other goes first, and so meets what the usual way has left behind."""
        works = [self.engine.epoch, self.engine.bare]
        if self._bare_first:
            works.reverse()
        one, other = works
        if self.engine.used == self.n:
            seconds = [one(), other()]
        else:
            pairs = [(one(), other(), other(), one()) for _repetition in range(REPETITIONS)]
            seconds = [
                sum(first + last for first, _, _, last in pairs) / (2 * REPETITIONS),
                sum(second + third for _, second, third, _ in pairs) / (2 * REPETITIONS),
            ]
        if self._bare_first:
            seconds.reverse()
        self._bare_first = not self._bare_first
        return seconds[0], seconds[1]

    def usual(self) -> float:
        """Seconds of one training epoch the usual way."""
        return self._usual.epoch(self.blocks)


@dataclass(frozen=True)
class _UsualTask:
    """What the usual way needs to know of a case."""

    blocks: int
    paths: list[Path]
    labels: list[int]
    size: int
    classes: int
    weights: Path | None
    device: str
    precision: str

    def start(self) -> Usual:
        import torch
        from torchvision import models

        network = models.resnet18(weights=None)
        if self.weights is not None:
            network.load_state_dict(torch.load(self.weights, weights_only=True))
        network.fc = torch.nn.Linear(512, self.classes)
        frozen: Sequence[Any] = (network.layer1, network.layer2, network.layer3, network.layer4)[: self.blocks]
        if frozen:
            frozen = (network.conv1, network.bn1, *frozen)
        for part in frozen:
            part.requires_grad_(False)
        network.to(self.device).train()
        optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=1e-4)
        photos = _Photos(self.paths, self.labels, self.size)
        return Usual(network, optimizer, photos, 16, self.device, self.precision)


def _usual_task(task: RunTask, n: int, precision: str) -> _UsualTask:
    split = task.data.index.train
    return _UsualTask(
        task.spec.case.settings["recipe.freeze.blocks"],
        [split.images.path(i) for i in range(n)],  # type: ignore[attr-defined]
        list(split.labels[:n]),
        task.spec.case.dataset.parameters["image_size"],
        len(task.data.index.classes),
        task.weights.file,
        task.numerics.device,
        precision,
    )


class _Photos:
    """A map-style data set that decodes at every access, as tutorials do it."""

    def __init__(self, paths: Sequence[Path], labels: Sequence[int], size: int) -> None:
        from torchvision import transforms

        self.paths, self.labels = paths, labels
        self.transform = transforms.Compose(
            [transforms.Resize((size, size)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> tuple[Any, int]:
        from PIL import Image

        with Image.open(self.paths[i]) as picture:
            return self.transform(picture.convert("RGB")), self.labels[i]


def _report(whole: int, contests: Sequence[Contest], measured: Sequence[_Times]) -> None:
    print("| frozen blocks | usual (s/epoch) | engine (s/epoch) | times faster | 95 % interval | over a bare loop |")
    print("|---|---|---|---|---|---|")
    for contest, times in zip(contests, measured, strict=True):
        usual, engine = np.array(times.usual) * whole / contest.n, np.array(times.engine) * whole / contest.engine.used
        ratios = usual / engine
        low, high = interval(ratios)
        overhead = np.median(np.array(times.engine) / np.array(times.bare)) - 1
        print(
            f"| {contest.blocks} | {np.median(usual):.2f} | {np.median(engine):.3g} | "
            f"{np.median(ratios):.2f} | {low:.2f} to {high:.2f} | {100 * overhead:+.1f} % |"
        )


def _report_processes(options: Any) -> None:
    """Whole processes through the command line: memory of each case, and the time to start with warm caches."""
    with tempfile.TemporaryDirectory(prefix="benchsuite-bench-") as folder:
        _report_process(options, Path(folder))


def _report_process(options: Any, folder: Path) -> None:
    command = [sys.executable, "-m", "benchsuite", "run", "beans_freeze", "--seeds", "1", "--no-paper"]
    command += ["--no-estimate", "--set", "recipe.max_epochs=1", "--results", str(folder), "--device", options.device]
    command += ["--data", str(options.data)] if options.data else []
    command += ["--set", f"model.weights={options.weights}"] if options.weights else []
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    whole = time.perf_counter() - start
    print("\n| case | peak memory (GiB) | setup, data and features (s), warm |\n|---|---|---|")
    made = 0.0
    for path in sorted(
        folder.glob("runs/*/record.json"), key=lambda p: json.loads(p.read_text())["spec"]["case"]["name"]
    ):
        record = json.loads(path.read_text())
        seconds = record["cost"]["seconds"]
        made += seconds["total"]
        ready = sum(seconds.get(part, 0.0) for part in ("setup", "data", "features"))
        print(f"| {record['spec']['case']['name']} | {record['cost']['peak_memory_bytes'] / 2**30:.2f} | {ready:.1f} |")
    print(f"\nStart of the command and its worker until the first run begins, warm: {whole - made:.1f} s")


def _report_determinism(contests: Sequence[Contest], rounds: int) -> None:
    """What deterministic mode costs on a GPU."""
    import torch

    print("\n| frozen blocks | deterministic (s/epoch) | not (s/epoch) | cost |\n|---|---|---|---|")
    for contest in contests:
        bound, free = [], []
        for _round in range(rounds):
            bound.append(contest.engine.epoch())
            torch.use_deterministic_algorithms(False)
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = False, True
            contest.engine.epoch()
            free.append(contest.engine.epoch())
            torch.use_deterministic_algorithms(True)
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        cost = np.median(np.array(bound) / np.array(free)) - 1
        print(f"| {contest.blocks} | {np.median(bound):.3g} | {np.median(free):.3g} | {100 * cost:+.1f} % |")


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=data_folder(), help="folder with the real data")
    parser.add_argument("--weights", help="weights file for model.weights")
    parser.add_argument("--images", type=int, default=128, help="images of a measured epoch (default 128)")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured in turn (default 3)")
    parser.add_argument("--blocks", type=int, nargs="+", default=[0, 1, 2, 3, 4], help="cases (default all five)")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--no-processes", dest="processes", action="store_false", help="leave out memory and start-up")
    return parser.parse_args()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
