"""Records that are kept at once have what is equal in them once, and are what they were."""

from __future__ import annotations

from benchsuite.store.migrations import load_record
from benchsuite.store.record import RunRecord
from benchsuite.store.shared_parts import PARTS, SharedParts
from support.synthetic import make_record


def read_anew(record: RunRecord) -> RunRecord:
    return load_record(record.model_dump_json())


def test_equal_parts_are_one_and_records_stay_what_they_are() -> None:
    parts = SharedParts()
    records = [read_anew(make_record(seed=seed)) for seed in range(3)]
    first, *others = [parts.of(record) for record in records]
    assert [first, *others] == records
    for other in others:
        for name in PARTS:
            assert getattr(other, name) is getattr(first, name)
        assert other.spec.case is first.spec.case
        shared = [name for name, value in other.key_fields.items() if isinstance(value, dict | list)]
        assert shared
        assert all(other.key_fields[name] is first.key_fields[name] for name in shared)
        assert other.spec.seed != first.spec.seed
        assert other.key_fields["seed"] != first.key_fields["seed"]


def test_parts_that_differ_stay_apart() -> None:
    parts = SharedParts()
    record = make_record()
    assert record.dataset is not None
    other = record.model_copy(
        update={
            "key_fields": {**record.key_fields, "code": {"benchsuite": 1}},
            "dataset": record.dataset.model_copy(update={"evidence": "found elsewhere"}),
        }
    )
    whole = record.model_copy(update={"key_fields": {**record.key_fields, "code": {"benchsuite": 1.0}}})
    found = [parts.of(read_anew(one)) for one in (record, other, whole)]
    assert found == [record, other, whole]
    assert isinstance(found[2].key_fields["code"]["benchsuite"], float), "1 and 1.0 are other keys"
