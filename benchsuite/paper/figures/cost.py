"""What training costs, one point a case: time against the parameters that train, or accuracy against time."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper import spanish
from benchsuite.paper.document import Facet
from benchsuite.paper.figures.style import (
    COLUMN,
    Drawing,
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
from benchsuite.paper.kept import kept
from benchsuite.paper.metrics import METRICS


@kept
def parameters_against_time(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """A scatter, logarithmic where amounts spread widely; bars are the intervals of the time over seeds."""
    with drawing(name):
        made, axes = figure(COLUMN, 1.9)
        said: list[str] = []
        trained, times = [], []
        traces: list[Trace] = []
        for index, case in enumerate(cases):
            time = case.estimates.get("training_seconds")
            if time is None or case.model is None or time.mean <= 0:
                continue
            style = look(index)
            trainable = max(1, case.model.parameters_trainable)
            low = time.mean - max(time.low, time.mean / 20) if time.low is not None else 0.0
            high = time.high - time.mean if time.high is not None else 0.0
            drawn = axes.errorbar(
                [trainable], [time.mean], yerr=[[low], [high]], fmt=style.marker, color=style.colour, ms=5.5,
                mec="black", mew=0.4, elinewidth=0.9, capsize=2, label=case.label,
            )  # fmt: skip
            mark(drawn, case.case.name)
            words = f"{spanish.number(trainable)} parámetros, {METRICS['training_seconds'].quote(time)}"
            traces.append(
                Trace(axes, named(factor, case.label), [(trainable, time.mean, words)], Facet(case.case.name))
            )
            trained.append(trainable)
            times.append(time.mean)
            said.append(f"{case.label}, {spanish.number(trainable)} parámetros y {spanish.seconds(time.mean)}")
        axes.set(xlabel="Parámetros entrenables", ylabel="Entrenamiento (s)")
        axes.margins(x=0.12, y=0.2)
        amounts(axes, "x", trained)
        amounts(axes, "y", times)
        legend(made, axes, factor)
        alt = f"Parámetros entrenables frente a tiempo de entrenamiento: {'; '.join(said)}."
        return finish(made, name, alt, traces)


@kept
def time_against_accuracy(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """What is bought with the time, where all cases train the same number of parameters."""
    with drawing(name):
        made, axes = figure(COLUMN, 1.9)
        said: list[str] = []
        times = []
        traces: list[Trace] = []
        for index, case in enumerate(cases):
            time, accuracy = case.estimates.get("training_seconds"), case.estimates.get("test_accuracy")
            if time is None or accuracy is None or time.mean <= 0:
                continue
            style = look(index)
            drawn = axes.plot(
                [time.mean], [100 * accuracy.mean], style.marker, color=style.colour, ms=5.5, mec="black", mew=0.4,
                label=case.label,
            )  # fmt: skip
            mark(drawn, case.case.name)
            words = f"{METRICS['training_seconds'].quote(time)}, {METRICS['test_accuracy'].quote(accuracy)}"
            point = (time.mean, 100 * accuracy.mean, words)
            traces.append(Trace(axes, named(factor, case.label), [point], Facet(case.case.name)))
            times.append(time.mean)
            said.append(f"{case.label}, {spanish.seconds(time.mean)} y {spanish.percent(accuracy.mean)}")
        axes.set(xlabel="Entrenamiento (s)", ylabel="Exactitud en test (%)")
        axes.margins(x=0.12, y=0.15)
        amounts(axes, "x", times)
        numerals(axes.yaxis)
        legend(made, axes, factor)
        alt = f"Tiempo de entrenamiento frente a exactitud en test: {'; '.join(said)}."
        return finish(made, name, alt, traces)
