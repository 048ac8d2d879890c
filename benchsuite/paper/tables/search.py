"""The table of a search's trials: the best first, what each resulted in, and the values it tried."""

from __future__ import annotations

from collections.abc import Mapping

from benchsuite.analysis.findings import SearchFindings, TrialFindings
from benchsuite.metrics import TRIAL_COLUMNS
from benchsuite.paper.context.parameter_words import describe_value, name_axis
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.tables import cells

MOST_ROWS = 20
"""Best trials that are shown; all of them are in the attached results."""
MARKS = {"failed": "†", "due": "‡", "done": ""}


def trials_table(found: SearchFindings, labels: Mapping[str, str]) -> Table:
    """Page wide; the best trial is bold where there is more than one."""
    paths = _paths(found)
    columns = (
        *cells.numeric_columns("Ensayo", *TRIAL_COLUMNS.values()),
        *(Column(name_axis(path, labels)) for path in paths),
        *cells.numeric_columns(*([] if "recipe.max_epochs" in paths else ["Épocas"])),
        Column("Tiempo", "right", "Tiempo (s)"),
        Column("Clave"),
    )
    rows = tuple(_row(found, trial) for trial in found.trials[:MOST_ROWS])
    return Table("tab-search", "Ensayos de la búsqueda", columns, rows, _note(found), wide=True)


def _paths(found: SearchFindings) -> list[str]:
    halving = found.declared.halving
    return [*found.declared.space, *([halving.path] if halving else [])]


def _row(found: SearchFindings, trial: TrialFindings) -> tuple[Cell, ...]:
    runs = (trial.run,) if trial.run else ()
    strong = trial is found.best and len(found.trials) > 1

    def measure(metric: str) -> Cell:
        value = trial.values.get(metric)
        if value is None:
            return cells.EMPTY
        known = METRICS[metric]
        return Cell(known.in_column(value), known.scale * value, runs, strong and metric == found.declared.metric)

    row = [Cell(f"{trial.number}{MARKS[trial.status]}", trial.number), *map(measure, TRIAL_COLUMNS)]
    for value in trial.settings.values():
        number = float(value) if isinstance(value, int | float) else None
        row.append(Cell(markup.literal(describe_value(value)), number))
    if found.declared.halving:
        row.append(Cell(describe_value(trial.resource), trial.resource))
    if "recipe.max_epochs" not in _paths(found):
        row.append(cells.number(trial.values.get("epochs_run"), runs=runs))
    row += [measure("training_seconds"), Cell(f"`{trial.run[:8]}`" if trial.run else "—", None, runs, of=trial.run)]
    return tuple(row)


def _note(found: SearchFindings) -> str:
    parts = ["Medidas en la época que eligió la validación; una ejecución por ensayo."]
    if len(found.trials) > MOST_ROWS:
        rest = spanish.number(len(found.trials))
        parts.append(f"Se muestran los {MOST_ROWS} primeros de {rest}; todos están en los resultados adjuntos.")
    if found.declared.halving:
        parts.append("Cada ensayo figura con el último escalón que terminó; van antes los que llegaron más lejos.")
    shown = {trial.status for trial in found.trials[:MOST_ROWS]}
    if "failed" in shown:
        parts.append("†: la última ejecución falló.")
    if "due" in shown:
        parts.append("‡: falta la última ejecución.")
    return " ".join(parts)
