"""The frozen prefix: computed once, its features kept on disk and shared by every run with the same prefix.

Valid only when the prefix is held in eval mode, has fixed weights, holds no dropout and sees deterministic inputs;
`cut` decides that. Features are always computed in chunks of `CHUNK`, in the order of the split, so what a run sees
is the same whether it built the cache or found it. The key covers the images, the preprocessing, the prefix's
weights and structure, the engine's source and the numerics.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchsuite.atomic_files import atomic_path, write_text
from benchsuite.engine.data import file_cache
from benchsuite.engine.data.inputs import Features, Inputs, reside
from benchsuite.engine.network.build import Network, weights_hash
from benchsuite.engine.network.freeze import FrozenStages
from benchsuite.identity.canonical import digest
from benchsuite.sources.cache import cannot_write

CHUNK = 64
SUFFIX = ".features"

Forward = Callable[[nn.Module, Tensor], Tensor]
"""Applies a module to a batch, in the precision of the run."""

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
    prefix: nn.Sequential,
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
    prefix.eval()
    key = digest({**identity, "prefix": weights_hash(prefix.state_dict()), "structure": str(prefix), "chunk": CHUNK})
    data = folder / f"{key}{SUFFIX}"
    facts = data.with_suffix(file_cache.FACTS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file_cache.lock_for(data):
            known = _facts_of(data, facts)
            found = known is not None
            if known is None:
                known = _compute(prefix, pixels, data, facts, device, forward, say)
            file_cache.touch(data)
            dtype = getattr(torch, known["dtype"])
            # Copy-on-write: torch wants a writable array, the file stays as it is.
            array = np.memmap(data, dtype=_STORED[dtype], mode="c", shape=tuple(known["shape"]))
    except OSError as error:
        raise cannot_write(error, data) from error
    return Features(reside(array, device, dtype)), {**known, "key": key, "found": found}


def _facts_of(data: Path, facts: Path) -> dict[str, Any] | None:
    """The facts of a cached file that is whole; None when it has yet to be computed, or damage must be mended."""
    try:
        known: dict[str, Any] = json.loads(facts.read_text(encoding="utf-8"))
        stored = _STORED[getattr(torch, known["dtype"])]
        whole = data.stat().st_size == math.prod(known["shape"]) * stored.itemsize
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return known if whole else None


def _rows(features: Tensor) -> Tensor:
    return features.permute(0, 2, 3, 1) if features.dim() == 4 else features


def _compute(
    prefix: nn.Sequential,
    pixels: Inputs,
    data: Path,
    facts: Path,
    device: torch.device,
    forward: Forward,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Compute the features chunk by chunk, write them, and return the facts beside them."""

    def features(start: int, stop: int) -> Tensor:
        return _rows(forward(prefix, pixels.batch(torch.arange(start, stop, device=device)))).contiguous()

    n = len(pixels)
    with torch.inference_mode():
        first = features(0, min(CHUNK, n))
        invariant = all(torch.equal(features(0, stop), first[:stop]) for stop in (1, 16) if stop <= n)
        shape, stored = (n, *first.shape[1:]), _STORED[first.dtype]
        size = math.prod(shape) * stored.itemsize
        say(f"computing the features of {n} images ({size / 2**20:.0f} MiB, kept for other runs)")
        file_cache.make_room(data.parent, SUFFIX, size)
        # Written in order rather than through a mapping: a full disk is then an error, not a SIGBUS.
        with atomic_path(data) as temporary, temporary.open("wb") as output:
            for start in range(0, n, CHUNK):
                rows = (first if start == 0 else features(start, min(start + CHUNK, n))).cpu()
                output.write(rows.view(_VIEW.get(rows.dtype, rows.dtype)).numpy().data)
    known = {"shape": list(shape), "dtype": str(first.dtype).removeprefix("torch."), "batch_invariant": invariant}
    write_text(facts, json.dumps(known))
    return known
