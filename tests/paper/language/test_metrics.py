from __future__ import annotations

import pytest

from benchsuite import metrics
from benchsuite.analysis.findings import Estimate
from benchsuite.analysis.intervals import mean_estimate
from benchsuite.paper.language.metrics import METRICS, spread_of
from benchsuite.paper.language.typography import NBSP


def estimate(mean: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(mean, None, low, high, ("run",), (mean,))


def test_papers_print_every_metric() -> None:
    assert METRICS.keys() == metrics.METRICS.keys()


@pytest.mark.parametrize(
    ("name", "value", "printed"),
    [
        ("test_accuracy", 0.961, "96,1_%"),
        ("test_macro_f1", 0.9614, "0,961"),
        ("overfitting_gap", 0.05, "5,0_puntos"),
        ("best_epoch", 7, "7"),
        ("best_epoch", 7.25, "7,2"),
        ("training_seconds", 41.2, "41,2_s"),
        ("training_seconds", 738, "12,3_min"),
        ("seconds_per_epoch", 0.35, "350_ms"),
        ("seconds_per_epoch", 0.0042, "4,2_ms"),
        ("training_seconds", 0.0, "0,0_s"),
        ("data_time_share", 0.123, "12,3_%"),
        ("images_per_second", 812.4, "812_imágenes/s"),
        ("peak_memory_bytes", 3 * 2**20, "3_MiB"),
        ("energy_joules", 12_340, "12,3_kJ"),
    ],
)
def test_a_value_is_printed_in_the_unit_of_its_metric(name: str, value: float, printed: str) -> None:
    assert METRICS[name].format(value) == printed.replace("_", NBSP)


def test_a_column_names_the_unit_unless_every_value_carries_its_own() -> None:
    assert METRICS["test_accuracy"].in_column(0.5) == "50,0"
    assert METRICS["test_accuracy"].heading == "Exactitud en test (%)"
    assert METRICS["training_seconds"].in_column(600) == f"10,0{NBSP}min"
    assert METRICS["training_seconds"].in_column(600, [600, 26]) == f"600,0{NBSP}s"
    assert METRICS["training_seconds"].in_column(40_000, [40_000, 26]) == f"11,1{NBSP}h"
    assert METRICS["seconds_per_epoch"].in_column(1.3, [0.751, 1.3]) == f"1300{NBSP}ms"
    assert METRICS["training_seconds"].data_heading("Tiempo") == "Tiempo (s)"
    assert METRICS["energy_joules"].data_heading("Energía (kJ)") is None


def test_a_duration_is_quoted_in_one_unit_with_those_it_stands_among() -> None:
    seconds, among = METRICS["training_seconds"], [159.2, 26.1]
    assert seconds.quote(estimate(159.2)) == f"2,7{NBSP}min"
    assert seconds.quote(estimate(159.2), among) == f"159,2{NBSP}s"
    assert seconds.quote(estimate(159.2, 150, 168), among) == f"159,2{NBSP}s [150,0;{NBSP}168,0]"
    assert seconds.quote(estimate(40_000), [40_000, 26]) == f"11,1{NBSP}h"


def test_differences_of_epochs_have_their_unit() -> None:
    epochs = METRICS["epochs_to_95"]
    assert epochs.difference(estimate(-1.9, -3.7, 0.0)) == f"−1,9{NBSP}épocas [−3,7;{NBSP}0,0]"
    assert epochs.margin(2) == f"2,0{NBSP}épocas"
    assert epochs.format(7) == "7"


def test_a_count_with_an_interval_has_as_many_decimals_as_its_bounds() -> None:
    epochs = METRICS["epochs_to_95"]
    assert epochs.quote(estimate(13, 10.9, 15)) == f"13,0 [10,9;{NBSP}15,0]"
    assert epochs.quote_in_column(estimate(13, 10.9, 15)) == f"13,0 [10,9;{NBSP}15,0]"
    assert epochs.quote(estimate(13)) == epochs.quote_in_column(estimate(13)) == "13"


def test_an_interval_stays_within_what_the_metric_can_be() -> None:
    assert METRICS["test_accuracy"].quote(estimate(0.99, 0.97, 1.02)) == f"99,0{NBSP}% [97,0;{NBSP}100,0]"
    assert METRICS["test_accuracy"].quote(estimate(0.99)) == f"99,0{NBSP}%"


@pytest.mark.parametrize(
    ("name", "mean", "printed"),
    [
        ("test_accuracy", -0.006, "−0,6_puntos"),
        ("training_seconds", 90, "+90,0_s"),
        ("peak_memory_bytes", -5 * 2**20, "−5_MiB"),
        ("test_loss", 0.0, "0,000"),
    ],
)
def test_a_difference_has_its_sign_and_its_unit(name: str, mean: float, printed: str) -> None:
    assert METRICS[name].difference(estimate(mean)) == printed.replace("_", NBSP)


def test_a_margin_is_printed_like_a_difference_without_its_sign() -> None:
    assert METRICS["test_accuracy"].margin(0.01) == f"1,0{NBSP}puntos"
    assert METRICS["peak_memory_bytes"].margin(2**20) == f"1{NBSP}MiB"
    assert METRICS["seconds_per_epoch"].margin(150) == f"2,5{NBSP}min"


def of_seeds(*values: float) -> Estimate:
    return mean_estimate(values, ["run"] * len(values))


def said(text: str) -> str:
    return text.replace(NBSP, " ")


def test_of_fewer_than_five_seeds_the_values_observed_are_told_with_their_number() -> None:
    accuracy = METRICS["test_accuracy"]
    assert said(accuracy.quote(of_seeds(0.6, 0.7))) == "65,0 % [60,0 a 70,0; n = 2]"
    assert said(accuracy.interval(of_seeds(0.6, 0.7, 0.8, 0.7))) == "[60,0 a 80,0]"
    assert said(accuracy.difference(of_seeds(-0.01, 0.03))) == "+1,0 puntos [−1,0 a +3,0; n = 2]"
    assert accuracy.bounds(of_seeds(0.6, 0.7)) == (0.6, 0.7)
    five = of_seeds(0.60, 0.65, 0.7, 0.75, 0.8)
    assert said(accuracy.quote(five)) == "70,0 % [60,2; 79,8]"
    assert accuracy.bounds(five) != (0.6, 0.8)


@pytest.mark.parametrize("count", [2, 5])
def test_what_does_not_vary_has_no_interval(count: int) -> None:
    assert METRICS["epochs_run"].quote(of_seeds(*[20] * count)) == "20"
    assert METRICS["test_accuracy"].difference(of_seeds(*[0.01] * count)) == f"+1,0{NBSP}puntos"
    assert METRICS["test_accuracy"].bounds(of_seeds(*[0.5] * count)) is None


def test_a_duration_names_its_unit_once_and_its_interval_is_in_the_same() -> None:
    seconds = METRICS["training_seconds"]
    assert said(seconds.quote(of_seeds(12, 12.5, 13, 12.5, 12.5))) == "12,5 s [12,1; 12,9]"
    assert said(seconds.quote(of_seeds(100, 140, 120, 130, 110))) == "2,0 min [1,7; 2,3]"
    assert said(seconds.quote(of_seeds(0.4, 0.5))) == "450 ms [400 a 500; n = 2]"


def test_what_brackets_and_bars_are_depends_on_the_seeds() -> None:
    few, many = of_seeds(0.6, 0.7), of_seeds(0.60, 0.65, 0.7, 0.75, 0.8)
    assert spread_of([]) == spread_of([of_seeds(0.6)]) == ""
    assert (spread_of([many]), spread_of([few]), spread_of([few, many])) == ("interval", "observed", "mixed")


@pytest.mark.parametrize(
    ("low", "high", "printed"),
    [
        (0.0004, 0.047, "[+0,04; +4,70]"),
        (-0.047, -0.00004, "[−4,700; −0,004]"),
        (-0.0004, 0.047, "[0,0; +4,7]"),
        (0.0006, 0.047, "[+0,1; +4,7]"),
        (0.0, 0.047, "[0,0; +4,7]"),
    ],
)
def test_an_interval_that_excludes_zero_does_not_print_it(low: float, high: float, printed: str) -> None:
    assert METRICS["test_accuracy"].signed_brackets(low, high).replace("\u00a0", " ") == printed


def test_values_that_are_set_beside_each_other_have_as_many_decimals() -> None:
    assert METRICS["best_epoch"].together(15.9, 19.0) == ["15,9", "19,0"]
    assert METRICS["best_epoch"].together(15.0, 19.0) == ["15", "19"]
