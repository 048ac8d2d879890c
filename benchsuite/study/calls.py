"""`benchsuite.run` and `benchsuite.report`: the commands `run` and `paper`, called from Python."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

from benchsuite.commands.options import (
    RESULTS,
    DeviceName,
    FormOptions,
    PolicyName,
    StudyOptions,
    WeightsName,
)
from benchsuite.errors import BenchsuiteError, SetupError
from benchsuite.study.arguments import (
    AnyPath,
    one_of,
    read_count,
    read_executor_options,
    read_form,
    read_names,
    read_path,
    read_paths,
    read_seeds,
    read_set,
    wrong,
)
from benchsuite.study.family import only_our_errors
from benchsuite.study.outcomes import run_of
from benchsuite.study.reports import Report, report_of
from benchsuite.study.study import Study

if TYPE_CHECKING:
    from benchsuite.commands.session import Session
    from benchsuite.paper.context.material import PaperFiles

_DISCOVERING = Lock()
SHOWN = 3
"""Failed runs that an error names."""


class RunsFailed(BenchsuiteError):
    """Some runs of a study failed. `study` has them and all others, which are kept."""

    kind = "runs failed"
    exit_code = 1
    study: Study


def run(
    suite: AnyPath,
    *,
    cases: str | Iterable[str] | None = None,
    seeds: int | str | Iterable[int] | None = None,
    set: Mapping[str, object] | Iterable[str] | None = None,
    data: AnyPath | None = None,
    policy: Literal["auto", "real", "sample"] = "auto",
    skip_broken: bool = False,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int | None = None,
    plugins: AnyPath | Iterable[AnyPath] = (),
    results: AnyPath | None = None,
    workers: int | None = None,
    executor: str | None = None,
    executor_options: Mapping[str, object] | None = None,
    weights: Literal["all", "cases", "none"] | None = None,
    estimate: bool = True,
    paper: bool = True,
    template: Literal["ieee", "report"] | None = None,
    page: Literal["a4", "letter"] | None = None,
    language: Literal["es", "en"] | None = None,
) -> Study:
    """Make every run of a suite that is due, then write its paper, as the command `benchsuite run` does.

    `suite` is a suite's name, or the path of a .yaml file. `seeds` says how many (3), or which ones ([0, 4, 7]); `set`
    changes parameters of every case ({"recipe.max_epochs": 2}); `cases` are those whose runs are made now. Every other
    argument is the command's option of that name, environment variables included: without `data`, `results` or
    `executor`, BENCHSUITE_DATA and the like count.

    Finished runs are reused, interrupted ones go on from their last checkpoint. An interrupt (Ctrl-C, or the stop
    button of a notebook) is a KeyboardInterrupt; what is done is kept. Several calls may be at work at once, in threads
    or processes: they share what is done, and none makes a run that another is making.

    Raises RunsFailed where runs failed, whose `study` has the others; and otherwise SuiteError, DataError, SetupError
    or another BenchsuiteError, with what to do. No other exception, and nothing is printed as a traceback.
    """
    from benchsuite.commands.report import report_file
    from benchsuite.commands.run import RunOptions, make_study

    with only_our_errors():
        options = _options(set, seeds, data, policy, skip_broken, device, threads, results)
        making = RunOptions(
            cases=read_names("cases", cases),
            workers=read_count("workers", workers),
            executor=executor,
            executor_option=read_executor_options(executor_options),
            weights=None if weights is None else one_of("weights", weights, WeightsName),
            show_estimate=bool(estimate),
            paper=bool(paper),
        )
        form = read_form(template, page, language)
        name = _name("suite", suite)
        if not isinstance(executor, str | None):
            raise wrong("executor", executor, "the name of an executor: benchsuite list executors")
        discover(read_paths("plugins", plugins))
        if report_file(name) is not None:
            raise SetupError(
                f"{name} is a report, which makes no runs",
                where="the argument suite",
                expected="a study",
                remedy="run the studies that it gathers, then call benchsuite.report",
            )
        made = make_study(name, options, making, form)
        study = study_of(made.study)
    if made.failed:
        raise _failed(study)
    if made.no_paper is not None:
        made.no_paper.add_note(f"all runs are kept: benchsuite.load({str(study.folder)!r})")
        raise made.no_paper
    return study


def report(
    report: AnyPath,
    *,
    seeds: int | str | Iterable[int] | None = None,
    set: Mapping[str, object] | Iterable[str] | None = None,
    data: AnyPath | None = None,
    policy: Literal["auto", "real", "sample"] = "auto",
    skip_broken: bool = False,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int | None = None,
    plugins: AnyPath | Iterable[AnyPath] = (),
    results: AnyPath | None = None,
    template: Literal["ieee", "report"] | None = None,
    page: Literal["a4", "letter"] | None = None,
    language: Literal["es", "en"] | None = None,
) -> Report:
    """Compose the paper of a report from its studies, as the command `benchsuite paper` does. It makes no runs.

    `report` is a report's name, or the path of a .yaml file of `kind: report`. The other arguments are those with which
    its studies were made by `run`, and those that set the paper.

    Raises PaperError where a study is not finished, naming it; and SuiteError, DataError, SetupError or another
    BenchsuiteError, with what to do.
    """
    from benchsuite.commands.report import make_report

    with only_our_errors():
        options = _options(set, seeds, data, policy, skip_broken, device, threads, results)
        form, name = read_form(template, page, language), _name("report", report)
        discover(read_paths("plugins", plugins))
        made = make_report(name, options, form)

        def write(wanted: FormOptions) -> PaperFiles:
            return made.files if wanted == FormOptions() else make_report(name, options, wanted).files

        return report_of(made.material, made.report.paper_folder, made.report.sample, write)


def _options(
    set: Mapping[str, object] | Iterable[str] | None,
    seeds: int | str | Iterable[int] | None,
    data: AnyPath | None,
    policy: str,
    skip_broken: bool,
    device: str,
    threads: int | None,
    results: AnyPath | None,
) -> StudyOptions:
    return StudyOptions(
        overrides=read_set(set),
        seeds=read_seeds(seeds),
        data=_place("data", data, "BENCHSUITE_DATA"),
        policy=one_of("policy", policy, PolicyName),
        skip_broken=bool(skip_broken),
        device=one_of("device", device, DeviceName),
        threads=read_count("threads", threads),
        # A notebook may go to another folder before the study is asked again.
        results=(_place("results", results, "BENCHSUITE_RESULTS") or RESULTS).absolute(),
    )


def _name(argument: str, given: object) -> str:
    """The name or path of a suite. Raises SetupError."""
    if isinstance(given, str) or (isinstance(given, os.PathLike) and isinstance(os.fspath(given), str)):
        return str(os.fspath(given))
    raise wrong(argument, given, f"the name of a {argument}, or the path of a .yaml file")


def discover(plugins: Iterable[Path] = ()) -> None:
    """Find the plugins anew, with those at more places: between two calls in one notebook files are edited."""
    from benchsuite.registry import use_local

    with _DISCOVERING:
        use_local(tuple(plugins))


def study_of(session: Session) -> Study:
    """The study that a command has worked on, with the runs that it has."""
    from benchsuite.analysis.results import Results
    from benchsuite.commands.paper import check_ready, write_paper
    from benchsuite.execution.due_runs import load_records
    from benchsuite.execution.measuring import measure
    from benchsuite.store.run_store import Store

    def write(form: FormOptions) -> PaperFiles:
        check_ready(session)
        return write_paper(session, form)

    preparation = session.preparation
    store = Store(preparation.runs_folder)
    records = measure(load_records(preparation.tasks), preparation.plan.metrics, session.registry, store)
    keys = {(task.spec.case.name, task.spec.seed): task.key.key for task in preparation.tasks}
    return Study(
        name=session.suite.name,
        sample=preparation.sample,
        folder=preparation.paper_folder,
        runs=tuple(
            # A case may be called otherwise now than when its run was made.
            run_of(records[task.key.key].model_copy(update={"spec": task.spec}), store.folder(task.key.key))
            for task in preparation.tasks
            if task.key.key in records
        ),
        _define=lambda: Results(session.suite, preparation.plan, keys, records),
        _write=write,
    )


def _failed(study: Study) -> RunsFailed:
    failed = study.failed
    named = [f"{run.case}, seed {run.seed}: {run.failure}" for run in failed[:SHOWN]]
    more = [f"and {len(failed) - SHOWN} more"] if failed[SHOWN:] else []
    error = RunsFailed(
        f"{len(failed)} of {len(study.runs)} runs failed: " + "; ".join((*named, *more)),
        where=str(study.folder),
        expected="no run that fails; the others are kept, and are in `study` of this error",
        remedy="mend what they say, and call again: only what is due is made",
    )
    error.study = study
    return error


def _place(name: str, given: AnyPath | None, variable: str) -> Path | None:
    """A folder that was given, else the one that the environment names."""
    if given is not None:
        return read_path(name, given)
    named = os.environ.get(variable)
    return Path(named) if named else None
