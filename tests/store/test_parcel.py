from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.errors import StoreError
from benchsuite.store.parcel import LARGEST, MAGIC, NAMES, DamagedParcel, pack, read_folder, unpack
from benchsuite.store.run_store import LOG, PREDICTIONS, RECORD, Store, keeps_weights
from support.runs import put_run
from support.synthetic import make_record


@pytest.fixture(scope="module")
def message(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root = tmp_path_factory.mktemp("results")
    return pack(Store(root).folder(put_run(root).key))


def test_a_run_comes_out_of_a_message_as_it_went_in(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    folder = Store(tmp_path).folder(record.key)
    parcel = unpack(pack(folder))
    assert list(parcel.parts) == list(NAMES)
    assert {name: parcel.open(name).read() for name in NAMES} == {name: (folder / name).read_bytes() for name in NAMES}
    assert parcel.record(record.key) == record


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: MAGIC + rest))
def test_garbage_is_a_damaged_parcel(garbage: bytes) -> None:
    with pytest.raises(DamagedParcel, match="damaged"):
        unpack(garbage)


@settings(max_examples=300)
@given(st.data())
def test_every_changed_byte_is_noticed(message: bytes, data: st.DataObject) -> None:
    end = st.integers(0, 600) if data.draw(st.booleans()) else st.integers(0, len(message) - 1)
    at, mask = data.draw(end), data.draw(st.integers(1, 255))
    with pytest.raises(DamagedParcel):
        unpack(message[:at] + bytes([message[at] ^ mask]) + message[at + 1 :])


@given(st.data())
def test_a_message_that_is_cut_off_or_longer_is_noticed(message: bytes, data: st.DataObject) -> None:
    with pytest.raises(DamagedParcel):
        unpack(message[: data.draw(st.integers(0, len(message) - 1))])
    with pytest.raises(DamagedParcel):
        unpack(message + data.draw(st.binary(min_size=1, max_size=9)))


SUM = "a" * 64
LISTS = [
    "[" * 4000,
    json.dumps([["../record.json", SUM, 1]]),
    json.dumps([["record.json", SUM, -1]]),
    json.dumps([["record.json", SUM, True]]),
    json.dumps([["record.json", SUM, LARGEST["record.json"] + 1]]),
    json.dumps([[["record.json"], SUM, 1]]),
    json.dumps([["record.json", 3, 1]]),
    "{}",
    "[]",
    "3",
]


@pytest.mark.parametrize("listed", LISTS)
def test_a_list_that_is_none_is_damaged(listed: str) -> None:
    text = listed.encode()
    with pytest.raises(DamagedParcel):
        unpack(MAGIC + len(text).to_bytes(4, "big") + text + b"x")


def test_a_folder_without_a_record_holds_nothing_yet(tmp_path: Path) -> None:
    assert read_folder(tmp_path) is None
    with pytest.raises(DamagedParcel, match="no record"):
        pack(tmp_path)


def test_of_a_failed_run_record_and_log_travel(tmp_path: Path) -> None:
    record = make_record(failed=True)
    Store(tmp_path).write(record)
    folder = Store(tmp_path).folder(record.key)
    (folder / "weights.safetensors").write_bytes(b"left over")
    parcel = read_folder(folder)
    assert parcel is not None
    assert list(parcel.parts) == ["record.json"]
    assert parcel.record(record.key) == record


def test_of_a_long_log_the_end_travels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LARGEST, "log.txt", 4)
    folder = Store(tmp_path).folder(put_run(tmp_path).key)
    assert unpack(pack(folder)).open("log.txt").read() == b"ine\n"


@pytest.mark.parametrize("name", ["record.json", "predictions.safetensors", "weights.safetensors"])
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = Store(tmp_path / "results").folder(put_run(tmp_path / "results").key)
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    assert read_folder(folder) is not None
    with pytest.raises(DamagedParcel, match="leads out"):
        read_folder(folder, (tmp_path / "results").resolve())


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    folder = Store(tmp_path).folder(put_run(tmp_path).key)
    for name in ("predictions.safetensors", "record.json"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
        with pytest.raises(DamagedParcel, match="pipe"):
            read_folder(folder)


def test_a_record_must_be_of_the_run_that_was_asked_for(message: bytes) -> None:
    with pytest.raises(DamagedParcel, match="belongs to run"):
        unpack(message).record("0" * 32)


def test_a_key_must_be_the_hash_of_what_the_record_tells(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    file = Store(tmp_path).folder(record.key) / "record.json"
    fields = json.loads(file.read_text())
    fields["key_fields"]["seed"] = 77
    file.write_text(json.dumps(fields))
    with pytest.raises(DamagedParcel, match="hash"):
        unpack(pack(file.parent)).record(record.key)


def test_a_record_of_a_newer_version_is_told_as_one(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    file = Store(tmp_path).folder(record.key) / "record.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema_version": 99}))
    with pytest.raises(StoreError, match="99"):
        read_folder(file.parent)


def test_a_run_travels_without_its_weights_and_its_record_says_so(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    parcel = unpack(pack(Store(tmp_path).folder(record.key), weights=False))
    assert tuple(parcel.parts) == (PREDICTIONS, LOG, RECORD)
    slim = parcel.record(record.key)
    assert slim == record.model_copy(update={"files": {PREDICTIONS: record.files[PREDICTIONS]}})
    assert (keeps_weights(record), keeps_weights(slim)) == (True, False)
    assert slim.weights_hash == record.weights_hash
    assert parcel.without_weights() is parcel


def test_a_run_of_before_files_were_listed_travels_without_its_weights_too(tmp_path: Path) -> None:
    store, record = Store(tmp_path), put_run(tmp_path)
    store.write(record.model_copy(update={"files": {}}))
    slim = unpack(pack(store.folder(record.key), weights=False)).record(record.key)
    assert dict(slim.files) == {PREDICTIONS: record.files[PREDICTIONS]}
