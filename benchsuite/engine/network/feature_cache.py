"""The frozen prefix: computed once, its features kept on disk and shared by every run with the same prefix.

Valid only when the prefix is held in eval mode, has fixed weights, holds no dropout and sees deterministic inputs;
`cut` decides that. Features are always computed in chunks of `CHUNK`, in the order of the split, so what a run sees
is the same whether it built the cache or found it. They come from those of a shorter prefix where these are there and
give the same bits. Processes that wait for the same features compute them together. The key covers the images, the
preprocessing, the prefix's weights and structure, the engine's source and the numerics.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor, nn

from benchsuite.engine.data import file_cache
from benchsuite.engine.data.inputs import Features, Inputs, Rows
from benchsuite.engine.network.build import Network, weights_hash
from benchsuite.engine.network.freeze import FrozenStages
from benchsuite.identity.canonical import digest

CHUNK = 64
PARTS = 32
"""In how many parts at most several processes share the work."""
SUFFIX = ".features"

Forward = Callable[[nn.Module, Tensor], Tensor]
"""Applies a module to a batch, in the precision of the run."""
Way = tuple[nn.Sequential, Inputs]
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

    def ways() -> list[Way]:
        for length in range(len(prefix) - 1, 0, -1):
            shorter = file_cache.find(folder / f"{key_of(length)}{SUFFIX}")
            if shorter is not None:
                return [(prefix, pixels), (prefix[length:], _read(shorter, device))]
        return [(prefix, pixels)]

    key = key_of(len(prefix))
    with _Work(folder / f"{key}{SUFFIX}", len(pixels), ways, device, forward, say) as work:
        file = file_cache.find_or_build(work.path, work.build, work.help)
        if file.built:
            work.clear()
    return _read(file, device), {**file.facts, "key": key, "found": not file.built}


def _read(file: file_cache.CachedFile, device: torch.device) -> Features:
    dtype = getattr(torch, file.facts["dtype"])
    with file.content as content:
        array = np.memmap(content, dtype=_STORED[dtype], mode="c", shape=tuple(file.facts["shape"]))
    return Features(Rows(array, device, dtype))


def _rows(features: Tensor) -> Tensor:
    return features.permute(0, 2, 3, 1) if features.dim() == 4 else features


@dataclass
class _Work:
    """The features of a split that are not there: `n` rows, to be computed by the processes that want them.

    One of them builds the file, under its lock, part after part; the others, which would only wait, take parts from the
    end and leave each in a file of its own. A part has a lock as well: whoever holds it computes it, nobody else does,
    and the builder holds those it has come to until the file is there. A process that dies leaves its locks, and
    another computes what is missing. The builder waits for one part at a time, the others hold no lock when they wait
    for it: nobody waits in a circle.
    """

    path: Path
    n: int
    list_ways: Callable[[], list[Way]]
    """From the pixels, and from a shorter prefix where its features are there; looked for only when needed."""
    device: torch.device
    forward: Forward
    say: Callable[[str], None]
    _held: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> _Work:
        return self

    def __exit__(self, *raised: object) -> None:
        self._held.close()

    @property
    def _starts(self) -> range:
        """The first row of each part, which is whole chunks."""
        return range(0, self.n, CHUNK * math.ceil(self.n / (CHUNK * PARTS)))

    @property
    def _shared(self) -> range:
        """Those of the parts that any process may compute. The builder needs the first and the last for itself."""
        return self._starts[1:-1]

    def _part(self, start: int) -> Path:
        return self.path.with_stem(f"{self.path.stem}-{start}")

    def build(self, target: Path) -> dict[str, Any]:
        """Compute the features, write them to `target`, and return the facts about them.

        Of the ways, the first is that from the pixels; another is taken where it gives the same bits.
        """
        ways, n = self.list_ways(), self.n
        plain = ways[0]
        with torch.inference_mode():
            first = self._features(plain, 0)
            invariant = all(torch.equal(self._features(plain, 0, stop), first[:stop]) for stop in (1, 16) if stop <= n)
            shape, stored = (n, *first.shape[1:]), _STORED[first.dtype]
            size = math.prod(shape) * stored.itemsize
            self.say(f"computing the features of {n} images ({size / 2**20:.0f} MiB, kept for other runs)")
            file_cache.make_room(target.parent, SUFFIX, size)
            # The last chunk may be of another size, for which the libraries may compute otherwise.
            last = (n - 1) // CHUNK * CHUNK
            known = {0: first} if last == 0 else {0: first, last: self._features(plain, last)}

            def same(way: Way) -> bool:
                found = {start: self._features(way, start) for start in known}
                return all(
                    rows.dtype == first.dtype and torch.equal(rows, known[start]) for start, rows in found.items()
                )

            way = next((other for other in ways[1:] if same(other)), plain)
            # Written in order rather than through a mapping: a full disk is then an error, not a SIGBUS.
            with target.open("wb") as output:
                for start in self._starts:
                    if not self._copy(start, way, output):
                        self._write(output, way, start, known)
        return {"shape": list(shape), "dtype": str(first.dtype).removeprefix("torch."), "batch_invariant": invariant}

    def help(self) -> None:
        """Compute parts that nobody has taken, from the end, until none is left."""
        way = self.list_ways()[-1]
        for start in reversed(self._shared):
            file_cache.build_if_free(self._part(start), partial(self._build_part, way, start), self.path)

    def _build_part(self, way: Way, start: int, target: Path) -> dict[str, Any]:
        with torch.inference_mode(), target.open("wb") as output:
            self._write(output, way, start, {})
        return {"modules": len(way[0])}

    def clear(self) -> None:
        """Remove the parts, once the file is there."""
        for start in self._shared:
            file_cache.remove(self._part(start))

    def _copy(self, start: int, way: Way, output: BinaryIO) -> bool:
        """Take a part for this process, and copy it if another has computed it in this way."""
        if start not in self._shared:
            return False
        self._held.enter_context(file_cache.lock_for(self._part(start)))
        part = file_cache.find(self._part(start))
        if part is None:
            return False
        with part.content as content:
            if part.facts["modules"] != len(way[0]):
                return False
            content.seek(0)
            shutil.copyfileobj(content, output)
        return True

    def _write(self, output: BinaryIO, way: Way, start: int, known: Mapping[int, Tensor]) -> None:
        """Compute a part, but for the chunks that are known, and write it."""
        for at in range(start, min(start + self._starts.step, self.n), CHUNK):
            rows = (known[at] if at in known else self._features(way, at)).cpu()
            output.write(rows.view(_VIEW.get(rows.dtype, rows.dtype)).numpy().data)

    def _features(self, way: Way, start: int, stop: int | None = None) -> Tensor:
        """Of a chunk, or of its rows up to `stop`."""
        module, inputs = way
        numbers = torch.arange(start, min(start + CHUNK, self.n) if stop is None else stop)
        return _rows(self.forward(module, inputs.batch(numbers.to(self.device), numbers))).contiguous()
