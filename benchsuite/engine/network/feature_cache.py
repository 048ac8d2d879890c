"""The frozen prefix: computed once, its features kept on disk and shared by every run with the same prefix.

Valid only when the prefix is held in eval mode, has fixed weights, holds no dropout and sees deterministic inputs;
`cut` decides that. Features are always computed in chunks of `CHUNK`, in the order of the split, so what a run sees
is the same whether it built the cache or found it. They come from those of a shorter prefix where these are there and
give the same bits. The key covers the images, the preprocessing, the prefix's weights and structure, the engine's
source and the numerics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchsuite.engine.data import file_cache
from benchsuite.engine.data.inputs import Features, Inputs, Rows
from benchsuite.engine.network.build import Network, weights_hash
from benchsuite.engine.network.freeze import FrozenStages
from benchsuite.identity.canonical import digest

CHUNK = 64
SUFFIX = ".features"

Forward = Callable[[nn.Module, Tensor], Tensor]
"""Applies a module to a batch, in the precision of the run."""
Way = tuple[nn.Module, Inputs]
"""A module, and what it makes features from: pixels, or the features of a shorter prefix."""

# numpy knows no bfloat16: its bits are kept as int16.
_VIEW = {torch.bfloat16: torch.int16}
_STORED: dict[torch.dtype, np.dtype[Any]] = {
    torch.float32: np.dtype(np.float32),
    torch.float16: np.dtype(np.float16),
    torch.bfloat16: np.dtype(np.int16),
}


@dataclass(frozen=True)
class Cut:
    """A network cut in two: `prefix` never changes, `tail` is what trains."""

    prefix: nn.Sequential
    tail: nn.Sequential

    def __bool__(self) -> bool:
        return len(self.prefix) > 0

    @cached_property
    def prefix_hashes(self) -> tuple[str, ...]:
        """Of the weights of each part of the prefix, which do not change while the cut is in use."""
        return tuple(weights_hash(part.state_dict()) for part in self.prefix)


def cut(network: Network, frozen: FrozenStages, cacheable: bool) -> Cut:
    """Cut after the longest run of leading frozen stages, and after what follows them without parameters.

    With `cacheable` false (random inputs), or frozen stages in training mode, the prefix is empty.
    """
    leading: list[nn.Module] = []
    rest = list(network.stages.items())
    while cacheable and frozen.held and rest and rest[0][0] in frozen.stages:
        leading.append(rest.pop(0)[1])
    tail = [stage for _, stage in rest]
    if leading and type(tail[0]).forward is nn.Sequential.forward:
        parts = list(tail[0].children())
        while len(parts) > 1 and _is_fixed(parts[0]):
            leading.append(parts.pop(0))
        tail[0] = nn.Sequential(*parts)
    return Cut(nn.Sequential(*leading), nn.Sequential(*tail))


_FIXED = (
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.Flatten, nn.GELU,
    nn.Identity, nn.LeakyReLU, nn.MaxPool1d, nn.MaxPool2d, nn.ReLU, nn.ReLU6, nn.SiLU, nn.Sigmoid, nn.Tanh,
)  # fmt: skip


def _is_fixed(part: nn.Module) -> bool:
    """Whether a part computes the same function in every mode and at every time, as torch's own plain ones do."""
    return type(part) in _FIXED


def load_features(
    parts: Cut,
    pixels: Inputs,
    *,
    identity: Mapping[str, object],
    folder: Path,
    device: torch.device,
    forward: Forward,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Features, Mapping[str, object]]:
    """The features of a split, and facts about them for the record.

    `identity` says what the pixels are and what else decides the features; the prefix's weights are added to it.
    """
    prefix = parts.prefix.eval()

    def key_of(length: int) -> str:
        structure, hashes = str(prefix[:length]), parts.prefix_hashes[:length]
        return digest({**identity, "prefix": hashes, "structure": structure, "chunk": CHUNK})

    def build(target: Path) -> dict[str, Any]:
        ways: list[Way] = [(prefix, pixels)]
        for length in range(len(prefix) - 1, 0, -1):
            shorter = file_cache.find(folder / f"{key_of(length)}{SUFFIX}")
            if shorter is not None:
                ways.append((prefix[length:], _read(shorter, device)))
                break
        return _compute(ways, target, device, forward, say)

    key = key_of(len(prefix))
    file = file_cache.find_or_build(folder / f"{key}{SUFFIX}", build)
    return _read(file, device), {**file.facts, "key": key, "found": not file.built}


def _read(file: file_cache.CachedFile, device: torch.device) -> Features:
    dtype = getattr(torch, file.facts["dtype"])
    with file.content as content:
        array = np.memmap(content, dtype=_STORED[dtype], mode="c", shape=tuple(file.facts["shape"]))
    return Features(Rows(array, device, dtype))


def _rows(features: Tensor) -> Tensor:
    return features.permute(0, 2, 3, 1) if features.dim() == 4 else features


def _compute(
    ways: Sequence[Way], target: Path, device: torch.device, forward: Forward, say: Callable[[str], None]
) -> dict[str, Any]:
    """Compute the features chunk by chunk, write them to `target`, and return the facts about them.

    Of the `ways`, the first is that from the pixels; another is taken where it gives the same bits.
    """

    def features(way: Way, start: int, stop: int) -> Tensor:
        module, inputs = way
        numbers = torch.arange(start, stop)
        return _rows(forward(module, inputs.batch(numbers.to(device), numbers))).contiguous()

    plain, n = ways[0], len(ways[0][1])
    with torch.inference_mode():
        first = features(plain, 0, min(CHUNK, n))
        invariant = all(torch.equal(features(plain, 0, stop), first[:stop]) for stop in (1, 16) if stop <= n)
        shape, stored = (n, *first.shape[1:]), _STORED[first.dtype]
        size = math.prod(shape) * stored.itemsize
        say(f"computing the features of {n} images ({size / 2**20:.0f} MiB, kept for other runs)")
        file_cache.make_room(target.parent, SUFFIX, size)
        # The last chunk may be of another size, for which the libraries may compute otherwise.
        last = ((n - 1) // CHUNK * CHUNK, n)
        known = {0: first} if last[0] == 0 else {0: first, last[0]: features(plain, *last)}

        def same(way: Way) -> bool:
            found = {start: features(way, start, min(start + CHUNK, n)) for start in known}
            return all(rows.dtype == first.dtype and torch.equal(rows, known[start]) for start, rows in found.items())

        way = next((other for other in ways[1:] if same(other)), plain)
        # Written in order rather than through a mapping: a full disk is then an error, not a SIGBUS.
        with target.open("wb") as output:
            for start in range(0, n, CHUNK):
                rows = known[start] if start in known else features(way, start, start + CHUNK)
                rows = rows.cpu()
                output.write(rows.view(_VIEW.get(rows.dtype, rows.dtype)).numpy().data)
    return {"shape": list(shape), "dtype": str(first.dtype).removeprefix("torch."), "batch_invariant": invariant}
