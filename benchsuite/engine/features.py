"""The frozen prefix: computed once, its features kept on disk and shared by every run with the same prefix.

Valid only when the prefix is held in eval mode, has fixed weights, holds no dropout and sees deterministic inputs;
`cut` decides that. Features are always computed in chunks of `CHUNK`, in the order of the split, so what a run sees
is the same whether it built the cache or found it. The key covers the images, the preprocessing, the prefix's
weights and structure, the engine's source and the numerics.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor, nn

from benchsuite.engine.freeze import Frozen
from benchsuite.engine.images import prune
from benchsuite.engine.inputs import Features, Inputs, reside
from benchsuite.engine.network import Network, weights_hash
from benchsuite.identity.canonical import digest
from benchsuite.store.atomic import atomic_path, write_text

CHUNK = 64
BUDGET_BYTES = int(os.environ.get("BENCHSUITE_FEATURES_GB", "20")) * 2**30
"""How much disk the features of all studies may take together; the least recently used give way."""

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


def cut(network: Network, frozen: Frozen, cacheable: bool) -> Cut:
    """Cut after the longest run of leading frozen stages, and after what follows them without parameters.

    With `cacheable` false (random inputs), or frozen stages in training mode, the prefix is empty.
    """
    leading: list[nn.Module] = []
    rest = list(network.stages.items())
    while cacheable and frozen.held and rest and rest[0][0] in frozen.stages:
        leading.append(rest.pop(0)[1])
    tail = [stage for _, stage in rest]
    if leading and isinstance(tail[0], nn.Sequential):
        parts = list(tail[0])
        while len(parts) > 1 and _is_fixed(parts[0]):
            leading.append(parts.pop(0))
        tail[0] = nn.Sequential(*parts)
    return Cut(nn.Sequential(*leading), nn.Sequential(*tail))


def _is_fixed(part: nn.Module) -> bool:
    """Whether a part computes the same function in every mode and at every time."""
    stateless = not any(True for _ in (*part.parameters(), *part.buffers()))
    return stateless and not any("Dropout" in type(child).__name__ for child in part.modules())


def cached(
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
    folder.mkdir(parents=True, exist_ok=True)
    data, facts = folder / f"{key}.features", folder / f"{key}.json"
    with FileLock(folder / f"{key}.lock"):
        found = data.exists() and facts.exists()
        if not found:
            _compute(prefix, pixels, data, facts, device, forward, say)
        os.utime(data)
    known = json.loads(facts.read_text())
    dtype = getattr(torch, known["dtype"])
    # Copy-on-write: torch wants a writable array, the file stays as it is.
    array = np.memmap(data, dtype=_STORED[dtype], mode="c", shape=tuple(known["shape"]))
    return Features(reside(array, device, dtype)), {**known, "key": key, "found": found}


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
) -> None:
    def features(start: int, stop: int) -> Tensor:
        return _rows(forward(prefix, pixels.batch(torch.arange(start, stop, device=device)))).contiguous()

    n = len(pixels)
    with torch.inference_mode():
        first = features(0, min(CHUNK, n))
        invariant = all(torch.equal(features(0, stop), first[:stop]) for stop in (1, 16) if stop <= n)
        shape, stored = (n, *first.shape[1:]), _STORED[first.dtype]
        size = int(np.prod(shape)) * stored.itemsize
        say(f"computing the features of {n} images ({size / 2**20:.0f} MiB, kept for other runs)")
        prune(data.parent, max(BUDGET_BYTES - size, 0))
        with atomic_path(data) as temporary:
            array = np.memmap(temporary, dtype=stored, mode="w+", shape=shape)
            for start in range(0, n, CHUNK):
                stop = min(start + CHUNK, n)
                rows = (first if start == 0 else features(start, stop)).cpu()
                array[start:stop] = rows.view(_VIEW.get(rows.dtype, rows.dtype)).numpy()
            array.flush()
            del array
    known = {"shape": shape, "dtype": str(first.dtype).removeprefix("torch."), "batch_invariant": invariant}
    write_text(facts, json.dumps(known))
