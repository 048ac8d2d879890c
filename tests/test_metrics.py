from __future__ import annotations

from itertools import islice

import pytest

from benchsuite import metrics
from benchsuite.contracts.observer import Epoch
from benchsuite.metrics import METRICS, OF_TRIALS, SEARCHABLE
from benchsuite.suite.schema.suite import Suite
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
    epochs = tuple(make_epoch(i + 1, accuracy) for i, accuracy in enumerate(accuracies))
    assert METRICS["epochs_to_95"].read(make_record(epochs=epochs)) == expected


def test_a_metric_is_within_what_it_can_be() -> None:
    record = make_record()
    for name, metric in METRICS.items():
        value = metric.read(record)
        assert value is None or metric.least <= value <= metric.most, name


def test_what_a_trial_tells_and_a_search_chooses_by_never_comes_from_the_test_split() -> None:
    record = make_record()
    sealed = record.model_copy(update={"test": None})
    assert record.test is not None
    for name, metric in METRICS.items():
        assert (metric.read(sealed) == metric.read(record)) is (name in OF_TRIALS), name
    assert set(SEARCHABLE) <= set(OF_TRIALS)


def test_a_search_chooses_only_by_what_has_a_better_side() -> None:
    assert all(METRICS[name].higher_is_better is not None for name in SEARCHABLE)


def test_a_failed_run_has_no_metrics_and_reading_it_is_no_error() -> None:
    failed = make_record().model_copy(update={"epochs": (), "best": None, "test": None, "cost": None})
    assert all(metric.read(failed) is None for metric in METRICS.values())


def test_editors_are_offered_every_metric() -> None:
    definitions = Suite.model_json_schema()["$defs"]
    for model in ("Claim", "Compare"):
        assert definitions[model]["properties"]["metric"]["enum"] == list(METRICS)
    assert definitions["Search"]["properties"]["metric"]["enum"] == list(SEARCHABLE)


@pytest.mark.parametrize(
    "shown",
    [
        metrics.RESULTS_COLUMNS,
        metrics.COST_COLUMNS,
        metrics.TRIAL_COLUMNS,
        metrics.COMPARED_QUALITY,
        metrics.COMPARED_COST,
    ],
)
def test_tables_show_metrics_that_there_are(shown: tuple[str, ...]) -> None:
    assert set(shown) <= METRICS.keys()
    assert shown is not metrics.TRIAL_COLUMNS or set(shown) <= set(OF_TRIALS)


def test_the_reference_lists_the_metrics_from_their_declaration() -> None:
    page = (DOCS / "reference" / "suite.md").read_text(encoding="utf-8")
    assert "```{metrics}\n```" in page
    assert not any(f"`{name}`" in page for name in islice(METRICS, 3))
