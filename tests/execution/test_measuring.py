"""Metrics of plugins are computed from what runs left, kept beside them, and computed again when what decides them is
another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchsuite.api import Metric
from benchsuite.errors import PluginError, StoreError
from benchsuite.execution import measuring
from benchsuite.execution.measuring import measure, require_metrics
from benchsuite.registry import UnknownComponent
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import MEASURED, PREDICTIONS, Store
from benchsuite.suite.cases.asked_metrics import planned_metrics
from benchsuite.suite.cases.plan import PlannedMetric
from benchsuite.suite.reader import parse_suite
from support import fake_components
from support.metrics import (
    Mistakes,
    NotANumber,
    Nothing,
    Percent,
    Raising,
    Sureness,
    Unrequirable,
    Vector,
    Word,
    registry_with,
)
from support.runs import put_run

REGISTRY = registry_with(Sureness, Mistakes)


def asked(*lines: str) -> tuple[PlannedMetric, ...]:
    text = fake_components.BASE + "metrics:\n" + "".join(f"  {line}\n" for line in lines)
    return planned_metrics(parse_suite(text.encode(), "t.yaml", REGISTRY), REGISTRY)


def measured(root: Path, *lines: str, **options: Any) -> dict[str, float]:
    store = Store(root)
    records = {record.key: record for record in store.records()}
    (found,) = measure(records, asked(*lines), options.pop("registry", REGISTRY), store, **options).values()
    return dict(found.measured)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was computed, by split."""
    calls: list[str] = []
    real = measuring.Ruler.value

    def value(self: measuring.Ruler, predicted: Any, what: str) -> float | None:
        calls.append(what.split()[1])
        return real(self, predicted, what)

    monkeypatch.setattr(measuring.Ruler, "value", value)
    return calls


def test_an_old_run_has_the_values_of_its_stored_predictions_and_its_record_stays_as_it_is(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    before = (Store(tmp_path).folder(record.key) / "record.json").read_bytes()
    predictions = Store(tmp_path).read_predictions(record)
    found = measured(tmp_path, "sureness: {}", "errors: {name: mistakes}")
    assert found.keys() == {"validation_sureness", "test_sureness", "validation_errors", "test_errors"}
    assert found["test_sureness"] == pytest.approx(predictions.test_probabilities.max(axis=1).mean(), abs=1e-6)
    assert record.test is not None
    assert found["test_errors"] == pytest.approx(1 - record.test.accuracy)
    assert (Store(tmp_path).folder(record.key) / "record.json").read_bytes() == before
    again = Store(tmp_path).read(record.key)
    assert again == record
    assert again is not None
    assert not again.measured


def test_values_are_kept_beside_the_run_and_not_computed_twice(tmp_path: Path, computed: list[str]) -> None:
    record = put_run(tmp_path)
    first = measured(tmp_path, "sureness: {}")
    assert computed == ["validation", "test"]
    kept = json.loads((Store(tmp_path).folder(record.key) / MEASURED).read_text())
    assert sorted((one["metric"], one["split"]) for one in kept.values()) == [
        ("outsider:sureness", "test"),
        ("outsider:sureness", "validation"),
    ]
    assert measured(tmp_path, "otherwise_called: {name: sureness}") == {
        name.replace("sureness", "otherwise_called"): value for name, value in first.items()
    }
    assert computed == ["validation", "test"]


def test_other_parameters_predictions_code_or_libraries_are_computed_again(
    tmp_path: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = put_run(tmp_path)
    first = measured(tmp_path, "sureness: {}")
    assert measured(tmp_path, "sureness: {power: 2.0}") != first
    assert measured(tmp_path, "sureness: {}") == first
    assert len(computed) == 4  # those of both parameters are kept
    put_run(tmp_path, bits=1)
    assert measured(tmp_path, "sureness: {}") != first
    assert len(computed) == 6
    monkeypatch.setattr(measuring, "component_fingerprint", lambda module: "other")
    measured(tmp_path, "sureness: {}")
    assert len(computed) == 8
    monkeypatch.setattr(measuring, "libraries", lambda module, known: {"somewhere": "2"})
    measured(tmp_path, "sureness: {}")
    assert len(computed) == 10
    kept = json.loads((Store(tmp_path).folder(record.key) / MEASURED).read_text())
    assert len(kept) == 4  # what nothing gives any more is gone


@pytest.mark.parametrize("content", ["", "[1]", '{"a": 1}', "\0"])
def test_what_is_kept_may_be_damaged_or_lost(content: str, tmp_path: Path) -> None:
    record = put_run(tmp_path)
    first = measured(tmp_path, "sureness: {}")
    path = Store(tmp_path).folder(record.key) / MEASURED
    path.write_text(content)
    assert measured(tmp_path, "sureness: {}") == first
    kept = json.loads(path.read_text())
    for one in kept.values():
        if isinstance(one, dict):
            one["value"] = "much"
    path.write_text(json.dumps(kept))
    assert measured(tmp_path, "sureness: {}") == first


def test_a_run_at_which_another_process_is_gains_its_values_all_the_same(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    store = Store(tmp_path)
    with store.lock(record.key).acquire():
        assert measured(tmp_path, "sureness: {}")
    assert not (store.folder(record.key) / MEASURED).exists()


def test_a_metric_without_a_value_is_left_out_and_that_is_kept_too(tmp_path: Path, computed: list[str]) -> None:
    put_run(tmp_path)
    nothing = registry_with(Nothing)
    assert measured(tmp_path, "sureness: {}", registry=nothing) == {}
    assert measured(tmp_path, "sureness: {}", registry=nothing) == {}
    assert len(computed) == 2


def test_only_the_split_that_is_asked_for_is_looked_at(tmp_path: Path, computed: list[str]) -> None:
    put_run(tmp_path)
    assert measured(tmp_path, "sureness: {}", splits=("validation",)).keys() == {"validation_sureness"}
    assert computed == ["validation"]


@pytest.mark.parametrize(
    ("metric", "what"),
    [
        (NotANumber, "gave nan"),
        (Vector, "gave ndarray of shape (3,), which is no single number"),
        (Word, "gave 'high', which is no single number"),
        (Percent, "gave 7"),
        (Raising, "raised RuntimeError: no curve here"),
    ],
)
def test_what_is_no_value_is_told_with_metric_run_and_remedy(
    metric: type[Metric[Any]], what: str, tmp_path: Path
) -> None:
    record = put_run(tmp_path)
    with pytest.raises(PluginError) as caught:
        measured(tmp_path, "sureness: {}", registry=registry_with(metric))
    error = caught.value
    assert what in error.what
    assert f"the validation images of run {record.key[:12]}" in error.what
    assert "outsider 1.0, compute() of support.metrics" in (error.where or "")
    assert error.expected == "one finite number from 0 to 1, or None where it has no value"
    assert "leave the metric out of `metrics`; no result is lost" in (error.remedy or "")
    assert not (Store(tmp_path).folder(record.key) / MEASURED).exists()


def test_a_plugin_that_fails_when_it_is_asked_what_it_needs_is_named() -> None:
    require_metrics(asked("sureness: {}"), REGISTRY)
    with pytest.raises(PluginError, match="the metric sureness raised RuntimeError: no library here") as caught:
        require_metrics(asked("sureness: {}"), registry_with(Unrequirable))
    assert caught.value.where == "outsider 1.0, require() of support.metrics"
    assert "mend outsider" in (caught.value.remedy or "")


def test_arrays_cannot_be_changed(tmp_path: Path) -> None:
    from support.metrics import Meddling

    put_run(tmp_path)
    with pytest.raises(PluginError, match="raised ValueError: assignment destination is read-only"):
        measured(tmp_path, "sureness: {}", registry=registry_with(Meddling))


def test_runs_that_failed_have_no_values_and_missing_predictions_are_told(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    store = Store(tmp_path)
    failed: RunRecord = record.model_copy(update={"status": "failed", "test": None})
    assert measure({record.key: failed}, asked("sureness: {}"), REGISTRY, store)[record.key] is failed
    (store.folder(record.key) / PREDICTIONS).unlink()
    with pytest.raises(StoreError):
        measure({record.key: record}, asked("sureness: {}"), REGISTRY, store)


def test_a_plugin_that_is_gone_is_named(tmp_path: Path) -> None:
    put_run(tmp_path)
    with pytest.raises(UnknownComponent, match="no metric is named 'outsider:sureness'"):
        measured(tmp_path, "sureness: {}", registry=registry_with(Mistakes))
