"""Confusion in test, summed over seeds: matrices for as many classes as one can read, else the pairs most confused.

Drawn as vectors: `imshow` would embed a bitmap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.concurrency.memo import memoize
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.axes import name_rows, set_numerals
from benchsuite.paper.figures.canvas import drawing, title_series
from benchsuite.paper.figures.style import COLOURS, COLUMN, PAGE, shorten, shorten_all
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say

FEW = 5
"""Most classes whose cells have room for a count of images; beyond, they have percentages."""
COUNTED = 12
"""Most classes whose cells have room for a number."""
LARGEST = 22
"""Classes beyond which the names beside a matrix would be too small to read."""
PAIRS = 15
"""Pairs of classes that are named where there is no matrix."""


class ClassError(NamedTuple):
    """Images of a true class taken for another, and their share of the true class."""

    true: int
    predicted: int
    images: int
    share: float


def panels(classes: int) -> int:
    """How many matrices of that many classes a paper has room for."""
    return 10 if classes <= FEW else 2


def abreast(classes: int, cases: int) -> int:
    return min(cases, 5 if classes <= FEW else 2)


def find_errors(counts: Any) -> list[ClassError]:
    """Every error of a confusion matrix, the most frequent first."""
    totals = np.maximum(counts.sum(axis=1), 1)
    errors = [
        ClassError(
            int(true), int(predicted), int(counts[true, predicted]), float(counts[true, predicted] / totals[true])
        )
        for true, predicted in np.argwhere(counts)
        if true != predicted
    ]
    return sorted(errors, key=lambda error: (-error.images, -error.share, error.true, error.predicted))


@memoize
def draw_matrices(
    name: str, cases: Sequence[CaseFindings], classes: Sequence[str], factor: str, *, narrow: bool = False
) -> Drawing:
    """A panel for each case that has a matrix, `narrow` fewer abreast; shades are shares of the true class.

    The numbers are counts of images, or percentages of the true class where there are more than five classes.
    """
    shown = [(case, np.asarray(case.confusion)) for case in cases if case.confusion is not None]
    columns = abreast(len(classes), len(shown))
    if narrow:
        columns = min(columns, 2 if len(classes) <= FEW else 1)
    rows = -(-len(shown) // columns)
    if len(classes) <= FEW:
        width = COLUMN if narrow else PAGE if columns > 2 else min(2.3 * columns, COLUMN)
        size = (width, (1.75 if narrow else 1.85) * rows + 0.1)
    else:
        size = (PAGE, 3.5 * rows) if columns > 1 else (COLUMN, 3.3)
    names = shorten_all(classes, 26)
    with drawing(name, *size, factor=factor, nrows=rows, ncols=columns, squeeze=False) as canvas:
        places = list(canvas.axes.flat)
        for axes, (case, counts) in zip(places, shown, strict=False):
            canvas.show(case, axes, axes, _points(counts, classes))
            _draw_matrix(axes, counts, names, first=axes in canvas.axes[:, 0])
            if len(shown) > 1:
                title = title_series(factor, case.label)
                axes.set_title(title if len(title) < 24 else shorten(case.label), fontsize=7.5)
        for axes in places[len(shown) :]:
            axes.set_visible(False)
        if len(shown) > 1 and _pass_the_edge(canvas.figure, places):
            for axes, (case, _) in zip(places, shown, strict=False):
                axes.set_title(shorten(case.label), fontsize=7.5)
        text = "; ".join(
            say("alt-confusion-case", case=case.label, right=int(counts.trace()), every=int(counts.sum()))
            for case, counts in shown
        )
        return canvas.finish(say("alt-confusion", cases=text))


def _pass_the_edge(figure: Any, places: Sequence[Any]) -> bool:
    """Whether a title, which stands over the middle of its matrix, is wider than the drawing has room for."""
    figure.draw_without_rendering()
    return any(axes.title.get_window_extent().x1 > figure.bbox.x1 for axes in places if axes.get_visible())


@memoize
def draw_pairs(name: str, case: CaseFindings, classes: Sequence[str]) -> Drawing:
    """The pairs (true, predicted) confused most often, as bars of their share of the true class."""
    errors = find_errors(np.asarray(case.confusion))[:PAIRS]
    with drawing(name, COLUMN, 0.5 + 0.26 * max(1, len(errors))) as canvas:
        axes = canvas.axes
        shares = [100 * error.share for error in errors]
        axes.barh(range(len(errors)), shares, 0.62, color=COLOURS[0], alpha=0.85)
        for row, error in enumerate(errors):
            axes.annotate(
                typography.number(error.images), (shares[row], row), xytext=(2, 0), textcoords="offset points",
                va="center", fontsize=7,
            )  # fmt: skip
        labels = [f"{shorten(classes[e.true])} →\n{shorten(classes[e.predicted])}" for e in errors]
        name_rows(axes, labels, fontsize=7, linespacing=0.95)
        axes.set(xlabel=say("axis-errors"))
        axes.margins(x=0.1)
        set_numerals(axes.xaxis)
        text = "; ".join(
            say("alt-pair", true=classes[e.true], predicted=classes[e.predicted], images=e.images) for e in errors
        )
        return canvas.finish(say("alt-pairs", pairs=text))


def _points(counts: Any, classes: Sequence[str]) -> list[tuple[float, float, str]]:
    """The counts of a matrix, those that are not zero."""
    totals = counts.sum(axis=1)
    return [
        (
            predicted + 0.5,
            true + 0.5,
            say(
                "value-confusion",
                true=classes[true],
                predicted=classes[predicted],
                images=int(counts[true, predicted]),
                every=int(totals[true]),
            ),
        )
        for true, predicted in np.argwhere(counts).tolist()
    ]


def _draw_matrix(axes: Any, counts: Any, names: Sequence[str], *, first: bool) -> None:
    """The `first` matrix of a row has the names of the classes at its left."""
    size, few, numbered = len(counts), len(counts) <= FEW, len(counts) <= COUNTED
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.pcolormesh(
        share, cmap="Blues", vmin=0, vmax=1.1 if numbered else 1, edgecolors="white", lw=0.8 if numbered else 0.3
    )
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.grid(False)
    for (row, column), value in np.ndenumerate(counts):
        if numbered and (few or value):
            axes.text(
                column + 0.5, row + 0.5, typography.number(int(value) if few else 100 * share[row, column], 0),
                ha="center", va="center", fontsize=7.5 if few else 7,
                color="white" if share[row, column] > 0.55 else "black",
            )  # fmt: skip
    centres = [i + 0.5 for i in range(size)]
    turn = {"rotation": 30, "ha": "right"} if few else {"rotation": 90, "ha": "right", "va": "center"}
    axes.set_xticks(centres, names, rotation_mode="anchor", fontsize=7, **turn)
    axes.set_yticks(centres, names if first else [""] * size, fontsize=7)
    axes.set_xlabel(say("axis-predicted"), fontsize=7)
    if first:
        axes.set_ylabel(say("axis-true"), fontsize=7)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=1.5)
