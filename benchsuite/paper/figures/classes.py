"""Class by class: how many images there are of each, and how many of them are recognised.

A bar a class as long as the names can be read; beyond that, how many classes there are of each kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.concurrency.memo import kept
from benchsuite.paper.document.blocks import Drawing, Facet
from benchsuite.paper.figures.style import (
    COLOURS,
    COLUMN,
    Trace,
    brief,
    drawing,
    figure,
    finish,
    legend,
    mark,
    named,
    numerals,
)
from benchsuite.paper.language import spanish

LARGEST = 40
"""Most classes with a bar of their own."""
SHADES = (COLOURS[0], COLOURS[4], COLOURS[5])
HATCHES = ("", "////", "....")
ROW = 0.135
"""Inches a class takes."""


@kept
def distribution(name: str, counts: Mapping[str, Sequence[int]], classes: Sequence[str]) -> Drawing:
    """Images of each class, the splits (by their titles) one after the other."""
    totals = np.sum([np.asarray(side) for side in counts.values()], axis=0)
    with drawing(name):
        if len(classes) > LARGEST:
            made, axes = figure(COLUMN, 1.6)
            sizes, classes_of = np.unique(totals, return_counts=True)
            if len(sizes) > 30:
                axes.hist(totals, bins=20, color=SHADES[0], alpha=0.8, edgecolor="white", lw=0.5)
            else:
                axes.bar(sizes, classes_of, 0.8, color=SHADES[0], alpha=0.8)
            axes.set(xlabel="Imágenes de la clase", ylabel="Clases")
            axes.grid(axis="x", visible=False)
            numerals(axes.xaxis, whole=True)
            numerals(axes.yaxis, whole=True)
        else:
            made, axes = _rows(classes)
            left = np.zeros(len(classes))
            for side, shade, hatch in zip(counts, SHADES, HATCHES, strict=False):
                values = np.asarray(counts[side])
                axes.barh(
                    range(len(classes)), values, 0.72, left=left, color=shade, hatch=hatch, edgecolor="white", lw=0,
                    label=side,
                )  # fmt: skip
                left = left + values
            axes.set(xlabel="Imágenes")
            numerals(axes.xaxis, whole=True)
            legend(made, axes)
        least, most = int(totals.argmin()), int(totals.argmax())
        alt = (
            f"Imágenes por clase: de {spanish.number(int(totals[least]))} ({classes[least]}) a "
            f"{spanish.number(int(totals[most]))} ({classes[most]})."
        )
        return finish(made, name, alt)


@kept
def accuracy(name: str, cases: Sequence[CaseFindings], classes: Sequence[str], factor: str) -> Drawing:
    """The share of each class's test images that is recognised, in at most three cases."""
    shown = [(case, recall(case)) for case in cases if case.confusion is not None]
    traces: list[Trace] = []
    with drawing(name):
        if len(classes) > LARGEST:
            made, axes = figure(COLUMN, 1.7)
            edges = np.linspace(0, 100, 11)
            width = 8.4 / len(shown)
            for order, ((case, shares), shade, hatch) in enumerate(zip(shown, SHADES, HATCHES, strict=False)):
                places = edges[:-1] + 5 + width * (order - (len(shown) - 1) / 2)
                heights = np.histogram(100 * shares, bins=edges)[0]
                drawn = axes.bar(
                    places, heights, width, color=shade, hatch=hatch, edgecolor="white", lw=0, label=case.label
                )
                mark(drawn, case.case.name)
            axes.set(xlabel="Exactitud de la clase (%)", ylabel="Clases", xlim=(0, 100))
            axes.set_xticks(range(0, 101, 10))
            axes.grid(axis="x", visible=False)
            numerals(axes.xaxis)
            numerals(axes.yaxis, whole=True)
        else:
            made, axes = _rows(classes, 1 + 0.3 * (len(shown) - 1))
            height = 0.8 / len(shown)
            for order, ((case, shares), shade, hatch) in enumerate(zip(shown, SHADES, HATCHES, strict=False)):
                rows = [i + height * (order - (len(shown) - 1) / 2) for i in range(len(classes))]
                drawn = axes.barh(rows, 100 * shares, height, color=shade, hatch=hatch, edgecolor="white", lw=0,
                                  label=case.label)  # fmt: skip
                mark(drawn, case.case.name)
                points = [
                    (100 * float(share), row, f"{title}: {spanish.percent(share)}")
                    for row, share, title in zip(rows, shares, classes, strict=True)
                ]
                traces.append(Trace(axes, named(factor, case.label), points, Facet(case.case.name)))
            axes.set(xlabel="Exactitud en test (%)", xlim=(0, 100))
            numerals(axes.xaxis)
        if len(shown) > 1:
            legend(made, axes, factor)
        alt = f"Exactitud en test por clase. {' '.join(_ends(*pair, classes) for pair in shown)}"
        return finish(made, name, alt, traces)


def recall(case: CaseFindings) -> Any:
    """For each class, the share of its test images that is recognised; 0 where there are none."""
    counts = np.asarray(case.confusion, dtype=float)
    return counts.diagonal() / np.maximum(counts.sum(axis=1), 1)


def _rows(classes: Sequence[str], thickness: float = 1.0) -> tuple[Any, Any]:
    """Axes with a row for each class, the first at the top."""
    made, axes = figure(COLUMN, 0.5 + ROW * thickness * len(classes))
    axes.set_yticks(range(len(classes)), brief(classes), fontsize=6.5)
    axes.set(ylim=(len(classes) - 0.4, -0.6))
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    return made, axes


def _ends(case: CaseFindings, shares: Any, classes: Sequence[str]) -> str:
    least, most = int(shares.argmin()), int(shares.argmax())
    return (
        f"{case.label}: de {spanish.percent(shares[least])} ({classes[least]}) a {spanish.percent(shares[most])} "
        f"({classes[most]})."
    )
