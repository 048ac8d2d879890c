"""Charts that plugins declare, drawn as the paper's own figures are."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.ticker import NullFormatter, NullLocator

from benchsuite.contracts.figure import Chart, ChartSeries
from benchsuite.paper.concurrency.memo import kept
from benchsuite.paper.document.blocks import Drawing, Facet
from benchsuite.paper.figures.style import (
    COLUMN,
    PAGE,
    Trace,
    amount,
    brief,
    drawing,
    figure,
    finish,
    legend,
    look,
    mark,
    numerals,
)
from benchsuite.paper.language import spanish

BARS = 0.7
"""How much of the room between two places the bars there take together."""
LONG = 12
"""Characters of a category that is written aslant."""


@kept
def plugin_chart(name: str, chart: Chart) -> Drawing:
    """The drawing of a chart that `charts.chart_faults` finds nothing wrong with."""
    with drawing(name):
        made, axes = figure(PAGE if chart.wide else COLUMN, 2.1)
        traces: list[Trace] = []
        for index, series in enumerate(chart.series):
            across = _places(chart, index, series)
            drawn = _bars(axes, chart, index, series, across) if chart.kind == "bars" else _points(
                axes, chart, index, series, across
            )  # fmt: skip
            if series.case is not None:
                mark(drawn, series.case)
            facet = Facet(series.case)
            points = [(x, y, _said(chart, series, i)) for i, (x, y) in enumerate(zip(across, series.y, strict=True))]
            traces.append(Trace(axes, series.title or chart.y, points, facet))
        axes.set(xlabel=chart.x, ylabel=chart.y)
        axes.margins(y=0.08)
        _axes(axes, chart)
        if any(series.title for series in chart.series):
            legend(made, axes)
        return finish(made, name, chart.alt, traces)


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


def _errors(series: ChartSeries) -> list[list[float]] | None:
    if not series.low:
        return None
    below = [max(0.0, y - low) for y, low in zip(series.y, series.low, strict=True)]
    return [below, [max(0.0, high - y) for y, high in zip(series.y, series.high, strict=True)]]


def _points(axes: Any, chart: Chart, index: int, series: ChartSeries, across: list[float]) -> Any:
    style = look(index)
    return axes.errorbar(
        across, series.y, yerr=_errors(series), color=style.colour, marker=style.marker,
        ls=style.dash if chart.kind == "lines" else "none", elinewidth=0.7, capsize=1.5, label=series.title or None,
    )  # fmt: skip


def _bars(axes: Any, chart: Chart, index: int, series: ChartSeries, across: list[float]) -> Any:
    width = _step(chart) * BARS / len(chart.series)
    return axes.bar(
        across, series.y, width, yerr=_errors(series), color=look(index).colour, alpha=0.85, ecolor="black",
        error_kw={"elinewidth": 0.7, "capsize": 1.5}, label=series.title or None,
        hatch=("", "////", "....", "xxxx")[index % 4], edgecolor="white", lw=0,
    )  # fmt: skip


def _axes(axes: Any, chart: Chart) -> None:
    for axis, logarithmic, along in ((axes.xaxis, chart.log_x, "x"), (axes.yaxis, chart.log_y, "y")):
        if logarithmic:
            axes.set(**{f"{along}scale": "log"})
            axis.set_major_formatter(lambda value, _: amount(float(value)))
            axis.set_minor_formatter(NullFormatter())
        else:
            parts = [one.x if along == "x" else (*one.y, *one.low, *one.high) for one in chart.series]
            numerals(axis, whole=all(float(value).is_integer() for values in parts for value in values))
    if chart.categories:
        long = max(map(len, chart.categories)) * len(chart.categories) > (2 if chart.wide else 1) * 5 * LONG
        aslant = {"rotation": 30, "ha": "right"} if long else {}
        axes.set_xticks(range(len(chart.categories)), brief(chart.categories), **aslant)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(-0.5, len(chart.categories) - 0.5)


def _said(chart: Chart, series: ChartSeries, index: int) -> str:
    """What a point says when it is asked."""
    x = series.x[index]
    place = chart.categories[int(x)] if chart.categories else _number(x)
    said = f"{place}: {_number(series.y[index])}"
    if series.low:
        said += f" [{_number(series.low[index])}; {_number(series.high[index])}]"
    return said


def _number(value: float) -> str:
    """With four significant digits, as people write it."""
    plain = f"{value:.4g}"
    if "e" in plain:
        return plain.replace(".", ",")
    return spanish.number(float(plain), len(plain.partition(".")[2]))
