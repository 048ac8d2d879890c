"""Data time: how long the steps of training wait for their batches.

A batch is gathered, augmented, brought to the device, and mixed where the recipe does so. On the CPU all of it is done
between asking for the batch and having it, and the clock tells how long that took. A GPU works off what the host has
told it some steps ago, so that the host's clock would blame the batch for what the network takes, or the other way
round. There two events in its stream mark when it had done all that was asked of it before, and when it had the batch;
the host waits for neither, and reads them when the epoch is over. Steps that are recorded as a graph make their batches
within it, where no mark can be set: of these it is not known.

What torch's ImageNet example calls `data_time` (github.com/pytorch/examples, imagenet/main.py).
"""

from __future__ import annotations

from typing import Protocol

import torch

from benchsuite.engine.meters import clock


class DataTime(Protocol):
    """Measures the blocks that it is entered for, in each of which a batch is made."""

    def __enter__(self) -> None: ...

    def __exit__(self, *raised: object) -> None: ...

    def take(self) -> float | None:
        """Seconds in all blocks since this was last asked; None where they are not known. To be asked when the device
        has done all of them."""


class HostTime:
    """By the clock of the run."""

    def __init__(self) -> None:
        self._seconds = self._asked = 0.0

    def __enter__(self) -> None:
        self._asked = clock.seconds()

    def __exit__(self, *raised: object) -> None:
        self._seconds += clock.seconds() - self._asked

    def take(self) -> float | None:
        seconds, self._seconds = self._seconds, 0.0
        return seconds


class StreamTime:
    """By events in the current stream of a GPU."""

    def __init__(self) -> None:
        self._events: list[torch.cuda.Event] = []

    def __enter__(self) -> None:
        self._mark()

    def __exit__(self, *raised: object) -> None:
        self._mark()

    def _mark(self) -> None:
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        self._events.append(event)

    def take(self) -> float | None:
        events, self._events = self._events, []
        pairs = zip(events[::2], events[1::2], strict=True)
        return sum(float(asked.elapsed_time(there)) for asked, there in pairs) / 1000


class NoTime:
    """Where it is not known."""

    def __enter__(self) -> None: ...

    def __exit__(self, *raised: object) -> None: ...

    def take(self) -> float | None:
        return None


def data_time(device: torch.device) -> DataTime:
    """What measures it on a device."""
    return StreamTime() if device.type == "cuda" else HostTime()
