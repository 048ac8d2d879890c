"""Inputs are the numbers that the formula gives, bit for bit, however they are computed."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.contracts.dataset import Augmentation, Preprocessing
from benchsuite.engine.data.augment import Augmenter
from benchsuite.engine.data.inputs import Pixels

CPU = torch.device("cpu")
CHANGES = (Augmentation("horizontal_flip"), Augmentation("random_erasing"))


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    n=st.integers(1, 20),
    seed=st.integers(0, 2**30),
    augmented=st.booleans(),
    channels=st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1)), min_size=3, max_size=3),
)
def test_normalising_a_row_at_a_time_gives_the_bits_of_the_formula(
    height: int, width: int, n: int, seed: int, augmented: bool, channels: list[tuple[float, float]]
) -> None:
    mean, std = zip(*channels, strict=True)
    preprocessing = Preprocessing(size=(height, width), mean=mean, std=std)
    images = np.random.default_rng(seed).integers(0, 256, (n, height, width, 3), dtype=np.uint8)
    samples = torch.from_numpy(np.random.default_rng(seed + 1).permutation(n))
    augmenter = Augmenter(CHANGES, (height, width), seed, n, CPU) if augmented else None
    if augmenter is not None:
        augmenter.start_epoch(1)

    batch = Pixels(images, preprocessing, CPU, augmenter).batch(samples)

    seen = torch.from_numpy(images)[samples]
    seen = augmenter(seen, samples) if augmenter is not None else seen
    means, deviations = (torch.tensor(each).view(1, 3, 1, 1) for each in (mean, std))
    formula = seen.permute(0, 3, 1, 2).float() * (1 / (255 * deviations)) + -means / deviations
    assert torch.equal(batch, formula)
    assert batch.is_contiguous(memory_format=torch.channels_last)
