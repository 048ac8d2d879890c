"""The look of figures, and how a drawing becomes a reproducible, accessible SVG.

IEEE column widths, STIX type, Okabe and Ito's colours with a marker, dash and hatch per series so that grey prints
read as well. Figures are drawn without pyplot, so that no global state can leak into them.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import matplotlib as mpl
import numpy as np
from markupsafe import escape
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from benchsuite.paper.document.blocks import ALL, Drawing, Facet, Series
from benchsuite.paper.language import spanish

COLUMN, PAGE = 3.487, 7.14
"""Widths in inches: 21 and 43 picas, as in IEEEtran."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LABEL = 30
"""Characters of a label that a legend, or an axis of cases, can hold."""
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))

FAMILIES = "IEEE,IEEE-Fallback"
"""What the templates call the fonts that STYLE names: names that no system has fonts or rules for."""

STYLE: dict[str, Any] = {
    "font.family": ["STIXGeneral", "DejaVu Serif"],
    "mathtext.fontset": "stix",
    "text.parse_math": False,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "legend.handletextpad": 0.6,
    "legend.columnspacing": 1.2,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "grid.linewidth": 0.35,
    "grid.color": "#c8c8c8",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "svg.fonttype": "none",
    "savefig.transparent": True,
    "backend": "svg",
}


@dataclass(frozen=True)
class Trace:
    """A series while it is drawn: (x, y, what it says) of each point in the data coordinates of `axes`."""

    axes: Any
    title: str
    points: Sequence[tuple[float, float, str]]
    facet: Facet = ALL


@dataclass(frozen=True)
class Look:
    """How one series is told apart from the others."""

    colour: str
    marker: str
    dash: Any


def look(index: int) -> Look:
    """The look of series `index`; when there are many, colours recur with other markers and dashes."""
    n = len(COLOURS)
    shifted = (index + index // n) % n
    return Look(COLOURS[index % n], MARKERS[shifted], DASHES[shifted])


def named(factor: str, label: str, *more: str) -> str:
    """The title of a series: «Bloques congelados: 3 · pérdida de validación»."""
    return " · ".join([f"{factor}: {label}" if factor else label, *more])


def mark(drawn: Any, case: str, seed: int | None = None) -> None:
    """Say in the SVG that artists, or a container of them, show a case, or one run of it."""
    for artist in drawn if isinstance(drawn, list | tuple) else [drawn]:
        if isinstance(artist, list | tuple):
            mark(artist, case, seed)
        elif artist is not None:
            artist.set_gid(f"case={quote(case)}" if seed is None else f"seed={seed} case={quote(case)}")


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Draw and save within this: legends and texts take their style when made, not when saved."""
    settings: dict[Any, Any] = {**mpl.rcParamsDefault, **STYLE, "svg.hashsalt": name}
    with mpl.rc_context(settings):
        yield


def figure(width: float, height: float, **panels: Any) -> tuple[Any, Any]:
    """A figure of that many inches and its axes."""
    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(made)
    return made, made.subplots(**panels)


def numerals(axis: Any, *, whole: bool = False) -> None:
    """Spanish numbers along an axis, all with as many decimals as the finest of them; `whole` ones for counts."""
    if whole:
        axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    axis.set_major_formatter(_Numerals())


class _Numerals(Formatter):
    def __call__(self, value: float, position: int | None = None) -> str:
        return spanish.number(float(value), self.decimals)

    def set_locs(self, locs: Any) -> None:
        """How many decimals the ticks need."""
        super().set_locs(locs)
        needed = [f"{float(value):.6f}".rstrip("0").partition(".")[2] for value in locs]
        self.decimals = max((len(digits) for digits in needed), default=0)

    decimals = 0


def amounts(axes: Any, along: str, values: Sequence[float], *, narrow: bool = False) -> None:
    """Spanish numbers along the axis `along` (x or y) of positive amounts: «1000», «10 mil», «1 M».

    Logarithmic where the values spread over most of a decade or more, else from a little below the smallest. A `narrow`
    axis has few numbers.
    """
    axis = axes.xaxis if along == "x" else axes.yaxis
    spread = max(values, default=1.0) / min(values, default=1.0)
    if spread >= WIDE_SPREAD:
        axes.set(**{f"{along}scale": "log"})
        axis.set_major_locator(
            LogLocator(subs=(1.0,) if spread > 30 else (1.0, 2.0, 5.0), numticks=3 if narrow else None)
        )
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(3 if narrow else 5, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: amount(float(value))))


WIDE_SPREAD = 8.0


def amount(value: float) -> str:
    if value >= 1e6:
        return spanish.measure(round(value / 1e6, 2), "M")
    return spanish.measure(round(value / 1e3, 2), "mil") if value >= 1e4 else spanish.number(round(value, 2))


def short(label: str, longest: int = LABEL) -> str:
    """A label that leaves the drawing room."""
    return label if len(label) <= longest else f"{label[: longest - 1].rstrip()}…"


def brief(labels: Sequence[str], longest: int = LABEL) -> list[str]:
    """Labels that leave the drawing room, cut at the end where that still tells them apart, else in the middle."""
    cut = [short(label, longest) for label in labels]
    if len(set(cut)) == len(set(labels)):
        return cut
    tail = longest // 2
    head = longest - 1 - tail
    return [w if len(w) <= longest else f"{w[:head].rstrip()}…{w[-tail:].lstrip()}" for w in labels]


def lines(label: str, width: int = 20) -> str:
    """A label on two lines where it has spaces to break at and would else take much room beside an axis."""
    if len(label) <= width:
        return label
    broken = textwrap.wrap(label, max(width, len(label) // 2 + 3) - 3, break_long_words=False, break_on_hyphens=False)
    return "\n".join(broken) if len(broken) == 2 else label


def legend(made: Any, axes: Any, title: str = "") -> None:
    """Name the series below the drawing, which grows by it: within the axes it would cover what they show."""
    from matplotlib.lines import Line2D

    handles, labels = axes.get_legend_handles_labels()
    labels = brief(labels)
    if title:
        handles, labels = [Line2D([], [], alpha=0), *handles], [f"{title}:", *labels]
    if not labels:
        return
    width, height = made.get_size_inches()
    columns = next((n for n in range(len(labels), 1, -1) if _legend_width(labels, n) < width), 1)
    rows = -(-len(labels) // columns)
    made.set_size_inches(width, height + 0.15 * rows + 0.1)
    shown = made.legend(handles, labels, loc="outside lower center", ncols=-(-len(labels) // rows))
    for handle, words in zip(handles, shown.get_texts(), strict=True):
        marked = (handle[0] if isinstance(handle, tuple) else handle).get_gid()
        if marked:
            words.set_gid(f"legend {marked}")


def _legend_width(labels: Sequence[str], columns: int) -> float:
    """Inches, about: a handle and its gaps, and the letters at 7 pt, of each column's longest label."""
    rows = -(-len(labels) // columns)
    parts = np.array_split(np.array([len(label) for label in labels]), -(-len(labels) // rows))
    return 0.1 + sum(0.36 + 0.043 * float(part.max()) for part in parts if len(part))


def finish(made: Any, name: str, alt: str, traces: Iterable[Trace] = ()) -> Drawing:
    """Save as SVG. `name` must be unique in the paper: it prefixes every identifier."""
    # Laying out once by hand, and leaving no engine, not even "none", spares saving a whole drawing of its own.
    made.get_layout_engine().execute(made)
    made.set_layout_engine(None)
    target = io.StringIO()
    made.savefig(target, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    placed = (Series(trace.title, tuple(_placed(made, trace)), trace.facet) for trace in traces)
    return Drawing(_cleaned(target.getvalue(), name, alt), alt, tuple(series for series in placed if series.points))


def _placed(made: Any, trace: Trace) -> Iterator[tuple[float, float, str]]:
    """The points of a trace that its axes do not cut off, as parts of the drawing from its top left."""
    box = trace.axes.get_window_extent()
    for x, y, said in trace.points:
        place = trace.axes.transData.transform((x, y))
        if box.x0 - 1 <= place[0] <= box.x1 + 1 and box.y0 - 1 <= place[1] <= box.y1 + 1:
            across, up = made.transFigure.inverted().transform(place)
            yield round(float(across), 4), round(1 - float(up), 4), said


def _cleaned(svg: str, name: str, alt: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s*<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="(legend )?(?:seed=(\d+) )?case=([^"]*)"', _facet, svg)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r'(?:xlink:)?href="#([^"]+)"', rf'xlink:href="#{name}-\1"', svg)
    svg = re.sub(r' style="([^"]*)"', _attributes, svg)
    svg = re.sub(r">\s+<", "><", svg)
    head, rest = svg.split(">", 1)
    head += f' role="img" aria-labelledby="{name}-title"'
    return f'{head}><title id="{name}-title">{escape(alt)}</title>{rest}'.strip()


def _facet(match: re.Match[str]) -> str:
    """What `mark` wrote as an identifier, which several artists may share, as attributes."""
    legend, seed, case = match[1], match[2], escape(unquote(match[3]))
    if legend:
        return f'data-legend="{case}"'
    return f'data-case="{case}"' + (f' data-seed="{seed}"' if seed else "")


def _attributes(match: re.Match[str]) -> str:
    """Inline style as presentation attributes: WeasyPrint would log each one as unknown CSS."""
    out: list[str] = []
    for declaration in match[1].split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":
            font = re.fullmatch(r"(?:(italic|oblique) )?(?:(bold|\d{3}) )?([\d.]+)px .*", value)
            if font is None:
                continue
            style, weight, size = font.groups()
            out += [f' font-style="{style}"'] if style else []
            out += [f' font-weight="{weight}"'] if weight else []
            out.append(f' font-size="{size}" font-family="{FAMILIES}"')
        elif key:
            out.append(f' {key}="{FAMILIES if key == "font-family" else value}"')
    return "".join(out)
