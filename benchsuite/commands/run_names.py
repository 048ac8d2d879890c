"""Which records a run as named on the command line means: the beginning of a key, SUITE/CASE/SEED, or SUITE."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.errors import StoreError

if TYPE_CHECKING:
    from benchsuite.store.record import RunRecord
    from benchsuite.store.run_store import Store
    from benchsuite.suite.cases.plan import Plan

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="The beginning of a run's key, SUITE/CASE/SEED, or only SUITE for all its runs. SUITE may be the path of "
        "its file; SUITE@sample is its smoke run on the synthetic sample.",
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


NAMED = re.compile(r"(?P<suite>.+?\.ya?ml|[^/]+?)(?P<smoke>@sample)?(/(?P<case>.+?))?(/(?P<seed>\d+))?")


def parse_run_name(run: str, results: Path) -> tuple[str, str | None, int | None, bool]:
    """(suite, case, seed, whether it is a smoke run) of a run's name; a key is looked up among the records."""
    if re.fullmatch(r"[0-9a-f]{6,64}", run):
        store, record = find_records(run, results)[0]
        return record.spec.suite, record.spec.case.name, record.spec.seed, is_smoke(store)
    named = NAMED.fullmatch(run)
    if named is None:
        return run, None, None, False
    seed = named["seed"]
    return named["suite"], named["case"], int(seed) if seed else None, named["smoke"] is not None


def find_records(run: str, results: Path) -> list[tuple[Store, RunRecord]]:
    """Records whose key begins with `run`, or that bear its suite, case and seed; in the study's own order."""
    from benchsuite.store.run_store import stores_below

    everything = [(store, record) for store in stores_below(results) for record in store.records()]
    found = [(store, record) for store, record in everything if record.key.startswith(run)]
    named = NAMED.fullmatch(run)
    if named is not None and not found:
        suite = Path(named["suite"]).stem if named["suite"].endswith((".yaml", ".yml")) else named["suite"]
        for smoke in (True,) if named["smoke"] else (False, True):  # a smoke run's where there are no others
            found = found or [
                (store, record)
                for store, record in everything
                if (record.spec.suite, is_smoke(store)) == (suite, smoke)
                and named["case"] in (None, record.spec.case.name)
                and named["seed"] in (None, str(record.spec.seed))
            ]
    if not found:
        known = sorted({store_name(store, record) for store, record in everything})
        raise StoreError(
            f"no record of {run!r}",
            where=str(results),
            expected="a key, SUITE/CASE/SEED or SUITE"
            + (f"; there are records of {', '.join(known)}" if known else ""),
            remedy="see what is there with benchsuite plan SUITE, or name the results folder with --results",
        )
    return sorted(found, key=lambda pair: (pair[1].spec.suite, pair[1].spec.case.name, pair[1].spec.seed))


def store_name(store: Store, record: RunRecord) -> str:
    """What a study's results are called: the suite, with @sample for a smoke run."""
    return store.root.name if is_smoke(store) else record.spec.suite


def is_smoke(store: Store) -> bool:
    """Whether these are the results of a smoke run on the synthetic sample."""
    return store.root.name.endswith("@sample")
