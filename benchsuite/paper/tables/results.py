"""The results table: one row a case, every mean with its 95 % interval, differences to the baseline with Holm's p."""

from __future__ import annotations

from benchsuite.analysis.findings import CaseFindings, Comparison
from benchsuite.paper import spanish, text
from benchsuite.paper.document import Cell, Column, Table
from benchsuite.paper.study.context import Study, single_seed


def results_table(study: Study, identifier: str) -> Table:
    """Page wide. The best mean of the compared metric is bold when more than one case has a result."""
    findings = study.findings
    columns = [
        Column(study.factor if len(study.factor) < 20 else "Caso", "left"),
        Column("n", "right"),
        Column("Validación (%)", "right"),
        Column("Test (%)", "right"),
        Column("F1 macro", "right"),
    ]
    compared = bool(findings.comparisons)
    if compared:
        unit = study.metric.difference_unit or ("s" if study.metric.unit == "duration" else study.metric.unit)
        columns += [Column(f"Diferencia{f' ({unit})' if unit else ''}", "right"), Column("p ajust.", "right")]
    columns += [Column("Entrenables", "right"), Column("Tiempo", "right")]
    best = _best(study)
    rows = tuple(_row(study, case, best, compared) for case in findings.cases)
    return Table(identifier, "Resultados por configuración", tuple(columns), rows, _note(study, compared), wide=True)


def _row(study: Study, case: CaseFindings, best: str | None, compared: bool) -> tuple[Cell, ...]:
    strong = case.case.name == best
    cells = [
        Cell(text.literal(case.label)),
        Cell(f"{case.done}/{case.planned}" if case.done < case.planned else str(case.done), case.done),
        study.cell("validation_accuracy", case),
        study.cell("test_accuracy", case, strong=strong),
        study.cell("test_macro_f1", case),
    ]
    if compared:
        cells += _comparison(study, case)
    trainable = case.model.parameters_trainable if case.model else None
    cells.append(Cell(spanish.number(trainable), trainable) if trainable is not None else Cell("—"))
    cells.append(study.cell("training_seconds", case))
    return tuple(cells)


def _comparison(study: Study, case: CaseFindings) -> list[Cell]:
    if case.case.name == study.findings.baseline:
        return [Cell("referencia"), Cell("—")]
    found = next((c for c in study.findings.comparisons if c.case == case.case.name), None)
    if found is None or found.difference is None:
        return [Cell("—"), Cell("—")]
    value, metric = found.difference, study.metric
    shown = f"{metric.signed(value.mean)} {metric.signed_interval(value)}".strip()
    return [Cell(text.literal(shown), value.mean, value.runs), _p(found)]


def _p(comparison: Comparison) -> Cell:
    if comparison.p_adjusted is None:
        return Cell("n. c.")
    return Cell(spanish.p_value(comparison.p_adjusted), comparison.p_adjusted)


def _best(study: Study) -> str | None:
    order = study.order("test_accuracy")
    if len(order) < 2 or order[-1].estimates["test_accuracy"].mean == order[-2].estimates["test_accuracy"].mean:
        return None
    return order[-1].case.name


def _note(study: Study, compared: bool) -> str:
    estimates = [e for case in study.done for m, e in case.estimates.items() if m == "test_accuracy"]
    parts = ["n: ejecuciones terminadas."]
    if single_seed(estimates):
        parts.append("Una sola semilla por configuración: no hay intervalos.")
    elif estimates:
        parts.append("Entre corchetes, intervalo de confianza al 95 % entre semillas.")
    if compared:
        parts.append("Diferencia: configuración menos referencia, sobre semillas pareadas; p ajustado por Holm.")
        if any(c.p_adjusted is None for c in study.findings.comparisons):
            parts.append("n. c.: no concluyente, faltan semillas.")
    if _best(study):
        parts.append("En negrita, la mayor media en test.")
    return " ".join(parts)
