"""Confusion in test, summed over seeds: matrices for as many classes as one can read, else the pairs most confused.

Drawn as vectors: `imshow` would embed a bitmap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.concurrency.memo import kept
from benchsuite.paper.document.blocks import Drawing, Facet
from benchsuite.paper.figures.style import (
    COLOURS,
    COLUMN,
    PAGE,
    Trace,
    brief,
    drawing,
    figure,
    finish,
    mark,
    named,
    numerals,
    short,
)
from benchsuite.paper.language import spanish

COUNTED = 12
"""Most classes whose cells have room for a number."""
LARGEST = 40
"""Classes beyond which a matrix is too fine to read on a page."""
PAIRS = 15
"""Pairs of classes that are named where there is no matrix."""


def panels(classes: int) -> int:
    """How many matrices of that many classes a paper has room for."""
    return 10 if classes <= 5 else 2


def abreast(classes: int, cases: int) -> int:
    return min(cases, 5 if classes <= 5 else 2)


@kept
def matrices(name: str, cases: Sequence[CaseFindings], classes: Sequence[str], factor: str) -> Drawing:
    """A panel for each case that has a matrix; shades are shares of the true class.

    The numbers are counts of images, or percentages of the true class where there are more than five classes.
    """
    shown = [case for case in cases if case.confusion is not None]
    size = len(classes)
    columns = abreast(size, len(shown))
    rows = -(-len(shown) // columns)
    if size <= 5:
        width, height = (PAGE if columns > 2 else 2.3 * columns), 1.85 * rows + 0.1
    else:
        width, height = (PAGE, 3.5 * rows) if columns > 1 else (COLUMN, 3.3)
    names = brief(classes, 26)
    with drawing(name):
        made, grid = figure(width, height, nrows=rows, ncols=columns, squeeze=False)
        places = list(grid.flat)
        traces: list[Trace] = []
        for axes, case in zip(places, shown, strict=False):
            mark(axes, case.case.name)
            traces.append(_trace(axes, case, classes, factor))
            _panel(axes, np.asarray(case.confusion), names, axes in grid[:, 0])
            named = f"{factor}: {case.label}" if factor else case.label
            if len(shown) > 1:
                axes.set_title(named if len(named) < 24 else short(case.label), fontsize=7.5)
        for axes in places[len(shown) :]:
            axes.set_visible(False)
        said = "; ".join(f"{case.label}, {_right(case)}" for case in shown)
        return finish(made, name, f"Matrices de confusión en test. Imágenes en la diagonal: {said}.", traces)


@kept
def pairs(name: str, case: CaseFindings, classes: Sequence[str]) -> Drawing:
    """The pairs (true, predicted) confused most often, as bars of their share of the true class."""
    found = confused(np.asarray(case.confusion))[:PAIRS]
    with drawing(name):
        made, axes = figure(COLUMN, 0.5 + 0.235 * max(1, len(found)))
        shares = [100 * share for _, _, _, share in found]
        axes.barh(range(len(found)), shares, 0.62, color=COLOURS[0], alpha=0.85)
        for row, (_, _, count, _) in enumerate(found):
            axes.annotate(
                spanish.number(count), (shares[row], row), xytext=(2, 0), textcoords="offset points", va="center",
                fontsize=6,
            )  # fmt: skip
        labels = [f"{short(classes[true], 24)} →\n{short(classes[predicted], 24)}" for true, predicted, _, _ in found]
        axes.set_yticks(range(len(found)), labels, fontsize=5.5, linespacing=0.95)
        axes.set(ylim=(len(found) - 0.4, -0.6), xlabel="Errores (% de la clase real)")
        axes.margins(x=0.1)
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        numerals(axes.xaxis)
        said = "; ".join(
            f"{classes[true]} tomada por {classes[predicted]}, {spanish.number(count)}"
            for true, predicted, count, _ in found
        )
        return finish(made, name, f"Pares de clases más confundidos en test y número de errores: {said}.")


def confused(counts: Any) -> list[tuple[int, int, int, float]]:
    """(true class, predicted class, images, share of the true class) of every error, the most frequent first."""
    totals = np.maximum(counts.sum(axis=1), 1)
    errors = [
        (int(true), int(predicted), int(counts[true, predicted]), float(counts[true, predicted] / totals[true]))
        for true, predicted in np.argwhere(counts)
        if true != predicted
    ]
    return sorted(errors, key=lambda error: (-error[2], -error[3], error[0], error[1]))


def _trace(axes: Any, case: CaseFindings, classes: Sequence[str], factor: str) -> Trace:
    """The counts of a matrix, those that are not zero."""
    counts = np.asarray(case.confusion)
    totals = counts.sum(axis=1)
    points = [
        (
            predicted + 0.5,
            true + 0.5,
            f"{classes[true]} tomada por {classes[predicted]}: {spanish.number(int(counts[true, predicted]))} de "
            f"{spanish.number(int(totals[true]))}",
        )
        for true, predicted in np.argwhere(counts).tolist()
    ]
    return Trace(axes, named(factor, case.label), points, Facet(case.case.name))


def _panel(axes: Any, counts: Any, names: Sequence[str], first: bool) -> None:
    size = len(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.pcolormesh(
        share, cmap="Blues", vmin=0, vmax=1.1 if size <= COUNTED else 1, edgecolors="white",
        lw=0.8 if size <= COUNTED else 0.3,
    )  # fmt: skip
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.grid(False)
    if size <= COUNTED:
        for (row, column), value in np.ndenumerate(counts):
            shown = spanish.number(int(value)) if size <= 5 else spanish.number(100 * share[row, column], 0)
            if size > 5 and not value:
                continue
            axes.text(
                column + 0.5, row + 0.5, shown, ha="center", va="center", fontsize=7.5 if size <= 5 else 6.5,
                color="white" if share[row, column] > 0.55 else "black",
            )  # fmt: skip
    centres = [i + 0.5 for i in range(size)]
    small = 6.5 if size <= COUNTED else 5.5
    turn = {"rotation": 30, "ha": "right"} if size <= 5 else {"rotation": 90, "ha": "right", "va": "center"}
    axes.set_xticks(centres, names, rotation_mode="anchor", fontsize=small, **turn)
    axes.set_yticks(centres, names if first else [""] * size, fontsize=small)
    axes.set_xlabel("Predicha", fontsize=7)
    if first:
        axes.set_ylabel("Real", fontsize=7)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=1.5)


def _right(case: CaseFindings) -> str:
    counts = np.asarray(case.confusion)
    return f"{spanish.number(int(counts.trace()))} de {spanish.number(int(counts.sum()))}"
