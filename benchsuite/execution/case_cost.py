"""What one case of a study costs, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchsuite.store.record import ModelFacts


@dataclass(frozen=True)
class CaseCost:
    """What one case costs. `seconds` is one run's, `basis` says where that comes from."""

    case: str
    model: ModelFacts
    due: int
    seconds: float
    setup_seconds: float
    disk_bytes: int
    """Of all that are due, with the weights that are kept."""
    weights_bytes: int
    """Of one run."""
    memory_bytes: int
    """The most that a run takes, on the GPU or in its process."""
    packs: bool
    """Whether runs of this case leave their GPU room for others, as far as is known."""
    basis: str

    @property
    def total_seconds(self) -> float:
        return self.due * self.seconds + self.setup_seconds


def seconds_in_all(costs: Sequence[CaseCost], at_once: int) -> float:
    """How long the due runs take, so many at once: no less than the longest of them."""
    longest = max((cost.seconds + cost.setup_seconds for cost in costs if cost.due), default=0.0)
    return max(sum(cost.total_seconds for cost in costs) / at_once, longest)
