"""`benchsuite run`: make what is due of a study, then its paper."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.commands.completion import complete_case_of
from benchsuite.commands.console import (
    announce,
    complain,
    count,
    error_as_json,
    messages,
    print_json,
    say,
    size,
)
from benchsuite.commands.data_lines import tell_changes, tell_data
from benchsuite.commands.options import (
    ExecutorName,
    ExecutorOptions,
    FormOptions,
    Json,
    StudyOptions,
    SuiteName,
    Weights,
    WeightsName,
    Workers,
)
from benchsuite.commands.run_summary import paper_told, summary
from benchsuite.contracts.model import Model
from benchsuite.errors import BenchsuiteError, SetupError
from benchsuite.extras import require
from benchsuite.machine import usable_cores
from benchsuite.settings import THREADS

if TYPE_CHECKING:
    from benchsuite.commands.session import Session
    from benchsuite.engine.task import RunTask
    from benchsuite.execution.case_cost import CaseCost
    from benchsuite.execution.executors import Engine
    from benchsuite.paper.context.material import PaperFiles
    from benchsuite.paper.rendering.process import Renderer
    from benchsuite.store.record import RunRecord
    from benchsuite.store.run_store import Survey

MOST_WEIGHTS = 20 * 2**30
"""Bytes of weights that are kept without asking."""
Estimate = Annotated[
    bool, typer.Option("--estimate/--no-estimate", help="Print the cost of the runs before they start.")
]
Paper = Annotated[bool, typer.Option("--paper/--no-paper", help="Make the paper when the runs are done.")]
Cases = Annotated[
    list[str] | None,
    typer.Option(
        "--case",
        metavar="CASE",
        help="Make only the runs of this case now; may be given again. Other cases stay due.",
        autocompletion=complete_case_of,
    ),
]


Studies = Annotated[
    bool, typer.Option("--studies", help="Of a report, first make the due runs of each of its studies.")
]


@dataclass(frozen=True)
class RunOptions:
    """Which runs of a study are made now, where and how, and what is told and written besides."""

    cases: Cases = None
    workers: Workers = None
    executor: ExecutorName = None
    executor_option: ExecutorOptions = None
    weights: Weights = None
    show_estimate: Estimate = True
    paper: Paper = True


@dataclass(frozen=True)
class Made:
    """A study whose due runs were made."""

    study: Session
    keys: Sequence[str]
    """Of the runs that were made now."""
    failed: Sequence[RunRecord]
    paper: PaperFiles | None
    no_paper: BenchsuiteError | None
    """Why the paper could not be made, which costs no run."""


def run(
    suite: SuiteName,
    *,
    options: StudyOptions,
    making: RunOptions,
    form: FormOptions,
    studies: Studies = False,
    as_json: Json = False,
) -> None:
    """Make every run of SUITE that is due, then write its paper; of a report, compose what its studies have done.

    Finished runs are reused, interrupted ones go on from their last checkpoint. With --json one document about the
    study, its runs and its paper is printed at the end, whatever the exit code. Exit code 0: all done; 1: some runs
    failed, the study had to stop, or the paper could not be made; 2: nothing could be started.
    """
    from benchsuite.commands.report import report_file

    began = time.monotonic()
    if report_file(suite) is not None:
        _run_report(suite, options, making, form, studies, as_json)
        return
    if studies:
        raise SetupError(f"{suite} is a study, no report", where="--studies", remedy="leave --studies out")
    made = make_study(suite, options, making, form)
    if made.no_paper is not None:
        complain(made.no_paper)
        announce(f"no paper, but all runs are kept; make it with: benchsuite paper {made.study.name}")
    if made.failed:
        _report(made.failed)
    if as_json:
        told = summary(made.study, made.keys, made.failed, time.monotonic() - began)
        error = error_as_json(made.no_paper) if made.no_paper else None
        print_json({**told, "paper": paper_told(made.paper), "paper_error": error})
    if made.failed or made.no_paper is not None:
        raise typer.Exit(1)


def _run_report(
    name: str, options: StudyOptions, making: RunOptions, form: FormOptions, studies: bool, as_json: bool
) -> None:
    """Write the paper of a report; before that, where asked for, make what is due of its studies."""
    from benchsuite.commands.report import as_told, make_report, open_report, show_plan

    if making.cases:
        raise SetupError(
            f"{name} is a report, which has no cases of its own",
            where="--case",
            remedy="leave --case out, or run the study that has the case",
        )
    failed: list[RunRecord] = []
    for study in open_report(name, options).studies if studies else ():
        made = make_study(study.name, options, making, FormOptions())
        if made.no_paper is not None:
            complain(made.no_paper)
        failed += made.failed
    if failed:
        _report(failed)
        raise typer.Exit(1)
    if not making.paper:
        show_plan(name, options, as_json)
        return
    composed = make_report(name, options, form)
    say(f"paper: {composed.files.pdf}\n       {composed.files.html}")
    if as_json:
        print_json({**as_told(composed.report), "paper": paper_told(composed.files)})


def make_study(suite: str, options: StudyOptions, making: RunOptions, form: FormOptions) -> Made:
    """Make every run of a suite that is due, then write its paper; what happens is said meanwhile.

    Raises a BenchsuiteError where nothing could be started. What goes wrong later is told in what is returned.
    """
    from benchsuite.commands.paper import try_paper
    from benchsuite.commands.session import open_study, tell_damaged
    from benchsuite.execution import fleet
    from benchsuite.execution.due_runs import find_due
    from benchsuite.execution.executors import choose, open_engine
    from benchsuite.execution.photos import decode_images
    from benchsuite.registry import registry
    from benchsuite.sources.cache import sweep_cache
    from benchsuite.store.run_store import Store

    with ExitStack() as beside:
        renderer = beside.enter_context(_renderer()) if making.paper else None
        chosen = choose(making.executor, making.executor_option or ())
        engine = beside.enter_context(open_engine(chosen, registry(), say))
        engine.begin(options.device.value, options.threads or int(THREADS.value()))
        study = open_study(
            suite,
            options,
            download=True,
            remake=True,
            machines=lambda suite, results, device: engine.fleet(
                suite.devices,
                device,
                fleet.remembered(suite, results, device),
                lambda: fleet.finished(suite, results),
            ),
        )
        if making.paper:
            study.check_paper_folder()
        store = Store(study.preparation.runs_folder)
        store.check_writable()
        fleet.remember(study.suite, study.place.results, study.place.fleet)
        beside.enter_context(store.making(study.suite.name))
        store.sweep()
        sweep_cache(study.place.cache)
        _announce(study, study.preparation.tasks)
        survey = study.survey()
        tell_damaged(survey.damaged, study.preparation.runs_folder)
        todo = _of_cases(find_due(study.preparation.tasks, survey.statuses), making.cases, study)
        keys: list[str] = []
        failed: list[RunRecord] = []
        if todo:
            _need_extras(todo, study)

            def check() -> None:
                if renderer is not None:
                    try_paper(study, form, renderer)
                tell_changes(decode_images(todo, study.registry, say))

            study, keys, failed = _make(study, todo, survey, engine, making, check)
        else:
            say("Everything is done already: nothing to train.")
        files, no_paper = _write_paper(study, form, renderer) if renderer is not None else (None, None)
    if study.preparation.sample:
        announce(_SAMPLE_END + (_GENERATED if study.origins <= {"generated", "packaged"} else _REAL))
    return Made(study, keys, failed, files, no_paper)


def _of_cases(todo: Sequence[RunTask], cases: Sequence[str] | None, study: Session) -> Sequence[RunTask]:
    """The runs of these cases, of all without any. Raises SetupError for a case that the study has not."""
    if not cases:
        return todo
    known = [case.name for case in study.preparation.plan.cases]
    for name in cases:
        if name not in known:
            from benchsuite.suite.source.problems import did_you_mean, one_of

            raise SetupError(
                f"{study.suite.name} has no case {name!r}",
                where="--case",
                expected=one_of(known),
                remedy=did_you_mean(name, known) or f"see its cases with benchsuite plan {study.name}",
            )
    return [task for task in todo if task.spec.case.name in cases]


def _need_extras(todo: Sequence[RunTask], study: Session) -> None:
    """Raise SetupError where a model of these runs needs a package that is not installed."""
    for name in sorted({task.spec.case.model.qualified_name for task in todo}):
        model = study.registry.model(name).component
        if isinstance(model, Model) and model.requires:
            require(f"the model {model.name}", *model.requires, where=study.suite.name)


def _renderer() -> Renderer:
    """A process that tries the paper before the runs, and sets it after them; it reads in its libraries at once."""
    from benchsuite.paper.rendering.pango import check_pango
    from benchsuite.paper.rendering.process import Renderer

    check_pango()
    return Renderer()


def _write_paper(
    study: Session, form: FormOptions, renderer: Renderer
) -> tuple[PaperFiles | None, BenchsuiteError | None]:
    """Write the paper if any run is done. Returns it, or why that fails."""
    from benchsuite.commands.crash_report import describe_crash
    from benchsuite.commands.paper import write_paper

    statuses = study.survey().statuses  # which remembers for the next command what was made now, too
    if all(statuses.get(task.key.key) != "done" for task in study.preparation.tasks):
        say("no paper: no run is done")
        return None, None
    try:
        files = write_paper(study, form, renderer if renderer.alive else None)  # hours may have passed
    except Exception as error:
        return None, error if isinstance(error, BenchsuiteError) else describe_crash(error)
    say(f"paper: {files.pdf}\n       {files.html}")
    return files, None


_SAMPLE = (
    "SYNTHETIC SAMPLE: the real data are not used. This is a smoke run of the whole way, not a study; its results are "
    "kept apart in {folder}."
)
_SAMPLE_END = "These results come from the SYNTHETIC SAMPLE. "
_REAL = (
    "For the study itself name the folder of the real data: make suite SUITE=... DATA=DIR (or --data DIR, or "
    "BENCHSUITE_DATA)."
)
_GENERATED = "For the study itself leave out --policy sample."


def _announce(study: Session, tasks: Sequence[RunTask]) -> None:
    """Say what will be done, with what, and everything that is not as the suite asked."""
    preparation = study.preparation
    plan, numerics = preparation.plan, preparation.numerics
    from benchsuite.commands.looks import looks_words
    from benchsuite.commands.plan import search_words, shares_words, size_words

    say(f"{study.suite.name}: {size_words(plan)}")
    if plan.search is not None:
        say(f"search: {search_words(plan.search)}")
    for line in looks_words(study):
        say(line)
    if preparation.sample:
        announce(_SAMPLE.format(folder=preparation.runs_folder))
    reduced = [change for change in plan.changes if "(smoke; " in change]
    if reduced:
        say("reduced for the smoke run: " + "; ".join(reduced))
    changed = [change for change in plan.changes if change not in reduced]
    if changed:
        announce("changed: " + "; ".join(changed))
    tell_data(tasks)
    for start in {(task.weights.request, task.weights.sha256): task.weights for task in tasks}.values():
        text = f"weights: {start.request}, {start.provenance} ({start.evidence})"
        if start.provenance == "random" and start.request != "none":
            announce(text)
        else:
            say(text)
    threads = f"{numerics.threads} thread{'s' if numerics.threads > 1 else ''}, " if numerics.device == "cpu" else ""
    say(f"device: {numerics.device_name} ({numerics.device}, {threads}{numerics.precision}), torch {numerics.torch}")
    for line in shares_words(study):
        say(line)
    elsewhere = study.place.fleet is not None
    if not elsewhere and numerics.device == "cpu" and numerics.threads > (cores := usable_cores()):
        announce(
            f"warning: {count(numerics.threads, 'thread')} wait for one another on {count(cores, 'core')}; fewer are"
            " faster (--threads), and make other runs"
        )
    if not elsewhere and numerics.device == "cpu" and study.place.device == "auto":
        from benchsuite.identity.gpu_trial import faults

        found = "; ".join(faults())
        why = f"the GPU cannot be used ({found})" if found else "no CUDA GPU here"
        announce(f"{why}: computing on the CPU, which gives the same product, slower")


def _make(
    study: Session,
    todo: Sequence[RunTask],
    survey: Survey,
    engine: Engine,
    making: RunOptions,
    check: Callable[[], None],
) -> tuple[Session, list[str], list[RunRecord]]:
    """Make the due runs and, unless only some cases were asked for, those that a search proposes on their results, or
    that claims still open ask for, until there are none. What `check` raises comes before all of them; it is called
    while the executor starts.

    Returns the study as far as it then is, the keys of the runs that were made, and those that failed.
    """
    from benchsuite.commands.cost_table import cost_table, verdict
    from benchsuite.commands.looks import new_looks_words
    from benchsuite.commands.progress import display
    from benchsuite.execution.cost_estimate import study_cost
    from benchsuite.execution.due_runs import keeping
    from benchsuite.execution.search_tasks import follow
    from benchsuite.store.run_store import Store

    made, failed, told = [], [], len(study.looks)
    goes_on = not making.cases
    tasks, following = study.preparation.tasks, study.preparation.plan.following if goes_on else 0
    keep = keeping((making.weights or WeightsName.all).value, study.preparation.plan)
    todo = tuple(map(keep, todo))
    next_due = follow(study.later.take, todo, survey.statuses)
    shown = display(len(tasks) + following, len(tasks) - len(todo))
    with ExitStack() as beside:
        executor = beside.enter_context(engine.executor(todo[0].numerics, study.place.fleet, shown))
        executor.start(min(len(todo), making.workers or len(todo)))
        check()
        beside.enter_context(shown)
        costs = study_cost(study.preparation.plan, tasks, todo, executor, say) if making.show_estimate else ()
        packing = executor.packing(len(todo) + following, costs, making.workers)
        if making.show_estimate:
            messages.print(cost_table(costs))
            shown.say(verdict(costs, packing))
            if making.weights is None:
                _ask_for_weights(costs)
            Store(study.preparation.runs_folder).check_space(sum(cost.disk_bytes for cost in costs))
        for remark in packing.remarks:
            shown.say(remark)
        executor.pack(packing.on_each)
        for record in executor.run(todo, lambda record: map(keep, next_due(record)) if goes_on else ()):
            shown.finished(record)
            made.append(record.key)
            if record.status == "failed":
                failed.append(record)
            for line in new_looks_words(study, told):
                shown.say(line)
            told = len(study.looks)
    return replace(study, preparation=study.later.preparation), made, failed


def _ask_for_weights(costs: Sequence[CaseCost]) -> None:
    """Raise SetupError where so many weights would be kept that somebody should want it."""
    runs, needed = sum(cost.due for cost in costs), sum(cost.due * cost.weights_bytes for cost in costs)
    if needed > MOST_WEIGHTS:
        raise SetupError(
            f"the weights of these {runs:,} runs take about {size(needed)}, and nobody has said that they are wanted",
            expected=f"a choice, where they take more than {size(MOST_WEIGHTS)}",
            remedy="add --weights none, --weights cases (one run of each case) or --weights all; their hash, by which"
            " benchsuite verify tells whether a run is repeated, is in every record",
        )


def _report(failed: Sequence[RunRecord]) -> None:
    announce(f"{count(len(failed), 'run')} FAILED; the others are kept. Start again to make only those that are due.")
    for record in failed[:5]:
        assert record.failure is not None
        say(f"  {record.spec.case.name}, seed {record.spec.seed}: {record.failure.what}")
        for title, text in (
            ("where", record.failure.where),
            ("expected", record.failure.expected),
            ("remedy", record.failure.remedy),
        ):
            if text:
                say(f"    {title + ':':<9} {text}")
        say(f"    record:   benchsuite show {record.key[:12]}")
