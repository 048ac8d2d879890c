"""Figures by class: a bar a class as long as names can be read, else how many classes there are of each kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.figures import classes
from support.figures import printed_text
from support.synthetic import make_findings


def confused(count: int, wrong: int) -> CaseFindings:
    """A case with ten test images of each class, of which so many of the first class are taken for the second."""
    counts = [[10 * (row == column) for column in range(count)] for row in range(count)]
    counts[0][0], counts[0][1] = 10 - wrong, wrong
    return replace(make_findings(cases=1, seeds=1).cases[0], confusion=tuple(map(tuple, counts)))


@pytest.mark.parametrize("count", [6, classes.LARGEST + 1])
def test_accuracy_by_class_names_the_classes_at_its_ends(count: int) -> None:
    names = [f"clase {i}" for i in range(count)]
    drawn = classes.draw_accuracy("fig-class-accuracy", [confused(count, 3)], names, "Caso")
    assert ": de 70,0 % (clase 0) a 100,0 % (clase 1)." in drawn.alt.replace("\u00a0", " ")
    assert ("clase 5" in drawn.svg.split("</title>")[1]) == (count <= classes.LARGEST)
    assert bool(drawn.series) == (count <= classes.LARGEST)


@pytest.mark.parametrize("count", [6, classes.LARGEST + 1])
def test_the_distribution_tells_the_smallest_and_the_largest_class(count: int) -> None:
    names = [f"clase {i}" for i in range(count)]
    sides = {"Entrenamiento": range(10, 10 + count), "Test": [2] * count}
    drawn = classes.draw_distribution("fig-classes", sides, names)
    assert drawn.alt == f"Imágenes por clase: de 12 (clase 0) a {11 + count} (clase {count - 1})."
    assert ("Entrenamiento" in drawn.svg) == (count <= classes.LARGEST)


def test_classes_without_test_images_have_a_recall_of_zero() -> None:
    empty = replace(confused(3, 0), confusion=((0, 0, 0), (0, 4, 1), (0, 0, 5)))
    assert list(classes.recall(empty)) == [0, 0.8, 1]


@pytest.mark.parametrize("narrow", [False, True])
def test_every_case_has_a_panel_of_its_classes(narrow: bool) -> None:
    names = [f"clase {i}" for i in range(20)]
    cases = [replace(confused(20, wrong), label=f"caso {wrong}") for wrong in range(6)]
    drawn = classes.draw_panels("fig-class-panels", cases, names, "Caso", narrow=narrow)
    assert [series.title for series in drawn.series] == [f"Caso: caso {wrong}" for wrong in range(6)]
    assert [series.points[0][2].replace("\u00a0", " ") for series in drawn.series] == [
        f"clase 0: {100 - 10 * wrong},0 %" for wrong in range(6)
    ]
    assert all(len(series.points) == 20 for series in drawn.series)
    assert drawn.svg.count(">clase 7<") == (3 if narrow else 2), "named once for each row of panels"
    assert printed_text(drawn.svg, wide=not narrow) >= 7
    assert "caso 5: de 50,0 % (clase 0) a 100,0 % (clase 1)." in drawn.alt.replace("\u00a0", " ")
