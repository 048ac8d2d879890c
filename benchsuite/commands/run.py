"""`benchsuite run`: make what is due of a study, then its paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.commands.console import announce, messages, say
from benchsuite.commands.options import (
    RESULTS,
    Data,
    DeviceName,
    DeviceOption,
    PolicyName,
    PolicyOption,
    Results,
    Seeds,
    Set,
    SuiteName,
)

if TYPE_CHECKING:
    from benchsuite.commands.study import Study
    from benchsuite.engine.task import RunTask
    from benchsuite.store.record import RunRecord

Estimate = Annotated[
    bool, typer.Option("--estimate/--no-estimate", help="Print the cost of the runs before they start.")
]
Paper = Annotated[bool, typer.Option("--paper/--no-paper", help="Make the paper when the runs are done.")]


def run(
    suite: SuiteName,
    overrides: Set = None,
    seeds: Seeds = None,
    data: Data = None,
    policy: PolicyOption = PolicyName.auto,
    device: DeviceOption = DeviceName.auto,
    results: Results = RESULTS,
    show_estimate: Estimate = True,
    paper: Paper = True,
) -> None:
    """Make every run of SUITE that is due, then write its paper.

    Finished runs are reused, interrupted ones go on from their last checkpoint. Exit code 0: all done; 1: some runs
    failed; 2: nothing could be started.
    """
    from benchsuite.commands.study import open_study, place_from
    from benchsuite.execution.study import due, known_records
    from benchsuite.store.folders import Store

    if paper:
        from benchsuite.paper.pdf import check_pango

        check_pango()
    study = open_study(
        suite, place_from(data, policy, device, results), overrides=overrides, seeds=seeds, download=True
    )
    tasks = study.preparation.tasks or ()
    store = Store(study.preparation.runs_folder)
    store.check_writable()
    _announce(study, tasks)
    for damaged in store.damaged():
        announce(f"a damaged record counts as not done: {damaged}")
    known = known_records(tasks)
    todo = due(tasks, known)
    failed = _make(study, tasks, todo, show_estimate) if todo else []
    if not todo:
        say("Everything is done already: nothing to train.")
    try:
        if paper:
            _write_paper(study, tasks)
        if study.preparation.sample:
            announce(_SAMPLE_END)
    finally:
        if failed:
            _report(failed)
    if failed:
        raise typer.Exit(1)


def _write_paper(study: Study, tasks: Sequence[RunTask]) -> None:
    from benchsuite.commands.paper import write_paper
    from benchsuite.execution.study import known_records

    if all(record.status != "done" for record in known_records(tasks).values()):
        say("no paper: no run is done")
        return
    files = write_paper(study)
    say(f"paper: {files.pdf}\n       {files.html}")


_SAMPLE = (
    "SYNTHETIC SAMPLE: the real data are not used. This is a trial of the whole way, not a study; its results are "
    "kept apart in {folder}."
)
_SAMPLE_END = (
    "These results come from the SYNTHETIC SAMPLE. For the study itself name the folder of the real data: "
    "make suite SUITE=... DATA=DIR (or --data DIR, or BENCHSUITE_DATA)."
)


def _announce(study: Study, tasks: Sequence[RunTask]) -> None:
    """Say what will be done, with what, and everything that is not as the suite asked."""
    preparation = study.preparation
    plan, numerics = preparation.plan, preparation.numerics
    say(f"{study.suite.name}: {len(plan.cases)} cases x {len(plan.seeds)} seeds = {len(tasks)} runs")
    if preparation.sample:
        announce(_SAMPLE.format(folder=preparation.runs_folder))
    reduced = [change for change in plan.changes if "(trial; " in change]
    if reduced:
        say("reduced for the trial: " + "; ".join(reduced))
    changed = [change for change in plan.changes if change not in reduced]
    if changed:
        announce("changed: " + "; ".join(changed))
    for found in {task.data.fingerprint: task.data for task in tasks}.values():
        say(f"data: {found.provenance}, {found.folder} ({found.evidence})")
    for start in {task.weights.sha256: task.weights for task in tasks}.values():
        text = f"weights: {start.request}, {start.provenance} ({start.evidence})"
        if start.provenance == "random" and start.request != "none":
            announce(text)
        else:
            say(text)
    threads = f"{numerics.threads} thread{'s' if numerics.threads > 1 else ''}, " if numerics.device == "cpu" else ""
    say(f"device: {numerics.device_name} ({numerics.device}, {threads}{numerics.precision}), torch {numerics.torch}")
    if numerics.device == "cpu" and study.place.device == "auto":
        announce("no CUDA GPU here: computing on the CPU, which gives the same product, slower")


def _make(study: Study, tasks: Sequence[RunTask], todo: Sequence[RunTask], show_estimate: bool) -> list[RunRecord]:
    """Make the due runs; returns those that failed."""
    from benchsuite.commands.estimate import cost_table, estimate, verdict
    from benchsuite.commands.progress import display
    from benchsuite.execution.pool import Pool
    from benchsuite.execution.study import devices_for, run_all

    failed = []
    with (
        display(len(tasks), len(tasks) - len(todo)) as shown,
        Pool(todo[0].numerics, devices_for(todo[0].numerics), shown) as pool,
    ):
        if show_estimate:
            costs = estimate(tasks, todo, pool)
            messages.print(cost_table(costs))
            shown.say(verdict(costs))
        for record in run_all(todo, pool, shown):
            shown.finished(record)
            if record.status == "failed":
                failed.append(record)
    return failed


def _report(failed: Sequence[RunRecord]) -> None:
    announce(f"{len(failed)} runs FAILED; the others are kept. Start again to make only those that are due.")
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
