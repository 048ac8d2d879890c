"""Class by class: how many images there are of each, and how many of them are recognised.

A bar a class as long as the names can be read; beyond that, how many classes there are of each kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.concurrency.memo import memoize
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.axes import name_rows, set_numerals
from benchsuite.paper.figures.canvas import drawing
from benchsuite.paper.figures.style import (
    COLOURS,
    COLUMN,
    HATCHES,
    PAGE,
    SECOND_LINE,
    WIDE_TEXT,
    abreast,
    break_titles,
    count_broken,
    shorten_all,
)
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say

LARGEST = 40
"""Most classes with a bar of their own."""
ROW = 0.135
"""Inches a class takes."""
MOST_SIZES = 30
"""Different sizes of classes beyond which they are grouped."""
SHADES = (COLOURS[0], COLOURS[4], COLOURS[5])
BARS = [{"color": shade, "hatch": hatch, "edgecolor": "white", "lw": 0}
        for shade, hatch in zip(SHADES, HATCHES, strict=False)]  # fmt: skip
"""How the bars of each split, or case, look."""


@memoize
def draw_distribution(name: str, counts: Mapping[str, Sequence[int]], classes: Sequence[str]) -> Drawing:
    """Images of each class, the splits (by their titles) one after the other."""
    totals = np.sum([np.asarray(side) for side in counts.values()], axis=0)
    many = len(classes) > LARGEST
    with drawing(name, COLUMN, 1.6 if many else _height(len(classes))) as canvas:
        axes = canvas.axes
        if many:
            sizes, classes_of = np.unique(totals, return_counts=True)
            if len(sizes) > MOST_SIZES:
                axes.hist(totals, bins=20, color=SHADES[0], alpha=0.8, edgecolor="white", lw=0.5)
            else:
                axes.bar(sizes, classes_of, 0.8, color=SHADES[0], alpha=0.8)
            _count_classes(axes, say("axis-images-of-class"))
        else:
            name_rows(axes, shorten_all(classes))
            left = np.zeros(len(classes))
            for (side, images), look in zip(counts.items(), BARS, strict=False):
                axes.barh(range(len(classes)), images, 0.72, left=left, label=side, **look)
                left = left + np.asarray(images)
            axes.set(xlabel=say("axis-images"))
            canvas.legend(axes)
        set_numerals(axes.xaxis, whole=True)
        least, most = (
            f"{typography.number(int(totals[place]))} ({classes[place]})"
            for place in (totals.argmin(), totals.argmax())
        )
        return canvas.finish(say("alt-classes", least=least, most=most))


@memoize
def draw_accuracy(name: str, cases: Sequence[CaseFindings], classes: Sequence[str], factor: str) -> Drawing:
    """The share of each class's test images that is recognised, in at most three cases."""
    shown = [(case, recall(case)) for case in cases if case.confusion is not None]
    many = len(classes) > LARGEST
    height = 1.7 if many else _height(len(classes), 1 + 0.3 * (len(shown) - 1))
    with drawing(name, COLUMN, height, factor=factor) as canvas:
        axes = canvas.axes
        width = (8.4 if many else 0.8) / len(shown)
        for order, ((case, shares), look) in enumerate(zip(shown, BARS, strict=False)):
            points: list[tuple[float, float, str]] = []
            shift = width * (order - (len(shown) - 1) / 2)
            if many:
                edges = np.linspace(0, 100, 11)
                heights = np.histogram(100 * shares, bins=edges)[0]
                drawn = axes.bar(edges[:-1] + 5 + shift, heights, width, label=case.label, **look)
            else:
                rows = [i + shift for i in range(len(classes))]
                drawn = axes.barh(rows, 100 * shares, width, label=case.label, **look)
                points = [
                    (100 * float(share), row, f"{title}: {typography.percent(share)}")
                    for row, share, title in zip(rows, shares, classes, strict=True)
                ]
            canvas.show(case, drawn, axes, points)
        if many:
            axes.set_xticks(range(0, 101, 10))
            _count_classes(axes, say("axis-accuracy-of-class"))
        else:
            name_rows(axes, shorten_all(classes))
            axes.set(xlabel=say("axis-test-accuracy"))
        axes.set(xlim=(0, 100))
        set_numerals(axes.xaxis)
        if len(shown) > 1:
            canvas.legend(axes, factor)
        ends = " ".join(_ends(*pair, classes) for pair in shown)
        return canvas.finish(say("alt-class-accuracy", ends=ends))


@memoize
def draw_panels(
    name: str, cases: Sequence[CaseFindings], classes: Sequence[str], factor: str, *, narrow: bool = False
) -> Drawing:
    """The share of each class's test images that is recognised, a panel for each case, with a dashed line at their
    mean over classes; page wide or, `narrow`, two abreast."""
    shown = [(case, recall(case)) for case in cases if case.confusion is not None]
    columns = min(2, len(shown)) if narrow else abreast(len(shown))
    rows = -(-len(shown) // columns)
    text, width = (7.0, COLUMN) if narrow else (WIDE_TEXT, PAGE)
    grid = {"nrows": rows, "ncols": columns, "sharex": True, "sharey": True, "squeeze": False}
    room = (width - 1.3) / columns * 72 / (0.5 * text)
    titles = break_titles([case.label for case, _ in shown], max(12, int(room)))
    height = rows * (0.35 + 0.0175 * text * len(classes)) + 0.25 + SECOND_LINE * count_broken(titles, columns)
    with drawing(name, width, height, factor=factor, text=text, **grid) as canvas:
        places = list(canvas.axes.flat)
        for place, (axes, (case, shares), title) in enumerate(zip(places, shown, titles, strict=False)):
            drawn = axes.barh(range(len(classes)), 100 * shares, 0.72, color=COLOURS[0], alpha=0.85)
            axes.axvline(100 * float(shares.mean()), color="black", lw=0.7, ls=(0, (4, 2)))
            points = [
                (100 * float(share), float(row), f"{called}: {typography.percent(share)}")
                for row, (share, called) in enumerate(zip(shares, classes, strict=True))
            ]
            canvas.show(case, drawn, axes, points)
            axes.set_title(title, fontsize=text, linespacing=1.0)
            if place + columns >= len(shown):
                axes.set(xlabel="%")
                axes.tick_params(axis="x", labelbottom=True)
        for axes in places[len(shown) :]:
            axes.set_visible(False)
        name_rows(places[0], shorten_all(classes), fontsize=text)
        for axes in places:  # what `name_rows` does to the first alone
            axes.grid(axis="y", visible=False)
            axes.tick_params(axis="y", length=0)
        places[0].set(xlim=(0, 100), xticks=(0, 50, 100))
        set_numerals(places[0].xaxis)
        ends = " ".join(_ends(*pair, classes) for pair in shown)
        return canvas.finish(say("alt-class-accuracy", ends=ends))


def recall(case: CaseFindings) -> Any:
    """For each class, the share of its test images that is recognised; 0 where there are none."""
    counts = np.asarray(case.confusion, dtype=float)
    return counts.diagonal() / np.maximum(counts.sum(axis=1), 1)


def _height(classes: int, thickness: float = 1.0) -> float:
    return 0.5 + ROW * thickness * classes


def _count_classes(axes: Any, along: str) -> None:
    axes.set(xlabel=along, ylabel=say("axis-classes"))
    axes.grid(axis="x", visible=False)
    set_numerals(axes.yaxis, whole=True)


def _ends(case: CaseFindings, shares: Any, classes: Sequence[str]) -> str:
    least, most = (
        f"{typography.percent(shares[place])} ({classes[place]})" for place in (shares.argmin(), shares.argmax())
    )
    return say("alt-class-ends", case=case.label, least=least, most=most)
