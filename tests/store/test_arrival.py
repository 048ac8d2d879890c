from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import Timeout

from benchsuite import atomic_files
from benchsuite.errors import Nondeterminism, StoreError
from benchsuite.store.arrival import accept
from benchsuite.store.parcel import DamagedParcel, Parcel, pack, read_folder, unpack
from benchsuite.store.run_store import PREDICTIONS, RECORD, WEIGHTS, Store, keeps_weights
from support.runs import put_run
from support.synthetic import make_record

READERS: dict[str, Callable[[Path], Parcel]] = {
    "message": lambda folder: unpack(pack(folder)),
    "folder": lambda folder: read_folder(folder),  # type: ignore[dict-item,return-value]
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there"


def parcel_of(root: Path, key: str) -> Parcel:
    return READERS["folder"](Store(root).folder(key))


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_run_that_arrives_is_done_and_the_second_time_known(store: Store, there: Path, read: object) -> None:
    record = put_run(there)
    parcel = read(Store(there).folder(record.key))  # type: ignore[operator]
    assert accept(store, record.key, parcel, dry=True) == "taken"
    assert not store.root.exists()
    assert accept(store, record.key, parcel) == "taken"
    assert accept(store, record.key, parcel) == "known"
    assert store.read(record.key, thorough=True) == record
    for name in (*record.files, RECORD, "log.txt"):
        assert (store.folder(record.key) / name).read_bytes() == (Store(there).folder(record.key) / name).read_bytes()
    assert not list(store.root.rglob(".tmp-*"))


@pytest.mark.parametrize("name", [PREDICTIONS, WEIGHTS])
@pytest.mark.parametrize("consistent", [False, True])
def test_files_that_are_not_those_of_the_record_are_refused(
    store: Store, there: Path, name: str, consistent: bool
) -> None:
    record, other = put_run(there), put_run(there.with_name("other"), bits=1)
    file = Store(there).folder(record.key) / name
    file.write_bytes((Store(there.with_name("other")).folder(record.key) / name).read_bytes())
    if consistent:  # the list is right, and only the hashes of the record tell
        Store(there).write(record.model_copy(update={"files": {**record.files, name: other.files[name]}}))
    for dry in (True, False):
        with pytest.raises(DamagedParcel) as caught:
            accept(store, record.key, parcel_of(there, record.key), dry=dry)
        assert caught.value.where == str(file)
        assert "again" in str(caught.value.remedy)
    assert store.read(record.key) is None
    assert {path.name for path in store.folder(record.key).iterdir()} <= {".lock"}


def test_other_bits_of_the_same_run_are_kept_beside_it(store: Store, there: Path) -> None:
    first = put_run(store.root)
    put_run(there, bits=1)
    for _ in range(2):
        with pytest.raises(Nondeterminism) as caught:
            accept(store, first.key, parcel_of(there, first.key))
    assert "weights and predictions differ" in caught.value.what
    assert "verify beans_freeze" in str(caught.value.remedy)
    (kept,) = store.different(first.key)
    assert str(kept) in str(caught.value.where)
    assert {path.name for path in kept.iterdir()} == {RECORD, PREDICTIONS, WEIGHTS, "log.txt"}
    assert store.read(first.key, thorough=True) == first
    assert tuple(store.records()) == (first,)
    assert store.damaged(thorough=True) == ()


def test_a_damaged_arrival_is_no_sign_of_other_bits(store: Store, there: Path) -> None:
    first = put_run(store.root)
    put_run(there, bits=1)
    (Store(there).folder(first.key) / WEIGHTS).write_bytes(b"rubbish")
    with pytest.raises(DamagedParcel):
        accept(store, first.key, parcel_of(there, first.key))
    assert store.different(first.key) == ()


def test_an_arrival_takes_the_place_of_a_damaged_run(store: Store, there: Path) -> None:
    record = put_run(store.root)
    put_run(there)
    (store.folder(record.key) / WEIGHTS).unlink()
    assert accept(store, record.key, parcel_of(there, record.key)) == "taken"
    assert store.read(record.key, thorough=True) == record


def test_a_failed_run_never_takes_the_place_of_one_that_is_done(store: Store, there: Path) -> None:
    failed = make_record(failed=True)
    Store(there).write(failed)
    parcel = parcel_of(there, failed.key)
    assert accept(store, failed.key, parcel) == "taken"
    assert accept(store, failed.key, parcel) == "known"
    done = put_run(there)
    assert accept(store, done.key, parcel_of(there, done.key)) == "taken"
    assert accept(store, done.key, parcel) == "passed over"
    (store.folder(done.key) / WEIGHTS).unlink()
    assert accept(store, done.key, parcel) == "passed over"
    assert json.loads((store.folder(done.key) / RECORD).read_text())["status"] == "done"


def test_of_two_failures_the_one_that_arrives_counts_whatever_their_clocks_say(store: Store, there: Path) -> None:
    here = make_record(failed=True)
    store.write(here.model_copy(update={"finished": "2126-01-01T00:00:00+00:00"}))
    Store(there).write(here)
    assert accept(store, here.key, parcel_of(there, here.key)) == "taken"
    assert store.read(here.key) == here


def test_weights_that_were_left_behind_come_with_a_later_arrival(store: Store, there: Path) -> None:
    record = put_run(there)
    whole = parcel_of(there, record.key)
    slim = whole.without_weights()
    assert [accept(store, record.key, slim) for _ in range(2)] == ["taken", "known"]
    here = store.read(record.key, thorough=True)
    assert here is not None
    assert not keeps_weights(here)
    assert not (store.folder(record.key) / WEIGHTS).exists()
    assert store.damaged(thorough=True) == ()
    assert [accept(store, record.key, parcel) for parcel in (whole, slim)] == ["taken", "known"]
    assert store.read(record.key, thorough=True) == record


def test_other_bits_are_told_without_the_weights_too(store: Store, there: Path) -> None:
    first = put_run(store.root)
    put_run(there, bits=1)
    with pytest.raises(Nondeterminism, match="weights and predictions differ"):
        accept(store, first.key, parcel_of(there, first.key).without_weights())
    (kept,) = store.different(first.key)
    assert {path.name for path in kept.iterdir()} == {RECORD, PREDICTIONS, "log.txt"}


def test_a_run_that_is_being_made_is_left_alone(store: Store, there: Path) -> None:
    record = put_run(there)
    with store.lock(record.key), pytest.raises(Timeout):
        accept(store, record.key, parcel_of(there, record.key))
    assert store.read(record.key) is None


@pytest.mark.parametrize("last", [PREDICTIONS, RECORD])
def test_a_full_disk_leaves_no_half_run(store: Store, there: Path, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    record, flush = put_run(there), atomic_files._flush

    def full(path: Path) -> None:
        if path.name.endswith(last):
            raise OSError(28, "No space left on device")
        flush(path)

    monkeypatch.setattr(atomic_files, "_flush", full)
    with pytest.raises(StoreError, match="No space") as caught:
        accept(store, record.key, parcel_of(there, record.key))
    assert "free some disk space" in str(caught.value.remedy)
    assert store.read(record.key) is None
    assert not list(store.root.rglob(".tmp-*"))
    monkeypatch.undo()
    assert accept(store, record.key, parcel_of(there, record.key)) == "taken"


KILLED = """
import os, signal, sys
from pathlib import Path
from benchsuite import atomic_files
from benchsuite.store.arrival import accept
from benchsuite.store.parcel import read_folder
from benchsuite.store.run_store import Store
flush, left = atomic_files._flush, int(sys.argv[3])
def dying(path):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    flush(path)
atomic_files._flush = dying
folder = Path(sys.argv[2])
accept(Store(Path(sys.argv[1])), folder.name, read_folder(folder), wait=60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 3, 4])
def test_whoever_is_killed_leaves_what_is_swept(store: Store, there: Path, at: int) -> None:
    record = put_run(there)
    folder = Store(there).folder(record.key)
    done = subprocess.run([sys.executable, "-c", KILLED, str(store.root), str(folder), str(at)], check=False)
    assert done.returncode < 0
    assert store.read(record.key) is None
    store.sweep()
    assert not list(store.root.rglob(".tmp-*"))
    assert accept(store, record.key, parcel_of(there, record.key)) == "taken"


@pytest.mark.slow
def test_many_processes_may_bring_the_same_run(store: Store, there: Path) -> None:
    record = put_run(there)
    command = [sys.executable, "-c", KILLED, str(store.root), str(Store(there).folder(record.key)), "-1"]
    started = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait() for process in started] == [0] * 4
    assert store.read(record.key, thorough=True) == record
