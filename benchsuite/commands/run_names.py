"""Which records a run as named on the command line means: the beginning of a key, SUITE/CASE/SEED, or SUITE."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.commands.completion import complete_run
from benchsuite.commands.console import count, say
from benchsuite.commands.options import PolicyName, StudyOptions
from benchsuite.errors import BenchsuiteError, StoreError

if TYPE_CHECKING:
    from benchsuite.commands.session import Session
    from benchsuite.engine.task import RunTask
    from benchsuite.store.record import RunRecord
    from benchsuite.store.run_store import Outcome, Store
    from benchsuite.suite.cases.plan import Plan

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="The beginning of a run's key, SUITE/CASE/SEED, or only SUITE for all its runs. SUITE may be the path of "
        "its file; SUITE@sample is its smoke run on the synthetic sample.",
        autocompletion=complete_run,
    ),
]


def describe_trials(plan: Plan) -> str:
    if plan.search is None:
        return ""
    seed = plan.search.declared.seed
    if not plan.trials:
        return f"; the search has proposed no trial yet (they will have the seed {seed})"
    first, last = plan.trials[0].case.name, plan.trials[-1].case.name
    return f"; or one of the search's {len(plan.trials)} runs so far, {first} to {last}, with the seed {seed}"


NAMED = re.compile(r"(?P<suite>.+?\.ya?ml|[^/]+?)(?P<smoke>@sample)?(/(?P<run>.+))?")
Found = tuple["Store", "RunRecord"]
Listed = tuple["Store", str, "Outcome"]
"""A record that is not read until it is wanted: where it is, its key, and what is remembered of it."""


@dataclass(frozen=True)
class NamedRuns:
    """Runs as the command line names them: `run` is CASE or CASE/SEED, None for all of the suite."""

    suite: str
    smoke: bool
    run: str | None

    def has(self, case: str, seed: int) -> bool:
        return self.run in (None, case, f"{case}/{seed}")

    def has_task(self, task: RunTask, known: Mapping[str, Outcome]) -> bool:
        """Whether a run is called so now, or was when it was made. `known` is what is remembered of records."""
        made, spec = known.get(task.key.key), task.spec
        return self.has(spec.case.name, spec.seed) or (made is not None and self.has(made.case, made.seed))

    def options(self, options: StudyOptions) -> StudyOptions:
        """The options with which the study is opened that has these runs."""
        return replace(options, policy=PolicyName.sample) if self.smoke else options


def read_name(run: str) -> NamedRuns:
    """What a name that is no key means."""
    named = NAMED.fullmatch(run)
    return NamedRuns(named["suite"], named["smoke"] is not None, named["run"]) if named else NamedRuns(run, False, None)


def read_run(run: str, results: Path) -> NamedRuns:
    """What a name means, by a key the study and the case that it was made for. Raises StoreError where that is gone."""
    from benchsuite.registry import registry
    from benchsuite.suite.reader import suite_path
    from benchsuite.suite.source.problems import SuiteError

    found = find_by_key(run, results)
    if not found:
        return read_name(run)
    store, record = found[0]
    suite, case = record.spec.suite, f"{record.spec.case.name}/{record.spec.seed}"
    try:
        suite_path(suite, registry())
    except SuiteError:
        raise StoreError(
            f"this run was made for the suite {suite!r}, and none is named so now",
            where=str(store.folder(record.key)),
            remedy="name the suite as it is called now, or its file: benchsuite why SUITE/CASE/SEED",
        ) from None
    return NamedRuns(suite, is_smoke(store), case)


def find_by_key(run: str, results: Path) -> list[Found]:
    """The records whose keys begin with `run`, where it could be the beginning of one. Raises DamagedRecord where there
    are but damaged ones."""
    if not re.fullmatch(r"[0-9a-f]{6,64}", run):
        return []
    from benchsuite.store.run_store import stores_below

    stores = stores_below(results)
    keys = [(store, key) for store in stores for key in store.run_keys() if key.startswith(run)]
    found = [(store, record) for store, key in keys if (record := store.read(key)) is not None]
    if keys and not found:
        for problem in (problem for store, key in keys for problem in store.damaged(keys=[key])):
            raise problem
    return found


def find_records(run: str, options: StudyOptions) -> list[Found]:
    """The records that a name means: those whose keys begin so; those of the study as it is now, under the names that
    it gives them now and in its order; or, where there are none, those that were made under that name."""
    if found := find_by_key(run, options.results):
        return found
    from benchsuite.settings import cache_root
    from benchsuite.store.run_store import stores_below

    named = read_name(run)
    study, refused = _open(named, options)
    surveys = [(store, store.survey(cache_root())) for store in stores_below(options.results)]
    listed = [(store, key, outcome) for store, survey in surveys for key, outcome in survey.outcomes.items()]
    made = _made(named, study.suite.name if study else Path(named.suite).stem, listed)
    planned = _planned(named, study, listed) if study else []
    # Where the data are gone, so that the plan is the sample's, what was made of them is still what is meant.
    real = [one for one in made if not is_smoke(one[0])]
    if planned and not (real and is_smoke(planned[0][0]) and options.policy is not PolicyName.sample):
        return planned
    if made:
        if study is not None:
            say(
                f"no record is of {study.suite.name} as it is now; these were made for it as it was, or with other data"
            )
        return [(store, record) for store, key, _ in made if (record := store.read(key)) is not None]
    if refused is not None:
        raise refused
    known = sorted({store_name(store, outcome.suite) for store, _, outcome in listed})
    suite = study.suite.name if study else Path(named.suite).stem
    cases = sorted({outcome.case for _, _, outcome in listed if named.run and outcome.suite == suite})
    damaged = sum(len(survey.damaged) for _, survey in surveys)
    doctor = f"benchsuite doctor --results {shlex.quote(str(options.results))}"
    raise StoreError(
        f"no record of {run!r}" + (f", and {count(damaged, 'record')} there cannot be read" if damaged else ""),
        where=str(options.results),
        expected="a key, SUITE/CASE/SEED or SUITE"
        + (f"; there are records of {', '.join(known)}" if known else "")
        + (f"; those of {suite} are of the cases {', '.join(cases)}" if cases else ""),
        remedy=(f"see what is damaged with {doctor}, " if damaged else "")
        + (f"make the runs with benchsuite run {study.name}, " if study and not cases else "")
        + "see what is there with benchsuite plan SUITE, or name the results folder with --results",
    )


def _open(named: NamedRuns, options: StudyOptions) -> tuple[Session | None, BenchsuiteError | None]:
    """The study, or why it cannot be opened; neither where there is none of this name."""
    from benchsuite.commands.session import open_study
    from benchsuite.registry import registry
    from benchsuite.suite.reader import suite_path
    from benchsuite.suite.source.problems import SuiteError

    try:
        suite_path(named.suite, registry())
    except SuiteError:
        return None, None
    try:
        return open_study(named.suite, named.options(options), download=False, quiet=True), None
    except BenchsuiteError as error:
        return None, error


def _planned(named: NamedRuns, study: Session, listed: Sequence[Listed]) -> list[Found]:
    """The records of the study's runs, each with the case that it is of now; they may be named as they were made."""
    from benchsuite.execution.measuring import measure

    root = study.preparation.runs_folder
    known = {key: (store, outcome) for store, key, outcome in listed if store.root == root}
    places = {case.name: place for place, case in enumerate(study.preparation.plan.cases)}
    found = []
    for task in study.preparation.tasks:
        store, outcome = known.get(task.key.key, (None, None))
        if store is None or outcome is None:
            continue
        wanted = named.has(task.spec.case.name, task.spec.seed) or named.has(outcome.case, outcome.seed)
        if wanted and (record := store.read(task.key.key)) is not None:
            measured = measure({record.key: record}, study.preparation.plan.metrics, study.registry, store)
            found.append((store, measured[record.key].model_copy(update={"spec": task.spec})))
    return sorted(found, key=lambda pair: places.get(pair[1].spec.case.name, len(places)))


def _made(named: NamedRuns, suite: str, listed: Sequence[Listed]) -> list[Listed]:
    """The records that were made under a name; those of a smoke run where there are no others, or where asked for."""
    made = [one for one in listed if one[2].suite == suite and named.has(one[2].case, one[2].seed)]
    groups = [[one for one in made if is_smoke(one[0]) is smoke] for smoke in (False, True)]
    chosen = groups[1] if named.smoke else groups[0] or groups[1]
    return sorted(chosen, key=lambda one: (one[2].case, one[2].seed))


def store_name(store: Store, suite: str) -> str:
    """What a study's results are called: the suite, with @sample for a smoke run."""
    return store.root.name if is_smoke(store) else suite


def is_smoke(store: Store) -> bool:
    """Whether these are the results of a smoke run on the synthetic sample."""
    return store.root.name.endswith("@sample")
