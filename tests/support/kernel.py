"""A kernel of Jupyter, really started, whose cells say what they have put out; every wait has a limit."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client import BlockingKernelClient, KernelManager

START_SECONDS = 120.0


@dataclass
class Cell:
    """What a cell has put out: messages as Jupyter keeps them, and the name of the error that ended it."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None

    @property
    def text(self) -> str:
        """All that it wrote, errors and the plain form of values included."""
        return "".join(map(_text, self.outputs))

    @property
    def html(self) -> str:
        """Its values as they show themselves."""
        return "".join(one.get("data", {}).get("text/html", "") for one in self.outputs)


def _text(output: dict[str, Any]) -> str:
    if "traceback" in output:
        return "\n".join(output["traceback"])
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))


class Kernel:
    """A kernel that runs."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self._client = manager, client

    def run(self, code: str, seconds: float = 240) -> Cell:
        """Execute a cell, and wait for its end."""
        return self.finish(self.start(code), seconds)

    def start(self, code: str) -> str:
        """Begin a cell; returns what `finish` is asked with."""
        return str(self._client.execute(code))

    def finish(self, cell: str, seconds: float = 240) -> Cell:
        """Wait for the end of a cell."""
        found, until = Cell(), time.monotonic() + seconds
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=max(until - time.monotonic(), 0.1))
            except Empty:
                raise AssertionError(f"after {seconds} s the cell has not ended; it said\n{found.text}") from None
            if message["parent_header"].get("msg_id") != cell:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return found
            if kind in ("stream", "display_data", "execute_result", "update_display_data", "error"):
                found.outputs.append(content)
            if kind == "error":
                found.error = content["ename"]

    def interrupt(self) -> None:
        """What the stop button does."""
        self.manager.interrupt_kernel()


@contextmanager
def open_kernel(folder: Path, **environment: str) -> Iterator[Kernel]:
    """A kernel in a folder, with our environment and more."""
    manager = KernelManager(kernel_name="python3", ip="127.0.0.1")
    # Commands that ran in this process have chosen how it draws.
    ours = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    manager.start_kernel(cwd=str(folder), env={**ours, **environment})
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=START_SECONDS)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
