"""The stages of the networks: one row a case, frozen ones shaded."""

from __future__ import annotations

from dataclasses import replace

from benchsuite.paper.figures import stages
from support.synthetic import make_findings


def test_every_case_has_a_row_that_says_what_is_frozen_and_how_much_trains() -> None:
    cases = make_findings(cases=3, seeds=1).cases
    drawn = stages.draw_stages("fig-stages", cases, "Bloques")
    for case in cases:
        assert case.model is not None
        frozen = ", ".join(case.model.frozen_stages) or "ninguna"
        assert f"{case.label}, {frozen}" in drawn.alt
        assert drawn.svg.count(f'data-case="{case.case.name}"') == len(case.model.stages) + 1


def test_cases_without_a_finished_run_have_no_row() -> None:
    cases = make_findings(cases=2, seeds=1).cases
    drawn = stages.draw_stages("fig-stages", (cases[0], replace(cases[1], model=None)), "")
    assert f'data-case="{cases[1].case.name}"' not in drawn.svg


def test_names_that_would_run_into_each_other_stand_aslant() -> None:
    """Each is short, and there are many."""
    (case,) = make_findings(cases=1, seeds=1).cases
    assert case.model is not None
    many = tuple(f"blocks{number}" for number in range(10))
    drawn = stages.draw_stages("fig-stages", [replace(case, model=case.model.model_copy(update={"stages": many}))], "")
    assert "rotate(-35" in drawn.svg
    assert "rotate(-35" not in stages.draw_stages("fig-stages", [case], "").svg
