"""What a stand-in card needs to record operations as a CUDA graph does: they are done, all that they changed is put
back, and a replay does them again on the very tensors, with the results where they were.

Also the card's own generator, which a capture that fails leaves as if it went on, as it does in torch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

ODD = "Offset increment outside graph capture encountered unexpectedly."


@dataclass
class Recording:
    """Operations on plain tensors, in order."""

    room: int | None = None
    """How many operations fit into the memory of the graph; None for any number."""
    broken: bool = False
    """Whether something was done that cannot be captured."""
    _calls: list[tuple[Any, Any, Any, Any]] = field(default_factory=list)
    _made: set[int] = field(default_factory=set)
    _before: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = field(default_factory=dict)

    def record(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Do it, and remember how."""
        if self.room is not None and len(self._calls) >= self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB in the pool of a graph")
        given = _storages((args, kwargs))
        if func._schema.is_mutable or "batch_norm" in str(func):  # whose schema does not say that it keeps statistics
            for address, storage in given.items():
                if address not in self._made and address not in self._before:
                    self._before[address] = (storage, storage.clone())
        made = func(*args, **kwargs)
        self._made |= _storages(made).keys() - given.keys()
        self._calls.append((func, args, kwargs, made))
        return made

    def end(self) -> None:
        """Put back what was changed: to capture is not to do."""
        for storage, before in self._before.values():
            storage.copy_(before)
        self._before.clear()

    def replay(self) -> None:
        """Do all of it again, on what lies there now."""
        for func, args, kwargs, made in self._calls:
            again = func(*args, **kwargs)
            for place, value in zip(tree_leaves(made), tree_leaves(again), strict=True):
                if isinstance(place, torch.Tensor) and place.data_ptr() != value.data_ptr():
                    place.copy_(value)


def _storages(value: Any) -> dict[int, torch.UntypedStorage]:
    storages = (leaf.untyped_storage() for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor))
    return {storage.data_ptr(): storage for storage in storages}


@dataclass
class State:
    """Where a generator stands."""

    bytes: torch.Tensor
    capturing: bool = False


class Generator:
    """The card's generator. It draws what the CPU's would draw from the same seed."""

    def __init__(self) -> None:
        self.state = State(torch.default_generator.get_state())

    def manual_seed(self, seed: int) -> None:
        self.state.bytes = torch.Generator().manual_seed(seed).get_state()

    def get_state(self) -> torch.Tensor:
        return self.state.bytes.clone()

    def set_state(self, state: torch.Tensor) -> None:
        self.state.bytes = state.clone()

    def graphsafe_get_state(self) -> State:
        return self.state

    def graphsafe_set_state(self, state: State) -> None:
        self.state = state

    def clone_state(self) -> State:
        return State(self.state.bytes.clone())

    @contextlib.contextmanager
    def drawing(self, capturing: bool) -> Iterator[None]:
        """Within the block the CPU's generator stands where this one does."""
        if self.state.capturing != capturing:
            raise RuntimeError(ODD)
        usual = torch.default_generator.get_state()
        torch.default_generator.set_state(self.state.bytes)
        try:
            yield
        finally:
            self.state.bytes = torch.default_generator.get_state()
            torch.default_generator.set_state(usual)
