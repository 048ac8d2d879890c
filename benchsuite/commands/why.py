"""`benchsuite why`: why runs are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchsuite.commands.console import out, print_json
from benchsuite.commands.options import Json, StudyOptions
from benchsuite.commands.run_names import RunName, describe_trials, read_run
from benchsuite.errors import StoreError

if TYPE_CHECKING:
    from benchsuite.execution.preparation import Preparation
    from benchsuite.suite.cases.plan import RunSpec

MOST_NAMED = 20
"""Cases that an error lists."""


def why(
    run: RunName,
    options: StudyOptions,
    as_json: Json = False,
) -> None:
    """Say why RUN is due: never run, failed, or which field of its key changed since it was made."""
    from benchsuite.commands.session import open_study
    from benchsuite.identity.key_diff import explain
    from benchsuite.store.run_store import Store

    named = read_run(run, options.results)
    study = open_study(named.suite, named.options(options), download=False, quiet=as_json)
    expanded = study.preparation.plan
    records = {record.key: record for record in Store(study.preparation.runs_folder).records()}
    keys = {(task.spec.case.name, task.spec.seed): task.key for task in study.preparation.tasks}
    runs = [(spec, keys.get((spec.case.name, spec.seed))) for spec in expanded.runs]
    wanted = [
        (spec, key)
        for spec, key in runs
        if named.has(spec) or (key is not None and key.key in records and named.has(records[key.key].spec))
    ]
    if not wanted:
        raise StoreError(
            f"no run of {named.suite} is called {run!r}",
            where=study.suite.name,
            expected="SUITE/CASE/SEED with a case among "
            + ", ".join(c.name for c in expanded.cases[:MOST_NAMED])
            + (", …" if len(expanded.cases) > MOST_NAMED else "")
            + " and a seed among "
            + ", ".join(map(str, expanded.seeds))
            + describe_trials(expanded),
            remedy=f"see the runs with benchsuite plan {named.suite}",
        )
    reasons = iter(explain([(spec, key) for spec, key in wanted if key is not None], records.values()))
    found = [(spec, key, next(reasons) if key is not None else None) for spec, key in wanted]
    if as_json:
        print_json(
            [
                {
                    "case": spec.case.name,
                    "seed": spec.seed,
                    "key": key.key if key else None,
                    "due": reason.due if reason else True,
                    "status": reason.status if reason else "unknown",
                    "reasons": reason.reasons if reason else _absent(study.preparation, spec),
                    "compared_with": reason.compared_with if reason else None,
                }
                for spec, key, reason in found
            ]
        )
        return
    for spec, key, reason in found:
        told = f" ({key.key[:12]}): {reason}" if key else f": due: {' and '.join(_absent(study.preparation, spec))}"
        out.print(f"{spec.case.name}, seed {spec.seed}{told}", markup=False)


def _absent(preparation: Preparation, spec: RunSpec) -> tuple[str, ...]:
    """What keeps a run from being recognised."""
    from benchsuite.execution.preparation import needs

    return tuple(f"{what} is not here yet" for what in needs(spec.case) if what in preparation.absent)
