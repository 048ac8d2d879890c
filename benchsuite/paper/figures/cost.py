"""What accuracy costs, one point a case: against the parameters that train and against time, with the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchsuite.analysis.findings import CaseFindings, Estimate
from benchsuite.paper.concurrency.memo import kept
from benchsuite.paper.document.blocks import Drawing, Facet
from benchsuite.paper.figures.style import (
    COLUMN,
    PAGE,
    Trace,
    amounts,
    drawing,
    figure,
    finish,
    legend,
    look,
    mark,
    named,
    numerals,
)
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS

Costed = tuple[CaseFindings, float]
CROWDED = 6
"""So many cases want the width of the page."""


def trained(cases: Sequence[CaseFindings]) -> list[Costed]:
    """The cases with the parameters that they train; those of which it is not known, nor their accuracy, left out."""
    return [
        (case, float(max(1, case.model.parameters_trainable)))
        for case in cases
        if case.model is not None and "test_accuracy" in case.estimates
    ]


def timed(cases: Sequence[CaseFindings]) -> list[Costed]:
    """The cases with their mean training time in seconds; those of which it is not known left out."""
    times = ((case, case.estimates.get("training_seconds")) for case in cases if "test_accuracy" in case.estimates)
    return [(case, time.mean) for case, time in times if time is not None and time.mean > 0]


def front(costed: Sequence[Costed]) -> list[CaseFindings]:
    """The Pareto front, from the cheapest on: by their means, no other case is as accurate for as little."""
    out: list[CaseFindings] = []
    for case, _ in sorted(costed, key=lambda pair: (pair[1], -_accuracy(pair[0]))):
        if not out or _accuracy(case) > _accuracy(out[-1]):
            out.append(case)
    return out


def sizes_differ(cases: Sequence[CaseFindings]) -> bool:
    """Whether some cases train more parameters than others."""
    return len({size for _, size in trained(cases)}) > 1


@kept
def pareto(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """Test accuracy against both costs side by side, or against time alone where all cases train as many parameters.

    Axes are logarithmic where amounts spread widely; bars are intervals over seeds.
    """
    panels = [("Entrenamiento (s)", timed(cases), "tiempo")]
    if sizes_differ(cases):
        panels.insert(0, ("Parámetros entrenables", trained(cases), "parámetros"))
    with drawing(name):
        wide = is_wide(cases)
        made, axes = figure(PAGE if wide else COLUMN, 2.1 if wide else 1.9, ncols=len(panels), sharey=True)
        axes = list(axes) if len(panels) > 1 else [axes]
        traces: list[Trace] = []
        for panel, (title, costed, _) in zip(axes, panels, strict=True):
            by_time = costed is panels[-1][1]
            best = front(costed)
            where = {case.case.name: cost for case, cost in costed}
            if best:
                reached = [100 * _accuracy(case) for case in best]
                along = [*(where[case.case.name] for case in best), max(where.values())]
                panel.step(
                    along, [*reached, reached[-1]], where="post", color="#666666", lw=0.9, ls=(0, (4, 2)), zorder=1
                )
            for index, case in enumerate(cases):
                if case.case.name in where:
                    point = (where[case.case.name], 100 * _accuracy(case), _said(case))
                    bars = case.estimates.get("training_seconds") if by_time else None
                    mark(_point(panel, case, index, point[0], bars), case.case.name)
                    traces.append(Trace(panel, named(factor, case.label), [point], Facet(case.case.name)))
            panel.set(xlabel=title)
            panel.margins(x=0.12, y=0.12)
            amounts(panel, "x", list(where.values()), narrow=len(panels) > 1 and not wide)
        axes[0].set(ylabel="Exactitud en test (%)")
        numerals(axes[0].yaxis)
        legend(made, axes[-1], factor)
        said = "; ".join(f"{case.label}, {_said(case)}" for case, _ in panels[-1][1])
        fronts = "; ".join(f"por {what}, {spanish.listing([c.label for c in front(on)])}" for _, on, what in panels)
        alt = f"Coste y exactitud en test de cada configuración: {said}. Frontera de Pareto: {fronts}."
        return finish(made, name, alt, traces)


def is_wide(cases: Sequence[CaseFindings]) -> bool:
    """Whether the figure takes the width of the page."""
    return sizes_differ(cases) and len(cases) >= CROWDED


def _point(axes: Any, case: CaseFindings, index: int, cost: float, time: Estimate | None) -> Any:
    """The mark of a case with the interval of its accuracy and, on the axis of time, of its time."""
    style, accuracy = look(index), case.estimates["test_accuracy"]
    across = None if time is None else _bar("training_seconds", time, floor=time.mean / 20)
    up = _bar("test_accuracy", accuracy)
    return axes.errorbar(
        [cost], [100 * accuracy.mean], xerr=across, yerr=up, fmt=style.marker, color=style.colour,
        ms=5.5, mec="black", mew=0.4, elinewidth=0.7, capsize=1.5, label=case.label, zorder=3,
    )  # fmt: skip


def _bar(metric: str, estimate: Estimate, floor: float = 0.0) -> list[list[float]]:
    """How far the interval reaches below and above the mean, not below `floor`; nowhere without an interval."""
    known = METRICS[metric]
    low, high = known.bounds(estimate) or (estimate.mean, estimate.mean)
    return [[known.scale * (estimate.mean - max(low, floor))], [known.scale * (high - estimate.mean)]]


def _said(case: CaseFindings) -> str:
    parts = [METRICS["test_accuracy"].quote(case.estimates["test_accuracy"])]
    if case.model is not None:
        parts.insert(0, f"{spanish.number(case.model.parameters_trainable)} parámetros")
    if "training_seconds" in case.estimates:
        parts.append(METRICS["training_seconds"].quote(case.estimates["training_seconds"]))
    return ", ".join(parts)


def _accuracy(case: CaseFindings) -> float:
    return case.estimates["test_accuracy"].mean
