"""Named streams of randomness.

Every draw comes from a Philox generator (Salmon et al., «Parallel random numbers: as easy as 1, 2, 3», SC 2011) keyed
by (seed, stream) with the position (epoch, step, ...) as its counter. So a draw depends on nothing but its name: not
on what was drawn before, not on the factor being varied, not on the device. Resuming needs no generator state.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np

Stream = Literal["init", "order", "augment", "dropout", "transform"]


def generator(seed: int, stream: Stream, *position: int) -> np.random.Generator:
    """A generator for `stream` of `seed` at `position` (at most three numbers, such as epoch and step)."""
    if len(position) > 3:
        raise ValueError("a stream's position has at most three numbers")
    key = np.frombuffer(hashlib.sha256(f"{stream}:{seed}".encode()).digest()[:16], dtype=np.uint64)
    # The lowest word counts the blocks drawn, so positions never overlap.
    counter = np.zeros(4, dtype=np.uint64)
    counter[1 : 1 + len(position)] = position
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def torch_seed(seed: int, stream: Stream, *position: int) -> int:
    """A 63-bit seed for torch's own generator, for what only torch can draw: initial weights and dropout masks."""
    return int(generator(seed, stream, *position).integers(0, 2**63 - 1))


def order(seed: int, epoch: int, n: int) -> np.ndarray:
    """The order of `n` training images in an epoch: int64 (n,)."""
    return generator(seed, "order", epoch).permutation(n)
