"""Points with intervals: one place a case, whatever the cases are called."""

from __future__ import annotations

import re
from dataclasses import replace

from benchsuite.paper.figures import intervals
from support.figures import seeds_by_run
from support.synthetic import make_findings


def test_the_same_findings_give_the_same_svg() -> None:
    cases = make_findings(cases=2, seeds=2).cases
    assert intervals.draw_gap("fig-gap", cases, "Bloques") == intervals.draw_gap("fig-gap", cases, "Bloques")


def test_labels_are_text_never_mathematics_or_markup() -> None:
    cases = tuple(replace(case, label="<b>$x$") for case in make_findings(cases=2, seeds=2).cases)
    svg = intervals.draw_test_accuracy("fig-test", cases, "Caso", seeds_by_run(cases)).svg
    assert "&lt;b&gt;$x$" in svg
    assert "<b>" not in svg


def test_every_case_and_run_can_be_told_apart_in_the_svg() -> None:
    cases = make_findings(cases=2, seeds=3).cases
    svg = intervals.draw_test_accuracy("fig-test", cases, "Bloques", seeds_by_run(cases)).svg
    runs = re.findall(r'<g data-case="([^"]+)" data-seed="(\d)"', svg)
    assert runs == [(case.case.name, str(seed)) for case in cases for seed in range(3)]


def test_cases_with_long_names_stand_below_each_other_with_the_values_along_x() -> None:
    cases = make_findings(cases=3, seeds=3).cases
    longer = tuple(replace(case, label=f"una configuración de nombre largo {i}") for i, case in enumerate(cases))
    abreast, stacked = (intervals.draw_accuracies("fig-accuracies", shown, "Caso").series for shown in (cases, longer))
    across = [series.points[0][0] for series in abreast[:3]]
    assert across == sorted(across)
    down = [series.points[0][1] for series in stacked[:3]]
    assert down == sorted(down)


def test_the_alternative_text_has_the_mean_of_every_case() -> None:
    cases = make_findings(cases=2, seeds=2).cases
    bare = (cases[0], replace(cases[1], estimates={}))
    alt = intervals.draw_gap("fig-gap", bare, "Bloques").alt.replace("\u00a0", " ")
    mean = f"{100 * cases[0].estimates['overfitting_gap'].mean:.1f}".replace(".", ",").replace("-", "−")
    assert alt == f"Exactitud de entrenamiento menos la de validación: 0, {mean} puntos; 1, sin datos."
