"""Tables of the design: what all cases share, what sets them apart, their models and their phases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchsuite.analysis.findings import CaseFindings
from benchsuite.contracts.recipe import FreezePolicy, Phase
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.parameter_words import describe_value, name_parameter, word_for
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.tables import cells

COLUMNS = 8
"""Most parameters that have a column of their own in the table of cases."""
ABSENT = "—"
PHASE_OPTIONS = ("momentum", "weight_decay")
"""Options of optimizers with a column of their own in the table of phases, where any phase has them."""
PHASE_COLUMNS = 4
"""Most columns of that table that fit a column of the page."""


def configuration_table(study: PaperContext) -> Table:
    """What all cases share, then what sets them apart, unless the table of cases tells it, then the seeds."""
    findings, names = study.findings, study.names
    varied = {path for case in findings.cases for path in case.case.settings}
    rows = [
        (Cell(name_parameter(path, names.labels)), Cell(_setting(path, value)))
        for path, value in findings.settings.items()
        if not (value is None or value in ({}, (), []) or path in varied or _is_idle(path, value, findings.settings))
    ]
    rows += [
        (cells.text(what, "configuration"), cells.text(shown, what)) for what, shown in study.material.configuration
    ]
    note = say("note-configuration-cases") if varied else None
    for path in names.axes:
        name = name_parameter(path, names.labels)
        given = [case.case.settings[path] for case in findings.cases]
        values = (markup.literal(names.label_of_value(path, one) or "") or _setting(path, one) for one in given)
        rows.append((Cell(name if "`" in name else f"**{name}**"), Cell("; ".join(dict.fromkeys(values)))))
        note = say("note-configuration-bold")
    rows.append((Cell(say("row-seeds")), Cell(_seeds(findings.seeds))))
    title = say("title-configuration-common" if varied and not names.axes else "title-configuration")
    columns = (Column(say("column-configuration-parameter")), Column(say("column-value")))
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
    title, facets = say("title-cases"), cells.case_facets(cases)
    rows: list[tuple[Cell, ...]]
    if len(paths) > COLUMNS:
        rows = [(cells.case(case), Cell(_list(values[case.case.name], usual, names))) for case in cases]
        heads = (Column(say("column-configuration")), Column(say("column-parameters")))
        return Table("tab-cases", title, heads, tuple(rows), wide=True, facets=facets)
    rows = []
    for case in cases:
        shown = {path: values[case.case.name].get(path, ABSENT) for path in paths}
        marked = (Cell(value, strong=bool(usual) and value != usual[path]) for path, value in shown.items())
        rows.append((cells.case(case), *marked))
    columns = (Column(say("column-configuration")), *(Column(markup.plain(name), "center") for name in names.values()))
    reference = "note-cases-reference" if study.findings.baselines else "note-cases-usual"
    some = any(cell.strong for row in rows for cell in row)
    note = say(reference) if some else None
    return Table("tab-cases", title, columns, tuple(rows), note, wide=len(paths) > 2, facets=facets)


def _list(values: Mapping[str, str], usual: Mapping[str, str], names: Mapping[str, str]) -> str:
    """A case's parameters as a list, without those that have the usual value."""
    found = [f"{names[path]}: {values[path]}" for path in names if path in values and values[path] != usual.get(path)]
    return "; ".join(found) or ABSENT


def _is_idle(path: str, value: Any, settings: Mapping[str, Any]) -> bool:
    """Whether a parameter of the recipe does nothing: a penalty of zero, what shapes a schedule that is constant, and
    what is no part of the method, such as how often is logged."""
    if path == "recipe.log_every":
        return True
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
            found[path] = _setting(path, component.name)
            given = [other.case.settings.get(path) for other in cases]
            names = dict.fromkeys(n for value in given if isinstance(value, Mapping) for n in value if n != "name")
            leaves = {name: component.parameters[name] for name in names if name in component.parameters}
        else:
            leaves = {rest: _at(component.parameters, rest)}
        for name, value in leaves.items():
            found.update({(at := f"{kind}.{below}"): _setting(at, leaf) for below, leaf in _leaves(name, value)})
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
    unit, scale = typography.operations_unit(max(model.forward_flops for _, model in known))
    rows = [
        (
            Cell(markup.literal(study.model_title(case) if differ else case.label)),
            cells.number(model.parameters_total),
            cells.number(len(model.stages)),
            Cell(typography.significant(scale * model.forward_flops), model.forward_flops),
        )
        for case, model in known
    ]
    heads = (say("column-parameters"), say("column-models-stages"), unit)
    first = Column(say("column-models-model" if differ else "column-configuration"))

    columns = (first, *cells.numeric_columns(*heads))
    return Table("tab-models", say("title-models"), columns, tuple(dict.fromkeys(rows)), say("note-models", unit=unit))


def phases_table(study: PaperContext) -> Table | None:
    """The phases of each case as they were declared and went, where a case has more than one; page wide where the
    optimizers have options to tell."""
    if not study.has_phases:
        return None
    declared = {(name, phase.name): phase for name, phases in study.material.phases.items() for phase in phases}
    options = [name for name in PHASE_OPTIONS if any(one.optimizer.options.get(name) for one in declared.values())]
    rows = [
        (
            Cell("") if order else cells.case(case),
            Cell(markup.code(phase.name, "phase")),
            *(_declared(declared.get((case.case.name, phase.name)), options) if declared else ()),
            Cell(typography.number(round(phase.epochs, 1)), phase.epochs, phase.runs),
            Cell(typography.number(float(f"{phase.learning_rate:.3g}")), phase.learning_rate),
        )
        for case in study.done
        for order, phase in enumerate(case.phases)
    ]
    first = [say("column-configuration"), say("column-phases-phase")]
    if declared:
        first += [say("column-phases-trained"), say("column-phases-optimizer")]
    heads = (*(say(f"column-phases-{name}") for name in options), say("column-epochs"), say("column-phases-rate"))
    columns = (*map(Column, first), *cells.numeric_columns(*heads))
    many = any(phase.epochs != int(phase.epochs) for case in study.done for phase in case.phases)
    note = say("note-phases") if many else None
    wide = len(columns) > PHASE_COLUMNS
    return Table("tab-phases", say("title-phases"), columns, tuple(rows), note, wide=wide, long=cells.is_long(rows))


def _declared(phase: Phase | None, options: Sequence[str]) -> list[Cell]:
    """What a phase trains and how it moves it."""
    if phase is None:
        return [cells.EMPTY] * (2 + len(options))
    optimizer = _setting("recipe.optimizer", phase.optimizer.name)
    given = [phase.optimizer.options.get(name) for name in options]
    numbers = [float(value) if isinstance(value, int | float) and value else None for value in given]
    return [Cell(describe_trained(phase.freeze)), Cell(optimizer), *map(cells.number, numbers)]


def describe_trained(policy: FreezePolicy) -> str:
    """Which stages train: «todas», «la última», «todas menos la de entrada y dos bloques»."""
    if policy.train_last is not None:
        return say("trained-last", n=policy.train_last)
    if policy.stages is not None:
        frozen = [markup.code(name, "stage") for name in policy.stages]
    else:
        stem = policy.stem == "always" or (policy.stem == "with_first_block" and policy.blocks > 0)
        frozen = [say("frozen-stem")] if stem else []
        frozen += [say("frozen-blocks", n=policy.blocks)] if policy.blocks else []
    return say("trained-but", frozen=listing(frozen)) if frozen else say("trained-all")


def _setting(path: str, value: Any) -> str:
    """The value at a path in the mini grammar; what is text, in words where the catalogue has some, else as code."""

    def word(text: str) -> str:
        if not markup.line(text, "parameter"):
            return ABSENT
        return word_for(path, text) or markup.code(text, "parameter")

    return (value is None and word_for(path, "null")) or describe_value(value, word)


def _seeds(seeds: tuple[int, ...]) -> str:
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return say("seeds-range", count=str(len(seeds)), first=str(seeds[0]), last=str(seeds[-1]))
    return f"{len(seeds)} ({'; '.join(map(str, seeds))})" if seeds else "0"
