"""What accuracy costs: the Pareto front, a panel for each cost, and room for long names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.figures import cost
from support.figures import printed_text
from support.synthetic import make_findings


def test_long_labels_make_the_figure_taller_instead_of_the_axes_narrower() -> None:
    cases = make_findings(cases=3, seeds=2).cases
    longer = tuple(
        replace(case, label=f"una configuración de nombre bastante largo {i}") for i, case in enumerate(cases)
    )

    def height(svg: str) -> float:
        found = re.search(r'height="([\d.]+)pt"', svg)
        assert found is not None
        return float(found[1])

    brief, long = (cost.draw_pareto("fig-cost", chosen, "Caso") for chosen in (cases, longer))
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
    alt = cost.draw_pareto("fig-cost", cases, "Bloques").alt.replace("\u00a0", " ")
    assert "Frontera de Pareto: por parámetros, 1, 0 y 3; por tiempo, 0 y 3." in alt
    assert "3, 900 parámetros, 95,0 %" in alt


def test_cost_has_a_panel_for_each_thing_that_differs() -> None:
    differing = costing((0.9, 0.8), (500, 100), (9, 3))
    alike = costing((0.9, 0.8), (500, 500), (9, 3))
    both, time = (cost.draw_pareto("fig-cost", cases, "Bloques") for cases in (differing, alike))
    assert ("Parámetros entrenables" in both.svg, len(both.series)) == (True, 4)
    assert ("Parámetros entrenables" in time.svg, len(time.series)) == (False, 2)


def test_cases_without_accuracy_or_cost_are_left_out() -> None:
    cases = costing((0.9, 0.8, 0.7), (500, 100, 50), (9, 3, 0))
    unscored = (replace(cases[0], estimates={}), *cases[1:])
    sizes, times = cost.cost_axes(unscored)
    assert [case.label for case, _ in sizes.costs] == ["1", "2"]
    assert [case.label for case, _ in times.costs] == ["1"]


def test_time_against_size_begins_at_zero_unless_it_spreads_widely() -> None:
    near, far = ((9, 7, 5), (900, 30, 3))
    for times in (near, far):
        cases = costing((0.9, 0.8, 0.7), (500, 100, 50), times)
        drawn = cost.draw_size_time("fig-size-time", cases, "Bloques")
        said = [series.points[0][2].replace("\u00a0", " ") for series in drawn.series]
        assert [text.split(",")[0] for text in said] == ["500 parámetros", "100 parámetros", "50 parámetros"]
        heights = [series.points[0][1] for series in drawn.series]
        assert heights == sorted(heights), "the slowest stands highest"
        assert drawn.svg.count(">0<") == (2 if times is near else 1), "the legend has one, too"
        assert "%" not in drawn.alt
        assert printed_text(drawn.svg, wide=False) >= 7


def test_cases_without_a_time_are_not_set_against_their_size() -> None:
    cases = costing((0.9, 0.8), (500, 100), (9, 3))
    untimed = (replace(cases[0], estimates={}), cases[1])
    assert [case.label for case, _, _ in cost.sized_times(untimed)] == ["1"]
    assert len(cost.draw_size_time("fig-size-time", untimed, "Bloques").series) == 1
