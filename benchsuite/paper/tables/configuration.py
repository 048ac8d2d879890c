"""Tables of the design: what all cases share, what sets them apart, their models and their phases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.parameter_words import describe_value, name_parameter
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.tables import cells

COLUMNS = 8
"""Most parameters that have a column of their own in the table of cases."""
ABSENT = "—"


def configuration_table(study: PaperContext) -> Table:
    """What all cases share, then what sets them apart, unless the table of cases tells it, then the seeds."""
    findings, names = study.findings, study.names
    varied = {path for case in findings.cases for path in case.case.settings}
    rows = [
        (Cell(name_parameter(path, names.labels)), Cell(_value(value)))
        for path, value in findings.settings.items()
        if not (value is None or value in ({}, (), []) or path in varied or _is_idle(path, value, findings.settings))
    ]
    rows += [
        (cells.text(what, "configuration"), cells.text(shown, what)) for what, shown in study.material.configuration
    ]
    note = "Lo que distingue a las configuraciones está en el {{tab-cases}}." if varied else None
    for path in names.axes:
        name = name_parameter(path, names.labels)
        settings = [case.case.settings[path] for case in findings.cases]
        values = (markup.literal(names.label_of_value(path, value) or "") or _value(value) for value in settings)
        rows.append((Cell(name if "`" in name else f"**{name}**"), Cell("; ".join(dict.fromkeys(values)))))
        note = "En negrita, lo que distingue a las configuraciones."
    rows.append((Cell("Semillas"), Cell(_seeds(findings.seeds))))
    title = "Configuración común" if varied and not names.axes else "Configuración del estudio"
    columns = (Column("Parámetro"), Column("Valor"))
    return Table("tab-configuration", title, columns, tuple(rows), note, row_headers=False, long=cells.is_long(rows))


def cases_table(study: PaperContext) -> Table | None:
    """The cases with the parameters in which they differ; None where one factor says it all."""
    cases = study.findings.cases
    if study.names.axes or not any(case.case.settings for case in cases):
        return None
    values = {case.case.name: _differing(case, cases) for case in cases}
    paths = [
        path
        for path in dict.fromkeys(path for found in values.values() for path in found)
        if len({values[case.case.name].get(path, ABSENT) for case in cases}) > 1
    ]
    usual = _usual(study, values, paths)
    names = {path: name_parameter(path, study.names.labels) for path in paths}
    title, facets = "Lo que distingue a las configuraciones", cells.case_facets(cases)
    rows: list[tuple[Cell, ...]]
    if len(paths) > COLUMNS:
        rows = [(cells.case(case), Cell(_list(values[case.case.name], usual, names))) for case in cases]
        heads = (Column("Configuración"), Column("Parámetros"))
        return Table("tab-cases", title, heads, tuple(rows), wide=True, facets=facets)
    rows = []
    for case in cases:
        shown = {path: values[case.case.name].get(path, ABSENT) for path in paths}
        marked = (Cell(value, strong=bool(usual) and value != usual[path]) for path, value in shown.items())
        rows.append((cells.case(case), *marked))
    columns = (Column("Configuración"), *(Column(markup.plain(name), "center") for name in names.values()))
    reference = "la referencia" if study.findings.baselines else "lo más común"
    some = any(cell.strong for row in rows for cell in row)
    note = f"En negrita, lo que se aparta de {reference}." if some else None
    return Table("tab-cases", title, columns, tuple(rows), note, wide=len(paths) > 2, facets=facets)


def _list(values: Mapping[str, str], usual: Mapping[str, str], names: Mapping[str, str]) -> str:
    """A case's parameters as a list, without those that have the usual value."""
    found = [f"{names[path]}: {values[path]}" for path in names if path in values and values[path] != usual.get(path)]
    return "; ".join(found) or ABSENT


def _is_idle(path: str, value: Any, settings: Mapping[str, Any]) -> bool:
    """Whether a parameter of the recipe does nothing: a penalty of zero, what shapes a schedule that is constant."""
    if path.startswith("recipe.scheduler.") and settings.get("recipe.scheduler.name") == "constant":
        return path != "recipe.scheduler.name"
    return path.startswith("recipe.") and isinstance(value, bool | int | float) and not value


def _differing(case: CaseFindings, cases: Sequence[CaseFindings]) -> dict[str, str]:
    """Every parameter that any case sets, as this case resolved it."""
    found: dict[str, str] = {}
    for path in dict.fromkeys(path for other in cases for path in other.case.settings):
        kind, _, rest = path.partition(".")
        component = getattr(case.case, kind)
        if not rest:
            found[path] = _value(component.name)
            given = [other.case.settings.get(path) for other in cases]
            names = dict.fromkeys(n for value in given if isinstance(value, Mapping) for n in value if n != "name")
            leaves = {name: component.parameters[name] for name in names if name in component.parameters}
        else:
            leaves = {rest: _at(component.parameters, rest)}
        for name, value in leaves.items():
            found.update({f"{kind}.{below}": _value(leaf) for below, leaf in _leaves(name, value)})
    return found


def _at(parameters: Mapping[str, Any], path: str) -> Any:
    value: Any = parameters
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, below in value.items():
            yield from _leaves(f"{path}.{name}", below)
    else:
        yield path, value


def _usual(study: PaperContext, values: Mapping[str, Mapping[str, str]], paths: Sequence[str]) -> dict[str, str]:
    """The reference's value of each parameter; without a reference, the one most cases have, if most have it."""
    if len(study.findings.baselines) == 1:
        return {path: values[study.findings.baselines[0]].get(path, ABSENT) for path in paths}
    usual = {path: Counter(found.get(path, ABSENT) for found in values.values()).most_common(1)[0] for path in paths}
    most = all(2 * times > len(values) for _, times in usual.values())
    return {path: value for path, (value, _) in usual.items()} if most else {}


def models_table(study: PaperContext) -> Table | None:
    """The network of each case, where they are not all of one size and form."""
    known = [(case, case.model) for case in study.findings.cases if case.model is not None]
    if len({(model.parameters_total, model.forward_flops, model.stages) for _, model in known}) < 2:
        return None
    differ = len({study.model_title(case) for case, _ in known}) > 1
    rows = [
        (
            Cell(markup.literal(study.model_title(case) if differ else case.label)),
            cells.number(model.parameters_total),
            cells.number(len(model.stages)),
            Cell(spanish.significant(model.forward_flops / 1e9), model.forward_flops),
        )
        for case, model in known
    ]
    columns = (Column("Modelo" if differ else "Configuración"), *cells.numeric_columns("Parámetros", "Etapas", "GFLOP"))
    note = "GFLOP: coste de clasificar una imagen."
    return Table("tab-models", "Modelos", columns, tuple(dict.fromkeys(rows)), note)


def phases_table(study: PaperContext) -> Table | None:
    """The phases of each case as they went, where a case has more than one."""
    if not study.has_phases:
        return None
    rows = [
        (
            Cell("") if order else cells.case(case),
            Cell(markup.code(phase.name, "phase")),
            Cell(spanish.number(round(phase.epochs, 1)), phase.epochs, phase.runs),
            Cell(spanish.number(float(f"{phase.learning_rate:.3g}")), phase.learning_rate),
        )
        for case in study.done
        for order, phase in enumerate(case.phases)
    ]
    columns = (Column("Configuración"), Column("Fase"), *cells.numeric_columns("Épocas", "Tasa inicial"))
    many = any(phase.epochs != int(phase.epochs) for case in study.done for phase in case.phases)
    note = "Épocas: media de las ejecuciones." if many else None
    return Table("tab-phases", "Fases del entrenamiento", columns, tuple(rows), note, long=cells.is_long(rows))


def _value(value: Any) -> str:
    """A parameter's value in the mini grammar; what is text, as code."""
    return describe_value(
        value, lambda text: markup.code(text, "parameter") if markup.line(text, "parameter") else ABSENT
    )


def _seeds(seeds: tuple[int, ...]) -> str:
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{len(seeds)} ({seeds[0]} a {seeds[-1]})"
    return f"{len(seeds)} ({'; '.join(map(str, seeds))})" if seeds else "0"
