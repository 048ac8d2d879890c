"""What another machine has made of a run comes into a results folder, once it has been looked at.

A run may arrive any number of times: the second time it must be the same bits. Whoever is killed meanwhile leaves only
temporary files, which the store sweeps, for the record is written last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from benchsuite.atomic_files import atomic_folder, atomic_paths, store_error, write_bytes
from benchsuite.errors import Nondeterminism
from benchsuite.store.migrations import DamagedRecord
from benchsuite.store.parcel import Parcel, damaged_parcel, unreadable
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import DIFFERENT, PREDICTIONS, RECORD, WEIGHTS, Store, keeps_weights, told_predictions
from benchsuite.store.weights import weights_hash

Arrival = Literal["taken", "known", "passed over"]
"""What became of it: it was put on disk; it is there already, the same bits; it is a failed run, and what is there
already counts for more."""


def accept(store: Store, key: str, parcel: Parcel, *, wait: float = 0.0, dry: bool = False) -> Arrival:
    """Put what has arrived of run `key` on disk, or only say what would come of that (`dry`).

    Raises DamagedParcel where it is not what a run has left, or another run; Nondeterminism where the run is done here
    with other bits, in which case both are kept; filelock.Timeout where another process has held the run's lock for
    `wait` seconds; and StoreError.
    """
    record = parcel.record(key)
    if dry:
        return _take(store, record, parcel, dry)
    with store.lock(key).acquire(timeout=wait):
        return _take(store, record, parcel, dry)


def _take(store: Store, record: RunRecord, parcel: Parcel, dry: bool) -> Arrival:
    here, folder = store.read(record.key), store.folder(record.key)
    if record.status == "failed":
        if here is None and not (folder / RECORD).exists():
            return _put(folder, record, parcel, dry)
        if here is None or here.status == "done":
            return "passed over"  # a damaged record of a run that was done may yet be mended
        # Of two failures the one that arrives counts: which was later, the clocks of two machines cannot tell.
        return "known" if here == record else _put(folder, record, parcel, dry)
    if here is None or here.status == "failed":
        return _put(folder, record, parcel, dry)
    if _bits(here) == _bits(record):
        brings = WEIGHTS in parcel.parts and not keeps_weights(here)
        return _put(folder, record, parcel, dry) if brings else "known"
    if store.read(record.key, thorough=True) is None:
        return _put(folder, record, parcel, dry)
    raise _differ(folder, here, record, parcel, dry)


def _put(folder: Path, record: RunRecord, parcel: Parcel, dry: bool) -> Arrival:
    """Write the files, all of which appear when all are as they should be, and the record after them."""
    if dry:
        _look(record, parcel)
        return "taken"
    with atomic_paths(folder, (name for name in parcel.parts if name != RECORD)) as files:
        _write(record, parcel, files)
    with parcel.open(RECORD) as file:
        write_bytes(folder / RECORD, file.read())
    return "taken"


def _look(record: RunRecord, parcel: Parcel) -> None:
    """Raise DamagedParcel unless the files are those of the record."""
    for name in parcel.parts:
        parcel.copy(name)
    _check(record, parcel, parcel.open)


def _write(record: RunRecord, parcel: Parcel, files: dict[str, Path]) -> None:
    """Copy files of a parcel, and look at the copies. Raises DamagedParcel and StoreError."""
    for name, path in files.items():
        try:
            with path.open("xb") as target:
                parcel.copy(name, target)
        except OSError as error:
            raise store_error(error, path.with_name(name)) from error
    _check(record, parcel, lambda name: files[name].open("rb"))


def _check(record: RunRecord, parcel: Parcel, opened: Callable[[str], IO[bytes]]) -> None:
    """Raise DamagedParcel unless predictions and weights are those that the record tells of, by its own hashes."""
    if PREDICTIONS in parcel.parts:
        place = parcel.place(PREDICTIONS)
        with _reading(place), opened(PREDICTIONS) as file:
            content = file.read()
        try:
            told_predictions(record, content, Path(place))
        except DamagedRecord as error:
            raise damaged_parcel(error.what, place) from error
    if WEIGHTS in parcel.parts:
        place = parcel.place(WEIGHTS)
        try:
            with _reading(place), opened(WEIGHTS) as file:
                found = weights_hash(file)
        except ValueError as error:
            raise damaged_parcel(f"these weights cannot be read: {error}", place) from error
        if found != record.weights_hash:
            raise damaged_parcel("these weights are not those that the record tells of", place)


@contextmanager
def _reading(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unreadable(error, Path(place)) from error


def _bits(record: RunRecord) -> tuple[str | None, str | None]:
    return record.weights_hash, record.predictions_hash


def _differ(folder: Path, here: RunRecord, record: RunRecord, parcel: Parcel, dry: bool) -> Nondeterminism:
    """Keep what has arrived beside what is here; returns the error that says so."""
    names = ("weights", "predictions")
    parts = " and ".join(n for n, a, b in zip(names, _bits(here), _bits(record), strict=True) if a != b)
    kept = folder / f"{DIFFERENT}{str(record.weights_hash)[:6]}{str(record.predictions_hash)[:6]}"
    if dry:
        _look(record, parcel)
    elif not kept.is_dir():
        try:
            with atomic_folder(kept) as made:
                _write(record, parcel, {name: made / name for name in parcel.parts})
        except OSError as error:
            raise store_error(error, kept) from error
    return Nondeterminism(
        f"the same run has other bits: {record.spec.suite}, {record.spec.case.name}, seed {record.spec.seed}: its "
        f"{parts} differ from those that are here, though nothing that decides them does",
        where=f"{folder} and {parcel.where if dry else kept}",
        expected="the same weights and predictions from every machine of this kind",
        remedy=f"on both machines, see which repeats its own (benchsuite verify {record.spec.suite}) and try the GPUs "
        "(benchsuite doctor --gpu); what was here first counts until then" + ("" if dry else ", and both are kept"),
    )
