"""A figure while it is drawn: its axes, the series that readers can ask for, its legend, and how it becomes an SVG.

Figures are drawn without pyplot, so that no global state can leak into them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.document.blocks import ALL, Drawing, Facet, Series
from benchsuite.paper.figures.style import PAGE, SMALL, STYLE, shorten_all
from benchsuite.paper.figures.svg import clean_svg, mark_identifier

Points = Sequence[tuple[float, float, str]]
"""(x, y, what it says) of each point in the coordinates of its axes."""


def title_series(factor: str, label: str, *more: str) -> str:
    """The title of a series: «Bloques congelados: 3 · pérdida de validación»."""
    return " · ".join([f"{factor}: {label}" if factor else label, *more])


def mark(drawn: Any, case: str, seed: int | None = None) -> None:
    """Say in the SVG that artists, or a container of them, show a case, or one run of it."""
    for artist in drawn if isinstance(drawn, list | tuple) else [drawn]:
        if isinstance(artist, list | tuple):
            mark(artist, case, seed)
        elif artist is not None:
            artist.set_gid(mark_identifier(case, seed))


_WIDEST: ContextVar[float] = ContextVar("widest", default=PAGE)


def draw_within(width: float, draw: Callable[[str], Drawing], name: str) -> Drawing:
    """What `draw` draws for `name`, no wider than so many inches: a page prints its figures as large as they are drawn,
    so that their letters have the size they say."""
    token = _WIDEST.set(width)
    try:
        return draw(name)
    finally:
        _WIDEST.reset(token)


@contextmanager
def drawing(
    name: str, width: float, height: float, *, factor: str = "", text: float = SMALL, **panels: Any
) -> Iterator[Canvas]:
    """Draw and save within this: legends and texts take their style when made, not when saved.

    `name` must be unique in the paper; sizes are inches; `factor` is what sets the cases of series apart; `text` is the
    size of numbers along axes and of legends, in points.
    """
    small = dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize", "legend.title_fontsize"), text)
    settings: dict[Any, Any] = {**mpl.rcParamsDefault, **STYLE, **small, "svg.hashsalt": name}
    with mpl.rc_context(settings):
        yield Canvas(name, min(width, _WIDEST.get()), height, factor, panels)


class Canvas:
    """`axes` are those of matplotlib: one, or an array of them where there are several panels."""

    def __init__(self, name: str, width: float, height: float, factor: str, panels: dict[str, Any]) -> None:
        self.name, self.factor = name, factor
        self.figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(self.figure)
        self.axes: Any = self.figure.subplots(**panels)
        self._series: list[tuple[Any, Series]] = []  # with the axes that their points are in

    def trace(self, axes: Any, title: str, points: Points, facet: Facet = ALL) -> None:
        """Let readers ask for the values of a series."""
        self._series.append((axes, Series(title, tuple(points), facet)))

    def show(
        self, case: CaseFindings, drawn: Any, axes: Any, points: Points, *more: str, seed: int | None = None
    ) -> None:
        """Mark artists as a case's, or as one run of it, and let readers ask for their values; `more` tells the series
        from the others of the case."""
        mark(drawn, case.case.name, seed)
        self.trace(axes, title_series(self.factor, case.label, *more), points, Facet(case.case.name, seed))

    def legend(self, axes: Any, title: str = "") -> None:
        """Name the series below the drawing, which grows by it: within the axes it would cover what they show."""
        handles, labels = axes.get_legend_handles_labels()
        labels = shorten_all(labels)
        if title:
            handles, labels = [Line2D([], [], alpha=0), *handles], [f"{title}:", *labels]
        if not labels:
            return
        width, height = self.figure.get_size_inches()
        columns = next((n for n in range(len(labels), 1, -1) if _legend_width(labels, n) < width), 1)
        rows = -(-len(labels) // columns)
        self.figure.set_size_inches(width, height + 0.15 * rows + 0.1)
        shown = self.figure.legend(handles, labels, loc="outside lower center", ncols=-(-len(labels) // rows))
        for handle, words in zip(handles, shown.get_texts(), strict=True):
            marked = (handle[0] if isinstance(handle, tuple) else handle).get_gid()
            if marked:
                words.set_gid(f"legend {marked}")

    def finish(self, alt: str) -> Drawing:
        """Save as SVG; `alt` says in words what it shows."""
        # Laying out once by hand, and leaving no engine, not even "none", spares saving a whole drawing of its own.
        engine = self.figure.get_layout_engine()
        assert engine is not None
        engine.execute(self.figure)
        self.figure.set_layout_engine(None)
        target = io.StringIO()
        self.figure.savefig(target, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        placed = [replace(series, points=tuple(self._place(axes, series.points))) for axes, series in self._series]
        return Drawing(clean_svg(target.getvalue(), self.name, alt), alt, tuple(one for one in placed if one.points))

    def _place(self, axes: Any, points: Points) -> Iterator[tuple[float, float, str]]:
        """The points that the axes do not cut off, as parts of the drawing from its top left."""
        box = axes.get_window_extent()
        for x, y, text in points:
            place = axes.transData.transform((x, y))
            if box.x0 - 1 <= place[0] <= box.x1 + 1 and box.y0 - 1 <= place[1] <= box.y1 + 1:
                across, up = self.figure.transFigure.inverted().transform(place)
                yield round(float(across), 4), round(1 - float(up), 4), text


def _legend_width(labels: Sequence[str], columns: int) -> float:
    """Inches, about: a handle and its gaps, and the letters at 7 pt, of each column's longest label."""
    rows = -(-len(labels) // columns)
    parts = np.array_split(np.array([len(label) for label in labels]), -(-len(labels) // rows))
    return 0.1 + sum(0.36 + 0.043 * float(part.max()) for part in parts if len(part))
