"""Images a second of each augmentation, on one thread and without a network: batches of noise, normalised.

What the table of the guide is made from; small images from memory, and images of the size that pretrained networks see.
Seconds are those in which the thread had its core, so that other programs on the machine change little.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from contextlib import suppress

import numpy as np
import torch

from benchsuite.api import Augmentation
from benchsuite.contracts.augmentation import OPTIONS
from benchsuite.contracts.dataset import Preprocessing
from benchsuite.engine.data.augment import Augmenter
from benchsuite.engine.data.inputs import Pixels

SIDES: Mapping[int, int] = {32: 8192, 224: 512}
"""Images of each size that an epoch has."""
BATCH = 128
CPU = torch.device("cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured in turn (default 5)")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    lists: dict[str, tuple[str, ...]] = {"none": (), "pad_crop, horizontal_flip": ("pad_crop", "horizontal_flip")}
    lists |= {name: (name,) for name in OPTIONS}
    draw = np.random.default_rng(0)
    noise = {side: draw.integers(0, 256, (n, side, side, 3), dtype=np.uint8) for side, n in SIDES.items()}
    epochs = {(title, side): Epoch(names, noise[side]) for title, names in lists.items() for side in SIDES}
    seconds: dict[tuple[str, int], list[float]] = {which: [] for which in epochs}
    for measured in range(rounds + 1):
        for which, epoch in epochs.items():
            started = time.thread_time()
            epoch()
            spent = time.thread_time() - started
            seconds[which] += [spent] if measured else []  # the first round imports and allocates
    print(f"torch {torch.__version__}, one thread, {rounds} rounds, {time.strftime('%Y-%m-%d')}\n")
    print(f"| augmentation | {' | '.join(f'images/s at {side} px' for side in SIDES)} |")
    print(f"|---|{'---|' * len(SIDES)}")
    for title in lists:
        each = (n / float(np.median(seconds[title, side])) for side, n in SIDES.items())
        print(f"| {title} | {' | '.join(f'{speed:,.0f}' for speed in each)} |")


class Epoch:
    """An epoch of batches of augmented noise."""

    def __init__(self, names: tuple[str, ...], images: np.ndarray) -> None:
        n, side = images.shape[:2]
        changes = tuple(map(Augmentation, names))
        preprocessing = Preprocessing((side, side), (0.5,) * 3, (0.25,) * 3, augmentations=changes)
        self.augmenter = Augmenter(changes, (side, side), 0, n, CPU)
        self.pixels = Pixels(images, preprocessing, CPU, self.augmenter or None)

    def __call__(self) -> None:
        self.augmenter.start_epoch(1)
        for samples in torch.arange(len(self.pixels)).split(BATCH):
            self.pixels.batch(samples, samples)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
