"""Curves by epoch: loss, accuracy and their gap during training, how fast each case converges, where a phase begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

from benchsuite.analysis.findings import CaseFindings, Curve
from benchsuite.paper.concurrency.memo import memoize
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.axes import set_numerals
from benchsuite.paper.figures.canvas import Canvas, drawing, mark
from benchsuite.paper.figures.style import (
    COLUMN,
    PAGE,
    SECOND_LINE,
    WIDE_TEXT,
    abreast,
    break_titles,
    count_broken,
    look,
)
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import METRICS

Seeds = Mapping[str, int]
"""The seed of every run, by its key."""
FEW = 3
"""Most cases whose bands can be told apart where they overlap."""

FEW_EPOCHS = 6
"""So few begin at the first one."""
SIDES = ("train", "validation")
CUT = 3.0
"""A loss so many times above the usual ones would flatten every other curve: it is cut off."""
MOST_LINES = 60
"""More runs in one panel are a thicket: the band alone tells of them."""


@memoize
def draw_loss(
    name: str,
    cases: Sequence[CaseFindings],
    factor: str,
    seeds: Seeds,
    *,
    banded: Sequence[str] | None = None,
    narrow: bool = False,
) -> Drawing:
    """Training and validation loss by epoch, mean over seeds, every run and their range: a panel for each side, page
    wide or, `narrow`, one below the other; one panel for the only case. The range is that of the cases `banded`, or of
    all."""
    alone = len(cases) == 1
    size, panels = ((COLUMN, 1.9), [_both("loss")]) if alone else ((PAGE, 2.1), [[one] for one in _both("loss")])
    if narrow:
        size = (COLUMN, 1.8 * len(panels))
    with _curves(name, cases, factor, seeds, size, panels, banded) as canvas:
        for axes in canvas.axes[:, 0]:
            axes.set(ylabel=say("axis-loss"), ylim=(0, _top(cases)))
        if alone:
            return canvas.finish(say("alt-loss-of-one", ends=_both_ends(cases[0], "loss")))
        for axes, side in zip(canvas.axes.flat, SIDES, strict=True):
            axes.set(title=say(f"column-split-{side}"))
        text = "; ".join(_ends(case, "validation_loss", case.label) for case in cases)
        return canvas.finish(say("alt-loss", cases=text))


@memoize
def draw_convergence(
    name: str, cases: Sequence[CaseFindings], factor: str, seeds: Seeds, *, banded: Sequence[str] | None = None
) -> Drawing:
    """Validation accuracy by epoch, with a mark where the mean run reaches 95 % of its own best; training accuracy,
    too, of the only case."""
    alone = len(cases) == 1
    size = (COLUMN, 1.9 if alone else 2.0 if len(cases) < 6 else 2.4)
    metrics = _both("accuracy") if alone else ["validation_accuracy"]
    with _curves(name, cases, factor, seeds, size, [metrics], banded) as canvas:
        axes = canvas.axes[0][0]
        axes.set(ylabel=say("axis-accuracy" if alone else "axis-validation-accuracy"))
        reached = [(case, _mark_convergence(axes, case, 1 if alone else index)) for index, case in enumerate(cases)]
        if alone:
            return canvas.finish(say("alt-accuracy-of-one", ends=_both_ends(cases[0], "accuracy")))
        known = ((case.label, typography.number(at, 1)) for case, at in reached if at is not None)
        text = "; ".join(say("alt-convergence-case", case=label, epochs=at) for label, at in known)
        return canvas.finish(say("alt-convergence", cases=text))


@memoize
def draw_gap(
    name: str, cases: Sequence[CaseFindings], factor: str, seeds: Seeds, *, banded: Sequence[str] | None = None
) -> Drawing:
    """Training minus validation accuracy by epoch."""
    size = (COLUMN, 2.0 if len(cases) < 6 else 2.4)
    with _curves(name, cases, factor, seeds, size, [["overfitting_gap"]], banded) as canvas:
        axes = canvas.axes[0][0]
        axes.axhline(0, color="black", lw=0.6, zorder=1)
        axes.set(ylabel=say("axis-gap"))
        points = METRICS["overfitting_gap"].format
        text = "; ".join(_ends(case, "overfitting_gap", case.label, points) for case in cases)
        return canvas.finish(say("alt-gap-epochs", cases=text))


@memoize
def draw_panels(
    name: str, cases: Sequence[CaseFindings], factor: str, seeds: Seeds, *, narrow: bool = False
) -> Drawing:
    """Training and validation accuracy by epoch, a panel for each case with epochs of its own, page wide or, `narrow`,
    two abreast."""
    columns = min(2, len(cases)) if narrow else abreast(len(cases))
    rows = -(-len(cases) // columns)
    text, width = (7.0, COLUMN) if narrow else (WIDE_TEXT, PAGE)
    lines = seeds if have_lines(cases) else {}
    grid = {"nrows": rows, "ncols": columns, "sharey": True, "squeeze": False}
    titles = break_titles([case.label for case in cases], int(0.72 * width / columns * 72 / (0.5 * text)))
    height = 1.35 * rows + 0.35 + SECOND_LINE * count_broken(titles, columns)
    with drawing(name, width, height, factor=factor, text=text, **grid) as canvas:
        places = list(canvas.axes.flat)
        for place, (axes, case, title) in enumerate(zip(places, cases, titles, strict=False)):
            for index, metric in enumerate(_both("accuracy")):
                _draw(canvas, axes, case, metric, index, lines, None)
            axes.set_title(title, fontsize=text, linespacing=1.0)
            _count_epochs(axes, most=4)
            if place + columns >= len(cases):
                axes.set(xlabel=say("axis-epoch"))
        for axes in places[len(cases) :]:
            axes.set_visible(False)
        for axes in canvas.axes[:, 0]:
            axes.set(ylabel=say("axis-accuracy"))
        set_numerals(places[0].yaxis)
        for index, side in enumerate(SIDES):  # of no case: what is said of one would be hidden with it
            style = look(index)
            label = say(f"column-split-{side}")
            places[0].plot([], [], color=style.colour, ls=style.dash, marker=style.marker, label=label)
        canvas.legend(places[0])
        ends = (say("alt-panel", case=case.label, ends=_both_ends(case, "accuracy")) for case in cases)
        return canvas.finish(say("alt-curves", cases=" ".join(ends)))


def _both(quantity: str) -> list[str]:
    """The metrics of a quantity in training and in validation."""
    return [f"{side}_{quantity}" for side in SIDES]


@contextmanager
def _curves(
    name: str,
    cases: Sequence[CaseFindings],
    factor: str,
    seeds: Seeds,
    size: tuple[float, float],
    panels: Sequence[Sequence[str]],
    banded: Sequence[str] | None,
) -> Iterator[Canvas]:
    """A panel for each of some lists of metrics: with several of them, there is one case, and they are told apart."""
    factor = factor if len(cases) > 1 else ""
    lines = seeds if have_lines(cases) else {}
    rows = len(panels) if size[0] < PAGE else 1
    grid = {"nrows": rows, "ncols": len(panels) // rows, "sharey": True, "squeeze": False}
    with drawing(name, *size, factor=factor, **grid) as canvas:
        for axes, metrics in zip(canvas.axes.flat, panels, strict=True):
            for index, (case, metric) in enumerate(product(cases, metrics)):
                side = metric.partition("_")[0]
                label = say(f"column-split-{side}") if len(metrics) > 1 else case.label
                band = banded is None or case.case.name in banded
                _draw(canvas, axes, case, metric, index, lines, label, band=band)
            axes.set(xlabel=say("axis-epoch"))
            _count_epochs(axes)
        set_numerals(canvas.axes[0][0].yaxis)
        canvas.legend(axes, factor)
        yield canvas


def _count_epochs(axes: Any, most: int | None = None) -> None:
    """Whole epochs along the axis, from 0 unless that would leave much of it empty."""
    set_numerals(axes.xaxis, whole=True, most=most)
    if axes.get_xlim()[1] > FEW_EPOCHS:
        axes.set_xlim(left=0)


def is_cut(cases: Sequence[CaseFindings]) -> bool:
    """Whether the loss figure leaves out the highest losses."""
    return _top(cases) is not None


def have_lines(cases: Sequence[CaseFindings]) -> bool:
    """Whether every run has a line of its own."""
    return max((case.done for case in cases), default=0) > 1 and sum(case.done for case in cases) <= MOST_LINES


def _draw(
    canvas: Canvas,
    axes: Any,
    case: CaseFindings,
    metric: str,
    index: int,
    lines: Seeds,
    label: str | None,
    *,
    band: bool = True,
) -> None:
    """The mean curve of a case, over the `band` of its runs, phases marked; runs in `lines` have a faint line each."""
    curve, known, style = case.curves.get(metric), METRICS[metric], look(index)
    if curve is None or not curve.epochs:
        return
    if len(curve.runs) > 1 and lines:
        for run, each in zip(curve.runs, curve.each, strict=True):
            values = [known.scale * value for value in each]
            drawn = axes.plot(curve.epochs[: len(values)], values, color=style.colour, lw=0.4, alpha=0.4, zorder=1.5)
            mark(drawn, case.case.name, lines[run])
    every = max(1, len(curve.epochs) // 6)
    means, lows, highs = ([known.scale * value for value in side] for side in (curve.mean, curve.low, curve.high))
    drawn = axes.plot(
        curve.epochs, means, color=style.colour, ls=style.dash, marker=style.marker, mfc=style.face,
        markevery=(index % every, every), label=label,
    )  # fmt: skip
    if band and max(curve.n) > 1:
        drawn.append(axes.fill_between(curve.epochs, lows, highs, color=style.colour, alpha=0.15, lw=0))
    for phase in case.phases[1:]:
        at = _nearest(curve, phase.first_epoch)
        drawn += axes.plot([curve.epochs[at]], [means[at]], "|", ms=16, mew=1.5, color=style.colour, zorder=4)
    points = []
    for epoch, value, mean, low, high, n in zip(
        curve.epochs, means, curve.mean, curve.low, curve.high, curve.n, strict=True
    ):
        text = say("value-at-epoch", epoch=epoch, value=known.format(mean))
        if n > 1:
            text += say("value-in-runs", low=known.bare(low), high=known.bare(high), runs=n)
        points.append((epoch, value, text))
    canvas.show(case, drawn, axes, points, known.title)


def _mark_convergence(axes: Any, case: CaseFindings, index: int) -> float | None:
    """Mark where the case converges; returns the epoch."""
    curve, reached = case.curves.get("validation_accuracy"), case.estimates.get("epochs_to_95")
    if curve is None or reached is None:
        return None
    at = _nearest(curve, reached.mean)
    drawn = axes.plot(
        [curve.epochs[at]], [100 * curve.mean[at]], look(index).marker, ms=7, mfc="none", mec=look(index).colour,
        mew=1.2, zorder=5,
    )  # fmt: skip
    mark(drawn, case.case.name)
    return reached.mean


def _nearest(curve: Curve, epoch: float) -> int:
    return min(range(len(curve.epochs)), key=lambda i: abs(curve.epochs[i] - epoch))


def _top(cases: Sequence[CaseFindings]) -> float | None:
    """Where the loss axis ends, when not at the highest loss."""
    curves = [case.curves[f"{side}_loss"] for case in cases for side in SIDES if f"{side}_loss" in case.curves]
    values = sorted(value for curve in curves for value in curve.mean)
    if not values:
        return None
    first = sorted(curve.mean[0] for curve in curves if curve.mean)
    usual = max(values[int(0.95 * (len(values) - 1))], first[len(first) // 2])
    return 1.2 * usual if usual > 0 and values[-1] > CUT * usual else None


def _both_ends(case: CaseFindings, quantity: str) -> str:
    return "; ".join(_ends(case, f"{side}_{quantity}", say(f"split-{side}")) for side in SIDES)


def _fraction(value: float) -> str:
    return typography.number(value, 3)


def _ends(case: CaseFindings, metric: str, who: str, shown: Callable[[float], str] = _fraction) -> str:
    curve = case.curves.get(metric)
    if curve is None or not curve.mean:
        return say("alt-curve-none", who=who)
    first, last = (shown(curve.mean[at]) for at in (0, -1))
    return say("alt-curve-ends", who=who, first=first, last=last)
