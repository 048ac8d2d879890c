"""`benchsuite why`: why runs are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchsuite.commands.console import out, print_json
from benchsuite.commands.options import Json, StudyOptions
from benchsuite.commands.run_names import RunName, describe_trials, read_run
from benchsuite.errors import StoreError

if TYPE_CHECKING:
    from benchsuite.execution.preparation import Preparation
    from benchsuite.identity.key_diff import Explanation
    from benchsuite.identity.run_key import RunKey
    from benchsuite.store.run_store import Outcome
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

    named = read_run(run, options.results)
    study = open_study(named.suite, named.options(options), download=False, quiet=as_json)
    expanded = study.preparation.plan
    known = study.survey().outcomes
    keys = {(task.spec.case.name, task.spec.seed): task.key for task in study.preparation.tasks}
    runs = [(spec, keys.get((spec.case.name, spec.seed))) for spec in expanded.runs]
    wanted = [
        (spec, key)
        for spec, key in runs
        if named.has(spec.case.name, spec.seed)
        or (key is not None and (made := known.get(key.key)) is not None and named.has(made.case, made.seed))
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
    reasons = _explain([(spec, key) for spec, key in wanted if key is not None], study.preparation.runs_folder, known)
    found = [(spec, key, reasons.get((spec.case.name, spec.seed))) for spec, key in wanted]
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


def _explain(
    runs: Sequence[tuple[RunSpec, RunKey]], folder: Path, known: Mapping[str, Outcome]
) -> dict[tuple[str, int], Explanation]:
    """Why each run is due, by its case and seed. Only those records are read that can say so: of a run that has failed
    its own, of one that was never made those of its name."""
    from benchsuite.identity.key_diff import Explanation, explain
    from benchsuite.store.run_store import Store

    reasons: dict[tuple[str, int], Explanation] = {}
    due, needed, names = [], set(), set()
    for spec, key in runs:
        name, made = (spec.case.name, spec.seed), known.get(key.key)
        if made is not None and made.status == "done":
            reasons[name] = Explanation("done", (), key.key)
            continue
        due.append((spec, key))
        if made is not None:
            needed.add(key.key)
        else:
            names.add(name)
    needed |= {key for key, made in known.items() if names and (made.case, made.seed) in names}
    store = Store(folder)
    records = [record for key in needed if (record := store.read(key)) is not None]
    found = explain(due, records)
    return reasons | {(spec.case.name, spec.seed): why for (spec, _), why in zip(due, found, strict=True)}


def _absent(preparation: Preparation, spec: RunSpec) -> tuple[str, ...]:
    """What keeps a run from being recognised."""
    from benchsuite.execution.preparation import needs

    return tuple(f"{what} is not here yet" for what in needs(spec.case) if what in preparation.absent)
