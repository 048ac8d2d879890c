"""Quoted results: tokens with the numbers and the runs behind them, or word that there are none yet."""

from __future__ import annotations

from dataclasses import replace

from benchsuite.paper.context.result_quotes import ResultQuotes
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import METRICS
from support.synthetic import make_findings


def test_a_quoted_estimate_has_its_interval_its_value_and_its_runs() -> None:
    findings = make_findings(cases=2, seeds=3)
    case = findings.cases[0]
    estimate = case.estimates["test_accuracy"]
    quotes = ResultQuotes()
    token = quotes.estimate(METRICS["test_accuracy"], case)
    assert quotes.mean(METRICS["test_accuracy"], case) != token
    quotes.difference(METRICS["test_accuracy"], findings.comparisons[0])
    quotes.number(1234, runs=["r"])
    whole, mean, difference, number = quotes.quantities
    assert "[" in whole.text
    assert "[" not in mean.text
    assert (whole.value, whole.runs) == (mean.value, mean.runs) == (estimate.mean, estimate.runs)
    assert difference.value == findings.comparisons[0].difference.mean  # type: ignore[union-attr]
    assert (number.text, number.value, number.runs) == ("1234", 1234, ("r",))


def test_what_is_not_known_yet_is_pending() -> None:
    findings = make_findings(cases=2, seeds=2)
    quotes = ResultQuotes()
    assert quotes.estimate(METRICS["energy_joules"], replace(findings.cases[0], estimates={})) == say("pending")
    assert quotes.mean(METRICS["energy_joules"], replace(findings.cases[0], estimates={})) == say("pending")
    assert (
        quotes.difference(METRICS["test_accuracy"], None)
        == quotes.difference(METRICS["test_accuracy"], replace(findings.comparisons[0], difference=None))
        == say("pending")
    )
    assert not quotes.quantities


def test_the_first_points_are_percentage_points_whoever_quotes_them() -> None:
    quotes = ResultQuotes()
    for value in (0.07, 0.061):
        quotes.number(value, METRICS["overfitting_gap"].format(value))
    assert [one.text.replace("\u00a0", " ") for one in quotes.quantities] == ["7,0 puntos porcentuales", "6,1 puntos"]
