"""A metric is declared once, and all that speaks of metrics follows: suites, searches, findings, papers, plugins."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from benchsuite.contracts.figure import RunResult
from benchsuite.contracts.observer import Epoch
from benchsuite.metrics import (
    COST_COLUMNS,
    METRICS,
    RESULTS_COLUMNS,
    TRIAL_COLUMNS,
    MetricName,
    SearchMetricName,
)
from benchsuite.paper.language.metrics import METRICS as PRINTED
from benchsuite.suite.prose.references import TRIAL_METRICS
from benchsuite.testing.harness.reference_components import made_up_study
from support.pages import DOCS
from support.synthetic import make_record


def make_epoch(number: int, accuracy: float) -> Epoch:
    return Epoch(
        phase="finetune",
        epoch=number,
        train_loss=1.0,
        train_accuracy=accuracy,
        validation_loss=1.0,
        validation_accuracy=accuracy,
        learning_rate=0.1,
        seconds=1.0,
    )


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [([0.5, 0.94, 0.95, 1.0], 3), ([0.9], 1), ([0.2, 0.8, 0.4], 2), ([0.0, 0.0], 1), ([], None)],
)
def test_a_run_has_converged_at_95_percent_of_its_own_best(accuracies: list[float], expected: int | None) -> None:
    record = make_record(epochs=tuple(make_epoch(i + 1, accuracy) for i, accuracy in enumerate(accuracies)))
    assert METRICS["epochs_to_95"].read(record) == expected


def test_metrics_are_read_from_the_record() -> None:
    record = make_record()
    assert record.test is not None
    assert record.best is not None
    assert record.cost is not None
    best = next(epoch for epoch in record.epochs if epoch.epoch == record.best.epoch)
    expected = {
        "test_accuracy": record.test.accuracy,
        "test_macro_f1": record.test.macro_f1,
        "test_loss": record.test.loss,
        "validation_accuracy": record.best.validation_accuracy,
        "validation_loss": record.best.validation_loss,
        "train_accuracy": best.train_accuracy,
        "train_loss": best.train_loss,
        "overfitting_gap": best.train_accuracy - best.validation_accuracy,
        "best_epoch": record.best.epoch,
        "epochs_run": len(record.epochs),
        "training_seconds": record.cost.seconds["training"],
        "seconds_per_epoch": pytest.approx(sum(epoch.seconds for epoch in record.epochs) / len(record.epochs)),
        "images_per_second": record.cost.images_per_second,
        "peak_memory_bytes": record.cost.peak_memory_bytes,
        "peak_device_memory_bytes": None,
        "energy_joules": None,
    }
    assert {name: METRICS[name].read(record) for name in expected} == expected
    assert METRICS.keys() == expected.keys() | {"epochs_to_95"}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_run_that_failed_early_has_no_metric(metric: object) -> None:
    record = make_record(epochs=(), best=None, test=None, cost=None)
    assert metric.read(record) is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", METRICS)
def test_suites_may_speak_of_every_metric(name: str) -> None:
    assert TypeAdapter(MetricName).validate_python(name) == name
    assert name in TypeAdapter(MetricName).json_schema()["enum"]


def test_suites_may_speak_of_no_other() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(MetricName).validate_python("test_accuracies")


def test_no_search_sees_the_test_split() -> None:
    guiding = TypeAdapter(SearchMetricName).json_schema()["enum"]
    assert guiding
    assert not [name for name in (*guiding, *TRIAL_METRICS) if name.startswith("test_")]
    assert all(METRICS[name].higher_is_better is not None for name in guiding)


def test_what_is_told_of_trials_does_without_the_test_split() -> None:
    record = make_record()
    assert record.test is not None
    without = record.model_copy(update={"test": None})
    for name, metric in METRICS.items():
        assert (metric.read(without) == metric.read(record)) is not metric.sealed, name
        assert (name in TRIAL_METRICS) is not metric.sealed


def test_a_metric_is_within_what_it_can_be() -> None:
    values = {name: metric.read(make_record()) for name, metric in METRICS.items()}
    assert not [n for n, v in values.items() if v is not None and not METRICS[n].least <= v <= METRICS[n].most]


def test_tables_show_metrics_that_there_are() -> None:
    assert {*RESULTS_COLUMNS, *COST_COLUMNS} <= METRICS.keys()
    assert {*TRIAL_COLUMNS} <= {*TRIAL_METRICS}


def test_the_reference_takes_the_metrics_from_their_declaration() -> None:
    assert "```{metrics}\n```" in (DOCS / "reference" / "suite.md").read_text(encoding="utf-8")


def test_papers_can_print_every_metric() -> None:
    assert PRINTED.keys() == METRICS.keys()
    for metric in PRINTED.values():
        assert metric.format(0.5)


def test_the_kits_made_up_runs_have_every_metric_but_those_of_a_gpu() -> None:
    of_gpu = {name for name, metric in METRICS.items() if metric.of_gpu}
    assert of_gpu >= {"energy_joules"}
    runs: list[RunResult] = [run for case in made_up_study().cases for run in case.runs]
    assert runs
    assert all(run.metrics.keys() == METRICS.keys() - of_gpu for run in runs)
