"""Tables of the design: what all cases share, what sets them apart, their models and their phases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Facet, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.parameters import PARAMETERS

COLUMNS = 8
"""Most parameters that have a column of their own in the table of cases."""


def configuration_table(study: PaperContext, identifier: str) -> Table:
    """What all cases share, then what sets them apart, unless the table of cases tells it, then the seeds."""
    labels = study.material.suite.paper.labels
    rows: list[tuple[Cell, ...]] = []
    varied = {path for case in study.findings.cases for path in case.case.settings}
    for path, value in study.findings.settings.items():
        if value is None or value in ({}, (), []) or path in varied or _idle(path, value, study.findings.settings):
            continue
        rows.append((Cell(_parameter(path, labels)), Cell(_value(value))))
    for what, shown in study.material.configuration:
        row = (
            Cell(markup.literal(markup.line(what, "configuration"))),
            Cell(markup.literal(markup.line(shown, what))),
        )
        rows.append(row)
    note = None
    if study.axes:
        for path in study.axes:
            settings = [case.case.settings[path] for case in study.findings.cases]
            values = (markup.literal(study.value_name(path, value) or "") or _value(value) for value in settings)
            rows.append((Cell(_strong(_parameter(path, labels))), Cell("; ".join(dict.fromkeys(values)))))
        note = "En negrita, lo que distingue a las configuraciones."
    elif varied:
        note = "Lo que distingue a las configuraciones está en el {{tab-cases}}."
    rows.append((Cell("Semillas"), Cell(_seeds(study.findings.seeds))))
    title = "Configuración común" if varied and not study.axes else "Configuración del estudio"
    return Table(
        identifier, title, (Column("Parámetro"), Column("Valor")), tuple(rows), note, row_headers=False,
        long=len(rows) > 40,
    )  # fmt: skip


def cases_table(study: PaperContext, identifier: str) -> Table | None:
    """The cases with the parameters in which they differ; None where one factor says it all."""
    cases = study.findings.cases
    if study.axes or not any(case.case.settings for case in cases):
        return None
    labels = study.material.suite.paper.labels
    values = {case.case.name: _differing(case, cases) for case in cases}
    paths = [
        path
        for path in dict.fromkeys(path for found in values.values() for path in found)
        if len({values[case.case.name].get(path, ABSENT) for case in cases}) > 1
    ]
    usual = _usual(study, values, paths)
    names = {path: _parameter(path, labels) for path in paths}
    title = "Lo que distingue a las configuraciones"
    facets = tuple(Facet(case.case.name) for case in cases)
    rows: list[tuple[Cell, ...]]
    if len(paths) > COLUMNS:
        rows = [(Cell(markup.literal(case.label)), Cell(_said(values[case.case.name], usual, names))) for case in cases]
        said = (Column("Configuración"), Column("Parámetros"))
        return Table(identifier, title, said, tuple(rows), wide=True, facets=facets)
    rows = []
    for case in cases:
        shown = [values[case.case.name].get(path, ABSENT) for path in paths]
        apart = [bool(usual) and value != usual[path] for path, value in zip(paths, shown, strict=True)]
        cells = (Cell(value, strong=strong) for value, strong in zip(shown, apart, strict=True))
        rows.append((Cell(markup.literal(case.label)), *cells))
    columns = (Column("Configuración"), *(Column(markup.plain(name), "center") for name in names.values()))
    reference = "la referencia" if study.findings.baselines else "lo más común"
    some = any(cell.strong for row in rows for cell in row)
    note = f"En negrita, lo que se aparta de {reference}." if some else None
    return Table(identifier, title, columns, tuple(rows), note, wide=len(paths) > 2, facets=facets)


def _said(values: Mapping[str, str], usual: Mapping[str, str], names: Mapping[str, str]) -> str:
    """A case's parameters as a list, without those that have the usual value."""
    found = [f"{names[path]}: {values[path]}" for path in names if path in values and values[path] != usual.get(path)]
    return "; ".join(found) or ABSENT


ABSENT = "—"


def _idle(path: str, value: Any, settings: Mapping[str, Any]) -> bool:
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
    return {path: value for path, (value, times) in usual.items()} if all(
        2 * times > len(values) for _, times in usual.values()
    ) else {}  # fmt: skip


def models_table(study: PaperContext, identifier: str) -> Table | None:
    """The network of each case, where they are not all of one size and form."""
    known = [(case, case.model) for case in study.findings.cases if case.model is not None]
    if len({(model.parameters_total, model.forward_flops, model.stages) for _, model in known}) < 2:
        return None
    titles = [study.model_title(case) for case, _ in known]
    named = len(set(titles)) > 1
    rows: dict[tuple[Any, ...], tuple[Cell, ...]] = {}
    for (case, model), title in zip(known, titles, strict=True):
        sizes = (
            Cell(spanish.number(model.parameters_total), model.parameters_total),
            Cell(spanish.number(len(model.stages)), len(model.stages)),
            Cell(spanish.significant(model.forward_flops / 1e9), model.forward_flops),
        )
        whose = Cell(markup.literal(title if named else case.label))
        rows.setdefault((whose, *sizes), (whose, *sizes))
    columns = (
        Column("Modelo" if named else "Configuración"),
        Column("Parámetros", "right"),
        Column("Etapas", "right"),
        Column("GFLOP", "right"),
    )
    note = "GFLOP: coste de clasificar una imagen."
    return Table(identifier, "Modelos", columns, tuple(rows.values()), note)


def phases_table(study: PaperContext, identifier: str) -> Table | None:
    """The phases of each case as they went, where a case has more than one."""
    if not any(len(case.phases) > 1 for case in study.done):
        return None
    rows: list[tuple[Cell, ...]] = []
    for case in study.done:
        for order, phase in enumerate(case.phases):
            rows.append(
                (
                    Cell(markup.literal(case.label) if not order else ""),
                    Cell(f"`{markup.line(phase.name, 'phase').replace('`', '')}`"),
                    Cell(spanish.number(round(phase.epochs, 1)), phase.epochs, phase.runs),
                    Cell(spanish.number(float(f"{phase.learning_rate:.3g}")), phase.learning_rate),
                )
            )
    columns = (Column("Configuración"), Column("Fase"), Column("Épocas", "right"), Column("Tasa inicial", "right"))
    many = any(phase.epochs != int(phase.epochs) for case in study.done for phase in case.phases)
    note = "Épocas: media de las ejecuciones." if many else None
    return Table(identifier, "Fases del entrenamiento", columns, tuple(rows), note, long=len(rows) > 40)


def _parameter(path: str, labels: Mapping[str, str]) -> str:
    """What the paper calls a parameter, in the mini grammar."""
    if path in labels:
        return markup.literal(markup.line(labels[path], f"paper.labels.{path}"))
    return PARAMETERS[path] if path in PARAMETERS else f"`{markup.line(path, path)}`"


def _strong(name: str) -> str:
    return name if "`" in name else f"**{name}**"


def _value(value: Any) -> str:
    """A parameter's value in the mini grammar."""
    match value:
        case bool():
            return "sí" if value else "no"
        case int() | float():
            return spanish.number(value)
        case Mapping():
            rest = "; ".join(f"{name}: {_value(below)}" for name, below in value.items() if name != "name")
            name = _value(value["name"]) if "name" in value else ""
            return f"{name} ({rest})".strip() if rest and name else name or rest or "ninguno"
        case list() | tuple():
            return "; ".join(_value(item) for item in value) or "ninguno"
        case None:
            return "ninguno"
        case _:
            shown = markup.file_name(markup.line(str(value), "parameter")).replace("`", "'")
            return f"`{shown[:200]}`" if shown else "—"


def _seeds(seeds: tuple[int, ...]) -> str:
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{len(seeds)} ({seeds[0]} a {seeds[-1]})"
    return f"{len(seeds)} ({'; '.join(str(seed) for seed in seeds)})" if seeds else "0"
