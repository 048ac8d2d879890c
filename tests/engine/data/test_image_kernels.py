"""What is made of one image is what torchvision's own transforms make of it at the same draws."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms import v2

from benchsuite.engine.data import image_kernels as kernels

IMAGE = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (20, 27, 3), dtype=np.uint8)).permute(2, 0, 1)
SIZE = (20, 27)
CROP = {"min_area": 0.08, "max_area": 1.0, "min_ratio": 3 / 4, "max_ratio": 4 / 3}
JITTER = {"brightness": 0.4, "contrast": 0.3, "saturation": 1.5, "hue": 0.2}
THEIRS = {"saturation": "Color", "autocontrast": "AutoContrast"}
"""Names that torchvision writes otherwise than by words with capitals."""


def _draws(numbers: int, n: int = 400, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, numbers), dtype=np.float32)


# Random resized crop.


def _drawn(numbers: Iterator[float]) -> Any:
    """Torch's draws, from these numbers of [0, 1), for torchvision's own `make_params`."""

    class Drawn:
        def uniform_(self, low: Any, high: Any) -> Any:
            return torch.tensor(float(low) + next(numbers) * (float(high) - float(low)), dtype=torch.float64)

    return Drawn()


@pytest.mark.parametrize("size", [(20, 27), (8, 40), (40, 8), (32, 32)])
@pytest.mark.parametrize("options", [CROP, {**CROP, "min_ratio": 0.5, "max_ratio": 0.7}, {**CROP, "min_area": 0.9}])
def test_pieces_are_torchvisions_at_the_same_draws(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], options: Mapping[str, float]
) -> None:
    # There a ratio is of width to height: the lowest of ours is the inverse of its highest, and draws run backwards.
    ratio = (1 / options["max_ratio"], 1 / options["min_ratio"])
    theirs = v2.RandomResizedCrop(size, (options["min_area"], options["max_area"]), ratio)
    theirs._log_ratio = torch.log(torch.tensor(ratio, dtype=torch.float64))
    draws = _draws(kernels.CROP_UNIFORMS, 200).astype(np.float64)
    plan = kernels.plan_pieces(draws.astype(np.float32), options, size)
    middle = 0
    for row, mine in zip(draws, plan, strict=True):
        order = [number for i in range(10) for number in (row[i], 1 - row[10 + i])]
        numbers, places = iter(order), iter([row[20], row[21]])
        with monkeypatch.context() as patch:
            patch.setattr(torch, "empty", lambda *_, numbers=numbers: _drawn(numbers))
            patch.setattr(
                torch, "randint", lambda low, high, size, places=places: torch.tensor(math.floor(next(places) * high))
            )
            found = theirs.make_params([torch.zeros((3, *size))])
        assert tuple(mine) == (found["top"], found["left"], found["height"], found["width"])
        middle += next(numbers, None) is None
    if size == (8, 40) and options["min_area"] > 0.5:
        assert middle == 200, "no piece fits: it is the middle of all"


def test_a_piece_is_scaled_as_torchvision_does() -> None:
    theirs = v2.RandomResizedCrop(SIZE)
    for row in kernels.plan_pieces(_draws(kernels.CROP_UNIFORMS, 40), CROP, SIZE).tolist():
        params = dict(zip(("top", "left", "height", "width"), row, strict=True))
        assert torch.equal(kernels.scale_piece(IMAGE, row, CROP), theirs.transform(IMAGE, params))


# Colour jitter.


def test_factors_are_in_the_range_of_torchvisions_and_fill_it() -> None:
    theirs = v2.ColorJitter(**JITTER)
    plan = kernels.plan_jitter(_draws(kernels.JITTER_UNIFORMS, 4000), JITTER, SIZE)
    for column, name in enumerate(kernels.JITTER):
        low, high = getattr(theirs, name)
        assert low <= plan[:, column].min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < plan[:, column].max() <= high
    _, counts = np.unique(plan[:, 4], return_counts=True)
    assert len(counts) == 24
    assert np.square(counts - 4000 / 24).sum() / (4000 / 24) < 49.7  # chi-squared, 23 degrees of freedom: p = 0.001


@pytest.mark.parametrize("without", [(), ("hue",), ("brightness", "contrast")])
def test_colours_change_as_torchvisions_do(without: Sequence[str]) -> None:
    options = {**JITTER, **dict.fromkeys(without, 0.0)}
    theirs = v2.ColorJitter(**options)
    for row in kernels.plan_jitter(_draws(kernels.JITTER_UNIFORMS, 60), options, SIZE).tolist():
        factors = {f"{name}_factor": None if name in without else row[i] for i, name in enumerate(kernels.JITTER)}
        params = {"fn_idx": torch.tensor(kernels.ORDERS[int(row[4])]), **factors}
        assert torch.equal(kernels.jitter(IMAGE, row, options), theirs.transform(IMAGE, params))


# RandAugment and TrivialAugment.


def _their_name(name: str) -> str:
    return THEIRS.get(name) or "".join(part.capitalize() for part in name.split("_"))


@pytest.mark.parametrize(("theirs", "wide"), [(v2.RandAugment, False), (v2.TrivialAugmentWide, True)])
def test_operations_and_their_magnitudes_are_torchvisions(theirs: Any, wide: bool) -> None:
    made, space = theirs(), theirs._AUGMENTATION_SPACE
    table = kernels.trivial_magnitudes() if wide else kernels.rand_magnitudes(SIZE)
    assert [_their_name(name) for name in kernels.NAMES] == list(space)
    for name, mine in zip(kernels.NAMES, table, strict=True):
        magnitudes, signed = space[_their_name(name)]
        found = magnitudes(kernels.STEPS, *SIZE)
        assert signed == (name in kernels.EITHER_WAY)
        assert np.array_equal(mine, np.zeros(kernels.STEPS) if found is None else found.double().numpy())
        for by in {
            float(one) for step in (0, 9, 17, 30) for one in (mine[step], -mine[step] if signed else mine[step])
        }:
            expected = made._apply_image_or_video_transform(
                IMAGE, _their_name(name), by, interpolation=made.interpolation, fill=made._fill
            )
            assert torch.equal(kernels.operate(IMAGE, [kernels.NAMES.index(name), by], {}), expected), (name, by)


def test_every_operation_is_as_likely_as_any_other_and_half_are_turned_round() -> None:
    plan = kernels.plan_rand(_draws(kernels.RAND_UNIFORMS, 7000), {"operations": 2, "magnitude": 20}, SIZE)
    for column in (0, 2):
        counts = np.bincount(plan[:, column].astype(int), minlength=14)
        assert np.square(counts - 500).sum() / 500 < 34.5  # chi-squared, 13 degrees of freedom: p = 0.001
    turned = plan[:, 1][np.isin(plan[:, 0], [kernels.NAMES.index(name) for name in kernels.EITHER_WAY])] < 0
    assert 0.46 < turned.mean() < 0.54


def test_fewer_operations_are_the_first_of_more() -> None:
    draws = _draws(kernels.RAND_UNIFORMS)
    one, three = (kernels.plan_rand(draws, {"operations": n, "magnitude": 9}, SIZE) for n in (1, 3))
    assert np.array_equal(one, three[:, :2])


def test_trivial_augmentation_draws_every_magnitude() -> None:
    plan = kernels.plan_trivial(_draws(kernels.TRIVIAL_UNIFORMS, 20_000), {}, SIZE)
    turns = np.abs(plan[plan[:, 0] == kernels.NAMES.index("rotate"), 1])
    assert np.array_equal(np.unique(turns), kernels.trivial_magnitudes()[kernels.NAMES.index("rotate")])


@settings(deadline=None, max_examples=40)
@given(u=st.lists(st.floats(0, 1, exclude_max=True, width=32), min_size=22, max_size=22))
def test_no_draw_leads_outside_the_tables_or_the_image(u: list[float]) -> None:
    draws = np.array([u], dtype=np.float32)
    top, left, height, width = kernels.plan_pieces(draws, CROP, SIZE)[0]
    assert 0 <= top <= top + height <= SIZE[0]
    assert 0 <= left <= left + width <= SIZE[1]
    assert min(height, width) >= 1
    assert kernels.plan_jitter(draws[:, :5], JITTER, SIZE)[0, 4] in range(24)
    assert kernels.plan_rand(draws[:, :16], {"operations": 8, "magnitude": 30}, SIZE)[0, 0] in range(14)
    assert kernels.plan_trivial(draws[:, :3], {}, SIZE)[0, 0] in range(14)


@pytest.mark.slow
def test_torchvision_is_imported_by_the_first_image_and_not_before() -> None:
    program = (
        "import sys; from benchsuite.engine.data import image_kernels; import torch;"
        "assert 'torchvision' not in sys.modules;"
        "image_kernels.operate(torch.zeros(3, 4, 4, dtype=torch.uint8), [10, 4.0], {});"
        "assert 'torchvision' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
