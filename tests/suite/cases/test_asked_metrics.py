"""A suite asks for metrics of plugins, names them like its own, and is told what is wrong with the asking."""

from __future__ import annotations

from typing import Any

import pytest

from benchsuite.api import Metric
from benchsuite.metrics import METRICS
from benchsuite.suite.cases.asked_metrics import guiding_metrics, metric_names, metrics_of, planned_metrics
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.prose.references import Vocabulary
from benchsuite.suite.reader import parse_suite
from benchsuite.suite.schema.suite import Suite
from benchsuite.suite.source.problems import SuiteError
from support import fake_components
from support.metrics import Mistakes, NeedsLogits, Sureness, Undirected, Untitled, Upwards, registry_with

REGISTRY = registry_with(Sureness, Mistakes)
ASKED = "metrics:\n  sureness: {}\n  squared: {name: sureness, power: 2.0}\n  mistakes: {}\n"


def suite_of(more: str, registry: Any = REGISTRY, base: str = fake_components.BASE) -> Suite:
    return parse_suite((base + more).encode(), "t.yaml", registry)


def problems(more: str, registry: Any = REGISTRY, base: str = fake_components.BASE) -> str:
    with pytest.raises(SuiteError) as caught:
        suite_of(more, registry, base)
    return str(caught.value)


def test_a_metric_has_a_value_of_each_split_and_the_parameters_that_are_given() -> None:
    suite = suite_of(ASKED)
    assert metric_names(suite)[-6:] == (
        "validation_sureness", "test_sureness", "validation_squared", "test_squared", "validation_mistakes",
        "test_mistakes",
    )  # fmt: skip
    planned = expand(suite, REGISTRY).metrics
    assert planned == planned_metrics(suite, REGISTRY)
    assert [(one.id, one.component.name, dict(one.component.parameters)) for one in planned] == [
        ("sureness", "sureness", {"power": 1.0}),
        ("squared", "sureness", {"power": 2.0}),
        ("mistakes", "mistakes", {}),
    ]
    metrics = metrics_of(planned)
    assert list(metrics)[: len(METRICS)] == list(METRICS)
    assert (metrics["test_sureness"].higher_is_better, metrics["test_mistakes"].higher_is_better) == (True, False)
    assert metrics["test_sureness"].sealed
    assert not metrics["validation_sureness"].sealed
    assert (metrics["test_sureness"].most, metrics["test_sureness"].unit.symbol) == (1.0, "%")


def test_a_suite_may_compare_claim_and_quote_them() -> None:
    base = fake_components.BASE.replace("baseline: 0}", "baseline: 0, metric: test_sureness}")
    claim = "claims:\n  - {id: c, text: Sí, metric: validation_mistakes, cases: [1], better_than: 0}\n"
    prose = 'paper:\n  abstract: "{{best test_squared}}, {{test_mistakes 1}}, {{tab-metrics}}."\n'
    suite = suite_of(ASKED + claim + prose, base=base)
    vocabulary = Vocabulary(suite, expand(suite, REGISTRY).cases)
    assert vocabulary.read("validation_squared 2").metric == "validation_squared"
    assert "tab-metrics" in vocabulary.references()
    assert "best test_sureness" in vocabulary.references()


def test_without_asking_for_them_there_are_none() -> None:
    suite = suite_of("")
    assert metric_names(suite) == tuple(METRICS)
    assert expand(suite, REGISTRY).metrics == ()
    assert "tab-metrics" not in Vocabulary(suite, expand(suite, REGISTRY).cases).references()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("surenes: {}", ["no metric is named 'surenes'", "did you mean 'sureness'?", "t.yaml:11:12"]),
        ("best: {name: mistake}", ["no metric is named 'mistake'", "did you mean 'mistakes'?"]),
        ("sureness: {pwer: 2.0}", ["metrics.sureness: 'pwer' is unknown here", "did you mean 'power'?"]),
        ("sureness: {power: 0}", ["metrics.sureness.power", "too small"]),
        ("accuracy: {name: sureness}", ["benchsuite has a metric called validation_accuracy and test_accuracy"]),
        ("loss: {name: sureness}", ["validation_loss and test_loss", "call this one otherwise"]),
        ("macro_f1: {name: sureness}", ["benchsuite has a metric called test_macro_f1"]),
        ("Sureness: {}", ["metrics"]),
        ("sureness: 7", ["metrics.sureness"]),
    ],
)
def test_what_is_wrong_with_the_asking_is_told(asked: str, words: list[str]) -> None:
    said = problems(f"metrics:\n  {asked}\n")
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (NeedsLogits, "it needs logits, and of predictions are kept: predictions, probabilities"),
        (Upwards, "least is 1.0, and most 0.0"),
        (Undirected, "higher_is_better is None"),
        (Untitled, "title() in 'en' is ''"),
    ],
)
def test_a_metric_that_cannot_be_computed_is_told_when_the_suite_is_read(metric: type[Metric[Any]], words: str) -> None:
    said = problems("metrics: {sureness: {}}\n", registry_with(metric))
    assert words in said
    assert "leave the metric out of `metrics`; no result is lost" in said


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("test_mistakes", "ask for it: add `mistakes: {}` to the `metrics` of the suite"),
        ("test_sureness_", "did you mean 'test_sureness'?"),
        ("test_accurcy", "did you mean 'test_accuracy'?"),
    ],
)
def test_a_metric_that_the_suite_has_not_is_told_with_what_to_do(name: str, remedy: str) -> None:
    asked = "metrics: {sureness: {}}\n"
    compared = fake_components.BASE.replace("baseline: 0}", f"baseline: 0, metric: {name}}}")
    claimed = f"claims:\n  - {{id: c, text: Sí, metric: {name}, at_least: 0.5}}\n"
    for said in (problems(asked, base=compared), problems(asked + claimed)):
        assert f"no metric here is named {name!r}" in said
        assert remedy in said
    assert f"quotes {name!r}, which is unknown" in problems(f'{asked}paper: {{abstract: "{{{{{name} 1}}}}"}}\n')


@pytest.mark.parametrize("condition", ["better_than: 0", "no_worse_than: 0, margin: 1", "best_of: all"])
def test_a_claim_needs_a_metric_with_a_better_end_for_what_is_better(condition: str) -> None:
    said = problems(f"claims:\n  - {{id: c, text: Sí, metric: best_epoch, cases: [1], {condition}}}\n")
    assert f"no value of best_epoch is better than another, so {condition.partition(':')[0]} means nothing" in said


SEARCH = "search: {{space: {{recipe.max_epochs: [1, 2]}}, sampler: grid, budget: 2, metric: {metric}}}\n"


def test_a_search_chooses_by_the_validation_split_alone() -> None:
    base = fake_components.BASE.replace("seeds: 2}", "seeds: 2, trials: 2}", 1)
    suite = suite_of(ASKED + SEARCH.format(metric="validation_mistakes"), base=base)
    assert guiding_metrics(suite)[:3] == ("validation_accuracy", "validation_loss", "validation_sureness")
    assert not [name for name in guiding_metrics(suite) if name.startswith("test_")]
    sealed = problems(ASKED + SEARCH.format(metric="test_mistakes"), base=base)
    assert "test_mistakes is sealed until the search has chosen" in sealed
    unasked = problems(SEARCH.format(metric="validation_mistakes"), base=base)
    assert "search.metric: no metric here is named 'validation_mistakes'" in unasked
    assert "ask for it" in unasked
    assert "no metric here is named 'overfitting_gap'" in problems(SEARCH.format(metric="overfitting_gap"), base=base)
