"""The table of a search's trials: the best first, what each resulted in, and the values it tried."""

from __future__ import annotations

from collections.abc import Mapping

from benchsuite.analysis.findings import SearchFindings, TrialFindings
from benchsuite.metrics import TRIAL_COLUMNS
from benchsuite.paper.context.axes import axis_name, axis_value
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS

MOST_ROWS = 20
"""Best trials that are shown; all of them are in the attached results."""


def trials_table(found: SearchFindings, labels: Mapping[str, str], identifier: str) -> Table:
    """Page wide; the best trial is bold where there is more than one."""
    axes = list(found.declared.space)
    halving = found.declared.halving
    columns = (
        Column("Ensayo", "right"),
        *(Column(title, "right") for title in TRIAL_COLUMNS.values()),
        *(Column(axis_name(path, labels), "left") for path in axes),
        *([Column(axis_name(halving.path, labels), "left")] if halving else []),
        *([] if "recipe.max_epochs" in _paths(found) else [Column("Épocas", "right")]),
        Column("Tiempo", "right", "Tiempo (s)"),
        Column("Clave", "left"),
    )
    rows = tuple(_row(found, trial) for trial in found.trials[:MOST_ROWS])
    return Table(identifier, "Ensayos de la búsqueda", columns, rows, _note(found), wide=True)


def _paths(found: SearchFindings) -> list[str]:
    halving = found.declared.halving
    return [*found.declared.space, *([halving.path] if halving else [])]


def _row(found: SearchFindings, trial: TrialFindings) -> tuple[Cell, ...]:
    runs = (trial.run,) if trial.run else ()
    strong = trial is found.best and len(found.trials) > 1

    def measured(metric: str) -> Cell:
        value = trial.values.get(metric)
        if value is None:
            return Cell("—")
        known = METRICS[metric]
        return Cell(known.in_column(value), known.scale * value, runs, strong and metric == found.declared.metric)

    number = f"{trial.number}" + {"failed": "†", "due": "‡", "done": ""}[trial.status]
    cells = [Cell(number, trial.number), *(measured(metric) for metric in TRIAL_COLUMNS)]
    for value in trial.settings.values():
        number_of = float(value) if isinstance(value, int | float) else None
        cells.append(Cell(markup.literal(axis_value(value)), number_of))
    if found.declared.halving:
        cells.append(Cell(axis_value(trial.resource), trial.resource))
    if "recipe.max_epochs" not in _paths(found):
        epochs = trial.values.get("epochs_run")
        cells.append(Cell(spanish.number(epochs), epochs, runs) if epochs is not None else Cell("—"))
    cells += [measured("training_seconds"), Cell(f"`{trial.run[:8]}`" if trial.run else "—", None, runs, of=trial.run)]
    return tuple(cells)


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
