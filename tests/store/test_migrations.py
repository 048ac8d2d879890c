from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchsuite.errors import StoreError
from benchsuite.store.migrations import MIGRATIONS, DamagedRecord, load_record
from benchsuite.store.record import SCHEMA_VERSION
from support.synthetic import make_record

RECORD = make_record()
ENVIRONMENT_2 = {
    name: value
    for name, value in RECORD.environment.model_dump(mode="json").items()
    if name not in ("capability", "torch", "torchvision", "numpy", "pillow", "deterministic")
}
"""What the environment of a record had in versions 1 and 2."""


def as_of(version: int, **changes: Any) -> str:
    return json.dumps(RECORD.model_dump(mode="json") | {"schema_version": version} | changes)


def test_a_current_record_is_read_as_it_is() -> None:
    assert load_record(RECORD.model_dump_json()) == RECORD


def test_an_older_record_goes_through_every_step_in_order() -> None:
    taken: list[int] = []

    def first(fields: dict[str, Any]) -> dict[str, Any]:
        taken.append(-1)
        return {name: value for name, value in fields.items() if name != "colour"}

    def second(fields: dict[str, Any]) -> dict[str, Any]:
        taken.append(0)
        assert fields["schema_version"] == 0
        return {**fields, "resumed": int(fields["resumed"])}

    old = as_of(-1, colour="green", resumed="3")
    found = load_record(old, migrations={-1: first, 0: second, **MIGRATIONS})
    assert taken == [-1, 0]
    assert found == RECORD.model_copy(update={"resumed": 3})


def test_a_record_of_version_1_is_read_and_tells_no_layers() -> None:
    model = {
        "parameters_total": 2, "parameters_trainable": 1, "forward_flops": 4, "train_flops": 8, "stages": ["head"],
        "frozen_stages": [],
    }  # fmt: skip
    found = load_record(as_of(1, model=model, environment=ENVIRONMENT_2))
    assert found.schema_version == SCHEMA_VERSION
    assert found.model is not None
    assert found.model.layers == ()


def test_a_stored_record_of_version_2_is_read_and_its_environment_has_the_numerics_of_its_key() -> None:
    text = (Path(__file__).parent / "record_of_version_2.json").read_text(encoding="utf-8")
    stored, found = json.loads(text), load_record(text)
    assert "capability" not in stored["environment"]
    again = json.loads(found.model_dump_json())
    wanted = {**stored, "environment": stored["environment"] | stored["key_fields"]["numerics"]}
    for now, then in ((again, wanted), *((again[part], wanted[part]) for part in ("environment", "dataset", "cost"))):
        later = {name: now.pop(name) for name in [*now] if name not in then}
        assert not any(later.values()), "what an older record cannot tell is empty"
    assert again["environment"] == wanted["environment"]
    assert [vars(epoch) for epoch in found.epochs] == stored["epochs"]
    assert again | {"schema_version": 2} == wanted


def test_a_newer_record_is_refused_with_both_versions() -> None:
    with pytest.raises(StoreError, match=f"version {SCHEMA_VERSION + 1}.*up to {SCHEMA_VERSION}") as caught:
        load_record(as_of(SCHEMA_VERSION + 1, more=1), where="record.json")
    assert not isinstance(caught.value, DamagedRecord)
    assert caught.value.where == "record.json"


def test_a_version_without_a_migration_is_refused() -> None:
    with pytest.raises(StoreError, match="no longer"):
        load_record(as_of(0), migrations={})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("place", ["accuracy", "validation_loss", "learning_rate", "seed"])
def test_a_record_with_a_number_that_is_none_is_damaged(place: str, number: str) -> None:
    text = re.sub(rf'("{place}": ?)[-0-9.e]+', rf"\g<1>{number}", RECORD.model_dump_json(indent=1), count=1)
    with pytest.raises(DamagedRecord) as caught:
        load_record(text, where="record.json")
    assert caught.value.remedy


@pytest.mark.parametrize("change", [{"status": "perhaps"}, {"surprise": 1}, {"spec": None}, {"schema_version": "1"}])
def test_a_record_that_does_not_validate_is_damaged(change: dict[str, Any]) -> None:
    with pytest.raises(DamagedRecord, match=next(iter(change)).replace("_", ".")):
        load_record(as_of(1, **change))
