"""How a paper calls its cases."""

from __future__ import annotations

from dataclasses import replace

from benchsuite.paper.context.case_names import CaseNames
from support.synthetic import make_findings

BLOCKS = "recipe.freeze.blocks"


def test_cases_of_a_grid_are_called_by_their_values_and_mentioned_with_their_factor() -> None:
    names = CaseNames({BLOCKS: "Bloques congelados", f"{BLOCKS}=1": "uno"}, (BLOCKS,))
    cases = [replace(case, label=names.label(case)) for case in make_findings(cases=2, seeds=1).cases]
    assert [case.label for case in cases] == ["0", "uno"]
    assert names.factor == names.legend_title == "Bloques congelados"
    assert names.mention(*cases).replace("\u00a0", " ") == "bloques congelados = 0 y uno"
    assert names.label_of_value(BLOCKS, 1) == "uno"
    assert names.label_of_value(BLOCKS, 2) is None


def test_named_cases_stand_in_quotation_marks_and_have_no_factor() -> None:
    cases = make_findings(cases=2, seeds=1).cases
    names = CaseNames({cases[0].case.name: "el *primero*"}, ())
    labelled = [replace(case, label=names.label(case)) for case in cases]
    assert labelled[0].label == "el *primero*"
    assert names.mention(labelled[0]) == "«el \\*primero\\*»"
    assert (names.factor, names.legend_title) == ("Configuración", "")


def test_the_further_paths_of_a_factor_begin_small() -> None:
    assert CaseNames({}, ("recipe.momentum", "recipe.l1")).factor == "Momento, penalización L1"
