"""Whether a plugin's chart can be drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from benchsuite.contracts.figure import Chart, ChartSeries, StudyResult

if TYPE_CHECKING:
    pass

MOST_SERIES, MOST_POINTS, MOST_CATEGORIES = 24, 10_000, 100


LONGEST_TITLE, LONGEST_WORDS = 120, 2_000


def chart_faults(chart: object, study: StudyResult | None = None) -> Iterator[str]:
    """Why a chart cannot be drawn; with `study`, cases that it does not have are faults, too."""
    if not isinstance(chart, Chart):
        yield f"it is {type(chart).__name__}, no Chart"
        return
    yield from _faulty_words({"x": chart.x, "y": chart.y}, LONGEST_TITLE)
    yield from _faulty_words({"shows": chart.shows, "alt": chart.alt}, LONGEST_WORDS)
    if chart.kind not in ("lines", "points", "bars"):
        yield f"its kind is {chart.kind!r:.40}, not lines, points or bars"
    named = chart.categories
    if not isinstance(named, tuple) or not all(isinstance(name, str) and name for name in named):
        yield "categories are no tuple of names"
        return
    if len(named) > MOST_CATEGORIES:
        yield f"it has {len(named)} categories, more than {MOST_CATEGORIES}"
    if named and chart.log_x:
        yield "an axis of categories cannot be logarithmic"
    if not isinstance(chart.series, tuple) or not all(isinstance(one, ChartSeries) for one in chart.series):
        yield "series is no tuple of ChartSeries"
        return
    if not 1 <= len(chart.series) <= MOST_SERIES:
        yield f"it has {len(chart.series)} series, not 1 to {MOST_SERIES}"
    cases = None if study is None else {case.name for case in study.cases}
    wrong = [fault for number, one in enumerate(chart.series, 1) for fault in _faulty_series(one, number, chart, cases)]
    yield from wrong
    if not wrong and not 1 <= sum(len(one.x) for one in chart.series) <= MOST_POINTS:
        yield f"it has {sum(len(one.x) for one in chart.series)} points, not 1 to {MOST_POINTS}"
    if len(chart.series) > 1 and not all(one.title for one in chart.series):
        yield "one of several series has no title"


def _faulty_words(words: Mapping[str, object], longest: int) -> Iterator[str]:
    for name, said in words.items():
        if not isinstance(said, str) or not said.strip():
            yield f"{name} is empty"
        elif len(said) > longest:
            yield f"{name} has {len(said)} characters, more than {longest}"


def _faulty_series(one: ChartSeries, number: int, chart: Chart, cases: set[str] | None) -> Iterator[str]:
    parts = {"x": one.x, "y": one.y, "low": one.low, "high": one.high}
    for name, values in parts.items():
        if not isinstance(values, tuple) or not all(_finite(value) for value in values):
            yield f"{name} of series {number} is no tuple of finite numbers"
            return
    if not isinstance(one.title, str) or len(one.title) > LONGEST_TITLE:
        yield f"the title of series {number} is no text of up to {LONGEST_TITLE} characters"
    lengths = {name: len(values) for name, values in parts.items()}
    if lengths["y"] != lengths["x"] or lengths["low"] != lengths["high"] or lengths["low"] not in (0, lengths["x"]):
        yield f"series {number} has {', '.join(f'{count} of {name}' for name, count in lengths.items())}"
    if chart.categories and any(value not in range(len(chart.categories)) for value in one.x):
        yield f"series {number} has places that are no category, 0 to {len(chart.categories) - 1}"
    if (chart.log_x and min(one.x, default=1) <= 0) or (chart.log_y and min((*one.y, *one.low), default=1) <= 0):
        yield f"series {number} has values on a logarithmic axis that are not above 0"
    if one.case is not None and cases is not None and one.case not in cases:
        yield f"series {number} is of the case {one.case!r:.60}, which there is not"


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
