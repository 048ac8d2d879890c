"""Figures stay readable and reproducible whatever the cases are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from markupsafe import escape

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.document.blocks import Facet
from benchsuite.paper.figures import axes, cost, curves, intervals, style
from support.synthetic import make_findings


def seeds_of(cases: Sequence[CaseFindings]) -> dict[str, int]:
    return {run: seed for case in cases for seed, run in enumerate(case.estimates["test_accuracy"].runs)}


def test_the_same_findings_give_the_same_svg() -> None:
    cases = make_findings(cases=2, seeds=2).cases
    assert intervals.gap("fig-gap", cases, "Bloques") == intervals.gap("fig-gap", cases, "Bloques")


def test_labels_are_text_never_mathematics_or_markup() -> None:
    cases = tuple(replace(case, label="<b>$x$") for case in make_findings(cases=2, seeds=2).cases)
    svg = intervals.test_accuracy("fig-test", cases, "Caso", seeds_of(cases)).svg
    assert "&lt;b&gt;$x$" in svg
    assert "<b>" not in svg


def test_long_labels_make_the_figure_taller_instead_of_the_axes_narrower() -> None:
    cases = make_findings(cases=3, seeds=2).cases
    longer = tuple(
        replace(case, label=f"una configuración de nombre bastante largo {i}") for i, case in enumerate(cases)
    )

    def height(svg: str) -> float:
        found = re.search(r'height="([\d.]+)pt"', svg)
        assert found is not None
        return float(found[1])

    brief, long = (cost.pareto("fig-cost", chosen, "Caso") for chosen in (cases, longer))
    assert height(long.svg) > height(brief.svg)
    assert "una configurac…astante largo 1" in long.svg


def costing(accuracies: Sequence[float], sizes: Sequence[int], times: Sequence[float]) -> tuple[CaseFindings, ...]:
    """Cases with these means."""
    cases = make_findings(cases=len(accuracies), seeds=2).cases
    return tuple(
        replace(
            case,
            model=case.model and case.model.model_copy(update={"parameters_trainable": size}),
            estimates={
                **case.estimates,
                "test_accuracy": replace(case.estimates["test_accuracy"], mean=accuracy, low=None, high=None),
                "training_seconds": replace(case.estimates["training_seconds"], mean=time, low=None, high=None),
            },
        )
        for case, accuracy, size, time in zip(cases, accuracies, sizes, times, strict=True)
    )


def labels(cases: Sequence[CaseFindings]) -> list[str]:
    return [case.label for case in cases]


def test_the_front_has_what_no_other_case_surpasses_for_as_little() -> None:
    cases = costing((0.9, 0.8, 0.8, 0.95, 0.94), (500, 100, 100, 900, 900), (9, 30, 20, 10, 40))
    sizes, times = cost.cost_axes(cases)
    assert labels(cost.find_front(sizes.costs)) == ["1", "0", "3"], "equal cases: the first one"
    assert labels(cost.find_front(times.costs)) == ["0", "3"]
    alt = cost.pareto("fig-cost", cases, "Bloques").alt.replace("\u00a0", " ")
    assert "Frontera de Pareto: por parámetros, 1, 0 y 3; por tiempo, 0 y 3." in alt
    assert "3, 900 parámetros, 95,0 %" in alt


def test_cost_has_a_panel_for_each_thing_that_differs() -> None:
    differing = costing((0.9, 0.8), (500, 100), (9, 3))
    alike = costing((0.9, 0.8), (500, 500), (9, 3))
    both, time = (cost.pareto("fig-cost", cases, "Bloques") for cases in (differing, alike))
    assert ("Parámetros entrenables" in both.svg, len(both.series)) == (True, 4)
    assert ("Parámetros entrenables" in time.svg, len(time.series)) == (False, 2)


def test_identifiers_carry_the_name_of_their_figure() -> None:
    cases = make_findings(cases=2, seeds=2).cases
    svg = curves.loss("fig-loss", cases, "Bloques", seeds_of(cases)).svg
    assert all(name.startswith("fig-loss-") for name in re.findall(r'\bid="([^"]+)"', svg))


def test_every_case_and_run_can_be_told_apart_in_the_svg() -> None:
    cases = make_findings(cases=2, seeds=3).cases
    svg = intervals.test_accuracy("fig-test", cases, "Bloques", seeds_of(cases)).svg
    runs = re.findall(r'<g data-case="([^"]+)" data-seed="(\d)"', svg)
    assert runs == [(case.case.name, str(seed)) for case in cases for seed in range(3)]
    legend = re.findall(r'data-legend="([^"]+)"', curves.loss("fig-loss", cases, "Bloques", seeds_of(cases)).svg)
    assert legend == [case.case.name for case in cases]


@pytest.mark.parametrize("draw", [curves.loss, curves.convergence])
@pytest.mark.parametrize(("cases", "panels"), [(2, 1), (1, 2)])
def test_curves_have_a_line_for_every_run(draw: Any, cases: int, panels: int) -> None:
    shown = make_findings(cases=cases, seeds=3).cases
    svg = draw("fig-curves", shown, "Bloques", seeds_of(shown)).svg
    runs = re.findall(r'data-case="([^"]+)" data-seed="(\d)"', svg)
    panels = 2 if draw is curves.loss else panels
    assert sorted(runs) == sorted([(case.case.name, str(seed)) for case in shown for seed in range(3)] * panels)


def test_a_single_seed_and_a_thicket_of_runs_have_no_lines_of_their_own() -> None:
    for cases, seeds in ((2, 1), (5, 13)):
        shown = make_findings(cases=cases, seeds=seeds).cases
        assert "data-seed" not in curves.loss("fig-loss", shown, "Bloques", seeds_of(shown)).svg


def test_names_of_cases_are_attributes_whatever_they_hold() -> None:
    cases = make_findings(cases=2, seeds=2).cases
    hostile = '" onload="alert(1)"><script>'
    named = (replace(cases[0], case=cases[0].case.model_copy(update={"name": hostile})), cases[1])
    drawn = curves.convergence("fig-convergence", named, "Bloques", seeds_of(named))
    assert "<script" not in drawn.svg
    assert 'onload="' not in drawn.svg
    assert f'data-case="{escape(hostile)}"' in drawn.svg
    assert drawn.series[0].facet == Facet(hostile)


def test_the_values_of_curves_are_those_of_the_findings_within_the_drawing() -> None:
    cases = make_findings(cases=2, seeds=3).cases
    drawn = curves.loss("fig-loss", cases, "Bloques", seeds_of(cases))
    assert [series.title for series in drawn.series] == [
        f"Bloques: {case.label} · {title}"
        for title in ("pérdida de entrenamiento", "pérdida de validación")
        for case in cases
    ]
    for series, case in zip(drawn.series[2:], cases, strict=True):
        curve = case.curves["validation_loss"]
        shown = [re.match(r"época (\d+): (\d+,\d+)", said) for _, _, said in series.points]
        assert [(int(m[1]), m[2]) for m in shown if m] == [
            (epoch, f"{mean:.3f}".replace(".", ",")) for epoch, mean in zip(curve.epochs, curve.mean, strict=True)
        ]
        places = [(x, y) for x, y, _ in series.points]
        assert all(0.5 < x < 1 and 0 < y < 1 for x, y in places)
        assert places == sorted(places)


def test_values_that_the_axes_cut_off_cannot_be_asked_for() -> None:
    cases = make_findings(cases=2, seeds=2).cases
    curve = cases[0].curves["train_loss"]
    wild = replace(curve, mean=(curve.mean[0], 1000.0, *curve.mean[2:]))
    high = (replace(cases[0], curves={**cases[0].curves, "train_loss": wild}), cases[1])
    assert curves.is_cut(high)
    said = [text for _, _, text in curves.loss("fig-loss", high, "Bloques", seeds_of(high)).series[0].points]
    assert len(said) == len(curve.epochs) - 1
    assert not any("1000" in text for text in said)


def test_axis_amounts_are_spanish() -> None:
    assert [axes.format_amount(value) for value in (1000, 10_000, 1e6, 1.5e7)] == [
        "1000",
        "10\u00a0mil",
        "1\u00a0M",
        "15\u00a0M",
    ]


def test_figures_name_no_font_that_a_system_may_have() -> None:
    svg = intervals.gap("fig-gap", make_findings(cases=2, seeds=2).cases, "Bloques").svg
    assert set(re.findall(r'font-family="([^"]*)"', svg)) == {style.FAMILIES}
    assert "STIX" not in svg
