"""Charts that plugins declare, drawn as the paper's own figures are."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.ticker import NullLocator

from benchsuite.contracts.figure import Chart, ChartSeries
from benchsuite.paper.concurrency.memo import memoize
from benchsuite.paper.document.blocks import Drawing, Facet
from benchsuite.paper.figures.axes import set_logarithmic, set_numerals
from benchsuite.paper.figures.canvas import drawing, mark
from benchsuite.paper.figures.style import COLUMN, PAGE, hatch, look, shorten_all
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say

BARS = 0.7
"""How much of the room between two places the bars there take together."""
LONG = 12
"""Characters of a category that is written aslant."""


@memoize
def draw_chart(name: str, chart: Chart, *, narrow: bool = False) -> Drawing:
    """The drawing of a chart that `chart_faults` finds nothing wrong with; `narrow`, however wide it asks to be."""
    with drawing(name, PAGE if chart.wide and not narrow else COLUMN, 2.1) as canvas:
        axes = canvas.axes
        for index, series in enumerate(chart.series):
            across = _places(chart, index, series)
            drawn = _draw(axes, chart, index, series, across)
            if series.case is not None:
                mark(drawn, series.case)
            points = [
                (x, y, _describe(chart, series, i)) for i, (x, y) in enumerate(zip(across, series.y, strict=True))
            ]
            canvas.trace(axes, series.title or chart.y, points, Facet(series.case))
        axes.set(xlabel=chart.x, ylabel=chart.y)
        axes.margins(y=0.08)
        _set_scales(axes, chart)
        if any(series.title for series in chart.series):
            canvas.legend(axes)
        return canvas.finish(chart.alt)


def _places(chart: Chart, index: int, series: ChartSeries) -> list[float]:
    """Where the values of a series stand: bars, and intervals in the same categories, beside those of the others."""
    count = len(chart.series)
    if count == 1 or not (chart.kind == "bars" or (chart.categories and series.low)):
        return list(series.x)
    room = _step(chart) * (BARS if chart.kind == "bars" else BARS / 2)
    return [x + room * ((index + 0.5) / count - 0.5) for x in series.x]


def _step(chart: Chart) -> float:
    """The smallest distance between two places along the x axis."""
    places = sorted({value for one in chart.series for value in one.x})
    return min((after - before for before, after in pairwise(places)), default=1.0)


def _draw(axes: Any, chart: Chart, index: int, series: ChartSeries, across: list[float]) -> Any:
    """The points, lines or bars of a series, with their intervals."""
    style, errors = look(index), None
    if series.low:
        below = [max(0.0, y - low) for y, low in zip(series.y, series.low, strict=True)]
        errors = [below, [max(0.0, high - y) for y, high in zip(series.y, series.high, strict=True)]]
    bars = {"elinewidth": 0.7, "capsize": 1.5}
    if chart.kind == "bars":
        return axes.bar(
            across, series.y, _step(chart) * BARS / len(chart.series), yerr=errors, color=style.colour, alpha=0.85,
            ecolor="black", error_kw=bars, label=series.title or None, hatch=hatch(index),
            edgecolor="white", lw=0,
        )  # fmt: skip
    return axes.errorbar(
        across, series.y, yerr=errors, color=style.colour, marker=style.marker, mfc=style.face,
        ls=style.dash if chart.kind == "lines" else "none", label=series.title or None, **bars,
    )  # fmt: skip


def _set_scales(axes: Any, chart: Chart) -> None:
    across = [value for one in chart.series for value in one.x]
    up = [value for one in chart.series for value in (*one.y, *one.low, *one.high)]
    for along, logarithmic, values in (("x", chart.log_x, across), ("y", chart.log_y, up)):
        if logarithmic:
            set_logarithmic(axes, along)
        else:
            axis = axes.xaxis if along == "x" else axes.yaxis
            set_numerals(axis, whole=all(float(value).is_integer() for value in values))
    if chart.categories:
        long = max(map(len, chart.categories)) * len(chart.categories) > (2 if chart.wide else 1) * 5 * LONG
        aslant = {"rotation": 30, "ha": "right"} if long else {}
        axes.set_xticks(range(len(chart.categories)), shorten_all(chart.categories), **aslant)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(-0.5, len(chart.categories) - 0.5)


def _describe(chart: Chart, series: ChartSeries, index: int) -> str:
    """What a point says when it is asked."""
    x = series.x[index]
    place = chart.categories[int(x)] if chart.categories else typography.rounded(x)
    text = f"{place}: {typography.rounded(series.y[index])}"
    if series.low:
        low, high = typography.rounded(series.low[index]), typography.rounded(series.high[index])
        text += f" {say('interval', low=low, high=high)}"
    return text
