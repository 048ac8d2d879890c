"""`benchsuite plan`: what a suite expands to, what is done of it, and what the rest will cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
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
    from benchsuite.execution.seed_tasks import LookTaken
    from benchsuite.store.run_store import Survey
    from benchsuite.suite.cases.plan import Plan, PlannedSearch

MOST_ROWS = 1000
"""Cases that the table lists, and runs from which the power is told: more change it little."""
FEW_LOOKS = 6
"""Looks that are listed one by one."""


def plan(
    suite: SuiteName,
    options: StudyOptions,
    cost: Annotated[
        bool, typer.Option("--cost", help="Also parameters, operations, time and disk; may time a few steps.")
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
    if as_json:
        costs, _ = _costs(study, survey.statuses, workers) if cost else (None, None)
        print_json(_as_json(study, survey.statuses, costs))
        return
    _show(study, survey)
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


def _show(study: Session, survey: Survey) -> None:
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
    for line in (*looks_words(study), *power_words(study, survey.statuses)):
        out.print(line, markup=False)
    numerics, seeds = preparation.numerics, listed_seeds(expanded.seeds)
    out.print(f"seeds {seeds}; {numerics.device_name} ({numerics.device}), torch {numerics.torch}", markup=False)
    for line in shares_words(study):
        out.print(line, markup=False)


def _as_json(study: Session, statuses: Mapping[str, str], costs: Sequence[CaseCost] | None) -> Mapping[str, Any]:
    from benchsuite.commands.cost_table import as_json

    preparation = study.preparation
    tasks = {(task.spec.case.name, task.spec.seed): task.key.key for task in preparation.tasks}
    runs = []
    for spec in preparation.plan.runs:
        key = tasks.get((spec.case.name, spec.seed))
        status = statuses.get(key or "", "due")
        runs.append({"case": spec.case.name, "seed": spec.seed, "key": key, "status": status})
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
        **({"sequential": _looks_as_json(study)} if preparation.plan.sequential else {}),
        **({"power": power} if (power := _power(study, statuses)) is not None else {}),
        **({"cost": as_json(costs)} if costs is not None else {}),
    }


def _looks_as_json(study: Session) -> Mapping[str, Any]:
    from benchsuite.analysis.sequential import boundaries
    from benchsuite.suite.schema.sequential import LEVEL

    plan = study.preparation.plan
    assert plan.sequential is not None
    return {
        **plan.sequential.model_dump(mode="json"),
        "looks": [
            {"seeds": seeds, "boundary": boundary}
            for seeds, boundary in zip(plan.sequential.looks, boundaries(plan.sequential, LEVEL), strict=True)
        ],
        "taken": [asdict(look) for look in study.looks],
        "following": plan.following,
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


def looks_words(study: Session) -> Iterator[str]:
    """Of sequential seeds, which looks there are and how far they are, a line each; nothing of a fixed number."""
    design = study.preparation.plan.sequential
    if design is None:
        return
    looks = [str(seeds) for seeds in design.looks]
    listed = ", ".join(looks if len(looks) <= FEW_LOOKS else [*looks[:3], "…", looks[-1]])
    line = f"seeds until the claims are decided: {count(len(looks), 'look')}, at {listed} seeds"
    if design.looks[0] > design.at_least:
        line += f" (with fewer than {design.looks[0]}, no test could decide anything)"
    yield line
    for look in study.looks:
        if look.decided or look is study.looks[-1]:
            yield look_words(study, look)


def power_words(study: Session, statuses: Mapping[str, str]) -> Iterator[str]:
    """What differences the study would find with all of its seeds if their number is fixed, by what is known so far;
    nothing where nothing is compared or the results are those of the sample."""
    from benchsuite.analysis.power import POWER
    from benchsuite.metrics import METRICS

    found = _power(study, statuses)
    if found is None:
        return
    compared, seeds = found["metric"], found["seeds"]
    line = f"power of {seeds} fixed seeds: "
    if found["size"] is None:
        yield f"{line}none, they are too few for a test of {count(found['comparisons'], 'comparison')}"
        return
    unit = METRICS[compared].unit
    if found["deviation"] is None:
        told = f"{found['size']:.2f} standard deviations of the differences within a seed"
        known = "how large that is, five seeds will tell"
    else:
        scaled = unit.scale * found["size"] * found["deviation"]
        told = f"{scaled:.{unit.decimals + 1}f} {unit.difference or unit.symbol}".rstrip()
        deviation = f"{unit.scale * found['deviation']:.{unit.decimals + 1}f}"
        known = f"by a standard deviation within a seed of {deviation}, from {found['known_from']} seeds"
    yield f"{line}differences of {compared} above {told} are found with {POWER:.0%} ({known})"


def _power(study: Session, statuses: Mapping[str, str]) -> dict[str, Any] | None:
    """The smallest difference that is found, in standard deviations, and the largest of these that is known."""
    from benchsuite.analysis.power import smallest_size
    from benchsuite.analysis.results import Results
    from benchsuite.execution.due_runs import load_records
    from benchsuite.suite.cases.baselines import baselines

    suite, preparation = study.suite, study.preparation
    plan = preparation.plan
    pairs = baselines(suite, plan)
    if suite.compare is None or not pairs or preparation.sample:
        return None
    seeds = plan.sequential.at_most if plan.sequential is not None else len(plan.seeds)
    own = {*pairs, *pairs.values()}
    tasks = [one for one in preparation.tasks if one.spec.case.name in own and statuses.get(one.key.key) == "done"]
    keys = {(task.spec.case.name, task.spec.seed): task.key.key for task in tasks[:MOST_ROWS]}
    known = Results(suite, plan, keys, load_records(tasks[:MOST_ROWS])).deviation()
    return {
        "metric": suite.compare.metric,
        "seeds": seeds,
        "comparisons": len(pairs),
        "size": smallest_size(seeds, len(pairs)),
        "deviation": known[0] if known is not None else None,
        "known_from": known[1] if known is not None else 0,
    }


def look_words(study: Session, look: LookTaken) -> str:
    """What a look has found, in one line."""
    design = study.preparation.plan.sequential
    assert design is not None, "who has looks has a design"
    line = f"look {look.number} of {len(design.looks)}, with {look.seeds} seeds: "
    line += f"decided {'are' if len(look.decided) > 1 else 'is'} {', '.join(look.decided)}" if look.decided else ""
    if not look.open:
        return f"{line}, and with {'them' if len(look.decided) > 1 else 'it'} every claim: the study ends"
    line += ("; " if look.decided else "") + f"open: {', '.join(look.open)}"
    if look.number == len(design.looks):
        return f"{line}; this was the last look"
    return f"{line}; next with {design.looks[look.number]} seeds"


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
