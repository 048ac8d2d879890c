"""The checkpoint of an unfinished run: all it takes to go on as if nothing had happened.

Randomness is counter-based, so no generator state is kept. What is frozen throughout is left out: it can be rebuilt.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any, cast

import torch
from torch import Tensor

from benchsuite.atomic_files import atomic_file, read_file
from benchsuite.contracts.observer import Epoch
from benchsuite.engine.meters import clock, memory
from benchsuite.engine.training.evaluate import Evaluation
from benchsuite.settings import CHECKPOINT_SECONDS
from benchsuite.store.record import Best

UNSAVED = ("best_validation", "ticked", "metered", "meter")
SUM_BYTES = hashlib.sha256().digest_size
"""The file ends with the SHA-256 of what comes before."""


@dataclass
class TrainingProgress:
    """How far a run has come. Tensors are those that may change; `best_state` belongs to `best`."""

    phase: int = 0
    epoch: int = 0
    """Finished epochs, over all phases."""
    step: int = 0
    phase_start: int = 0
    """Epochs finished before the current phase began."""
    state: dict[str, Tensor] = field(default_factory=dict)
    descent: dict[str, Any] = field(default_factory=dict)
    """Where optimizer, schedule and loss scaler stand."""
    best: Best | None = None
    best_state: dict[str, Tensor] = field(default_factory=dict)
    best_validation: Evaluation | None = None
    """What validation gave of `best` in this process; not saved."""
    epochs: list[Epoch] = field(default_factory=list)
    steps: list[tuple[int, float]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    data_seconds: float | None = 0.0
    """How long training waited for its batches; None once a phase could not tell."""
    execution: dict[str, str] = field(default_factory=dict)
    """By phase, how its steps were made."""
    starts: int = 0
    """How often the run was started."""
    joules: float | None = None
    """Energy of the GPU over all starts; None where it does not tell."""
    at_once: int = 1
    """How many runs the device carried at once, at most over all starts."""
    peak_bytes: int = 0
    """The most memory that the process took, over all starts."""
    photo_size: tuple[float, float] | None = None
    """Mean (height, width) of the training photos as they are, once they were decoded."""
    photo_changes: dict[str, dict[str, int]] = field(default_factory=dict)
    """By split, how many photos were changed to show them as people see them, by what was done."""
    features: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Facts about the features of the frozen prefix, by split."""
    ticked: float = field(default_factory=clock.seconds)
    """When `tick` was last called in this process; not saved."""
    metered: float | None = None
    """What `meter` said then; not saved."""
    meter: Callable[[], float | None] = lambda: None
    """What the GPU has used so far, in joules; not saved."""

    def wait(self, seconds: float | None, training: float) -> None:
        """Count an epoch's wait for its batches, if that is known, of so many seconds of training."""
        if seconds is None or self.data_seconds is None:
            self.data_seconds = None
        else:
            # The clock of a GPU goes on while the process is stopped.
            self.data_seconds += min(seconds, training)

    def start(self, meter: Callable[[], float | None]) -> None:
        """Count one more start, and time and energy (by `meter`) from here on."""
        self.starts += 1
        self.meter = meter
        self.ticked, self.metered = clock.seconds(), meter()

    def tick(self) -> None:
        """Count the time since the last call, or since the start, as `seconds["total"]`, and the energy."""
        now, used = clock.seconds(), self.meter()
        self.seconds["total"] = self.seconds.get("total", 0.0) + now - self.ticked
        if used is not None and self.metered is not None:
            self.joules = (self.joules or 0.0) + used - self.metered
        self.ticked, self.metered = now, used
        self.peak_bytes = max(self.peak_bytes, memory.peak())


class Checkpoint:
    """The checkpoint file of one run. Writing is atomic; a kill leaves the one before.

    It is due every `interval` seconds (BENCHSUITE_CHECKPOINT_SECONDS): shorter epochs share one.
    """

    def __init__(self, file: Path, key: str, interval: float | None = None) -> None:
        self._file, self._key = file, key
        self._interval = CHECKPOINT_SECONDS.value() if interval is None else interval
        self._written = time.monotonic()

    def load(self) -> TrainingProgress | None:
        """The progress of an interrupted start; None when there is none, or the file was changed or is another's."""
        try:
            content = read_file(self._file)
            if hashlib.sha256(content[:-SUM_BYTES]).digest() != content[-SUM_BYTES:]:
                return None
            saved = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
            if saved["key"] != self._key:
                return None
            progress = TrainingProgress(**saved["progress"])
            progress.epochs = [Epoch(**epoch) for epoch in saved["progress"]["epochs"]]
            progress.best = progress.best and Best(**saved["progress"]["best"])
            return progress
        except Exception:  # a checkpoint is only a shortcut: without it the run starts anew
            return None

    def exists(self) -> bool:
        return self._file.exists()

    def due(self) -> bool:
        return time.monotonic() - self._written >= self._interval

    def save(self, progress: TrainingProgress) -> None:
        progress.tick()
        fields = {name: value for name, value in vars(progress).items() if name not in UNSAVED}
        # Plain values: torch refuses to load classes from a file that somebody may have put there.
        fields["epochs"] = [asdict(epoch) for epoch in progress.epochs]
        fields["best"] = progress.best and progress.best.model_dump()
        with atomic_file(self._file) as output:
            torch.save({"key": self._key, "progress": fields}, cast("IO[bytes]", output))
            output.write(output.sha256())
        self._written = time.monotonic()
