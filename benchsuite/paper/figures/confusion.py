"""Confusion matrices, one a case, summed over seeds; page wide. Drawn as vectors: `imshow` would embed a bitmap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper import spanish
from benchsuite.paper.figures.style import PAGE, Drawing, drawing, figure, finish, short

PER_ROW = 5
LARGEST = 30
"""Classes beyond which a matrix is too fine to read on a page."""


def matrices(name: str, cases: Sequence[CaseFindings], classes: Sequence[str], factor: str) -> Drawing:
    """A panel for each case that has a matrix; shades are shares of the true class, figures are counts."""
    shown = [case for case in cases if case.confusion is not None]
    columns = min(PER_ROW, len(shown))
    rows = -(-len(shown) // columns)
    width = PAGE if columns > 2 else 2.3 * columns
    with drawing(name):
        made, grid = figure(width, 1.85 * rows + 0.1, nrows=rows, ncols=columns, squeeze=False)
        panels = list(grid.flat)
        for axes, case in zip(panels, shown, strict=False):
            first = axes in grid[:, 0]
            _panel(axes, np.asarray(case.confusion), classes, first)
            named = f"{factor}: {case.label}"
            axes.set_title(named if len(named) < 24 else short(case.label), fontsize=7.5)
        for axes in panels[len(shown) :]:
            axes.set_visible(False)
        said = "; ".join(f"{case.label}, {_right(case)}" for case in shown)
        return finish(made, name, f"Matrices de confusión en test. Imágenes en la diagonal: {said}.")


def _panel(axes: Any, counts: Any, classes: Sequence[str], first: bool) -> None:
    size = len(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.pcolormesh(share, cmap="Blues", vmin=0, vmax=1.1, edgecolors="white", lw=0.8)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.grid(False)
    if size <= 12:
        for (row, column), value in np.ndenumerate(counts):
            axes.text(
                column + 0.5, row + 0.5, spanish.number(int(value)), ha="center", va="center",
                fontsize=7.5 if size <= 5 else 5, color="white" if share[row, column] > 0.55 else "black",
            )  # fmt: skip
    centres = [i + 0.5 for i in range(size)]
    names = list(classes) if size <= 12 else [""] * size
    axes.set_xticks(centres, names, rotation=30, ha="right", rotation_mode="anchor", fontsize=6.5)
    axes.set_yticks(centres, names if first else [""] * size, fontsize=6.5)
    axes.set_xlabel("Predicha", fontsize=7)
    if first:
        axes.set_ylabel("Real", fontsize=7)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=1.5)


def _right(case: CaseFindings) -> str:
    counts = np.asarray(case.confusion)
    return f"{spanish.number(int(counts.trace()))} de {spanish.number(int(counts.sum()))}"
