from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from filelock import Timeout

from benchsuite import file_stamps
from benchsuite.atomic_files import temporary_path
from benchsuite.errors import StoreError
from benchsuite.store.migrations import DamagedRecord
from benchsuite.store.predictions import Predictions, predictions_hash, to_bytes
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import FILES, WEIGHTS, Store, keeps_weights, outcome_of
from support.runs import put_run
from support.synthetic import make_plan, make_record, make_records


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def make_predictions(shift: float = 0.0) -> Predictions:
    draw = np.random.default_rng(1)
    return Predictions(
        validation_probabilities=draw.random((133, 3), dtype=np.float32) + np.float32(shift),
        validation_labels=draw.integers(0, 3, 133),
        test_probabilities=draw.random((128, 3), dtype=np.float32),
        test_labels=draw.integers(0, 3, 128),
    )


def kept(store: Store, predictions: Predictions | None = None) -> RunRecord:
    """A record in the store, with its files."""
    predictions, record = predictions or make_predictions(), make_record()
    right = sum(row[i] for i, row in enumerate(predictions.confusion))
    told = {"accuracy": right / len(predictions.test_labels), "confusion": predictions.confusion}
    files = {
        "weights.safetensors": store.write_file(record.key, "weights.safetensors", bytes(range(256)) * 4),
        "predictions.safetensors": store.write_predictions(record.key, predictions),
    }
    assert record.test is not None
    test = record.test.model_copy(update=told)
    hashed = predictions_hash(predictions)
    record = record.model_copy(update={"files": files, "predictions_hash": hashed, "test": test})
    store.write(record)
    return record


def test_a_record_comes_back_as_it_was_written(store: Store) -> None:
    record = make_record()
    store.write(record)
    assert store.read(record.key) == record
    assert store.folder(record.key).joinpath("record.json").is_file()


def test_reading_what_is_not_there_gives_nothing_and_makes_nothing(store: Store) -> None:
    assert store.read("0" * 32) is None
    assert tuple(store.records()) == store.damaged() == ()
    assert not store.root.exists()


def test_all_records_come_in_the_order_of_their_keys(store: Store) -> None:
    records = make_records(make_plan(2, 2), failed=[(1, 1)])
    for record in reversed(records.values()):
        store.write(record)
    (store.root / "runs" / "notes").mkdir()
    assert tuple(store.records()) == tuple(records[key] for key in sorted(records))


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[]", '{"schema_version": 1}', "\xff", "[" * 100_000])
def test_a_damaged_record_counts_as_not_done_and_is_told(store: Store, text: str) -> None:
    record, other = make_record(), make_record(seed=1)
    store.write(record)
    store.write(other)
    file = store.folder(record.key) / "record.json"
    file.write_bytes(text.encode("latin-1"))
    assert store.read(record.key) is None
    assert tuple(store.records()) == (other,)
    (problem,) = store.damaged()
    assert problem.where == str(file)
    assert problem.remedy
    store.write(record)
    assert store.read(record.key) == record


def test_a_record_in_the_folder_of_another_run_is_damaged(store: Store) -> None:
    record, other = make_record(), make_record(seed=1)
    store.write(record)
    store.folder(other.key).mkdir()
    (store.folder(other.key) / "record.json").write_text(record.model_dump_json())
    assert store.read(other.key) is None
    assert record.key in str(store.damaged()[0])


def test_a_record_of_a_newer_benchsuite_is_refused_and_kept(store: Store) -> None:
    record = make_record()
    store.write(record)
    file = store.folder(record.key) / "record.json"
    newer = json.dumps(json.loads(file.read_text()) | {"schema_version": 99})
    file.write_text(newer)
    with pytest.raises(StoreError, match="99"):
        store.read(record.key)
    with pytest.raises(StoreError, match="99"):
        store.write(make_record(failed=True))
    assert file.read_text() == newer


def test_a_failed_record_replaces_no_done_one_but_the_other_way_round_it_does(store: Store) -> None:
    done, failed = make_record(), make_record(failed=True)
    store.write(failed)
    assert store.read(done.key) == failed
    store.write(done)
    store.write(failed)
    assert store.read(done.key) == done


@pytest.mark.parametrize("key", ["", "..", "../../etc", "ABCDEF0123", "0" * 65])
def test_a_key_that_is_no_key_names_no_folder(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="run key"):
        store.folder(key)


def test_predictions_come_back_bit_for_bit(store: Store) -> None:
    made = make_predictions()
    found = store.read_predictions(kept(store, made))
    assert predictions_hash(found) == predictions_hash(made)
    assert np.array_equal(found.test_labels, made.test_labels)
    assert found.test_labels.dtype == np.int64


def test_the_hash_of_predictions_tells_the_smallest_change() -> None:
    made = make_predictions()
    changed = made.test_probabilities.copy()
    changed[5, 1] = np.nextafter(changed[5, 1], np.float32(2))
    others = Predictions(made.validation_probabilities, made.validation_labels, changed, made.test_labels)
    assert predictions_hash(others) != predictions_hash(made)


def test_predictions_of_another_form_are_refused() -> None:
    made = make_predictions()
    wide = made.validation_probabilities.astype(np.float64)
    with pytest.raises(ValueError, match="float32"):
        Predictions(wide, made.validation_labels, made.test_probabilities, made.test_labels)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one int64 an image"):
        Predictions(made.validation_probabilities, made.test_labels, made.test_probabilities, made.test_labels)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the runs that were looked at, where files count as settled at once."""
    looked: list[str] = []
    load = Store.load

    def looking(self: Store, key: str, thorough: bool = False) -> RunRecord | None:
        looked.append(key)
        return load(self, key, thorough)

    monkeypatch.setattr(Store, "load", looking)
    monkeypatch.setattr(file_stamps, "SETTLED_NS", 0)
    return looked


def test_a_survey_looks_again_only_at_what_changed(store: Store, tmp_path: Path, looks: list[str]) -> None:
    records = make_records(make_plan(2, 2), failed=[(1, 1)])
    for record in records.values():
        store.write(record)
    record = kept(store)
    statuses = {key: found.status for key, found in {**records, record.key: record}.items()}
    looks.clear()
    for looked in (sorted(statuses), []):
        assert store.survey(tmp_path / "cache").statuses == statuses
        assert looks == looked
        looks.clear()
    spoil(store.folder(record.key) / "predictions.safetensors", SHORT["missing"])
    for _ in range(2):
        survey = store.survey(tmp_path / "cache")
        assert looks == [record.key]
        assert survey.statuses == {key: status for key, status in statuses.items() if key != record.key}
        assert [problem.where for problem in survey.damaged] == [problem.where for problem in store.damaged()]
        looks.clear()


def test_what_planning_asks_of_a_record_is_remembered_as_it_was_read(
    store: Store, tmp_path: Path, looks: list[str]
) -> None:
    records = make_records(make_plan(2, 2), failed=[(1, 1)])
    for record in records.values():
        store.write(record)
    read = store.survey(tmp_path / "cache").outcomes
    looks.clear()
    assert store.survey(tmp_path / "cache").outcomes == read == {key: outcome_of(one) for key, one in records.items()}
    assert not looks
    done = next(record for record in records.values() if record.status == "done")
    assert done.best is not None
    found, spec = read[done.key], done.spec
    assert (found.status, found.suite, found.case, found.seed) == ("done", spec.suite, spec.case.name, spec.seed)
    assert (found.accuracy, found.loss) == (done.best.validation_accuracy, done.best.validation_loss)


def test_a_survey_finds_a_change_that_keeps_size_and_time(store: Store, tmp_path: Path, looks: list[str]) -> None:
    record = kept(store)
    assert store.survey(tmp_path / "cache").statuses == {record.key: "done"}
    file = store.folder(record.key) / "predictions.safetensors"
    before = file.stat()
    file.write_bytes(bytes(reversed(file.read_bytes())))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.survey(tmp_path / "cache").statuses == {}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"KEY": 3}', '{"KEY": [[], "done"]}', '{"KEY": [[1], "done"]}'])
def test_a_damaged_memory_of_records_is_ignored(store: Store, tmp_path: Path, looks: list[str], text: str) -> None:
    record = kept(store)
    for name in ("", "of nothing"):
        if name:
            (memory,) = (tmp_path / "cache" / "records").iterdir()
            memory.write_text(text.replace("KEY", record.key))
        assert store.survey(tmp_path / "cache").statuses == {record.key: "done"}
    assert looks == [record.key] * 2


def test_what_was_written_just_now_is_not_remembered(store: Store, tmp_path: Path) -> None:
    kept(store)
    store.survey(tmp_path / "cache")
    assert [path.read_text() for path in (tmp_path / "cache" / "records").iterdir()] == ["{}"]


def test_missing_or_damaged_predictions_are_told_with_their_file(store: Store) -> None:
    record = make_record(predictions_hash=predictions_hash(make_predictions()))
    with pytest.raises(StoreError, match="predictions"):
        store.read_predictions(record)
    store.write_predictions(record.key, make_predictions())
    file = store.folder(record.key) / "predictions.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(StoreError) as caught:
        store.read_predictions(record)
    assert caught.value.where == str(file)


def _other(content: bytes) -> bytes:
    made = make_predictions()
    assert to_bytes(made) == content
    return to_bytes(make_predictions(shift=0.25))


def _permuted(content: bytes) -> bytes:
    made = make_predictions()
    order = np.random.default_rng(2).permutation(len(made.test_labels))
    return to_bytes(replace(made, test_probabilities=made.test_probabilities[order]))


def _relabelled(content: bytes) -> bytes:
    made = make_predictions()
    return to_bytes(replace(made, test_labels=made.test_probabilities.argmax(axis=1)))


def _fewer(content: bytes) -> bytes:
    made = make_predictions()
    return to_bytes(replace(made, test_probabilities=made.test_probabilities[:-5], test_labels=made.test_labels[:-5]))


def _flipped(content: bytes) -> bytes:
    return content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]


SAME_SIZE = {"another run's": _other, "permuted": _permuted, "relabelled": _relabelled, "a bit": _flipped}
SHORT: dict[str, Callable[[bytes], bytes | None]] = {
    "fewer images": _fewer,
    "cut off": lambda content: content[:-100],
    "empty": lambda content: b"",
    "longer": lambda content: content + b"\0",
    "missing": lambda content: None,
}


def spoil(file: Path, how: Callable[[bytes], bytes | None]) -> None:
    content = how(file.read_bytes())
    file.unlink()
    if content is not None:
        file.write_bytes(content)


@pytest.mark.parametrize("how", [*SAME_SIZE.values(), *SHORT.values()], ids=[*SAME_SIZE, *SHORT])
def test_predictions_that_are_not_those_of_their_record_are_refused(store: Store, how: Any) -> None:
    record = kept(store)
    file = store.folder(record.key) / "predictions.safetensors"
    assert store.read(record.key) == record
    spoil(file, how)
    with pytest.raises(DamagedRecord) as caught:
        store.read_predictions(record)
    assert caught.value.where == str(file)
    assert "run the suite beans_freeze again" in str(caught.value.remedy)
    assert store.read(record.key) is None
    assert [problem.where for problem in store.damaged()] == [str(file)]
    store.write_predictions(record.key, make_predictions())
    assert store.read(record.key) == record


@pytest.mark.parametrize("how", SHORT.values(), ids=SHORT)
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_or_has_another_size_is_noticed(store: Store, name: str, how: Any) -> None:
    record = kept(store)
    if name == "weights.safetensors" and how is _fewer:
        how = SHORT["cut off"]
    spoil(store.folder(record.key) / name, how)
    assert store.read(record.key) is None
    assert tuple(store.records()) == ()
    (problem,) = store.damaged()
    assert problem.where == str(store.folder(record.key) / name)
    assert problem.remedy


def test_a_bit_of_the_weights_is_found_by_a_thorough_look(store: Store) -> None:
    record = kept(store)
    spoil(store.folder(record.key) / "weights.safetensors", _flipped)
    assert store.damaged() == ()
    (problem,) = store.damaged(thorough=True)
    assert "weights" in str(problem.where)


def test_predictions_of_a_record_that_lists_no_files_are_known_by_its_hash(store: Store) -> None:
    record = kept(store).model_copy(update={"files": {}})
    assert store.read_predictions(record)
    spoil(store.folder(record.key) / "predictions.safetensors", _permuted)
    with pytest.raises(DamagedRecord, match="not those"):
        store.read_predictions(record)


@pytest.mark.parametrize("number", ["accuracy", "confusion"])
def test_a_record_that_tells_more_than_its_predictions_is_not_believed(store: Store, number: str) -> None:
    record = kept(store)
    assert record.test is not None
    better = {"accuracy": 1.0, "confusion": ((128, 0, 0), (0, 0, 0), (0, 0, 0))}[number]
    forged = record.model_copy(update={"test": record.test.model_copy(update={number: better})})
    store.write(forged)
    with pytest.raises(DamagedRecord, match="accuracy") as caught:
        store.read_predictions(forged)
    assert "remove this file, then run the suite beans_freeze again" in str(caught.value.remedy)
    assert [problem.what for problem in store.damaged(thorough=True)] == [caught.value.what]


def test_a_record_names_no_file_outside_its_folder(store: Store) -> None:
    record = kept(store)
    (listed,) = {record.files["predictions.safetensors"]}
    store.write(record.model_copy(update={"files": {"../../../secret": listed}}))
    assert store.read(record.key) is None
    assert "no file of a run" in str(store.damaged()[0])


def test_files_of_a_run_can_be_read_by_whom_the_user_lets(store: Store, tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    record = kept(store)
    modes = {(store.folder(record.key) / name).stat().st_mode for name in (*FILES, "record.json")}
    assert modes == {(tmp_path / "plain").stat().st_mode}


@pytest.mark.parametrize("name", ["record.json", "predictions.safetensors"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder_in_the_place_of_a_file_is_told(store: Store, name: str, make: Any) -> None:
    record, other = kept(store), make_record(seed=1)
    store.write(other)
    file = store.folder(record.key) / name
    file.unlink()
    make(file)
    assert store.read(record.key) is None
    assert tuple(store.records()) == (other,)
    (problem,) = store.damaged()
    assert problem.where == str(file)
    assert problem.remedy


@pytest.mark.parametrize("name", ["record.json", "checkpoint.pt", *FILES])
def test_a_folder_in_the_place_of_a_file_is_told_before_a_run_is_made(store: Store, name: str) -> None:
    record = make_record()
    (store.folder(record.key) / name).mkdir(parents=True)
    with pytest.raises(StoreError) as caught, store.room(record.key):
        pass
    assert "remove or rename" in str(caught.value.remedy)


def test_room_for_a_record_is_kept_until_it_is_written(store: Store) -> None:
    record = make_record()
    with store.room(record.key):
        assert sum(path.stat().st_size for path in store.folder(record.key).iterdir()) > 500_000
    store.write(record)
    assert [path.name for path in store.folder(record.key).iterdir()] == ["record.json"]


def dead(path: Path) -> Path:
    """The temporary name for `path` of a process that has ended."""
    living = temporary_path(path).name
    pid, start = living.split("-")[2:4]
    return path.with_name(living.replace(f"-{pid}-{start}-", f"-{pid}-{int(start) - 1}-"))


def test_what_killed_writers_left_is_swept_and_nothing_else(store: Store) -> None:
    done, going_on = make_record(), make_record(seed=1)
    store.write(done)
    places = [store.folder(record.key) for record in (done, going_on)]
    places[1].mkdir()
    for folder in (*places, store.root, store.root / "runs", store.root / "study"):
        folder.mkdir(exist_ok=True)
        dead(folder / "a.bin").write_bytes(b"half")
        temporary_path(folder / "a.bin").write_bytes(b"half")
    for folder in places:
        (folder / "checkpoint.pt").write_bytes(b"")
    store.sweep()
    left = [path for path in store.root.rglob("*") if path.is_file()]
    assert sum(path.name.startswith(".tmp-") for path in left) == 5
    assert sorted(path for path in left if not path.name.startswith(".tmp-")) == sorted(
        (places[0] / "record.json", places[1] / "checkpoint.pt")
    )


def test_a_lock_keeps_others_out_until_its_holder_dies(store: Store) -> None:
    key = "a" * 32
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from benchsuite.store.run_store import Store\n"
        "lock = Store(Path(sys.argv[1])).lock(sys.argv[2])\n"
        "lock.acquire(blocking=False)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(store.root), key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Timeout):
            store.lock(key).acquire(blocking=False)
        holder.kill()
        holder.wait()
    with store.lock(key).acquire(timeout=5):
        pass


def test_a_results_folder_is_made_when_it_is_missing(tmp_path: Path) -> None:
    store = Store(tmp_path / "a" / "b")
    store.check_writable()
    assert [path.name for path in store.root.iterdir()] == ["runs"]
    assert not any((store.root / "runs").iterdir())


def test_a_results_folder_that_cannot_be_made_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "results", Path("/proc/results")):
        with pytest.raises(StoreError) as caught:
            Store(root).check_writable()
        assert caught.value.remedy
        assert caught.value.exit_code == 2
    with pytest.raises(StoreError):
        Store(tmp_path / "file").lock("0" * 32)


def test_listing_records_imports_neither_torch_nor_numpy() -> None:
    program = "import sys, benchsuite.store.run_store\nsys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_disk_with_too_little_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.check_space(1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100 * 2**20))
    with pytest.raises(StoreError, match="need about 1,000 MiB, and the disk has 100 MiB left") as caught:
        store.check_space(1000 * 2**20)
    assert "--results" in str(caught.value)


def test_a_record_whose_names_are_no_utf_8_is_written_with_escapes(store: Store) -> None:
    strange = os.fsdecode(b"ma\xedz")
    record = make_record(failed=True)
    assert record.failure is not None
    store.write(record.model_copy(update={"failure": record.failure.model_copy(update={"where": strange})}))
    found = store.read(record.key)
    assert found is not None
    assert found.failure is not None
    assert found.failure.where == "ma\\xedz"


def test_a_results_folder_whose_name_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not UTF-8"):
        Store(tmp_path / os.fsdecode(b"d\xeda")).check_writable()


def test_a_run_that_is_removed_leaves_nothing_and_one_that_is_held_everything(store: Store) -> None:
    record = put_run(store.root)
    with store.lock(record.key):
        assert store.is_held(record.key)
        assert not store.remove(record.key)
    assert store.read(record.key) == record
    assert not store.is_held(record.key)
    assert store.remove(record.key)
    assert list((store.root / "runs").iterdir()) == []


def test_weights_leave_the_record_with_their_file(store: Store) -> None:
    record = put_run(store.root)
    with store.lock(record.key):
        assert not store.remove_file(record.key, WEIGHTS)
    assert store.remove_file(record.key, WEIGHTS)
    again = store.read(record.key, thorough=True)
    assert again is not None
    assert not keeps_weights(again)
    assert again.weights_hash == record.weights_hash
    assert store.damaged(thorough=True) == ()


def test_whoever_makes_runs_is_told_until_it_ends(store: Store) -> None:
    assert store.at_work() == {}
    with store.making("one-study"), store.making("another"):
        assert set(store.at_work()) == {"one-study", "another"}
        assert tuple(store.records()) == ()
        store.sweep()
        assert len(store.at_work()) == 2, "nobody sweeps what the living hold"
        mark = store.at_work()["another"]
        pid, start = mark.name.split("-")[2:4]
        dead = mark.with_name(mark.name.replace(f"-{pid}-{start}-", f"-{pid}-{int(start) - 1}-", 1))
        mark.rename(dead)
        assert set(store.at_work()) == {"one-study"}, "the other was killed"
    store.sweep()
    assert list((store.root / "runs").iterdir()) == []
