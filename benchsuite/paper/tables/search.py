"""The table of a search's trials: the best first, what each resulted in, and the values it tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchsuite.analysis.findings import SearchFindings, TrialFindings
from benchsuite.metrics import TRIAL_COLUMNS
from benchsuite.paper.context.parameter_words import describe_value, name_axis
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import PrintedMetric
from benchsuite.paper.tables import cells

MOST_ROWS = 12
"""Best trials that are shown; all of them are in the attached results."""
MARKS = {"failed": "†", "due": "‡", "done": ""}


def trials_table(found: SearchFindings, labels: Mapping[str, str], metrics: Mapping[str, PrintedMetric]) -> Table:
    """Page wide; the best trial is bold where there is more than one. What the search chooses by has a column, too,
    where it is a metric of a plugin."""
    paths = _paths(found)
    own = [] if found.declared.metric in TRIAL_COLUMNS else [metrics[found.declared.metric]]
    columns = (
        *cells.numeric_columns(
            say("column-trial"),
            *(metric.heading for metric in own),
            *(say(f"column-trial-{name}") for name in TRIAL_COLUMNS),
        ),
        *(Column(name_axis(path, labels), "right" if _is_numeric(found, path) else "left") for path in paths),
        *cells.numeric_columns(*([] if "recipe.max_epochs" in paths else [say("column-epochs")])),
        Column(say("column-trial-time"), "right", say("column-trial-time-data")),
        Column(say("column-trial-key"), "center"),
    )
    shown = found.trials[:MOST_ROWS]
    times = [trial.values["training_seconds"] for trial in shown if "training_seconds" in trial.values]
    rows = tuple(
        _row(found, trial, metrics, [*(metric.name for metric in own), *TRIAL_COLUMNS], times) for trial in shown
    )
    return Table("tab-search", say("title-trials"), columns, rows, _note(found), wide=True)


def _paths(found: SearchFindings) -> list[str]:
    halving = found.declared.halving
    return [*found.declared.space, *([halving.path] if halving else [])]


def _is_numeric(found: SearchFindings, path: str) -> bool:
    """Whether every value that trials have of an axis is a number; the steps of halving are."""
    values = [trial.settings[path] for trial in found.trials if path in trial.settings]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _row(
    found: SearchFindings,
    trial: TrialFindings,
    metrics: Mapping[str, PrintedMetric],
    columns: Sequence[str],
    times: Sequence[float],
) -> tuple[Cell, ...]:
    """A trial; its time is in one unit with the `times` of all that are shown."""
    runs = (trial.run,) if trial.run else ()
    strong = trial is found.best and len(found.trials) > 1

    def measure(metric: str, among: Sequence[float] = ()) -> Cell:
        value = trial.values.get(metric)
        if value is None:
            return cells.EMPTY
        known = metrics[metric]
        return Cell(
            known.in_column(value, among), known.scale * value, runs, strong and metric == found.declared.metric
        )

    row = [Cell(f"{trial.number}{MARKS[trial.status]}", trial.number), *map(measure, columns)]
    for value in trial.settings.values():
        number = float(value) if isinstance(value, int | float) else None
        row.append(Cell(markup.literal(describe_value(value)), number))
    if found.declared.halving:
        row.append(Cell(describe_value(trial.resource), trial.resource))
    if "recipe.max_epochs" not in _paths(found):
        row.append(cells.number(trial.values.get("epochs_run"), runs=runs))
    row += [
        measure("training_seconds", times),
        Cell(f"`{trial.run[:8]}`" if trial.run else "—", None, runs, of=trial.run),
    ]
    return tuple(row)


def _note(found: SearchFindings) -> str:
    parts = [say("note-trials")]
    if len(found.trials) > MOST_ROWS:
        parts.append(say("note-trials-first", shown=MOST_ROWS, every=len(found.trials)))
    if found.declared.halving:
        parts.append(say("note-trials-rungs"))
    shown = {trial.status for trial in found.trials[:MOST_ROWS]}
    if "failed" in shown:
        parts.append(say("note-trials-failed"))
    if "due" in shown:
        parts.append(say("note-trials-due"))
    return " ".join(parts)
