"""The results folder: `runs/<key>/`, one folder a run, with its record, predictions, weights and log.

Reading never writes. Whoever writes to a run's folder holds its lock. A record that something damaged counts as not
done, and `damaged` tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from benchsuite.atomic_files import store_error, sweep, write_bytes, write_text
from benchsuite.errors import StoreError
from benchsuite.store.migrations import DamagedRecord, damaged_record, load_record
from benchsuite.store.record import RunRecord

if TYPE_CHECKING:
    from benchsuite.store.predictions import Predictions

RECORD = "record.json"
PREDICTIONS = "predictions.safetensors"
WEIGHTS = "weights.safetensors"
LOG = "log.txt"
LOCK = ".lock"


class Store:
    """The runs below a results folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, key: str) -> Path:
        """The folder of run `key`, whether or not it exists."""
        if not re.fullmatch(r"[0-9a-f]{8,64}", key):
            raise ValueError(f"{key!r} is no run key")
        return self.root / "runs" / key

    def read(self, key: str) -> RunRecord | None:
        """The record of run `key`; None when there is none or it is damaged.

        Raises StoreError when a newer benchsuite wrote it, or it cannot be opened.
        """
        try:
            return self._load(key)
        except DamagedRecord:
            return None

    def records(self) -> tuple[RunRecord, ...]:
        """Every whole record, in the order of the keys. Raises what `read` raises."""
        return tuple(record for key in self._keys() if (record := self.read(key)) is not None)

    def damaged(self) -> tuple[DamagedRecord, ...]:
        """What is wrong with each record that is not whole, in the order of the keys."""
        problems = []
        for key in self._keys():
            try:
                self._load(key)
            except DamagedRecord as problem:
                problems.append(problem)
        return tuple(problems)

    def write(self, record: RunRecord) -> None:
        """Put a record on disk; a failed one never replaces one that is done. Raises StoreError."""
        if record.status == "failed":
            earlier = self.read(record.key)
            if earlier is not None and earlier.status == "done":
                return
        folder = self.folder(record.key)
        write_text(folder / RECORD, record.model_dump_json(indent=1) + "\n")
        sweep(folder)

    def write_predictions(self, key: str, predictions: Predictions) -> None:
        """Put the predictions of run `key` on disk. Raises StoreError."""
        from benchsuite.store.predictions import to_bytes  # numpy, which listing and planning can do without

        write_bytes(self.folder(key) / PREDICTIONS, to_bytes(predictions))

    def read_predictions(self, key: str) -> Predictions:
        """The predictions of run `key`. Raises StoreError when they are missing or damaged."""
        from benchsuite.store.predictions import from_file

        return from_file(self.folder(key) / PREDICTIONS)

    def lock(self, key: str) -> FileLock:
        """The lock of run `key`, not yet taken; `acquire(blocking=False)` raises filelock.Timeout when it is held.

        The system releases it when its holder dies. Makes the run's folder; raises StoreError when it cannot.
        """
        folder = self.folder(key)
        self._make(folder)
        return FileLock(folder / LOCK)

    def check_writable(self) -> None:
        """Make the results folder and write to it once. Raises StoreError when it cannot be done."""
        self._make(self.root / "runs")
        probe = self.root / "runs" / ".writable"
        write_bytes(probe, b"")
        try:
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise store_error(error, probe) from error

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise store_error(error, folder) from error

    def _keys(self) -> Iterator[str]:
        for path in sorted((self.root / "runs").glob(f"*/{RECORD}")):
            if re.fullmatch(r"[0-9a-f]{8,64}", path.parent.name):
                yield path.parent.name

    def _load(self, key: str) -> RunRecord | None:
        path = self.folder(key) / RECORD
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except UnicodeDecodeError as error:
            raise damaged_record(f"this record is not UTF-8: {error.reason}", str(path)) from error
        except OSError as error:
            raise StoreError(f"cannot read: {error.strerror}", where=str(path)) from error
        record = load_record(text, where=str(path))
        if record.key != key:
            raise damaged_record(f"this record belongs to run {record.key}", str(path))
        return record
