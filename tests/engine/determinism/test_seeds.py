"""Streams of randomness depend on their name and position, and on nothing else."""

from __future__ import annotations

import random
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.engine.determinism import seeds

NUMBERS = st.integers(0, 2**31)


@given(seed=NUMBERS, epoch=NUMBERS, n=st.integers(1, 50))
def test_an_order_is_a_permutation_that_depends_on_seed_and_epoch_alone(seed: int, epoch: int, n: int) -> None:
    seeds.order(seed + 1, epoch, n)
    order = seeds.order(seed, epoch, n)
    assert sorted(order) == list(range(n))
    assert np.array_equal(order, seeds.order(seed, epoch, n))


def test_streams_seeds_and_positions_are_told_apart() -> None:
    draws = [
        seeds.generator(seed, stream, *position).random(8).tobytes()
        for seed in (0, 1)
        for stream in ("order", "augment", "transform")
        for position in ((), (1,), (0, 1), (1, 1), (2,))
    ]
    assert len(set(draws)) == len(draws)


def test_long_draws_of_neighbouring_positions_do_not_overlap() -> None:
    one, two = seeds.generator(0, "order", 1).random(5000), seeds.generator(0, "order", 2).random(5000)
    assert not set(one) & set(two)


def test_a_position_has_at_most_three_numbers() -> None:
    with pytest.raises(ValueError, match="three"):
        seeds.generator(0, "order", 1, 2, 3, 4)


Draws = tuple[float, float, float]


def _draw() -> Draws:
    return float(torch.rand(())), float(np.random.rand()), random.random()


def test_reseeding_fixes_every_shared_generator_and_isolation_gives_them_back() -> None:
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    expected = _draw()
    torch.manual_seed(5), np.random.seed(5), random.seed(5)

    def drawn(seed: int, fault: type[Exception] | None = None) -> Draws:
        with suppress(KeyError), seeds.isolated():
            seeds.reseed(seed, "init")
            draws.append(_draw())
            if fault is not None:
                raise fault
        return draws[-1]

    draws: list[Draws] = []
    assert drawn(3) == drawn(3) != drawn(4, KeyError)
    assert _draw() == expected


def test_a_foreign_seed_is_told_even_after_the_next_reseed() -> None:
    with seeds.isolated():
        seeds.reseed(0, "dropout", 1)
        assert not seeds.reseeded_externally()
        torch.manual_seed(42)
        seeds.reseed(0, "dropout", 2)
        assert seeds.reseeded_externally()
        assert not seeds.reseeded_externally()
