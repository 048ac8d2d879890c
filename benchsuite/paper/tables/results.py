"""The results table (one row a case, means with 95 % intervals, differences with Holm's p) and what training cost."""

from __future__ import annotations

from benchsuite.analysis.findings import CaseFindings, Comparison
from benchsuite.metrics import COST_COLUMNS, RESULTS_COLUMNS
from benchsuite.paper.context.paper_context import PaperContext, single_seed
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Facet, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS


def results_table(study: PaperContext, identifier: str) -> Table:
    """Page wide. The best mean of the compared metric is bold when more than one case has a result.

    A study of one case has its measures below each other in a column.
    """
    findings = study.findings
    if len(findings.cases) == 1:
        return _measures(study, findings.cases[0], identifier)
    columns = [
        Column(study.factor if len(study.factor) < 20 else "Caso", "left"),
        Column("n", "right"),
        *(Column(heading, "right") for heading in RESULTS_COLUMNS.values()),
    ]
    compared = bool(findings.comparisons)
    if compared:
        unit = study.metric.difference_unit
        columns += [Column(f"Diferencia{f' ({unit})' if unit else ''}", "right"), Column("p ajust.", "right")]
    columns.append(Column("Entrenables", "right"))
    best = _best(study)
    rows = tuple(_row(study, case, best, compared) for case in findings.cases)
    return Table(
        identifier, "Resultados por configuración", tuple(columns), rows, _note(study, compared), wide=True,
        facets=tuple(Facet(case.case.name) for case in findings.cases),
    )  # fmt: skip


def _row(study: PaperContext, case: CaseFindings, best: str | None, compared: bool) -> tuple[Cell, ...]:
    strong = case.case.name == best
    cells = [
        Cell(markup.literal(case.label)),
        Cell(f"{case.done}/{case.planned}" if case.done < case.planned else str(case.done), case.done),
        *(study.cell(metric, case, strong=strong and metric == "test_accuracy") for metric in RESULTS_COLUMNS),
    ]
    if compared:
        cells += _comparison(study, case)
    trainable = case.model.parameters_trainable if case.model else None
    cells.append(Cell(spanish.number(trainable), trainable) if trainable is not None else Cell("—"))
    return tuple(cells)


def _measures(study: PaperContext, case: CaseFindings, identifier: str) -> Table:
    shown = [metric for metric in METRICS.values() if metric.quality]
    rows = tuple((Cell(metric.heading), study.cell(metric.name, case)) for metric in shown)
    columns = (Column("Medida"), Column("Valor", "right"))
    return Table(identifier, "Resultados", columns, rows, _note(study, compared=False))


def images_table(study: PaperContext, identifier: str) -> Table:
    """Differences of test accuracy with both intervals: over seeds, and over seeds and images; with one seed, the
    images that only one of the two models has right."""
    compared = [c for c in study.findings.comparisons if c.difference is not None]
    single = all(c.single is not None for c in compared)
    columns = [Column(study.factor if len(study.factor) < 20 else "Caso"), Column("Diferencia (puntos)", "right")]
    columns += (
        [Column("Ganadas", "right"), Column("Perdidas", "right"), Column("p", "right")]
        if single
        else [Column("Semillas", "right"), Column("Semillas e imágenes", "right")]
    )
    rows = []
    for c in compared:
        value, shown = c.difference, study.metric
        assert value is not None
        mean = Cell(shown.signed(value.mean), shown.scale * value.mean, value.runs)
        cells = [Cell(markup.literal(study.named(c.case).label)), mean]
        if single and c.single is not None:
            images = c.single
            cells += [Cell(spanish.number(n), n, value.runs) for n in (images.gained, images.lost)]
            cells.append(Cell(spanish.p_value(images.p), images.p, value.runs))
        else:
            over_both = shown.signed_bounds(*c.crossed) if c.crossed is not None else "—"
            cells += [Cell(markup.literal(shown.signed_interval(value) or "—"), None, value.runs)]
            cells += [Cell(markup.literal(over_both), None, value.runs)]
        rows.append(tuple(cells))
    note = (
        "Ganadas y perdidas: imágenes que solo acierta la configuración, y solo la referencia; p exacto de McNemar, "
        "sin corregir."
        if single
        else f"Intervalos de confianza al 95{spanish.NBSP}%."
    )
    title = "Diferencias en las imágenes de test" if single else "Diferencias, contando las imágenes de test"
    facets = tuple(Facet(c.case) for c in compared)
    return Table(identifier, title, tuple(columns), tuple(rows), note, wide=study.wordy, facets=facets)


def cost_table(study: PaperContext, identifier: str) -> Table:
    """Epochs, time, memory and energy of each case, and what it was computed on."""
    devices = {device for case in study.done for device in case.devices}
    metrics = [metric for metric in COST_COLUMNS if any(metric in case.estimates for case in study.done)]
    columns = [
        Column(study.factor if len(study.factor) < 20 else "Caso"),
        *(Column(COST_COLUMNS[name], "right", METRICS[name].data_heading(COST_COLUMNS[name])) for name in metrics),
        *([Column("Dispositivo")] if len(devices) > 1 else []),
    ]
    rows = tuple(
        (
            Cell(markup.literal(case.label)),
            *(study.mean_cell(metric, case) for metric in metrics),
            *([Cell(markup.literal("; ".join(map(_device, case.devices))))] if len(devices) > 1 else []),
        )
        for case in study.done
    )
    where = f" Dispositivo: {markup.literal(_device(next(iter(devices))))}." if len(devices) == 1 else ""
    one = len(study.findings.seeds) < 2
    gpu = any(environment.device == "cuda" for environment in study.findings.environments)
    notes = {
        "peak_memory_bytes": f" Memoria: la mayor del proceso{', sin la de la GPU' if gpu else ''}.",
        "energy_joules": " Energía: de la GPU entera mientras duró la ejecución, según su contador.",
    }
    about = "".join(note for metric, note in notes.items() if metric in metrics)
    frozen = any(case.model is not None and case.model.frozen_stages for case in study.done)
    once = " ni el paso único de las imágenes por las etapas congeladas" if frozen else ""
    time = f"Tiempo: de los pasos de entrenamiento, sin la validación{once}."
    note = f"{'' if one else 'Medias de las ejecuciones. '}{time}{about}{where}"
    return Table(
        identifier, "Tiempo y dispositivo", tuple(columns), rows, note, wide=study.wordy or len(devices) > 1,
        facets=tuple(Facet(case.case.name) for case in study.done),
    )  # fmt: skip


def _device(name: str) -> str:
    return markup.line(name, "device")


def _comparison(study: PaperContext, case: CaseFindings) -> list[Cell]:
    if case.case.name in study.findings.baselines:
        return [Cell("referencia"), Cell("—")]
    found = next((c for c in study.findings.comparisons if c.case == case.case.name), None)
    if found is None or found.difference is None:
        return [Cell("—"), Cell("—")]
    value, metric = found.difference, study.metric
    shown = f"{metric.signed(value.mean)} {metric.signed_interval(value)}".strip()
    known = value.low is not None and value.high is not None
    interval = (metric.scale * (value.low or 0.0), metric.scale * (value.high or 0.0)) if known else None
    return [Cell(markup.literal(shown), metric.scale * value.mean, value.runs, interval=interval), _p(found)]


def _p(comparison: Comparison) -> Cell:
    if comparison.p_adjusted is None:
        return Cell(f"n.{spanish.NBSP}c.")
    return Cell(spanish.p_value(comparison.p_adjusted), comparison.p_adjusted)


def _best(study: PaperContext) -> str | None:
    order = study.order("test_accuracy")
    if len(order) < 2 or order[-1].estimates["test_accuracy"].mean == order[-2].estimates["test_accuracy"].mean:
        return None
    return order[-1].case.name


def _note(study: PaperContext, compared: bool) -> str | None:
    estimates = [e for case in study.done for m, e in case.estimates.items() if m == "test_accuracy"]
    parts = ["n: ejecuciones terminadas."] if len(study.findings.cases) > 1 else []
    if single_seed(estimates):
        parts.append("Una sola semilla: no hay intervalos.")
    elif estimates:
        parts.append(f"Entre corchetes, intervalo de confianza al 95{spanish.NBSP}% entre semillas.")
    if compared:
        parts.append("Diferencia: configuración menos referencia, sobre semillas pareadas; p ajustado por Holm.")
        if any(c.p_adjusted is None for c in study.findings.comparisons):
            parts.append(f"n.{spanish.NBSP}c.: no concluyente, faltan semillas.")
    if _best(study):
        parts.append("En negrita, la mayor media en test.")
    return " ".join(parts) or None
