"""The look of figures: IEEE column widths, STIX type, and Okabe and Ito's colours with a marker and a dash per series,
so that grey prints read as well. What a label may look like beside a drawing is here, too.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

COLUMN, PAGE = 3.487, 7.14
"""Widths in inches: 21 and 43 picas, as in IEEEtran."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "----", "oo")
WIDE_TEXT = 8.0
"""Points of the smallest text of a figure as wide as the page."""
ABREAST = 5
"""Most panels abreast on the width of the page."""
SECOND_LINE = 0.12
"""Inches that the second line of a title takes."""
LABEL = 30
"""Characters of a label that a legend, or an axis of cases, can hold."""

FAMILIES = "IEEE,IEEE-Fallback"
"""What the templates call the fonts that STYLE names: names that no system has fonts or rules for."""

SMALL = 7.0
"""Points of the smallest text of a figure as wide as a column."""
STYLE: dict[str, Any] = {
    "font.family": ["STIXGeneral", "DejaVu Serif"],
    "mathtext.fontset": "stix",
    "text.parse_math": False,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
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
class Look:
    """How one series is told apart from the others."""

    colour: str
    marker: str
    dash: Any
    filled: bool = True
    """Whether the marker is, or hollow."""

    @property
    def face(self) -> str:
        """The colour within the marker."""
        return self.colour if self.filled else "white"


def look(index: int) -> Look:
    """The look of series `index`. Those of as many as there are colours differ in marker and in dash; beyond, colours
    and markers recur, hollow or filled in turns, with other dashes: a grey print tells a hundred lines apart."""
    round_, place = divmod(index, len(COLOURS))
    return Look(COLOURS[place], MARKERS[place], DASHES[(place + round_) % len(DASHES)], round_ % 2 == 0)


def hatch(index: int) -> str:
    """The hatch of bars of series `index`: as many differ as there are colours."""
    return HATCHES[index % len(HATCHES)]


def abreast(panels: int) -> int:
    """How many of so many panels stand abreast, so that rows are of about one length."""
    return -(-panels // -(-panels // ABREAST))


def shorten(label: str, longest: int = LABEL) -> str:
    """A label that leaves the drawing room."""
    return label if len(label) <= longest else f"{label[: longest - 1].rstrip()}…"


def shorten_all(labels: Sequence[str], longest: int = LABEL) -> list[str]:
    """Labels that leave the drawing room, cut at the end where that still tells them apart, else in the middle."""
    cut = [shorten(label, longest) for label in labels]
    if len(set(cut)) == len(set(labels)):
        return cut
    tail = longest // 2
    head = longest - 1 - tail
    return [w if len(w) <= longest else f"{w[:head].rstrip()}…{w[-tail:].lstrip()}" for w in labels]


def break_titles(titles: Sequence[str], longest: int) -> list[str]:
    """Titles of panels, those that are too long on two lines, as even as their spaces and underscores let them be; cut
    where no break makes them fit."""
    cut = zip(titles, shorten_all(titles, longest), strict=True)
    return [title if title == short else _halve(title, longest) or short for title, short in cut]


def count_broken(titles: Sequence[str], columns: int) -> int:
    """In how many rows of so many panels abreast a title takes two lines."""
    return sum(any("\n" in title for title in titles[at : at + columns]) for at in range(0, len(titles), columns))


def _halve(title: str, longest: int) -> str | None:
    places = [found.end() for found in re.finditer(r"[ _-](?=\S)", title)]
    lines = [(title[:place].rstrip(), title[place:]) for place in places]
    fitting = [pair for pair in lines if max(map(len, pair)) <= longest]
    if not fitting:
        return None
    first, second = min(fitting, key=lambda pair: (pair[1][0] not in "([", max(map(len, pair))))
    return f"{first}\n{second}"


def break_label(label: str, width: int = 20) -> str:
    """A label on two lines where it has spaces to break at and would else take much room beside an axis."""
    if len(label) <= width:
        return label
    broken = textwrap.wrap(label, max(width, len(label) // 2 + 3) - 3, break_long_words=False, break_on_hyphens=False)
    return "\n".join(broken) if len(broken) == 2 else label
