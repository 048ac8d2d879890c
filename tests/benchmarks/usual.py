"""The usual way of training, in a process of its own: a DataLoader with four workers, no caches, the loss read at each
step. Nothing of the engine's settings touches it.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Hashable
from contextlib import nullcontext, suppress
from typing import Any, Protocol

from tests.benchmarks.engine import timed


class UsualTask(Protocol):
    """What can be sent to the process, and made a contestant there."""

    def start(self) -> Usual: ...


class UsualProcess:
    """A process that trains the usual way, an epoch at a time, when it is asked to."""

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        context.Process(target=_serve, args=(theirs, threads)).start()
        theirs.close()

    def prepare(self, name: Hashable, task: UsualTask) -> None:
        """Start a contestant, which `epoch` knows by `name`."""
        self._connection.send((name, task))
        self._connection.recv()

    def epoch(self, name: Hashable) -> float:
        """Seconds of one training epoch."""
        self._connection.send((name, None))
        seconds: float = self._connection.recv()
        return seconds


def _serve(connection: Any, threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
    known: dict[Hashable, Usual] = {}
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            name, task = connection.recv()
            if task is not None:
                known[name] = task.start()
            connection.send(None if task is not None else known[name].epoch())


class Usual:
    """One contestant: a network on its device, its optimizer, and a map-style data set."""

    def __init__(
        self, network: Any, optimizer: Any, pictures: Any, batch_size: int, device: str, precision: str
    ) -> None:
        import torch

        self.network, self.optimizer, self.device = network, optimizer, torch.device(device)
        self.dtype = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
        self.scaler = torch.amp.GradScaler(device, enabled=precision == "fp16")
        self.loader = torch.utils.data.DataLoader(
            pictures,
            batch_size=batch_size,
            shuffle=True,
            num_workers=4,
            persistent_workers=True,
            pin_memory=self.device.type == "cuda",
        )

    def epoch(self) -> float:
        """Seconds of one training epoch."""
        import torch
        from torch.nn.functional import cross_entropy

        def epoch() -> None:
            for images, labels in self.loader:
                images, labels = images.to(self.device), labels.to(self.device)
                with torch.autocast(self.device.type, self.dtype) if self.dtype else nullcontext():
                    loss = cross_entropy(self.network(images), labels)
                self.optimizer.zero_grad()
                self.scaler.scale(loss).backward()
                self.scaler.step(self.optimizer)
                self.scaler.update()
                loss.item()

        return timed(epoch, self.device)
