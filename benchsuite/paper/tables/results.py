"""The results table (one row a case, means with 95 % intervals, differences with Holm's p) and what training cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from benchsuite.analysis.findings import CaseFindings, Comparison
from benchsuite.metrics import COST_COLUMNS, RESULTS_COLUMNS
from benchsuite.paper.context.case_groups import rank_cases
from benchsuite.paper.context.machine_kinds import kind_titles
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Facet, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.language.spanish import CONFIDENCE, NBSP
from benchsuite.paper.tables import cells


def results_table(study: PaperContext) -> Table:
    """Page wide. The best mean of the compared metric is bold when more than one case has a result.

    A study of one case has its measures below each other in a column.
    """
    cases, compared = study.findings.cases, bool(study.findings.comparisons)
    if len(cases) == 1:
        columns = (Column("Medida"), Column("Valor", "right"))
        quality = [metric for metric in METRICS.values() if metric.quality]
        measures = tuple((Cell(metric.heading), cells.estimate(metric.name, cases[0])) for metric in quality)
        return Table("tab-results", "Resultados", columns, measures, _note(study, compared=False))
    heads = ["n", *RESULTS_COLUMNS.values()]
    if compared:
        unit = study.metric.difference_unit
        heads += [f"Diferencia{f' ({unit})' if unit else ''}", "p ajust."]
    best = _find_best(study)
    rows = tuple(
        (
            cells.case(case),
            Cell(f"{case.done}/{case.planned}" if case.done < case.planned else str(case.done), case.done),
            *(
                cells.estimate(metric, case, strong=metric == "test_accuracy" and case.case.name == best)
                for metric in RESULTS_COLUMNS
            ),
            *(_compare(study, case) if compared else ()),
            cells.number(case.model.parameters_trainable if case.model else None),
        )
        for case in cases
    )
    titles = (cells.case_column(study), *cells.numeric_columns(*heads, "Entrenables"))
    title, note = "Resultados por configuración", _note(study, compared)
    return Table("tab-results", title, titles, rows, note, wide=True, facets=cells.case_facets(cases))


def _compare(study: PaperContext, case: CaseFindings) -> tuple[Cell, Cell]:
    """The difference of a case to its reference, and the p of the difference."""
    if case.case.name in study.findings.baselines:
        return Cell("referencia"), cells.EMPTY
    found = next((c for c in study.findings.comparisons if c.case == case.case.name), None)
    if found is None or found.difference is None:
        return cells.EMPTY, cells.EMPTY
    value, metric = found.difference, study.metric
    shown = f"{metric.signed(value.mean)} {metric.signed_interval(value)}".strip()
    known = value.low is not None and value.high is not None
    interval = (metric.scale * (value.low or 0.0), metric.scale * (value.high or 0.0)) if known else None
    p = found.p_adjusted
    return (
        Cell(markup.literal(shown), metric.scale * value.mean, value.runs, interval=interval),
        Cell(f"n.{NBSP}c.") if p is None else Cell(spanish.p_value(p), p),
    )


def _find_best(study: PaperContext) -> str | None:
    """The case with the largest mean in test, where it is the only one."""
    ranked = rank_cases(study.findings.cases, "test_accuracy")
    means = [case.estimates["test_accuracy"].mean for case in ranked]
    return ranked[-1].case.name if len(ranked) > 1 and means[-1] != means[-2] else None


def _note(study: PaperContext, compared: bool) -> str | None:
    estimates = [case.estimates["test_accuracy"] for case in study.done if "test_accuracy" in case.estimates]
    parts = ["n: ejecuciones terminadas."] if study.compares_cases else []
    if any(estimate.n > 1 for estimate in estimates):
        parts.append(f"Entre corchetes, intervalo de confianza al {CONFIDENCE} entre semillas.")
    elif estimates:
        parts.append("Una sola semilla: no hay intervalos.")
    if compared:
        parts.append("Diferencia: configuración menos referencia, sobre semillas pareadas; p ajustado por Holm.")
        if any(c.p_adjusted is None for c in study.findings.comparisons):
            parts.append(f"n.{NBSP}c.: no concluyente, faltan semillas.")
    if _find_best(study):
        parts.append("En negrita, la mayor media en test.")
    return " ".join(parts) or None


def images_table(study: PaperContext) -> Table:
    """Differences of test accuracy with both intervals: over seeds, and over seeds and images; with one seed, the
    images that only one of the two models has right."""
    compared = [c for c in study.findings.comparisons if c.difference is not None]
    if all(c.single is not None for c in compared):
        title, heads = "Diferencias en las imágenes de test", ["Ganadas", "Perdidas", "p"]
        note = (
            "Ganadas y perdidas: imágenes que solo acierta la configuración, y solo la referencia; p exacto de "
            "McNemar, sin corregir."
        )
    else:
        title, heads = "Diferencias, contando las imágenes de test", ["Semillas", "Semillas e imágenes"]
        note = f"Intervalos de confianza al {CONFIDENCE}."
    columns = (cells.case_column(study), *cells.numeric_columns("Diferencia (puntos)", *heads))
    rows = tuple(_count_images(study, comparison, single="p" in heads) for comparison in compared)
    facets = tuple(Facet(c.case) for c in compared)
    wide = cells.labels_are_long(study.findings.cases)
    return Table("tab-images", title, columns, rows, note, wide=wide, facets=facets)


def _count_images(study: PaperContext, comparison: Comparison, *, single: bool) -> tuple[Cell, ...]:
    value, metric, images = comparison.difference, study.metric, comparison.single
    assert value is not None
    case = cells.case(study.findings.case(comparison.case))
    mean = Cell(metric.signed(value.mean), metric.scale * value.mean, value.runs)
    if single and images is not None:
        counts = (cells.number(count, runs=value.runs) for count in (images.gained, images.lost))
        return (case, mean, *counts, Cell(spanish.p_value(images.p), images.p, value.runs))
    over_both = metric.signed_bounds(*comparison.crossed) if comparison.crossed is not None else "—"
    intervals = (metric.signed_interval(value) or "—", over_both)
    return (case, mean, *(Cell(markup.literal(interval), None, value.runs) for interval in intervals))


def cost_table(study: PaperContext) -> Table:
    """Epochs, time, memory and energy of each case, and what it was computed on; a row for each kind of machine."""
    findings = study.findings
    kinds = kind_titles(findings.kinds) if len(findings.kinds) > 1 else []
    shown = [
        (replace(case, estimates=case.costs[number]), title)
        for number, title in enumerate(kinds)
        for case in study.done
        if case.costs[number]
    ] or [(case, _join_devices(case.devices)) for case in study.done]
    columns = {
        metric: Column(title, "right", METRICS[metric].data_heading(title))
        for metric, title in COST_COLUMNS.items()
        if any(metric in case.estimates for case, _ in shown)
    }
    one = len(findings.seeds) < 2
    frozen = any(case.model is not None and case.model.frozen_stages for case in study.done)
    once = " ni el paso único de las imágenes por las etapas congeladas" if frozen else ""
    notes = [] if one else ["Medias de las ejecuciones."]
    notes.append(f"Tiempo: de los pasos de entrenamiento, sin la validación{once}.")
    if "peak_memory_bytes" in columns:
        gpu = any(environment.device == "cuda" for environment in findings.environments)
        notes.append(f"Memoria: la mayor del proceso{', sin la de la GPU' if gpu else ''}.")
    if "energy_joules" in columns:
        notes.append("Energía: de la GPU entera mientras duró la ejecución, según su contador.")
    devices = {device for case in study.done for device in case.devices}
    several = len(devices) > 1 or bool(kinds)
    if not several and devices:
        notes.append(f"Dispositivo: {_join_devices(devices)}.")
    rows = tuple(
        (
            cells.case(case),
            *(cells.mean(metric, case) for metric in columns),
            *([Cell(device)] if several else []),
        )
        for case, device in shown
    )
    heads = (cells.case_column(study), *columns.values(), *([Column("Dispositivo")] if several else []))
    return Table(
        "tab-cost",
        "Tiempo y dispositivo",
        heads,
        rows,
        " ".join(notes),
        wide=several or cells.labels_are_long(findings.cases),
        facets=cells.case_facets(case for case, _ in shown),
    )


def _join_devices(names: Iterable[str]) -> str:
    return markup.literal("; ".join(markup.line(name, "device") for name in names))
