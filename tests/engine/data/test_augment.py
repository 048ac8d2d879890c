"""Every sample has draws of its own; whom it shares a batch with makes no difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.contracts.augmentation import Augmentation
from benchsuite.engine.data.augment import AUGMENTATIONS, Augmenter
from benchsuite.engine.determinism import seeds
from benchsuite.errors import PluginError

N = 40
SIZE = (8, 11)
# No byte is 0, so what is black was made so.
IMAGES = torch.from_numpy(np.random.default_rng(0).integers(1, 256, (N, *SIZE, 3), dtype=np.uint8))
FLIPS = (Augmentation("horizontal_flip"), Augmentation("vertical_flip", {"p": 0.3}))
ONE_BY_ONE = (
    Augmentation("random_resized_crop", {"min_area": 0.3}),
    Augmentation("color_jitter"),
    Augmentation("randaugment", {"operations": 3, "magnitude": 20}),
    Augmentation("trivialaugment"),
)
ALL = (Augmentation("pad_crop", {"padding": 2}), *FLIPS, Augmentation("random_erasing"), *ONE_BY_ONE)


def _augmented(
    samples: Sequence[int],
    steps: Sequence[Augmentation] = FLIPS,
    epoch: int = 1,
    seed: int = 0,
    images: torch.Tensor = IMAGES,
) -> torch.Tensor:
    augmenter = Augmenter(steps, (images.shape[1], images.shape[2]), seed, len(images), torch.device("cpu"))
    augmenter.start_epoch(epoch)
    chosen = torch.tensor(samples)
    return augmenter(images.index_select(0, chosen), chosen)


@settings(deadline=None, max_examples=30)
@given(
    steps=st.lists(st.sampled_from(ALL), min_size=1, max_size=5),
    order=st.permutations(range(N)),
    size=st.integers(1, N),
    epoch=st.integers(1, 1000),
    seed=st.integers(0, 2**40),
)
def test_a_sample_is_changed_alike_in_every_batch(
    steps: list[Augmentation], order: list[int], size: int, epoch: int, seed: int
) -> None:
    whole = _augmented(range(N), steps, epoch, seed)
    for start in range(0, N, size):
        samples = order[start : start + size]
        assert torch.equal(_augmented(samples, steps, epoch, seed), whole[samples])


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (32, 32)])
@pytest.mark.parametrize("step", ALL, ids=lambda step: step.name)
def test_a_batch_keeps_its_form_and_the_images_stay_as_they_were(step: Augmentation, size: tuple[int, int]) -> None:
    images = torch.full((6, *size, 3), 7, dtype=torch.uint8)
    augmenter = Augmenter([step], size, 0, 6, torch.device("cpu"))
    augmenter.start_epoch(1)
    changed = augmenter(images, torch.arange(6))
    assert (changed.shape, changed.dtype, changed.is_contiguous()) == (images.shape, torch.uint8, True)
    assert (images == 7).all()


def test_draws_of_a_step_depend_on_its_place_and_not_on_the_steps_beside_it() -> None:
    """Cases that differ in what follows stay paired."""
    erasing = Augmentation("random_erasing", {"p": 0.0})
    assert torch.equal(_augmented(range(N), FLIPS), _augmented(range(N), (*FLIPS, erasing)))
    assert not torch.equal(_augmented(range(N), FLIPS[:1]), _augmented(range(N), (erasing, FLIPS[0])))


@pytest.mark.parametrize("step", ALL, ids=lambda step: step.name)
def test_epochs_and_seeds_draw_anew(step: Augmentation) -> None:
    assert not torch.equal(_augmented(range(N), (step,)), _augmented(range(N), (step,), epoch=2))
    assert not torch.equal(_augmented(range(N), (step,)), _augmented(range(N), (step,), seed=1))


# Flips.


def test_each_sample_is_flipped_for_itself() -> None:
    flipped = _augmented(range(N), FLIPS[:1])
    drawn = torch.from_numpy(seeds.generator(0, "augment", 1, 0).random(N, dtype=np.float32)) < 0.5
    assert 0 < drawn.sum() < N
    for i in range(N):
        assert torch.equal(flipped[i], IMAGES[i].flip(1) if drawn[i] else IMAGES[i])


def test_vertical_flips_turn_images_upside_down() -> None:
    always = _augmented(range(N), (Augmentation("vertical_flip", {"p": 1.0}),))
    assert torch.equal(always, IMAGES.flip(1))


# Padding and cropping.


def test_each_image_becomes_a_window_of_itself_with_a_black_edge() -> None:
    height, width = SIZE
    changed = _augmented(range(N), (Augmentation("pad_crop", {"padding": 2}),))
    padded = np.pad(IMAGES.numpy(), ((0, 0), (2, 2), (2, 2), (0, 0)))
    for i in range(N):
        windows = [
            (top, left)
            for top in range(5)
            for left in range(5)
            if np.array_equal(padded[i, top : top + height, left : left + width], changed[i].numpy())
        ]
        assert len(windows) == 1


def test_every_window_is_as_likely_as_any_other() -> None:
    images = torch.full((4000, 3, 3, 3), 9, dtype=torch.uint8)
    changed = _augmented(range(4000), (Augmentation("pad_crop", {"padding": 1}),), images=images)
    _, counts = np.unique(changed.reshape(4000, -1).numpy(), axis=0, return_counts=True)
    assert len(counts) == 9
    assert np.square(counts - 4000 / 9).sum() / (4000 / 9) < 26.1  # chi-squared, 8 degrees of freedom: p = 0.001


# Random erasing.


def _erased(options: dict[str, float], n: int = 400, size: int = 24) -> list[tuple[int, int] | None]:
    """Height and width of each image's black rectangle; None where nothing is black. All the rest must be as it was."""
    images = torch.full((n, size, size, 3), 9, dtype=torch.uint8)
    changed = _augmented(range(n), (Augmentation("random_erasing", options),), images=images).numpy()
    found: list[tuple[int, int] | None] = []
    for image in changed:
        rows, columns = np.nonzero((image == 0).any(axis=(1, 2)))[0], np.nonzero((image == 0).any(axis=(0, 2)))[0]
        if len(rows) == 0:
            assert (image == 9).all()
            found.append(None)
            continue
        expected = np.full_like(image, 9)
        expected[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 0
        assert np.array_equal(image, expected)
        found.append((rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1))
    return found


def test_as_many_images_as_asked_for_lose_a_rectangle() -> None:
    assert all(_erased({"p": 1.0}))
    assert not any(_erased({"p": 0.0}))
    assert 0.4 < sum(found is not None for found in _erased({"p": 0.5})) / 400 < 0.6


def test_a_rectangle_has_the_area_and_the_ratio_asked_for() -> None:
    options = {"p": 1.0, "min_area": 0.1, "max_area": 0.3, "min_ratio": 0.5, "max_ratio": 2.0}
    shapes = [found for found in _erased(options) if found is not None]
    areas = np.array([height * width for height, width in shapes]) / 24**2
    ratios = np.array([height / width for height, width in shapes])
    # Sides are rounded to whole pixels.
    assert 0.08 < areas.min() < 0.12
    assert 0.28 < areas.max() < 0.33
    assert 0.42 < ratios.min() < 0.6
    assert 1.7 < ratios.max() < 2.4
    assert 0.4 < np.mean(ratios > 1) < 0.6


def test_a_rectangle_that_does_not_fit_is_cut_to_the_image() -> None:
    tall = _erased({"p": 1.0, "min_area": 0.5, "max_area": 0.5, "min_ratio": 8.0, "max_ratio": 8.0})
    assert set(tall) == {(24, 6)}
    assert set(_erased({"p": 1.0, "min_area": 1.0, "max_area": 1.0, "min_ratio": 1.0, "max_ratio": 1.0})) == {(24, 24)}
    assert set(_erased({"p": 1.0, "min_area": 0.0, "max_area": 0.0})) == {(1, 1)}


# What is refused.


@pytest.mark.parametrize(
    ("wrong", "said", "expected"),
    [
        (Augmentation("mirror"), "unknown augmentation: mirror", ", ".join(AUGMENTATIONS)),
        (Augmentation("horizontal_flip", {"prob": 0.5}), "horizontal_flip has no option prob", "some of p"),
        (Augmentation("horizontal_flip", {"p": 1.5}), "horizontal_flip cannot have p = 1.5", "a number from 0 to 1"),
        (Augmentation("vertical_flip", {"p": float("nan")}), "cannot have p = nan", "from 0 to 1"),
        (Augmentation("pad_crop", {"padding": 0}), "padding = 0", "a whole number of pixels from 1 to 7"),
        (Augmentation("pad_crop", {"padding": 8}), "with images of 8 x 11 pixels", "from 1 to 7"),
        (Augmentation("pad_crop", {"padding": 1.5}), "padding = 1.5", "a whole number of pixels"),
        (Augmentation("pad_crop", {"p": 0.5}), "pad_crop has no option p", "padding"),
        (Augmentation("random_erasing", {"value": 3}), "no option value", "min_area"),
        (Augmentation("random_erasing", {"max_area": 1.1}), "max_area = 1.1", "from 0 to 1"),
        (Augmentation("random_erasing", {"min_ratio": 0}), "min_ratio = 0", "from 0.01 to 100"),
        (Augmentation("random_erasing", {"min_area": 0.5}), "min_area = 0.5 above max_area = 0.4", "no greater than"),
        (Augmentation("randaugment", {"operations": 9}), "operations = 9", "a whole number from 1 to 8"),
        (Augmentation("randaugment", {"magnitude": 4.5}), "magnitude = 4.5", "a whole number from 0 to 30"),
        (Augmentation("color_jitter", {"hue": 0.6}), "color_jitter cannot have hue = 0.6", "a number from 0 to 0.5"),
        (Augmentation("trivialaugment", {"magnitude": 3}), "trivialaugment has no option magnitude", "no option"),
        (Augmentation("random_resized_crop", {"min_area": 0}), "min_area = 0", "a number from 0.001 to 1"),
        (Augmentation("random_resized_crop", {"max_area": 0.05}), "min_area = 0.08 above max_area", "no greater than"),
        (Augmentation("random_erasing", {"max_ratio": 0.1}), "min_ratio = 0.3 above max_ratio = 0.1", "no greater"),
    ],
)
def test_unknown_augmentations_and_options_are_refused(wrong: Augmentation, said: str, expected: str) -> None:
    with pytest.raises(PluginError) as caught:
        Augmenter([wrong], SIZE, 0, N, torch.device("cpu"))
    assert said in caught.value.what
    assert expected in str(caught.value.expected)
    assert caught.value.remedy


def test_every_augmentation_is_tried_here() -> None:
    assert {step.name for step in ALL} == set(AUGMENTATIONS)
    assert {step.name for step in ONE_BY_ONE} == {name for name, kind in AUGMENTATIONS.items() if kind.one_by_one}


@pytest.mark.parametrize("step", ONE_BY_ONE, ids=lambda step: step.name)
def test_what_is_changed_one_by_one_may_be_told_its_numbers_on_the_host(step: Augmentation) -> None:
    augmenter = Augmenter([FLIPS[0], step], SIZE, 0, N, torch.device("cpu"))
    augmenter.start_epoch(1)
    samples = torch.tensor([7, 3])
    batch = IMAGES.index_select(0, samples)
    assert augmenter.one_by_one
    assert torch.equal(augmenter(batch, samples, samples.clone()), augmenter(batch, samples))
    assert not Augmenter(FLIPS, SIZE, 0, N, torch.device("cpu")).one_by_one


def test_whole_numbers_may_come_as_fractions() -> None:
    assert torch.equal(
        _augmented(range(N), (Augmentation("pad_crop", {"padding": 2.0}),)),
        _augmented(range(N), (Augmentation("pad_crop", {"padding": 2}),)),
    )
