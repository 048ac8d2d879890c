"""Curves by epoch: a line a run, the values of the findings, and what the axes cut off."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from markupsafe import escape

from benchsuite.paper.document.blocks import Facet
from benchsuite.paper.figures import curves
from support.figures import printed_text, seeds_by_run
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


def test_bands_are_those_of_the_cases_that_are_asked_for() -> None:
    cases = make_findings(cases=4, seeds=3).cases

    def bands(**asked: Any) -> set[str]:
        svg = curves.draw_loss("fig-loss", cases, "Bloques", seeds_by_run(cases), **asked).svg
        marked = re.findall(r'data-case="([^"]+)"[^>]*>(.*?)</g>', svg, re.DOTALL)
        return {name for name, drawn in marked if "fill-opacity" in drawn}

    names = [case.case.name for case in cases]
    assert bands() == set(names)
    assert bands(banded=names[1:3]) == set(names[1:3])


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


def test_accuracy_has_a_panel_for_each_case_with_both_curves_of_its_own_epochs() -> None:
    cases = make_findings(cases=3, seeds=3).cases
    drawn = curves.draw_panels("fig-curves", cases, "Bloques", seeds_by_run(cases))
    assert [series.title for series in drawn.series] == [
        f"Bloques: {case.label} · exactitud de {side}" for case in cases for side in ("entrenamiento", "validación")
    ]
    for series, case in zip(drawn.series[1::2], cases, strict=True):
        assert series.facet == Facet(case.case.name)
        assert len(series.points) == len(case.curves["validation_accuracy"].epochs)
    first, second, third = ({x for x, _, _ in series.points} for series in drawn.series[::2])
    assert max(first) < min(second) < max(second) < min(third)
    runs = re.findall(r'data-case="([^"]+)" data-seed="(\d)"', drawn.svg)
    assert sorted(runs) == sorted([(case.case.name, str(seed)) for case in cases for seed in range(3)] * 2)
    assert "data-legend" not in drawn.svg, "the legend tells of all cases"
    assert "stroke-dasharray" in drawn.svg, "grey prints tell the two curves apart"


@pytest.mark.parametrize("narrow", [False, True])
def test_panels_are_as_many_as_cases_and_their_text_is_legible_in_every_form(narrow: bool) -> None:
    cases = make_findings(cases=5, seeds=2).cases
    seven = (*cases, *(replace(case, label=f"otra configuración {case.label}") for case in cases[:2]))
    drawn = curves.draw_panels("fig-curves", seven, "Bloques", seeds_by_run(cases), narrow=narrow)
    assert len(drawn.series) == 14
    assert drawn.svg.count("Época") == (2 if narrow else 4), "below the last panel of each column"
    assert printed_text(drawn.svg, wide=not narrow) >= 7
    assert "otra configuración 1: entrenamiento, de " in drawn.alt


def test_the_gap_by_epoch_is_that_of_the_curves_in_points() -> None:
    cases = make_findings(cases=2, seeds=2).cases
    drawn = curves.draw_gap("fig-gap-epochs", cases, "Bloques", seeds_by_run(cases))
    for series, case in zip(drawn.series, cases, strict=True):
        trained, validated = (case.curves[f"{side}_accuracy"].mean for side in ("train", "validation"))
        shown = [float(text.split(": ")[1].split()[0].replace(",", ".").replace("\u2212", "-").split("\u00a0")[0])
                 for _, _, text in series.points]  # fmt: skip
        assert shown == [pytest.approx(100 * (t - v), abs=0.051) for t, v in zip(trained, validated, strict=True)]
    assert printed_text(drawn.svg, wide=False) >= 7
    assert drawn.alt.startswith("Exactitud de entrenamiento menos la de validación por época: 0, de ")


@pytest.mark.parametrize("draw", [curves.draw_loss, curves.draw_convergence, curves.draw_panels])
def test_epochs_are_counted_from_0(draw: Any) -> None:
    cases = make_findings(cases=2, seeds=2).cases
    svg = draw("fig-curves", cases, "Bloques", seeds_by_run(cases)).svg
    ticks = re.findall(r'<g id="[^"]*xtick_1".*?<text[^>]*>([^<]*)</text>', svg, re.DOTALL)
    assert ticks
    assert set(ticks) == {"0"}
