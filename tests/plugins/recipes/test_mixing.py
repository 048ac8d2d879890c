"""mixup and CutMix are what their papers and torchvision say, and draw from nothing but what they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from benchsuite_plugins.recipes.mixing import blend, cut_box, mix, paste
from benchsuite_plugins.recipes.train import Train, TrainParameters
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, one_hot
from torchvision.transforms import v2

from benchsuite.api import TrainingError
from benchsuite.engine.determinism import seeds

LABELS = torch.tensor([0, 1, 2, 0, 2, 1])
CHANCES = one_hot(LABELS, 3).float()
IMAGES = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 3, 9, 14)).astype(np.float32))
NEXT = torch.arange(6).roll(1)
"""torchvision's partners: the image before."""


def _mixed(seed: int = 0, step: int = 0, **alphas: float | None) -> tuple[torch.Tensor, torch.Tensor]:
    draw = seeds.generator(seed, "transform", 1, step)
    return mix(IMAGES, CHANCES, draw, **{"mixup": None, "cutmix": None, **alphas})  # type: ignore[arg-type]


def test_mixup_at_a_given_share_is_torchvisions() -> None:
    theirs = v2.MixUp(num_classes=3)
    for share in (0.0, 0.3, 0.85, 1.0):
        expected = theirs.transform(IMAGES, {"lam": share, "labels": LABELS, "batch_size": 6})
        assert torch.allclose(blend(IMAGES, NEXT, share), expected, rtol=1e-6, atol=1e-6)


@settings(deadline=None, max_examples=60)
@given(share=st.floats(0, 1), row=st.integers(0, 8), column=st.integers(0, 13))
def test_the_rectangle_of_a_share_and_a_centre_is_torchvisions(share: float, row: int, column: int) -> None:
    theirs = v2.CutMix(num_classes=3)
    given_draws = iter([torch.tensor([column]), torch.tensor([row])])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "randint", lambda *_, **__: next(given_draws))
        patch.setattr(type(theirs._dist), "sample", lambda *_: torch.tensor(share, dtype=torch.float64))
        params: dict[str, Any] = theirs.make_params([IMAGES])
    left, top, right, bottom = params["box"]
    assert cut_box(share, (9, 14), (row, column)) == (top, bottom, left, right)
    expected = theirs.transform(IMAGES, {**params, "labels": LABELS, "batch_size": 6})
    assert torch.equal(paste(IMAGES, NEXT, (top, bottom, left, right)), expected)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**30), step=st.integers(0, 999), which=st.sampled_from(["mixup", "cutmix", "both"]))
def test_targets_hold_as_much_of_each_class_as_the_images_do_of_its_image(seed: int, step: int, which: str) -> None:
    alphas = {name: 1.0 for name in ("mixup", "cutmix") if which in (name, "both")}
    before = IMAGES.clone()
    # Images that are their own targets, one class a channel: what is left of a class can be seen.
    images = CHANCES[:, :, None, None].expand(6, 3, 9, 14).contiguous()
    changed, targets = mix(
        images, CHANCES, seeds.generator(seed, "transform", 1, step), **{"mixup": None, "cutmix": None, **alphas}
    )
    assert torch.allclose(changed.mean(dim=(2, 3)), targets, atol=1e-6)
    assert torch.allclose(targets.sum(dim=1), torch.ones(6))
    assert torch.equal(IMAGES, before)


def test_a_step_draws_the_same_again_and_another_step_does_not() -> None:
    for alphas in ({"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1.0}):
        once, again = _mixed(**alphas), _mixed(**alphas)
        assert all(map(torch.equal, once, again))
        assert not torch.equal(once[0], _mixed(step=1, **alphas)[0])
        assert not torch.equal(once[0], _mixed(seed=1, **alphas)[0])


def test_shares_have_the_distribution_asked_for() -> None:
    two, chances = IMAGES[:2], torch.eye(2)

    def shares(alpha: float) -> np.ndarray:
        draws = (mix(two, chances, seeds.generator(0, "transform", 1, i), mixup=alpha, cutmix=None) for i in range(600))
        return np.array([float(targets[0, 0]) for _, targets in draws if float(targets[0, 1]) > 0])

    # Beta(a, a) has the variance 1 / (4 (2a + 1)) about a half.
    assert np.mean((shares(0.2) - 0.5) ** 2) == pytest.approx(1 / 5.6, rel=0.15)
    assert np.mean((shares(5.0) - 0.5) ** 2) == pytest.approx(1 / 44, rel=0.25)


def test_both_take_turns_by_chance() -> None:
    cut = 0
    for step in range(200):
        changed, _ = _mixed(step=step, mixup=1.0, cutmix=1.0)
        own = (changed == IMAGES).flatten(1).any(dim=1).all()
        cut += bool(own) and not torch.equal(changed, IMAGES)
    assert 60 < cut < 140


def test_a_single_class_is_refused_with_a_remedy() -> None:
    with pytest.raises(TrainingError, match="the data have a single class") as caught:
        mix(IMAGES, torch.ones(6, 1), seeds.generator(0, "transform"), mixup=0.2, cutmix=None)
    assert "leave out the recipe's mixup" in str(caught.value.remedy)


def test_nothing_is_mixed_unless_asked_for() -> None:
    assert not Train().transforms(TrainParameters())
    assert Train().transforms(TrainParameters(mixup=0.2))
    assert Train().transforms(TrainParameters(cutmix=1.0))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("balanced", [False, True])
def test_the_loss_of_a_mixed_target_is_the_mean_of_those_of_its_classes(smoothing: float, balanced: bool) -> None:
    params = TrainParameters(mixup=1.0, label_smoothing=smoothing, class_weights="balanced" if balanced else None)
    counts = torch.tensor([5.0, 2.0, 1.0])
    logits = torch.from_numpy(np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32))
    mixed = Train().loss(params, logits, blend(CHANCES, NEXT, 0.3), counts)
    each = [Train().loss(params, logits, labels, counts) for labels in (LABELS, LABELS[NEXT])]
    assert torch.allclose(mixed, 0.3 * each[0] + 0.7 * each[1])
    if not balanced and not smoothing:
        assert torch.allclose(each[0], cross_entropy(logits, LABELS))
