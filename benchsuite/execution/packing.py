"""How many runs are made at once: as many as cores, memory and the runs that are due allow.

Takes the numerics, the runs and what is known of their cost, and gives a number for each device with the reasons that
users are told. It decides no bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from benchsuite.execution.case_cost import CaseCost
from benchsuite.identity.gpus import free_bytes
from benchsuite.identity.numerics import Numerics
from benchsuite.machine import free_memory, usable_cores

HEADROOM = 1.3
"""Memory that is wanted for each byte that a run was seen to take."""
UNKNOWN_BYTES = 2 * 2**30
"""What a run on the CPU is taken to need where nothing is known."""
CONTEXT_BYTES = 2**29
"""What a process takes on a GPU beside its tensors."""
MOST_ON_A_GPU = 4
START_SECONDS = 4.0
"""What it costs to start a worker; one that would have less to do is not started."""


@dataclass(frozen=True)
class Packing:
    """How many runs each device carries at once, and how many there are at once in all; `remarks` are for the user."""

    on_each: int
    at_once: int
    remarks: tuple[str, ...] = ()
    place: str = "on this machine"


def choose_packing(
    numerics: Numerics,
    devices: int,
    due: int,
    costs: Sequence[CaseCost],
    asked: int | None = None,
    started: int = 1,
) -> Packing:
    """How many of `due` runs to make at once on `devices`. `costs` are those that are known, `asked` is what the user
    wants on each device, on which so many workers are `started` already."""
    costs = [cost for cost in costs if cost.due]
    remarks = []
    cores = usable_cores()
    room = max(cores // (numerics.threads if numerics.device == "cpu" else 2 * devices), 1)
    share = max(ceil(due / devices), 1)
    if asked is not None:
        chosen = min(asked, room if numerics.device == "cpu" else cores, share)
        if chosen < min(asked, share):
            remarks.append(f"{asked} at once were asked for; there are {_cores(cores)} for {chosen}")
        return Packing(chosen, min(chosen * devices, max(due, 1)), tuple(remarks))
    wanted = min(room, share)
    if numerics.device == "cuda":
        wanted = min(wanted, MOST_ON_A_GPU) if costs and all(cost.packs for cost in costs) else 1
    worth = wanted
    if costs:
        worth = min(wanted, max(int(sum(cost.total_seconds for cost in costs) / (devices * START_SECONDS)), started))
    chosen = min(worth, _fitting(numerics, costs)) if worth > 1 else 1
    if chosen < worth:
        remarks.append(f"there is memory for {chosen} at once")
    idle = cores - chosen * numerics.threads
    if numerics.device == "cpu" and worth == wanted and idle >= chosen:
        remarks.append(
            f"{idle} of {_cores(cores)} stay idle; --threads {cores // chosen} would use them, and make other runs:"
            " bits depend on the threads of a run"
        )
    return Packing(chosen, min(chosen * devices, max(due, 1)), tuple(remarks))


def _fitting(numerics: Numerics, costs: Sequence[CaseCost]) -> int:
    """For how many runs a device has memory, at least 1."""
    most = max((cost.memory_bytes for cost in costs), default=0)
    if numerics.device == "cuda":
        return max(int(free_bytes(numerics.device_name) / (HEADROOM * most + CONTEXT_BYTES)), 1)
    return max(int(free_memory() / (HEADROOM * (most or UNKNOWN_BYTES))), 1)


def _cores(cores: int) -> str:
    return f"{cores} core{'s' if cores > 1 else ''}"
