"""`benchsuite why`: why runs are due."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchsuite.commands.console import out, print_json
from benchsuite.commands.options import Json, PolicyName, StudyOptions
from benchsuite.commands.run_names import RunName, describe_trials, parse_run_name
from benchsuite.errors import StoreError

if TYPE_CHECKING:
    from benchsuite.execution.preparation import Preparation
    from benchsuite.suite.cases.plan import RunSpec


def why(
    run: RunName,
    options: StudyOptions,
    as_json: Json = False,
) -> None:
    """Say why RUN is due: never run, failed, or which field of its key changed since it was made."""
    from benchsuite.commands.session import open_study
    from benchsuite.identity.key_diff import explain
    from benchsuite.store.run_store import Store

    name, case, seed, smoke = parse_run_name(run, options.results)
    if smoke:
        options = replace(options, policy=PolicyName.sample)
    study = open_study(name, options, download=False, quiet=as_json)
    expanded, tasks = study.preparation.plan, study.preparation.tasks
    wanted = [spec for spec in expanded.runs if case in (None, spec.case.name) and seed in (None, spec.seed)]
    if not wanted:
        raise StoreError(
            f"no run of {name} is called {run!r}",
            where=study.suite.name,
            expected="SUITE/CASE/SEED with a case among "
            + ", ".join(c.name for c in expanded.cases)
            + " and a seed among "
            + ", ".join(map(str, expanded.seeds))
            + describe_trials(expanded),
            remedy=f"see the runs with benchsuite plan {name}",
        )
    keys = {(task.spec.case.name, task.spec.seed): task.key for task in tasks}
    recognised = [(spec, key) for spec in wanted if (key := keys.get((spec.case.name, spec.seed))) is not None]
    reasons = explain(recognised, Store(study.preparation.runs_folder).records())
    known = {id(spec): (key, reason) for (spec, key), reason in zip(recognised, reasons, strict=True)}
    found = [(spec, *known.get(id(spec), (None, None))) for spec in wanted]
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
