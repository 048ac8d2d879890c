"""Curves by epoch: a line a run, the values of the findings, and what the axes cut off."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from markupsafe import escape

from benchsuite.paper.document.blocks import Facet
from benchsuite.paper.figures import curves
from support.figures import seeds_by_run
from support.synthetic import make_findings


@pytest.mark.parametrize("draw", [curves.draw_loss, curves.draw_convergence])
@pytest.mark.parametrize(("cases", "panels"), [(2, 1), (1, 2)])
def test_curves_have_a_line_for_every_run(draw: Any, cases: int, panels: int) -> None:
    shown = make_findings(cases=cases, seeds=3).cases
    svg = draw("fig-curves", shown, "Bloques", seeds_by_run(shown)).svg
    runs = re.findall(r'data-case="([^"]+)" data-seed="(\d)"', svg)
    panels = 2 if draw is curves.draw_loss else panels
    assert sorted(runs) == sorted([(case.case.name, str(seed)) for case in shown for seed in range(3)] * panels)


def test_a_single_seed_and_a_thicket_of_runs_have_no_lines_of_their_own() -> None:
    for cases, seeds in ((2, 1), (5, 13)):
        shown = make_findings(cases=cases, seeds=seeds).cases
        assert "data-seed" not in curves.draw_loss("fig-loss", shown, "Bloques", seeds_by_run(shown)).svg


def test_the_legend_names_each_case_once() -> None:
    cases = make_findings(cases=2, seeds=3).cases
    legend = re.findall(
        r'data-legend="([^"]+)"', curves.draw_loss("fig-loss", cases, "Bloques", seeds_by_run(cases)).svg
    )
    assert legend == [case.case.name for case in cases]


def test_names_of_cases_are_attributes_whatever_they_hold() -> None:
    cases = make_findings(cases=2, seeds=2).cases
    hostile = '" onload="alert(1)"><script>'
    named = (replace(cases[0], case=cases[0].case.model_copy(update={"name": hostile})), cases[1])
    drawn = curves.draw_convergence("fig-convergence", named, "Bloques", seeds_by_run(named))
    assert "<script" not in drawn.svg
    assert 'onload="' not in drawn.svg
    assert f'data-case="{escape(hostile)}"' in drawn.svg
    assert drawn.series[0].facet == Facet(hostile)


def test_the_values_of_curves_are_those_of_the_findings_within_the_drawing() -> None:
    cases = make_findings(cases=2, seeds=3).cases
    drawn = curves.draw_loss("fig-loss", cases, "Bloques", seeds_by_run(cases))
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
    said = [text for _, _, text in curves.draw_loss("fig-loss", high, "Bloques", seeds_by_run(high)).series[0].points]
    assert len(said) == len(curve.epochs) - 1
    assert not any("1000" in text for text in said)


@pytest.mark.parametrize(("draw", "start"), [(curves.draw_loss, "Pérdida"), (curves.draw_convergence, "Exactitud")])
def test_the_only_case_has_both_sides_in_one_panel(draw: Any, start: str) -> None:
    cases = make_findings(cases=1, seeds=2).cases
    drawn = draw("fig-curves", cases, "", seeds_by_run(cases))
    assert re.fullmatch(rf"{start} por época: entrenamiento, de .+ a .+; validación, de .+ a .+\.", drawn.alt)
    assert [series.title.split(" · ")[1].split(" de ")[1] for series in drawn.series] == ["entrenamiento", "validación"]
