"""Seconds an epoch of the engine against another checkout of benchsuite, interleaved: what a change costs old paths.

    git worktree add ../before v0.1.0 && make -C ../before setup
    make bench BENCH=versions ARGS="--before ../before"

Both train the same cases on the same images with the very trainer that runs use, each in a process of its own
environment, one after the other and in turn first. On the CPU an epoch is measured in seconds of CPU, of all threads,
which other programs disturb less than the wall's. The table gives medians and the median of the ratios round by round
with its 95 % bootstrap interval; below 1 this checkout is the faster one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parents[2]
AUGMENTED = "dataset.augmentation=[pad_crop, horizontal_flip, random_erasing]"
CONTESTS: dict[str, tuple[str, str, tuple[str, ...], int]] = {
    "MLP": ("cifar10_dense", "fc_hl_bigvalues", (), 10_000),
    "LeNet-5": ("cifar10_cnn", "LeNet-5", (), 10_000),
    "LeNet-5, augmented": ("cifar10_cnn", "LeNet-5", (AUGMENTED,), 10_000),
    "ResNet18 of CIFAR-10": ("cifar10_cnn", "ResNet18", (), 512),
    "ResNet18 at 224, 3 blocks frozen": ("beans_freeze", "freeze_blocks=3", (), 256),
}
"""Suite, case, settings and images."""


def main() -> None:
    if "--serve" in sys.argv:
        _serve()
        return
    options = _options()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, {time.strftime('%Y-%m-%d')}")
    print(f"before: {options.before.resolve()}; {options.rounds} rounds\n")
    print("| network | images | before (s) | now (s) | ratio | 95 % interval |\n|---|---|---|---|---|---|")
    for title in options.only or CONTESTS:
        from tests.benchmarks.engine import interval

        both = [_Checkout(folder, title, options) for folder in (options.before, HERE)]
        for checkout in both:  # the first epochs fill caches
            checkout.epoch()
        rounds = []
        for number in range(options.rounds):
            turn = both if number % 2 else both[::-1]
            took = {checkout: checkout.epoch() for checkout in turn}
            rounds.append([took[checkout] for checkout in both])
        before, now = np.array(rounds).T
        low, high = interval(now / before)
        print(
            f"| {title} | {both[0].images} | {np.median(before):.3f} | {np.median(now):.3f} | "
            f"{np.median(now / before):.3f} | {low:.3f} to {high:.3f} |",
            flush=True,
        )
        for checkout in both:
            checkout.close()


class _Checkout:
    """A contest in the environment of a checkout."""

    def __init__(self, folder: Path, title: str, options: argparse.Namespace) -> None:
        folder = folder.resolve()
        python = Path(sys.executable) if folder == HERE else folder / ".venv" / "bin" / "python"
        path = os.pathsep.join([str(folder), str(folder / "tests")])
        self._process = subprocess.Popen(
            [str(python), __file__, "--serve", json.dumps([*CONTESTS[title], options.device])],
            cwd=folder, env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.images = int(self._answer())

    def epoch(self) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> float:
        """The next number that the process prints; what a preparation says besides is passed over."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with suppress(ValueError):
                return float(line)
        raise SystemExit("the process of a checkout has ended before it was asked to")


def _serve() -> None:
    """Prepare a case and print how many images an epoch has; then the seconds of an epoch for each line that comes."""
    from benchsuite.engine.determinism.torch_settings import configure, prepare_environment
    from benchsuite.engine.meters import memory
    from benchsuite.identity.numerics import describe
    from tests.benchmarks.engine import Engine, data_folder, tasks_of

    suite, case, overrides, images, device = json.loads(sys.argv[-1])
    numerics = describe(device, None, "auto")
    memory.keep()
    prepare_environment(numerics)
    configure(numerics)
    tasks = tasks_of(suite, data_folder(), device, overrides)
    engine = Engine(next(task for task in tasks if task.spec.case.name == case), images)
    print(engine.used, flush=True)
    for _line in sys.stdin:
        start, wall = time.process_time(), engine.epoch()
        print(time.process_time() - start if numerics.device == "cpu" else wall, flush=True)


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="the other checkout, with its own .venv")
    parser.add_argument("--only", action="append", choices=list(CONTESTS), help="this network; may be repeated")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


if __name__ == "__main__":
    main()
