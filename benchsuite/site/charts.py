"""Small drawings as SVG within a page: curves by epoch, and means with their intervals. Colours come from the page's
style sheet, so that they follow light and dark; every drawing says in words what it shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 420, 240
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 34
MOST_POINTS = 400
"""Points of a curve that are drawn; of more, every so many-th."""
ROW, LABELS = 26, 150


@dataclass(frozen=True)
class Curve:
    """Values at epochs; `kind` is its CSS class, which gives colour and dashes."""

    name: str
    kind: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Bar:
    """A mean with its interval, None where there is none."""

    label: str
    mean: float
    low: float | None
    high: float | None
    strong: bool = False


def curves(title: str, given: Sequence[Curve], *, best: int | None, ident: str) -> Markup:
    """Curves over epochs, with a line at the epoch that validation chose. Nothing without points."""
    shown = [Curve(one.name, one.kind, _thinned(one.points)) for one in given]
    every = [point for one in shown for point in one.points if math.isfinite(point[1])]
    if not every:
        return Markup("")
    first, last = min(x for x, _ in every), max(x for x, _ in every)
    ticks = ticks_of(min(y for _, y in every), max(y for _, y in every))
    low, high = ticks[0], ticks[-1]

    def x(epoch: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((epoch - first) / (last - first) if last > first else 0.5)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)

    parts = [_head(title, _described(title, shown, best), WIDTH, HEIGHT, ident)]
    for tick in ticks:
        parts.append(f'<path class="line" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for epoch in _epochs(first, last):
        at = f'x="{x(epoch):.1f}" y="{HEIGHT - BOTTOM + 16}"'
        parts.append(f'<text class="tick" {at} text-anchor="middle">{epoch:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text class="axis" x="{middle:.1f}" y="{HEIGHT - 3}" text-anchor="middle">epoch</text>')
    if best is not None:
        parts.append(f'<path class="best" d="M{x(best):.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
    for one in shown:
        finite = [(x(epoch), y(value)) for epoch, value in one.points if math.isfinite(value)]
        line = "L".join(f"{a:.1f} {b:.1f}" for a, b in finite)
        if len(finite) == 1:
            parts.append(f'<circle class="dot {one.kind}" cx="{finite[0][0]:.1f}" cy="{finite[0][1]:.1f}" r="3"/>')
        elif finite:
            parts.append(f'<path class="curve {one.kind}" d="M{line}"/>')
    parts.append("</svg>")
    return Markup("".join(parts))


def intervals(title: str, bars: Sequence[Bar], *, unit: str, ident: str) -> Markup:
    """Means with their intervals, one below the other, on one axis. Nothing without any."""
    if not bars:
        return Markup("")
    ends = [value for bar in bars for value in (bar.mean, bar.low, bar.high) if value is not None]
    ticks = ticks_of(min(ends), max(ends), most=4)
    low, high = ticks[0], ticks[-1]
    height = len(bars) * ROW + 46
    base = len(bars) * ROW + 8

    def x(value: float) -> float:
        return LABELS + (WIDTH - LABELS - 16) * (value - low) / (high - low)

    said = "; ".join(_said(bar, unit) for bar in bars)
    parts = [_head(title, said, WIDTH, height, ident)]
    for tick in ticks:
        parts.append(f'<path class="line" d="M{x(tick):.1f} 4V{base}"/>')
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{base + 15}" text-anchor="middle">{tick:g}</text>')
    parts.append(
        f'<text class="axis" x="{(LABELS + WIDTH - 16) / 2:.1f}" y="{base + 30}" text-anchor="middle">'
        f"{escape(title)}{f' ({escape(unit)})' if unit else ''}</text>"
    )
    for number, bar in enumerate(bars):
        y = number * ROW + ROW / 2 + 4
        label = bar.label if len(bar.label) <= 22 else bar.label[:21] + "…"
        kind = " strong" if bar.strong else ""
        parts.append(f'<text class="label{kind}" x="{LABELS - 8}" y="{y + 4}" text-anchor="end">{escape(label)}</text>')
        if bar.low is not None and bar.high is not None:
            parts.append(f'<path class="whisker{kind}" d="M{x(bar.low):.1f} {y}H{x(bar.high):.1f}"/>')
        parts.append(f'<circle class="mean{kind}" cx="{x(bar.mean):.1f}" cy="{y}" r="3.5"/>')
    parts.append("</svg>")
    return Markup("".join(parts))


def ticks_of(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers, at least two, that hold low and high between them."""
    size = max(abs(low), abs(high))
    if not high - low > max(1e-9 * size, 1e-300):  # the numbers of ticks could not tell them apart
        half = size / 10 if size > 1e-300 else 0.5
        low, high = low - half, high + half
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * (1 - 1e-9))
    first = math.floor(low / step + 1e-9)
    count = math.ceil(high / step - 1e-9) - first
    return [float(f"{(first + number) * step:.12g}") for number in range(max(count, 1) + 1)]


def _epochs(first: float, last: float) -> list[int]:
    """Whole numbers between the first and the last epoch, some six of them."""
    step = max(1, round((last - first) / 6))
    step = next((nice for nice in (1, 2, 5, 10, 20, 50, 100, 200, 500) if nice >= step), step)
    return [epoch for epoch in range(int(first), int(last) + 1) if epoch == int(first) or epoch % step == 0]


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    every = -(-len(points) // MOST_POINTS)
    return points if every < 2 else [*points[::every], points[-1]]


def _head(title: str, description: str, width: int, height: int, ident: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="{ident}-title {ident}-desc">'
        f'<title id="{ident}-title">{escape(title)}</title><desc id="{ident}-desc">{escape(description)}</desc>'
    )


def _described(title: str, shown: Sequence[Curve], best: int | None) -> str:
    said = [f"{one.name} goes from {one.points[0][1]:.3g} to {one.points[-1][1]:.3g}" for one in shown if one.points]
    chosen = f"; validation chose epoch {best}" if best is not None else ""
    return f"{title} by epoch: {', '.join(said)}{chosen}."


def _said(bar: Bar, unit: str) -> str:
    within = f", from {bar.low:.4g} to {bar.high:.4g}" if bar.low is not None and bar.high is not None else ""
    return f"{bar.label}: {bar.mean:.4g}{f' {unit}' if unit else ''}{within}"
