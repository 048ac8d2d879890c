"""`benchsuite plan`: what a suite expands to, what is done of it, and what the rest will cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchsuite.commands.console import announce, count, literal, out, print_json, say, table
from benchsuite.commands.data_lines import as_json as data_as_json
from benchsuite.commands.data_lines import distinct_data, tell_data
from benchsuite.commands.options import Json, StudyOptions, SuiteName, Workers
from benchsuite.errors import PaperError

if TYPE_CHECKING:
    from benchsuite.commands.session import Session
    from benchsuite.execution.case_cost import CaseCost
    from benchsuite.execution.packing import Packing
    from benchsuite.store.run_store import Survey
    from benchsuite.suite.cases.plan import Plan, PlannedSearch

MOST_ROWS = 1000
"""Cases that the table lists."""


def plan(
    suite: SuiteName,
    options: StudyOptions,
    cost: Annotated[
        bool,
        typer.Option("--cost", help="Also parameters, operations, time, disk and power; may time a few steps."),
    ] = False,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Show the cases and seeds of SUITE, which runs are done and which are due. Downloads and trains nothing.

    Of a report, show how far each of its studies is.
    """
    from benchsuite.commands.report import report_file, show_plan
    from benchsuite.commands.session import open_study

    if report_file(suite) is not None:
        show_plan(suite, options, as_json)
        return
    study = open_study(suite, options, download=False, quiet=as_json)
    survey = study.survey()
    tells_power = cost or study.preparation.plan.sequential is not None
    if as_json:
        costs, _ = _costs(study, survey.statuses, workers) if cost else (None, None)
        print_json(_as_json(study, survey.statuses, costs, tells_power))
        return
    _show(study, survey, tells_power)
    if cost:
        from benchsuite.commands.cost_table import cost_table, verdict

        if not study.preparation.tasks:
            say("the cost can be told once the data are here")
            return
        told, packing = _costs(study, survey.statuses, workers)
        if told:
            out.print(cost_table(told))
            say(verdict(told, packing))
        for remark in packing.remarks:
            say(remark)


def _costs(study: Session, statuses: Mapping[str, str], workers: int | None) -> tuple[tuple[CaseCost, ...], Packing]:
    from benchsuite.commands.progress import Lines
    from benchsuite.execution.cost_estimate import study_cost
    from benchsuite.execution.due_runs import find_due
    from benchsuite.execution.executors import open_executor
    from benchsuite.execution.packing import Packing

    tasks, plan = study.preparation.tasks, study.preparation.plan
    if not tasks:
        return (), Packing(1, 1)
    due = find_due(tasks, statuses)
    if study.place.fleet is not None:  # only runs that it has made tell what it takes
        place = f"on one {tasks[0].numerics.device_name}, one run after another"
        remark = "benchsuite run with the executor times a few steps there, and tells how many runs are made at once"
        return study_cost(plan, tasks, due, None, say), Packing(1, 1, (remark,), place)
    with open_executor(tasks[0].numerics, Lines(len(tasks), 0)) as executor:
        costs = study_cost(plan, tasks, due, executor, say)
        return costs, executor.packing(len(due) + plan.following, costs, workers)


def _show(study: Session, survey: Survey, tells_power: bool) -> None:
    from benchsuite.commands.folds import folds_words
    from benchsuite.commands.looks import looks_words
    from benchsuite.commands.power import power_words
    from benchsuite.commands.session import tell_damaged
    from benchsuite.suite.planning.expand import listed_seeds

    preparation = study.preparation
    expanded, tasks = preparation.plan, preparation.tasks
    if preparation.sample:
        announce(f"SYNTHETIC SAMPLE: a smoke run, kept apart in {preparation.runs_folder}")
    for change in expanded.changes:
        say(f"changed: {change}")
    tell_data(tasks or ())
    for absent in preparation.absent:
        otherwise = "take the sample" if absent.startswith("data") else "start from random ones"
        say(f"{absent}: not here yet; `benchsuite run` will download them, or without a network {otherwise}")
    try:
        study.check_paper_folder()
    except PaperError as error:
        announce(f"warning: {error}")
    smoke = study.place.results / f"{study.suite.name}@sample"
    if not preparation.sample and smoke.is_dir():
        say(f"a smoke run on the synthetic sample is in {smoke}; see it with --policy sample")
    tell_damaged(survey.damaged, preparation.runs_folder)
    shown = table(
        f"{study.suite.name}: {size_words(expanded)}",
        "case", "done", "failed", "due", right=("done", "failed", "due"),
    )  # fmt: skip
    counts: dict[str, Counter[str]] = {case.name: Counter() for case in expanded.cases}
    searched: Counter[str] = Counter()
    for task in tasks:
        counts.get(task.spec.case.name, searched)[survey.statuses.get(task.key.key, "due")] += 1
    rows = [(name, own, len(expanded.seeds)) for name, own in counts.items()]
    if len(rows) > MOST_ROWS:
        rest = rows[MOST_ROWS:]
        together = sum((own for _, own, _ in rest), Counter[str]())
        rows[MOST_ROWS:] = [(f"… {len(rest):,} more cases, which --json lists", together, sum(n for *_, n in rest))]
    if expanded.search is not None:
        rows.append(("search", searched, len(expanded.trials)))
    for name, own, every in rows:
        shown.add_row(literal(name), str(own["done"]), str(own["failed"]), str(every - own["done"]))
    out.print(shown)
    if expanded.search is not None:
        more = f"; at most {expanded.following} runs follow those above" if expanded.following else ""
        out.print(f"search: {search_words(expanded.search)}{more}", markup=False)
    for line in (
        *folds_words(study),
        *looks_words(study),
        *(power_words(study, survey.statuses) if tells_power else ()),
    ):
        out.print(line, markup=False)
    numerics, seeds = preparation.numerics, listed_seeds(expanded.seeds)
    out.print(f"seeds {seeds}; {numerics.device_name} ({numerics.device}), torch {numerics.torch}", markup=False)
    for line in shares_words(study):
        out.print(line, markup=False)


def _as_json(
    study: Session, statuses: Mapping[str, str], costs: Sequence[CaseCost] | None, tells_power: bool
) -> Mapping[str, Any]:
    from benchsuite.commands.cost_table import as_json
    from benchsuite.commands.folds import as_json as folds_as_json
    from benchsuite.commands.looks import as_json as looks_as_json
    from benchsuite.commands.power import power

    preparation = study.preparation
    tasks = {(task.spec.case.name, task.spec.seed): task.key.key for task in preparation.tasks}
    runs = []
    for spec in preparation.plan.runs:
        key = tasks.get((spec.case.name, spec.seed))
        status = statuses.get(key or "", "due")
        fold = {} if spec.fold is None else {"fold": spec.fold.model_dump(mode="json")}
        runs.append({"case": spec.case.name, "seed": spec.seed, **fold, "key": key, "status": status})
    return {
        "suite": study.suite.name,
        "sample": preparation.sample,
        "changes": preparation.plan.changes,
        "absent": preparation.absent,
        "data": [data_as_json(found) for found in distinct_data(preparation.tasks or ())],
        "cases": [case.model_dump(mode="json") for case in preparation.plan.cases],
        "seeds": preparation.plan.seeds,
        "numerics": preparation.numerics.model_dump(mode="json"),
        "runs": runs,
        **({"search": _search_as_json(preparation.plan)} if preparation.plan.search else {}),
        **({"folds": folds_as_json(study)} if preparation.plan.folds else {}),
        **({"sequential": looks_as_json(study)} if preparation.plan.sequential else {}),
        **({"power": power(study, statuses)} if tells_power else {}),
        **({"cost": as_json(costs)} if costs is not None else {}),
    }


def _search_as_json(plan: Plan) -> Mapping[str, Any]:
    assert plan.search is not None
    return {
        **plan.search.declared.model_dump(mode="json"),
        "trials": [
            {"number": trial.number, "rung": trial.rung, "case": trial.case.name, "settings": trial.case.settings}
            for trial in plan.trials
        ],
        "following": plan.following,
    }


def size_words(plan: Plan) -> str:
    """The size of a study in one line."""
    cases, seeds = len(plan.cases), len(plan.seeds)
    most = f" of at most {plan.sequential.at_most}" if plan.sequential is not None else ""
    return f"{count(cases, 'case')} x {count(seeds, 'seed')}{most} = {count(cases * seeds, 'run')}"


def shares_words(study: Session) -> Iterator[str]:
    """Which kind of machine makes which seeds, a line each; nothing where one makes them all."""
    from benchsuite.execution.known_sites import machine_title

    fleet, plan = study.place.fleet, study.preparation.plan
    if fleet is None or len(fleet.makers) < 2:
        return
    searched = {plan.search.declared.seed} if plan.search is not None else set()
    for kind in fleet.makers:
        if seeds := [str(seed) for seed in sorted({*plan.seeds, *searched}) if fleet.kind(seed) == kind]:
            yield f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}: {machine_title(kind)}"


def search_words(planned: PlannedSearch) -> str:
    """A search in one line."""
    from benchsuite.suite.search.proposal import count_points, rung_sizes

    search = planned.declared
    line = f"{search.sampler}, {search.budget} trials of {count_points(search):,} points, by {search.metric}"
    if search.sampler == "tpe":
        line += f", in batches of {search.batch}" if search.lag is None else f", with a lag of {search.lag:,}"
    if search.halving is not None:
        rungs = ", ".join(
            f"{trials} trials at {value}"
            for trials, value in zip(rung_sizes(search), search.halving.rungs, strict=True)
        )
        line += f", halving over {search.halving.path}: {rungs}"
    return line + f", seed {search.seed}"
