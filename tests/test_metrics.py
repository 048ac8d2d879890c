"""A metric is declared once, and all that speaks of metrics follows: suites, searches, findings, papers, plugins."""

from __future__ import annotations

import pytest

from benchsuite.contracts.figure import RunResult
from benchsuite.contracts.observer import Epoch
from benchsuite.metrics import COST_COLUMNS, METRICS, RESULTS_COLUMNS, TRIAL_COLUMNS
from benchsuite.paper.language.metrics import METRICS as PRINTED
from benchsuite.suite.cases.asked_metrics import guiding_metrics
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.prose.references import Vocabulary
from benchsuite.suite.reader import parse_suite
from benchsuite.suite.schema.editor_schema import suite_schema
from benchsuite.testing.harness.reference_components import made_up_study
from support import fake_components
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


@pytest.mark.parametrize(
    ("accuracies", "expected"), [([0.25, 0.75, 0.5], 0.375), ([0.5, 0.5], 0.0), ([0.9], None), ([], None)]
)
def test_the_steps_of_a_run_are_as_long_upwards_as_downwards(accuracies: list[float], expected: float | None) -> None:
    record = make_record(epochs=tuple(make_epoch(i + 1, accuracy) for i, accuracy in enumerate(accuracies)))
    assert METRICS["accuracy_steps"].read(record) == expected


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
        "data_time_share": None,
        "images_per_second": record.cost.images_per_second,
        "peak_memory_bytes": record.cost.peak_memory_bytes,
        "peak_device_memory_bytes": None,
        "energy_joules": None,
    }
    assert {name: METRICS[name].read(record) for name in expected} == expected
    assert METRICS.keys() == expected.keys() | {"epochs_to_95", "accuracy_steps"}


def test_data_time_is_told_as_a_share_of_the_training_and_is_the_machines_as_much_as_the_runs() -> None:
    record = make_record()
    assert record.cost is not None
    spent = {"data_seconds": 0.3 * record.cost.seconds["training"]}
    share = METRICS["data_time_share"]
    assert share.read(record.model_copy(update={"cost": record.cost.model_copy(update=spent)})) == pytest.approx(0.3)
    assert share.of_machine
    assert not METRICS["test_accuracy"].of_machine


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_run_that_failed_early_has_no_metric(metric: object) -> None:
    record = make_record(epochs=(), best=None, test=None, cost=None)
    assert metric.read(record) is None  # type: ignore[attr-defined]


SUITE = parse_suite(fake_components.BASE.encode(), "t.yaml", fake_components.REGISTRY)
WORDS = Vocabulary(SUITE, expand(SUITE, fake_components.REGISTRY).cases)


@pytest.mark.parametrize("name", METRICS)
def test_suites_may_speak_of_every_metric(name: str) -> None:
    text = fake_components.BASE.replace("baseline: 0}", f"baseline: 0, metric: {name}}}")
    suite = parse_suite(text.encode(), "t.yaml", fake_components.REGISTRY)
    assert suite.compare is not None
    assert suite.compare.metric == name
    assert WORDS.read(f"{name} 1").metric == name


def test_editors_offer_every_metric() -> None:
    schema = suite_schema(fake_components.REGISTRY)["$defs"]
    for model in ("Compare", "Claim"):
        offered, _ = schema[model]["properties"]["metric"]["anyOf"]
        assert set(METRICS) <= set(offered["enum"])
    assert schema["Search"]["properties"]["metric"]["anyOf"][0]["enum"] == list(guiding_metrics(SUITE))


def test_no_search_sees_the_test_split() -> None:
    guiding = guiding_metrics(SUITE)
    assert guiding
    assert not [name for name in (*guiding, *WORDS.trial_metrics) if name.startswith("test_")]
    assert all(METRICS[name].higher_is_better is not None for name in guiding)


def test_what_is_told_of_trials_does_without_the_test_split() -> None:
    record = make_record()
    assert record.test is not None
    without = record.model_copy(update={"test": None})
    for name, metric in METRICS.items():
        assert (metric.read(without) == metric.read(record)) is not metric.sealed, name
        assert (name in WORDS.trial_metrics) is not metric.sealed


def test_a_metric_is_within_what_it_can_be() -> None:
    values = {name: metric.read(make_record()) for name, metric in METRICS.items()}
    assert not [n for n, v in values.items() if v is not None and not METRICS[n].least <= v <= METRICS[n].most]


def test_tables_show_metrics_that_there_are() -> None:
    assert {*RESULTS_COLUMNS, *COST_COLUMNS} <= METRICS.keys()
    assert {*TRIAL_COLUMNS} <= {*WORDS.trial_metrics}


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
