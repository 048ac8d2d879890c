"""Every sample has draws of its own; whom it shares a batch with makes no difference."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from benchsuite.contracts.dataset import Augmentation
from benchsuite.engine.augment import Augmenter
from benchsuite.errors import PluginError

N = 40
IMAGES = torch.arange(N * 4 * 5 * 3).reshape(N, 4, 5, 3).to(torch.uint8)
FLIPS = (Augmentation("horizontal_flip"), Augmentation("vertical_flip", {"p": 0.3}))


def _augmented(
    samples: Sequence[int], epoch: int = 1, seed: int = 0, flips: Sequence[Augmentation] = FLIPS
) -> torch.Tensor:
    augmenter = Augmenter(flips, seed, N, torch.device("cpu"))
    augmenter.start_epoch(epoch)
    chosen = torch.tensor(samples)
    return augmenter(IMAGES.index_select(0, chosen), chosen)


def test_a_sample_is_changed_alike_in_every_batch() -> None:
    whole = _augmented(range(N))
    for samples in ([7], [3, 7, 1], list(reversed(range(N)))):
        assert torch.equal(_augmented(samples), whole[samples])


def test_each_sample_is_flipped_for_itself() -> None:
    flipped = _augmented(range(N), flips=FLIPS[:1])
    ways = {
        "kept"
        if torch.equal(flipped[i], IMAGES[i])
        else "flipped"
        if torch.equal(flipped[i], IMAGES[i].flip(1))
        else ""
        for i in range(N)
    }
    assert ways == {"kept", "flipped"}


def test_vertical_flips_turn_images_upside_down() -> None:
    always = _augmented(range(N), flips=(Augmentation("vertical_flip", {"p": 1.0}),))
    assert torch.equal(always, IMAGES.flip(1))


def test_epochs_and_seeds_draw_anew() -> None:
    assert not torch.equal(_augmented(range(N)), _augmented(range(N), epoch=2))
    assert not torch.equal(_augmented(range(N)), _augmented(range(N), seed=1))


@pytest.mark.parametrize(
    "wrong",
    [
        Augmentation("mirror"),
        Augmentation("horizontal_flip", {"prob": 0.5}),
        Augmentation("horizontal_flip", {"p": 1.5}),
    ],
)
def test_unknown_augmentations_and_options_are_refused(wrong: Augmentation) -> None:
    with pytest.raises(PluginError, match="augmentation"):
        Augmenter([wrong], 0, N, torch.device("cpu"))
