"""Figures stay readable and reproducible whatever the cases are called."""

from __future__ import annotations

import re
from dataclasses import replace

from benchsuite.paper.figures import cost, curves, intervals, style
from support.synthetic import make_findings


def test_the_same_findings_give_the_same_svg() -> None:
    cases = make_findings(cases=2, seeds=2).cases
    assert intervals.gap("fig-gap", cases, "Bloques") == intervals.gap("fig-gap", cases, "Bloques")


def test_labels_are_text_never_mathematics_or_markup() -> None:
    cases = tuple(replace(case, label="<b>$x$") for case in make_findings(cases=2, seeds=2).cases)
    svg = intervals.test_accuracy("fig-test", cases, "Caso").svg
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

    brief, long = (cost.parameters_against_time("fig-cost", chosen, "Caso") for chosen in (cases, longer))
    assert height(long.svg) > height(brief.svg)
    assert "una configurac…astante largo 1" in long.svg


def test_identifiers_carry_the_name_of_their_figure() -> None:
    svg = curves.loss("fig-loss", make_findings(cases=2, seeds=2).cases, "Bloques").svg
    assert all(name.startswith("fig-loss-") for name in re.findall(r'\bid="([^"]+)"', svg))


def test_axis_amounts_are_spanish() -> None:
    assert [style.amount(value) for value in (1000, 10_000, 1e6, 1.5e7)] == [
        "1000",
        "10\u00a0mil",
        "1\u00a0M",
        "15\u00a0M",
    ]
