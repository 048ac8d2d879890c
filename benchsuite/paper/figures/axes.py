"""Axes with numbers as the paper's language writes them, and rows that have names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.ticker import Formatter, LogLocator, MaxNLocator, NullFormatter

from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say

UNITS = {"thousand": 1e3, "million": 1e6}
MANY, MOST_PLAIN = 1e4, 1e8
"""Amounts that a unit makes shorter, and those that have no room without."""
WIDE_SPREAD = 8.0
"""Largest over smallest amount from which an axis is logarithmic."""
LEAST_SPAN = 0.1
"""How much of the largest amount an axis that is not spans at least."""


def set_numerals(axis: Any, *, whole: bool = False, most: int | None = None) -> None:
    """Numbers along an axis, all with as many decimals as the finest of them; `whole` ones for counts, in at `most` so
    many steps."""
    if whole:
        axis.set_major_locator(MaxNLocator(most or "auto", steps=[1, 2, 5, 10], integer=True))
    axis.set_major_formatter(_Numerals())


class _Numerals(Formatter):
    def __call__(self, value: float, position: int | None = None) -> str:
        return typography.number(float(value), self.decimals)

    def set_locs(self, locs: Any) -> None:
        """How many decimals the ticks need."""
        super().set_locs(locs)
        self.decimals = _decimals(map(float, locs))

    decimals = 0


def _decimals(values: Iterable[float]) -> int:
    """How many decimals the finest of these numbers needs."""
    return max((len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in values), default=0)


def set_logarithmic(axes: Any, along: str) -> None:
    """A logarithmic axis `along` x or y, with amounts as numbers."""
    axes.set(**{f"{along}scale": "log"})
    axis = axes.xaxis if along == "x" else axes.yaxis
    axis.set_major_formatter(_Amounts())
    axis.set_minor_formatter(NullFormatter())


def set_amounts(axes: Any, values: Sequence[float], *, narrow: bool = False) -> None:
    """Numbers along an x axis of positive amounts: «1000», «10 mil», «1 M», all of them in one unit.

    Logarithmic where the values spread over most of a decade or more, else from a little below the smallest, and over
    so much of the largest that what is almost alike is drawn so. A `narrow` axis has few numbers.
    """
    spread = max(values, default=1.0) / min(values, default=1.0)
    if spread >= WIDE_SPREAD:
        set_logarithmic(axes, "x")
        steps = (1.0,) if spread > 30 else (1.0, 2.0, 5.0)
        axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=3 if narrow else None))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(3 if narrow else 5, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(_Amounts(linear=True))
        low, high = axes.get_xlim()
        more = max(0.0, LEAST_SPAN * max(values, default=0.0) - (high - low)) / 2
        axes.set_xlim(low - more, high + more)


class _Amounts(Formatter):
    """Positive amounts, in the unit that suits all those that the axis shows; on a `linear` axis all with as many
    decimals."""

    unit = ""
    decimals: int | None = None

    def __init__(self, *, linear: bool = False) -> None:
        self.linear = linear

    def __call__(self, value: float, position: int | None = None) -> str:
        return format_amount(float(value), self.unit, self.decimals)

    def set_locs(self, locs: Any) -> None:
        super().set_locs(locs)
        low, high = sorted(map(float, self.axis.get_view_interval()))  # type: ignore[union-attr]
        shown = [float(value) for value in locs if value and low <= value <= high]
        self.unit = find_unit(shown or [high])
        if self.linear:
            self.decimals = _decimals(value / UNITS.get(self.unit, 1.0) for value in shown)


def find_unit(amounts: Sequence[float]) -> str:
    """What the messages call the unit in which all of these amounts read well; empty for ones."""
    least, most = min(amounts), max(amounts)
    if most >= MANY and (least >= 1e5 or most >= MOST_PLAIN):
        return "million"
    return "thousand" if MANY <= most < 1e6 and least >= 1e3 else ""


def format_amount(value: float, unit: str = "", decimals: int | None = None) -> str:
    """An amount in a unit; without `decimals`, with as many as it needs."""
    if decimals is not None and value:
        amount = typography.number(value / UNITS.get(unit, 1.0), decimals)
        return say(f"amount-{unit}", amount=amount) if unit else amount
    if unit and value:
        return say(f"amount-{unit}", amount=typography.number(float(f"{value / UNITS[unit]:.3g}")))
    # A small amount keeps two figures, or it would be none.
    return typography.number(round(value, 2) if value >= 1 else float(f"{value:.2g}"))


def name_rows(axes: Any, names: Sequence[str], **text: Any) -> None:
    """A row for each name from the top down, without ticks or lines of its own; `text` is how names are set."""
    axes.set_yticks(range(len(names)), names, **text)
    axes.set(ylim=(len(names) - 0.4, -0.6))
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
