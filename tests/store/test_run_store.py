from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filelock import Timeout

from benchsuite.errors import StoreError
from benchsuite.store.predictions import Predictions, predictions_hash
from benchsuite.store.run_store import Store
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


def test_a_record_comes_back_as_it_was_written(store: Store) -> None:
    record = make_record()
    store.write(record)
    assert store.read(record.key) == record
    assert store.folder(record.key).joinpath("record.json").is_file()


def test_reading_what_is_not_there_gives_nothing_and_makes_nothing(store: Store) -> None:
    assert store.read("0" * 32) is None
    assert store.records() == store.damaged() == ()
    assert not store.root.exists()


def test_all_records_come_in_the_order_of_their_keys(store: Store) -> None:
    records = make_records(make_plan(2, 2), failed=[(1, 1)])
    for record in reversed(records.values()):
        store.write(record)
    (store.root / "runs" / "notes").mkdir()
    assert store.records() == tuple(records[key] for key in sorted(records))


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[]", '{"schema_version": 1}', "\xff", "[" * 100_000])
def test_a_damaged_record_counts_as_not_done_and_is_told(store: Store, text: str) -> None:
    record, other = make_record(), make_record(seed=1)
    store.write(record)
    store.write(other)
    file = store.folder(record.key) / "record.json"
    file.write_bytes(text.encode("latin-1"))
    assert store.read(record.key) is None
    assert store.records() == (other,)
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
    store.write_predictions("0" * 32, made)
    found = store.read_predictions("0" * 32)
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


def test_missing_or_damaged_predictions_are_told_with_their_file(store: Store) -> None:
    key = "0" * 32
    with pytest.raises(StoreError, match="predictions"):
        store.read_predictions(key)
    store.write_predictions(key, make_predictions())
    file = store.folder(key) / "predictions.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(StoreError) as caught:
        store.read_predictions(key)
    assert caught.value.where == str(file)


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
