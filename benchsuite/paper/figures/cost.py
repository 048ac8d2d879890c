"""What accuracy costs, one point a case: against the parameters that train and against time, with the Pareto front; and
these two costs against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchsuite.analysis.findings import CaseFindings, Estimate
from benchsuite.paper.concurrency.memo import memoize
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.axes import WIDE_SPREAD, set_amounts, set_logarithmic, set_numerals
from benchsuite.paper.figures.canvas import drawing
from benchsuite.paper.figures.style import COLUMN, PAGE, look
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.language.phrases import listing

CROWDED = 6
"""So many cases want the width of the page."""


@dataclass(frozen=True)
class CostAxis:
    """A cost that accuracy is set against: what messages call it, its title, and what each case costs."""

    name: str
    title: str
    costs: Sequence[tuple[CaseFindings, float]]


def cost_axes(cases: Sequence[CaseFindings]) -> list[CostAxis]:
    """The costs in which the cases differ: time, and parameters that train where these differ.

    Cases of which a cost is not known, nor their accuracy, are left out of it.
    """
    scored = [case for case in cases if "test_accuracy" in case.estimates]
    sizes = [(case, float(max(1, case.model.parameters_trainable))) for case in scored if case.model is not None]
    estimates = [(case, case.estimates.get("training_seconds")) for case in scored]
    times = [(case, time.mean) for case, time in estimates if time is not None and time.mean > 0]
    axes = [CostAxis("time", say("axis-time"), times)]
    if len({size for _, size in sizes}) > 1:
        axes.insert(0, CostAxis("parameters", say("axis-parameters"), sizes))
    return axes


def sizes_differ(cases: Sequence[CaseFindings]) -> bool:
    """Whether some cases train more parameters than others."""
    return len(cost_axes(cases)) > 1


def is_wide(cases: Sequence[CaseFindings]) -> bool:
    """Whether the figure takes the width of the page."""
    return sizes_differ(cases) and len(cases) >= CROWDED


def find_front(costs: Sequence[tuple[CaseFindings, float]]) -> list[CaseFindings]:
    """The Pareto front, from the cheapest on: by their means, no other case is as accurate for as little."""
    out: list[CaseFindings] = []
    for case, _ in sorted(costs, key=lambda pair: (pair[1], -_accuracy(pair[0]))):
        if not out or _accuracy(case) > _accuracy(out[-1]):
            out.append(case)
    return out


@memoize
def draw_pareto(name: str, cases: Sequence[CaseFindings], factor: str, *, narrow: bool = False) -> Drawing:
    """Test accuracy against both costs side by side, `narrow` one below the other, or against time alone where all
    cases train as many parameters.

    Axes are logarithmic where amounts spread widely; bars are intervals over seeds.
    """
    costs, wide = cost_axes(cases), is_wide(cases)
    size = (PAGE, 2.1) if wide else (COLUMN, 1.9)
    grid = {"ncols": len(costs)}
    if narrow:
        size, grid = (COLUMN, 1.8 * len(costs)), {"nrows": len(costs)}
    with drawing(name, *size, factor=factor, sharey=True, squeeze=False, **grid) as canvas:
        panels = list(canvas.axes.flat)
        for axes, cost in zip(panels, costs, strict=True):
            amounts = {case.case.name: amount for case, amount in cost.costs}
            if front := find_front(cost.costs):
                heights = [100 * _accuracy(case) for case in front]
                along = [*(amounts[case.case.name] for case in front), max(amounts.values())]
                axes.step(
                    along, [*heights, heights[-1]], where="post", color="#666666", lw=0.9, ls=(0, (4, 2)), zorder=1
                )
            for index, case in enumerate(cases):
                if case.case.name in amounts:
                    amount = amounts[case.case.name]
                    drawn = _draw_point(axes, case, index, amount, timed=cost.name == "time")
                    canvas.show(case, drawn, axes, [(amount, 100 * _accuracy(case), _describe(case))])
            axes.set(xlabel=cost.title)
            axes.margins(x=0.12, y=0.12)
            set_amounts(axes, list(amounts.values()), narrow=len(costs) > 1 and not wide)
        for axes in canvas.axes[:, 0]:
            axes.set(ylabel=say("axis-test-accuracy"))
        set_numerals(panels[0].yaxis)
        canvas.legend(panels[-1], factor)
        text = "; ".join(f"{case.label}, {_describe(case)}" for case, _ in costs[-1].costs)
        fronts = "; ".join(
            say(f"alt-front-by-{cost.name}", cases=listing([case.label for case in find_front(cost.costs)]))
            for cost in costs
        )
        return canvas.finish(say("alt-cost", cases=text, fronts=fronts))


def sized_times(cases: Sequence[CaseFindings]) -> list[tuple[CaseFindings, int, Estimate]]:
    """The parameters that train and the training time of each case that tells both."""
    return [
        (case, case.model.parameters_trainable, case.estimates["training_seconds"])
        for case in cases
        if case.model is not None and "training_seconds" in case.estimates
    ]


@memoize
def draw_size_time(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Training time against the parameters that train; time begins at 0 unless it spreads widely."""
    known = {case.case.name: (size, time) for case, size, time in sized_times(cases)}
    with drawing(name, COLUMN, 1.9, factor=factor) as canvas:
        axes = canvas.axes
        for index, case in enumerate(cases):
            if case.case.name in known:
                size, time = known[case.case.name]
                style = look(index)
                drawn = axes.errorbar(
                    [size], [time.mean], yerr=_error_bar("training_seconds", time), fmt=style.marker,
                    color=style.colour, ms=5.5, mec="black", mew=0.4, elinewidth=0.7, capsize=1.5, label=case.label,
                )  # fmt: skip
                canvas.show(case, drawn, axes, [(size, time.mean, _describe(case, "training_seconds"))])
        axes.margins(x=0.12, y=0.12)
        axes.set(xlabel=say("axis-parameters"), ylabel=say("axis-time"))
        set_amounts(axes, [float(size) for size, _ in known.values()])
        times = [time.mean for _, time in known.values()]
        if max(times) >= WIDE_SPREAD * min(times) > 0:
            set_logarithmic(axes, "y")
        else:
            axes.set_ylim(bottom=0)
            set_numerals(axes.yaxis)
        canvas.legend(axes, factor)
        told = (case for case in cases if case.case.name in known)
        text = "; ".join(f"{case.label}, {_describe(case, 'training_seconds')}" for case in told)
        return canvas.finish(say("alt-size-time", cases=text))


def _draw_point(axes: Any, case: CaseFindings, index: int, cost: float, *, timed: bool) -> Any:
    """The mark of a case with the interval of its accuracy and, on the axis of time, of its time."""
    style, accuracy = look(index), case.estimates["test_accuracy"]
    time = case.estimates["training_seconds"] if timed else None
    return axes.errorbar(
        [cost], [100 * accuracy.mean], yerr=_error_bar("test_accuracy", accuracy),
        xerr=_error_bar("training_seconds", time) if time is not None else None,
        fmt=style.marker, color=style.colour, mfc=style.face, mec="black" if style.filled else style.colour,
        ms=5.5, mew=0.4 if style.filled else 1.0, elinewidth=0.7, capsize=1.5, label=case.label, zorder=3,
    )  # fmt: skip


def _error_bar(metric: str, estimate: Estimate) -> list[list[float]]:
    """How far the interval reaches below and above the mean; nowhere without an interval. On a logarithmic axis one
    that reaches 0 ends with the axis."""
    known = METRICS[metric]
    low, high = known.bounds(estimate) or (estimate.mean, estimate.mean)
    return [[known.scale * max(0.0, estimate.mean - low)], [known.scale * max(0.0, high - estimate.mean)]]


def _describe(case: CaseFindings, *metrics: str) -> str:
    parts = [] if case.model is None else [say("count-parameters", parameters=case.model.parameters_trainable)]
    known = [metric for metric in metrics or ("test_accuracy", "training_seconds") if metric in case.estimates]
    return ", ".join([*parts, *(METRICS[metric].quote(case.estimates[metric]) for metric in known)])


def _accuracy(case: CaseFindings) -> float:
    return case.estimates["test_accuracy"].mean
