"""Trainable parameters against training time, one point a case."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper import spanish
from benchsuite.paper.figures.style import COLUMN, Drawing, amounts, drawing, figure, finish, legend, look


def parameters_against_time(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """A scatter on two logarithmic scales; bars are the intervals of the time over seeds."""
    with drawing(name):
        made, axes = figure(COLUMN, 2.1)
        said: list[str] = []
        for index, case in enumerate(cases):
            time = case.estimates.get("training_seconds")
            if time is None or case.model is None or time.mean <= 0:
                continue
            style = look(index)
            trainable = max(1, case.model.parameters_trainable)
            low = time.mean - max(time.low, time.mean / 20) if time.low is not None else 0.0
            high = time.high - time.mean if time.high is not None else 0.0
            axes.errorbar(
                [trainable], [time.mean], yerr=[[low], [high]], fmt=style.marker, color=style.colour, ms=5.5,
                mec="black", mew=0.4, elinewidth=0.9, capsize=2, label=case.label,
            )  # fmt: skip
            said.append(f"{case.label}, {spanish.number(trainable)} parámetros y {spanish.seconds(time.mean)}")
        axes.set(xscale="log", yscale="log", xlabel="Parámetros entrenables", ylabel="Entrenamiento (s)")
        axes.margins(x=0.12, y=0.2)
        for axis in (axes.xaxis, axes.yaxis):
            amounts(axis)
        legend(made, axes, factor, ncols=2 if len(cases) < 7 else 3, loc="best")
        return finish(made, name, f"Parámetros entrenables frente a tiempo de entrenamiento: {'; '.join(said)}.")
