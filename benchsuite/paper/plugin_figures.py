"""The charts of plugins: what a figure plugin is told of a study, and what of its answer a paper can show.

Plugins are asked where the material is gathered; what they give is data, which travels with the material.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchsuite.contracts.figure import CaseResult, Chart, Figure, RunResult, StudyResult
from benchsuite.contracts.metric import Predicted
from benchsuite.contracts.observer import EpochReport
from benchsuite.errors import BenchsuiteError, PluginError, on_one_line
from benchsuite.metrics import METRICS, SPLITS
from benchsuite.paper.context.chart_checks import chart_faults
from benchsuite.paper.context.material import PluginChart
from benchsuite.paper.language.current import speaking
from benchsuite.processes import ChildProcess, Parent, ProcessEnded, describe_exit
from benchsuite.registry import Entry, Registry, registry
from benchsuite.store.record import RunRecord
from benchsuite.suite.prose.figures import resolved_figures

if TYPE_CHECKING:
    from benchsuite.paper.context.material import PaperMaterial
    from benchsuite.store.run_store import Store

SECONDS = 300.0
"""How long all figures of a paper may take."""


def charts_of(material: PaperMaterial, registry: Registry, store: Store | None = None) -> tuple[PluginChart, ...]:
    """The charts of the figures that the suite asks for, those with nothing to show left out; without the `store` of
    the runs also those that are made of predictions.

    Raises PluginError, with the plugin's name, where one fails or gives what cannot be drawn; StoreError where
    predictions are missing.
    """
    suite = material.suite
    study = study_result(material)
    predicted: StudyResult | None = None
    charts = []
    for asked, found in zip(suite.paper.figures, resolved_figures(suite, registry), strict=True):
        if found.component is None:  # reading the suite has told
            continue
        part = found.component
        entry = registry.figure(part.qualified_name)
        told = study
        if cast("Figure[Any]", entry.component).sees_predictions:
            if store is None:
                continue
            told = predicted = predicted or study_result(material, store)
        chart, bibtex = asked_of(entry, entry.parse(part.parameters), told)
        if chart is not None:
            made = PluginChart(asked.block, asked.place, part.name, part.distribution, part.version, bibtex, chart)
            charts.append(made)
    return tuple(charts)


def charts_apart(material: PaperMaterial, runs: Path | None = None) -> tuple[PluginChart, ...]:
    """`charts_of` with this process's registry, in a process of its own: a plugin may hang there, leave or print.
    `runs` is the folder of the study's runs, where they are here.

    Raises PluginError and StoreError.
    """
    from benchsuite.paper.bundle.attachments import pack

    if not material.suite.paper.figures:
        return ()
    names = ", ".join(asked.figure.name for asked in material.suite.paper.figures)
    with ChildProcess(_answer, pack(material), runs, output=subprocess.DEVNULL) as process:
        try:
            charts: tuple[PluginChart, ...] = process.receive(SECONDS)
        except ProcessEnded as ended:
            said = (
                f"there is no chart after {SECONDS:.0f} s"
                if ended.timed_out
                else f"a plugin ended the process that asked it ({describe_exit(ended.code or 0)})"
            )
            raise _unusable(f"figures: {names}", said) from None
    return charts


def _answer(parent: Parent, files: dict[str, bytes], runs: Path | None) -> None:
    """Send the charts of a packed material, or the error."""
    from benchsuite.paper.bundle.attachments import unpack_study
    from benchsuite.store.run_store import Store

    try:
        parent.send(charts_of(unpack_study(files), registry(), None if runs is None else Store(runs)))
    except BenchsuiteError as error:
        parent.send(error)


def compared(charts: Iterable[PluginChart], again: Iterable[PluginChart]) -> Iterator[tuple[PluginChart, bool | None]]:
    """Each chart of a paper, and whether its figure gives it `again`; None where the figure is not here in that
    version, or the predictions that it is made of are not."""
    here = {(made.block, made.figure, made.distribution, made.version): made.chart for made in again}
    for made in charts:
        own = (made.block, made.figure, made.distribution, made.version)
        yield made, here[own] == made.chart if own in here else None


def asked_of(entry: Entry, params: Any, study: StudyResult) -> tuple[Chart | None, str]:
    """The chart and the BibTeX of a figure. Raises PluginError."""
    figure: Figure[Any] = entry.component  # type: ignore[assignment]
    where = f"the figure {entry.name} of {entry.distribution} {entry.version}"
    try:
        chart, bibtex = figure.chart(params, study), figure.bibtex(params)
    except BenchsuiteError:
        raise
    except (Exception, SystemExit) as error:
        raise _unusable(where, f"it raised {type(error).__name__}: {on_one_line(error)}") from error
    if faults := [] if chart is None else list(chart_faults(chart, study)):
        raise _unusable(where, f"its chart cannot be drawn: {'; '.join(faults[:5])}")
    if not isinstance(bibtex, str):
        raise _unusable(where, f"bibtex() returned {type(bibtex).__name__}; expected a text")
    return (None if chart is None else _with_floats(chart)), bibtex


def _with_floats(chart: Chart) -> Chart:
    """The chart as it is when it has been packed and unpacked: 1 and 1.0 are written differently."""

    def floats(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(map(float, values))

    return replace(
        chart,
        series=tuple(
            replace(one, x=floats(one.x), y=floats(one.y), low=floats(one.low), high=floats(one.high))
            for one in chart.series
        ),
    )


def _unusable(where: str, what: str) -> PluginError:
    return PluginError(
        what,
        where=where,
        expected="a benchsuite.api.Chart, or None",
        remedy="mend the plugin, or leave its figure out of paper.figures; no result is lost",
    )


def study_result(material: PaperMaterial, store: Store | None = None) -> StudyResult:
    """What figure plugins are told: the cases and their finished runs, a search's trials left out; with a `store`, what
    the runs predicted, too."""
    with speaking(material.suite.paper.language):
        return _study_result(material, store)


def _study_result(material: PaperMaterial, store: Store | None) -> StudyResult:
    from benchsuite.paper.context.paper_context import PaperContext

    study, results = PaperContext(material), material.results
    cases = []
    for case in study.findings.cases:
        records = (results.records.get(results.keys.get((case.case.name, seed), "")) for seed in study.findings.seeds)
        model = case.model
        cases.append(
            CaseResult(
                name=case.case.name,
                label=case.label,
                settings=dict(case.case.settings),
                parameters=model.parameters_total if model else None,
                trainable=model.parameters_trainable if model else None,
                runs=tuple(
                    run_result(record, store) for record in records if record is not None and record.status == "done"
                ),
            )
        )
    dataset = study.findings.dataset
    classes = dataset.classes if dataset else ()
    return StudyResult(study.names.factor, classes, tuple(cases), material.suite.paper.language)


def run_result(record: RunRecord, store: Store | None = None) -> RunResult:
    """What is told of a run."""
    measured = {name: metric.read(record) for name, metric in METRICS.items()}
    return RunResult(
        key=record.key,
        seed=record.spec.seed,
        metrics={name: float(value) for name, value in measured.items() if value is not None} | dict(record.measured),
        epochs=tuple(EpochReport(**vars(epoch), steps=()) for epoch in record.epochs),
        confusion=record.test.confusion if record.test else (),
        **(_predicted(record, store) if store is not None and record.test is not None else {}),
    )


def _predicted(record: RunRecord, store: Store) -> dict[str, Predicted]:
    """What a run predicted, by split."""
    from benchsuite.execution.measuring import predicted_of

    predictions = store.read_predictions(record)
    classes = record.dataset.classes if record.dataset is not None else ()
    return {split: predicted_of(predictions, split, classes) for split in SPLITS}
