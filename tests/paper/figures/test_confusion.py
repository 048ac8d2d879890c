"""Confusion: matrices with numbers where there is room, and the pairs confused most."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from benchsuite.paper.figures import confusion
from benchsuite.paper.figures.canvas import draw_within
from support.synthetic import make_findings

COUNTS = ((8, 2, 0), (1, 9, 0), (3, 0, 7))
NAMES = ("roya", "sana", "mancha")


def test_errors_come_by_their_number_then_by_their_share() -> None:
    errors = confusion.find_errors(np.asarray(COUNTS))
    assert [(error.true, error.predicted, error.images, error.share) for error in errors] == [
        (2, 0, 3, 0.3), (0, 1, 2, 0.2), (1, 0, 1, 0.1),
    ]  # fmt: skip


def test_a_matrix_can_be_asked_for_every_count_that_is_not_zero() -> None:
    cases = [replace(case, confusion=COUNTS) for case in make_findings(cases=2, seeds=1).cases]
    drawn = confusion.draw_matrices("fig-confusion", cases, NAMES, "Bloques")
    assert [series.title for series in drawn.series] == ["Bloques: 0", "Bloques: 1"]
    assert len(drawn.series[0].points) == 6
    assert "mancha tomada por roya: 3 de 10" in [said for _, _, said in drawn.series[0].points]
    assert "Imágenes en la diagonal: 0, 24 de 30; 1, 24 de 30." in drawn.alt
    assert "<image" not in drawn.svg


def test_pairs_name_the_true_and_the_predicted_class() -> None:
    case = replace(make_findings(cases=1, seeds=1).cases[0], confusion=COUNTS)
    drawn = confusion.draw_pairs("fig-confusion", case, NAMES)
    assert drawn.alt.endswith("mancha tomada por roya, 3; roya tomada por sana, 2; sana tomada por roya, 1.")
    assert drawn.svg.index("mancha →") < drawn.svg.index("roya →")


def test_many_classes_leave_room_for_two_matrices() -> None:
    assert [confusion.panels(classes) for classes in (5, 6)] == [10, 2]
    assert confusion.abreast(5, 7) == 5
    assert confusion.abreast(6, 7) == 2


@pytest.mark.parametrize(("width", "title"), [(7.14, ">Bloques congelados: 4<"), (6.3, ">4<")])
def test_titles_that_the_edge_would_cut_are_those_of_the_cases_alone(width: float, title: str) -> None:
    cases = [replace(case, confusion=COUNTS) for case in make_findings(cases=5, seeds=1).cases]
    names = ("mancha angular", "roya", "sana")
    draw = partial(confusion.draw_matrices, cases=cases, classes=names, factor="Bloques congelados")
    svg = draw_within(width, draw, "fig-confusion").svg
    assert title in svg
    assert (">Bloques congelados: 0<" in svg) is (width > 7)
