"""Named streams of randomness.

Every draw comes from a Philox generator (Salmon et al., «Parallel random numbers: as easy as 1, 2, 3», SC 2011) keyed
by (seed, stream) with the position (epoch, step, ...) as its counter. So a draw depends on nothing but its name: not
on what was drawn before, not on the factor being varied, not on the device. Resuming needs no generator state.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch

Stream = Literal["init", "order", "augment", "dropout", "transform"]


_number: int | None = None
"""What torch's generator was last seeded with in the innermost block of `isolated`."""
_tampered = False


def generator(seed: int, stream: Stream, *position: int) -> np.random.Generator:
    """A generator for `stream` of `seed` at `position` (at most three numbers, such as epoch and step)."""
    if len(position) > 3:
        raise ValueError("a stream's position has at most three numbers")
    key = np.frombuffer(hashlib.sha256(f"{stream}:{seed}".encode()).digest()[:16], dtype=np.uint64)
    # The lowest word counts the blocks drawn, so positions never overlap.
    counter = np.zeros(4, dtype=np.uint64)
    counter[1 : 1 + len(position)] = position
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def order(seed: int, epoch: int, n: int) -> np.ndarray:
    """The order of `n` training images in an epoch: int64 (n,)."""
    return generator(seed, "order", epoch).permutation(n)


def reseed(seed: int, stream: Stream, *position: int) -> None:
    """Seed the generators that all code shares (torch, numpy, random), for what draws from no other: initial
    weights, dropout masks, and whatever a plugin draws. Call it inside `isolated`."""
    drawn = generator(seed, stream, *position)
    global _number, _tampered
    _tampered = _tampered or _anew()
    _number = number = int(drawn.integers(2**63 - 1))
    # torch.manual_seed would also seek every kind of accelerator there is: milliseconds, in each epoch.
    torch.default_generator.manual_seed(number)
    if torch.cuda.is_available():
        torch.cuda.manual_seed(number)
    np.random.seed(int(drawn.integers(2**32)))
    random.seed(int(drawn.integers(2**63 - 1)))


def reseeded_externally() -> bool:
    """Whether somebody else has seeded torch's generator after a `reseed`, since this was last asked."""
    global _tampered
    found, _tampered = _tampered or _anew(), False
    return found


def _anew() -> bool:
    return _number is not None and torch.default_generator.initial_seed() != _number


@contextmanager
def isolated() -> Iterator[None]:
    """Leave the generators that all code shares as they were found, whatever the block does to them."""
    global _number, _tampered
    python, legacy = random.getstate(), np.random.get_state()
    outside, _number = _number, None
    devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            _tampered = _tampered or _anew()
            _number = outside
            random.setstate(python)
            np.random.set_state(legacy)
