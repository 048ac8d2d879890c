"""Figures by class: a bar a class as long as names can be read, else how many classes there are of each kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.figures import classes
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
