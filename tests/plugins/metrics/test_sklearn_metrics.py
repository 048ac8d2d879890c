"""Each metric has the value of its library, and says so where it has none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as library
from sklearn.calibration import calibration_curve

from benchsuite.api import PluginError, Predicted, SetupError
from benchsuite.registry import registry
from benchsuite.testing.harness.reference_components import made_up_predictions

MADE = {
    "ten": made_up_predictions(images=200),
    "two": made_up_predictions(images=60, classes=2, skill=0.1),
    "absent": made_up_predictions(images=90, absent=2),
}


def value(name: str, predicted: Predicted, **given: Any) -> float | None:
    entry = registry().metric(f"benchsuite:{name}")
    component: Any = entry.component
    found: float | None = component.compute(entry.parse(given), predicted)
    return found


def numbers(predicted: Predicted) -> list[int]:
    return list(range(len(predicted.classes)))


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_each_has_the_value_of_its_library(made: Predicted) -> None:
    true, scores, chosen = made.labels, made.probabilities, made.predictions
    every = numbers(made)
    assert value("balanced_accuracy", made) == pytest.approx(library.balanced_accuracy_score(true, chosen))
    assert value("log_loss", made) == pytest.approx(library.log_loss(true, scores, labels=every))
    assert value("f1", made) == pytest.approx(library.f1_score(true, chosen, labels=every, average="macro"))
    each = library.f1_score(true, chosen, labels=every, average=None)
    assert [value("f1", made, of=name) for name in made.classes] == pytest.approx(list(each))
    brier = np.mean(np.sum((scores.astype(np.float64) - np.eye(len(every))[true]) ** 2, axis=1))
    assert value("brier", made) == pytest.approx(brier, rel=1e-6)


def test_the_area_under_the_curve_is_the_library_s_one_class_against_the_rest() -> None:
    made, two = MADE["ten"], MADE["two"]
    expected = library.roc_auc_score(made.labels, made.probabilities, multi_class="ovr", average="macro")
    assert value("auc", made) == pytest.approx(expected)
    each = [library.roc_auc_score(made.labels == one, made.probabilities[:, one]) for one in numbers(made)]
    assert value("auc", made) == pytest.approx(np.mean(each))
    assert value("auc", two) == pytest.approx(library.roc_auc_score(two.labels, two.probabilities[:, 1]))
    assert value("auc", MADE["absent"]) is None


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_is_the_library_s_and_has_no_value_where_every_model_would_reach_it(k: int) -> None:
    made = MADE["ten"]
    expected = library.top_k_accuracy_score(made.labels, made.probabilities, k=k)
    assert value("top_k", made, k=k) == pytest.approx(expected)
    assert value("top_k", made, k=10) is None
    two = MADE["two"]
    assert value("top_k", two, k=1) == pytest.approx(np.mean(two.predictions == two.labels))


@pytest.mark.parametrize("bins", [1, 5, 10, 15])
@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_calibration_is_the_library_s_curve_weighted_by_the_images_of_each_bin(made: Predicted, bins: int) -> None:
    confidence = made.probabilities.max(axis=1).astype(np.float64)
    accuracy, sureness = calibration_curve(made.predictions == made.labels, confidence, n_bins=bins)
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence)
    images = np.bincount(place)[np.unique(place)]
    expected = np.average(np.abs(accuracy - sureness), weights=images)
    assert value("ece", made, bins=bins) == pytest.approx(expected)


def test_perfect_predictions_have_the_best_values() -> None:
    made = made_up_predictions(skill=1.0, sure=True)
    for name in ("auc", "balanced_accuracy", "f1", "top_k"):
        assert value(name, made) == pytest.approx(1.0)
    for name in ("brier", "ece", "log_loss"):
        assert value(name, made) == pytest.approx(0.0, abs=1e-6)


def test_the_f1_of_a_class_that_there_is_not_names_those_that_there_are() -> None:
    with pytest.raises(PluginError, match="'class_11', which the data set has not") as caught:
        value("f1", MADE["ten"], of="class_11")
    assert "class_9" in (caught.value.expected or "")
    assert "correct `of`" in (caught.value.remedy or "")


@pytest.mark.parametrize("name", ["auc", "balanced_accuracy", "brier", "f1", "log_loss", "top_k"])
def test_without_its_library_it_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchsuite_plugins.metrics import sklearn_metrics

    entry = registry().metric(f"benchsuite:{name}")
    component: Any = entry.component
    component.require(entry.parse({}))
    monkeypatch.setattr(sklearn_metrics, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match="needs scikit-learn") as caught:
        component.require(entry.parse({}))
    assert "pip install 'benchsuite[metrics]'" in (caught.value.remedy or "")
