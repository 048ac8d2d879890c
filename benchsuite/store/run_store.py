"""The results folder: `runs/<key>/`, one folder a run, with its record, predictions, weights and log.

Reading never writes. Whoever writes to a run's folder holds its lock. A record that something damaged, or one of
whose files is not there as the record lists it, counts as not done, and `damaged` tells of it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from filelock import Timeout

from benchsuite.atomic_files import (
    TEMPORARY,
    check_name,
    is_abandoned,
    read_file,
    store_error,
    sweep,
    temporary_path,
    write_bytes,
    write_text,
)
from benchsuite.errors import StoreError
from benchsuite.file_locks import FileLock
from benchsuite.file_stamps import Stamp, files_stamp, memory_of, recall, remember
from benchsuite.legible import legible
from benchsuite.store.migrations import DamagedRecord, damaged_record, load_record
from benchsuite.store.record import RunRecord, StoredFile

if TYPE_CHECKING:
    from benchsuite.store.predictions import Predictions

_LOG = logging.getLogger(__name__)
RECORD = "record.json"
PREDICTIONS = "predictions.safetensors"
WEIGHTS = "weights.safetensors"
CHECKPOINT = "checkpoint.pt"
LOG = "log.txt"
MEASURED = "metrics.json"
"""What metrics of plugins gave for the predictions: a cache, which any of its readers may lose."""
LOCK = ".lock"
AT_WORK = ".at-work"
"""How the marks end of commands that make runs of a suite; before it is the suite's name."""
DIFFERENT = "different-"
"""How folders in that of a run are called which hold what another machine made of it, where the bits differ."""
KEY = re.compile("[0-9a-f]{8,64}")
SMOKE = "@sample"
"""How the names end of folders with results of smoke runs on the synthetic sample."""
FILES = (PREDICTIONS, WEIGHTS)
"""What a record may list."""
ROOM = 2**20
"""Bytes that a run keeps free for its record: ten times what one takes."""


class Outcome(NamedTuple):
    """What is asked of all records, each of which is read once for that."""

    status: str
    suite: str
    case: str
    """Its name."""
    seed: int
    accuracy: float | None
    """Of validation, as the loss: at the epoch that it chose."""
    loss: float | None
    weights: tuple[str, str] | None
    """Name and SHA-256 of the weights that the run started from, if they were those of their authors."""

    @classmethod
    def read(cls, text: str) -> Outcome | None:
        """What `written` wrote; None for anything else."""
        with suppress(ValueError, TypeError):
            status, suite, case, seed, accuracy, loss, weights = json.loads(text)
            if status in ("done", "failed"):
                return cls(status, suite, case, seed, accuracy, loss, weights and (weights[0], weights[1]))
        return None

    def written(self) -> str:
        return json.dumps(self)


def outcome_of(record: RunRecord) -> Outcome:
    """What is asked of all records, of this one."""
    best, started = record.best, record.weights
    weights = None
    if started is not None and started.provenance == "official" and started.sha256 is not None:
        weights = started.request, started.sha256
    accuracy, loss = (best.validation_accuracy, best.validation_loss) if best is not None else (None, None)
    spec = record.spec
    return Outcome(record.status, spec.suite, spec.case.name, spec.seed, accuracy, loss, weights)


@dataclass(frozen=True)
class Survey:
    """How the runs of a results folder stand: what came of those that are whole, by key, and what is wrong with each of
    the others, in the order of the keys."""

    outcomes: Mapping[str, Outcome]
    damaged: tuple[DamagedRecord, ...]

    @cached_property
    def statuses(self) -> Mapping[str, str]:
        """`done` or `failed`, by key."""
        return {key: outcome.status for key, outcome in self.outcomes.items()}


def stores_below(results: Path) -> list[Store]:
    """The store of a results folder, and those of smoke runs in it, which are kept apart."""
    return [Store(results), *(Store(folder) for folder in sorted(results.glob(f"*{SMOKE}")))]


def keeps_weights(record: RunRecord) -> bool:
    """Whether the weights of a run that is done are beside its record. A record of old lists nothing, and they are."""
    return WEIGHTS in record.files or not record.files


def told_predictions(record: RunRecord, content: bytes, path: Path) -> Predictions:
    """The predictions in `content`, the file at `path`. Raises DamagedRecord unless they are those of the record."""
    from benchsuite.store.predictions import from_bytes, predictions_hash

    try:
        predictions = from_bytes(content)
        confusion = predictions.confusion
    except ValueError as error:
        raise damaged_record(f"these predictions cannot be read: {error}", str(path)) from error
    if record.predictions_hash not in (None, predictions_hash(predictions)):
        raise damaged_record("these predictions are not those that the record tells of", str(path))
    accuracy = sum(row[i] for i, row in enumerate(confusion)) / max(sum(map(sum, confusion)), 1)
    told = record.test
    if told is not None and (told.confusion != confusion or abs(told.accuracy - accuracy) > 1e-9):
        raise damaged_record(
            f"this record tells of a test accuracy of {told.accuracy:.2%}, and its predictions of {accuracy:.2%}",
            str(path.with_name(RECORD)),
            "remove this file",
            record.spec.suite,
        )
    return predictions


class Store:
    """The runs below a results folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, key: str) -> Path:
        """The folder of run `key`, whether or not it exists."""
        if not KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no run key")
        return self.root / "runs" / key

    def read(self, key: str, thorough: bool = False) -> RunRecord | None:
        """The record of run `key`; None when there is none or it is damaged.

        Its files must be those that it lists; of weights, which may be large, only a `thorough` look reads more than
        the size. Raises StoreError when a newer benchsuite wrote it, or it cannot be opened.
        """
        try:
            return self.load(key, thorough)
        except DamagedRecord:
            return None

    def load(self, key: str, thorough: bool = False) -> RunRecord | None:
        """As `read`, but raises DamagedRecord where the record is damaged, which tells what is wrong with it."""
        path = self.folder(key) / RECORD
        try:
            text = read_file(path).decode()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except UnicodeDecodeError as error:
            raise damaged_record(f"this record is not UTF-8: {error.reason}", str(path)) from error
        except OSError as error:
            if path.is_file():
                raise StoreError(
                    f"cannot read: {error.strerror}", where=str(path), remedy="check the folder and its disk"
                ) from error
            raise damaged_record(str(error.strerror), str(path), "remove or rename it") from error
        record = load_record(text, where=str(path))
        if record.key != key:
            raise damaged_record(f"this record belongs to run {record.key}", str(path))
        for name in record.files if record.status == "done" else ():
            self._content(record, name, whole=thorough or name != WEIGHTS)
        if thorough and record.status == "done" and record.test is not None:
            self.read_predictions(record)
        return record

    def records(self) -> Iterator[RunRecord]:
        """Every whole record, in the order of the keys, one at a time. Raises what `read` raises."""
        return (record for key in self.run_keys() if (record := self.read(key)) is not None)

    def damaged(self, thorough: bool = False, keys: Iterable[str] | None = None) -> tuple[DamagedRecord, ...]:
        """What is wrong with each record (of `keys`, if given) that is not whole, as `read` says, in their order."""
        problems = []
        for key in self.run_keys() if keys is None else keys:
            try:
                self.load(key, thorough)
            except DamagedRecord as problem:
                problems.append(problem)
        return tuple(problems)

    def survey(self, cache: Path) -> Survey:
        """How every run stands. What was found whole is remembered below `cache`, and looked at again when one of its
        files has changed."""
        memory, runs = memory_of(self.root, cache / "records"), self.root / "runs"
        known = recall(memory)
        found: dict[str, tuple[Stamp, str]] = {}
        outcomes, damaged = {}, []
        for key in self.run_keys():
            stamp = files_stamp(f"{runs}/{key}/{name}" for name in (RECORD, *FILES))
            before, text = known.get(key, ((), ""))
            outcome = Outcome.read(text) if before == stamp else None
            try:
                if outcome is None and (record := self.load(key)) is not None:
                    outcome = outcome_of(record)
                    text = outcome.written()
            except DamagedRecord as problem:
                damaged.append(problem)
                continue
            if outcome is not None:
                outcomes[key], found[key] = outcome, (stamp, text)
        if found != known:
            remember(memory, found)
        _LOG.info("%s: %d records are whole, %d damaged", self.root, len(outcomes), len(damaged))
        return Survey(outcomes, tuple(damaged))

    def write(self, record: RunRecord) -> None:
        """Put a record on disk; a failed one never replaces one that is done. Raises StoreError."""
        if record.status == "failed":
            earlier = self.read(record.key)
            if earlier is not None and earlier.status == "done":
                return
        try:
            text = record.model_dump_json(indent=1)
        except ValueError:  # some name in it is no UTF-8
            text = RunRecord.model_validate(legible(record.model_dump())).model_dump_json(indent=1)
        write_text(self.folder(record.key) / RECORD, text + "\n")

    def different(self, key: str) -> tuple[Path, ...]:
        """The folders of arrivals that were not the same bits as run `key` is here, kept beside it."""
        return tuple(sorted(self.folder(key).glob(f"{DIFFERENT}*/")))

    def write_file(self, key: str, name: str, content: bytes) -> StoredFile:
        """Put a file of run `key` on disk; returns what its record will list. Raises StoreError."""
        write_bytes(self.folder(key) / name, content)
        return StoredFile(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())

    def write_predictions(self, key: str, predictions: Predictions) -> StoredFile:
        """Put the predictions of run `key` on disk; returns what its record will list. Raises StoreError."""
        from benchsuite.store.predictions import to_bytes  # numpy, which listing and planning can do without

        return self.write_file(key, PREDICTIONS, to_bytes(predictions))

    def read_measured(self, key: str) -> dict[str, Any]:
        """What `write_measured` wrote beside the record of run `key`; nothing where that is not there, or damaged."""
        try:
            found = json.loads(read_file(self.folder(key) / MEASURED))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_measured(self, key: str, values: Mapping[str, Any]) -> None:
        """Remember what was measured of the predictions of run `key`. Nothing is written, and nothing lost, where
        another process is at the run, or the folder cannot be written."""
        with suppress(Timeout, StoreError), self.lock(key).acquire(blocking=False):
            write_text(self.folder(key) / MEASURED, json.dumps(values, indent=1, allow_nan=False) + "\n")

    def read_predictions(self, record: RunRecord) -> Predictions:
        """The predictions of a run. Raises StoreError when they are missing, damaged, or another run's."""
        path = self.folder(record.key) / PREDICTIONS
        try:
            content = self._content(record, PREDICTIONS) if PREDICTIONS in record.files else read_file(path)
        except OSError as error:
            raise damaged_record(f"these predictions cannot be read: {error}", str(path)) from error
        return told_predictions(record, content, path)

    @contextmanager
    def room(self, key: str) -> Iterator[None]:
        """Keep space on the disk for the record of run `key` while the block makes it. Raises StoreError, which is also
        for a folder in the place of a file that the run will write."""
        folder = self.folder(key)
        for path in (folder / name for name in (RECORD, *FILES, CHECKPOINT)):
            if path.is_dir():
                raise store_error(IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), path)
        held = temporary_path(folder / "room")
        try:
            try:
                self._make(folder)
                held.write_bytes(os.urandom(ROOM))  # zeros take no space on a disk that compresses
            except OSError as error:
                raise store_error(error, folder / RECORD) from error
            yield
        finally:
            with suppress(OSError):
                held.unlink()

    def lock(self, key: str) -> FileLock:
        """The lock of run `key`, not yet taken; `acquire(blocking=False)` raises filelock.Timeout when it is held.

        The system releases it when its holder dies. Makes the run's folder; raises StoreError when it cannot.
        """
        folder = self.folder(key)
        self._make(folder)
        return FileLock(folder / LOCK)

    def is_held(self, key: str) -> bool:
        """Whether another process is at a run, or its lock cannot be asked."""
        with suppress(Timeout, StoreError), self.lock(key).acquire(blocking=False):
            return False
        return True

    @contextmanager
    def making(self, suite: str) -> Iterator[None]:
        """Tell others, for as long as the block, that a command makes runs of a suite here: see `at_work`."""
        mark = temporary_path(self.root / "runs" / f"{suite}{AT_WORK}")
        self._make(mark.parent)
        try:
            mark.touch()
        except OSError as error:
            raise store_error(error, mark) from error
        try:
            yield
        finally:
            with suppress(OSError):
                mark.unlink()

    def at_work(self) -> dict[str, Path]:
        """The suites of which commands make runs here now, each with the mark that tells so. That of another machine
        tells so until it is removed."""
        marks = [mark for mark in (self.root / "runs").glob(f"{TEMPORARY}*{AT_WORK}") if not is_abandoned(mark)]
        return {mark.name.removesuffix(AT_WORK).removeprefix(TEMPORARY).split("-", 4)[-1]: mark for mark in marks}

    def remove(self, key: str) -> bool:
        """Remove a run, unless another process is at it; whether it is gone. A kill leaves nothing by halves."""
        folder = self.folder(key)
        gone = temporary_path(folder)
        with suppress(Timeout, OSError, StoreError), self.lock(key).acquire(blocking=False):
            with suppress(OSError):  # where folders with open files keep their names
                folder.rename(gone)
            shutil.rmtree(gone if gone.exists() else folder, ignore_errors=True)
            return not folder.exists()
        return False

    def remove_file(self, key: str, name: str) -> bool:
        """Remove a file of a run that is done, from its record, too, unless another process is at the run; whether it
        is gone."""
        with suppress(Timeout), self.lock(key).acquire(blocking=False):
            record = self.read(key)
            if record is None or record.status != "done":
                return False
            if name in FILES:
                files = {one: told for one, told in self._listed(record).items() if one != name}
                self.write(record.model_copy(update={"files": files}))
            path = self.folder(key) / name
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise store_error(error, path) from error
            return True
        return False

    def _listed(self, record: RunRecord) -> Mapping[str, StoredFile]:
        """The files of a run with their checksums, which a record of old does not list."""
        if record.files:
            return record.files
        there = {name: self.folder(record.key) / name for name in FILES}
        contents = {name: read_file(path) for name, path in there.items() if path.is_file()}
        return {
            name: StoredFile(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
            for name, content in contents.items()
        }

    def check_writable(self) -> None:
        """Make the results folder, write to it once and lock it. Raises StoreError when it cannot be done."""
        check_name(self.root)
        self._make(self.root / "runs")
        probe = self.root / "runs" / ".writable"
        write_bytes(probe, b"")
        try:
            with FileLock(probe):
                pass
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise store_error(error, probe) from error

    def check_space(self, needed: int) -> None:
        """Raise StoreError unless the disk of the results has this many free bytes."""
        free = shutil.disk_usage(self.root).free
        if free < needed:
            raise StoreError(
                f"the results need about {needed / 2**20:,.0f} MiB, and the disk has {free / 2**20:,.0f} MiB left",
                where=str(self.root),
                expected="room for all that the study will write",
                remedy="free some disk space, choose another folder (--results), or make fewer runs (--seeds); with"
                " --no-estimate the runs start all the same",
            )

    def sweep(self) -> None:
        """Remove what writers that have ended left: temporary files, and the checkpoints of runs that are done."""
        for folder in (self.root, *self.root.glob("*/"), *self.root.glob("runs/*/")):
            sweep(folder)
        for checkpoint in self.root.glob(f"runs/*/{CHECKPOINT}"):
            record = self.read(checkpoint.parent.name) if KEY.fullmatch(checkpoint.parent.name) else None
            if record is not None and record.status == "done":
                with suppress(OSError):
                    checkpoint.unlink()

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise store_error(error, folder) from error

    def run_keys(self) -> Iterator[str]:
        """The keys of the runs that have a folder, sorted."""
        try:
            names = [path.name for path in (self.root / "runs").iterdir()]
        except OSError:
            return
        yield from sorted(filter(KEY.fullmatch, names))

    def _content(self, record: RunRecord, name: str, whole: bool = True) -> bytes:
        """What a file holds that a record lists; nothing, unless it is looked at as a `whole`.

        Raises DamagedRecord when it is missing, or is not the one that was listed.
        """
        path, listed = self.folder(record.key) / name, record.files[name]

        def damaged(what: str, first: str = "") -> DamagedRecord:
            return damaged_record(what, str(path), first, record.spec.suite)

        if name not in FILES:
            raise damaged(f"the record lists {name!r}, which is no file of a run")
        try:
            size = path.stat().st_size
            if size != listed.bytes:
                raise damaged(f"this file has {size} bytes, and {listed.bytes} by its record")
            content = read_file(path) if whole else b""
        except OSError as error:
            raise damaged(f"a file of this run cannot be read: {error.strerror}") from error
        if whole and hashlib.sha256(content).hexdigest() != listed.sha256:
            # Of weights, only who looks as thoroughly as now sees more than the size.
            first = "remove this file" if name == WEIGHTS else ""
            raise damaged("this file is not the one that its record lists: its checksum differs", first)
        return content
