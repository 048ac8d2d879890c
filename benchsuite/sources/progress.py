"""How far a transfer has come: a bar on a terminal, two plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as RichProgress

from benchsuite.legible import in_notebook
from benchsuite.sources.cache import Say


class Progress:
    """Shows `done` of `total` bytes (None: unknown) of the file called `name` while it is entered."""

    def __init__(self, name: str, done: int, total: int | None, say: Say) -> None:
        self._name, self._done, self._total, self._say = name, done, total, say
        console = Console(stderr=True)
        self._bar: RichProgress | None = None
        if console.is_terminal and not in_notebook():
            self._bar = RichProgress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=console,
            )

    def __enter__(self) -> Progress:
        if self._bar is None:
            size = f" ({self._total / 1e6:.1f} MB)" if self._total is not None else ""
            since = f", from {self._done / 1e6:.1f} MB on" if self._done else ""
            self._say(f"downloading {self._name}{size}{since}")
        else:
            self._bar.start()
            self._task = self._bar.add_task(self._name, total=self._total, completed=self._done)
        return self

    def advance(self, count: int) -> None:
        self._done += count
        if self._bar is not None:
            self._bar.advance(self._task, count)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
