"""`benchsuite show` and `benchsuite why`: one run's record, and why a run is due."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.commands.console import out, print_json, table
from benchsuite.commands.options import (
    RESULTS,
    Data,
    DeviceName,
    DeviceOption,
    Json,
    Plugins,
    PolicyName,
    PolicyOption,
    Results,
    Seeds,
    Set,
)
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
        "its file; SUITE@sample is a trial.",
    ),
]


def show(run: RunName, results: Results = RESULTS, as_json: Json = False) -> None:
    """Show the records of RUN: status, metrics, cost, environment, and where its files are."""
    records = _matching(run, results)
    if as_json:
        print_json([record.model_dump(mode="json") for _, record in records])
        return
    if len(records) == 1:
        _show_one(*records[0])
        return
    shown = table(f"{len(records)} runs", "key", "case", "seed", "status", "test", "best epoch", right=("seed", "test"))
    for _, record in records:
        shown.add_row(
            record.key[:12],
            record.spec.case.name,
            str(record.spec.seed),
            record.status,
            f"{100 * record.test.accuracy:.1f} %" if record.test else "",
            f"{record.best.epoch} of {len(record.epochs)}" if record.best else "",
        )
    out.print(shown)


def why(
    run: RunName,
    plugins: Plugins = None,
    overrides: Set = None,
    seeds: Seeds = None,
    data: Data = None,
    policy: PolicyOption = PolicyName.auto,
    device: DeviceOption = DeviceName.auto,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Say why RUN is due: never run, failed, or which field of its key changed since it was made."""
    from benchsuite.commands.session import open_study, place_from
    from benchsuite.identity.key_diff import explain
    from benchsuite.store.run_store import Store

    name, case, seed, trial = _parts(run, results)
    if trial:
        policy = PolicyName.sample
    study = open_study(
        name,
        place_from(data, policy, device, results),
        overrides=overrides,
        seeds=seeds,
        download=False,
        quiet=as_json,
    )
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
            + _trials(expanded),
            remedy=f"see the runs with benchsuite plan {name}",
        )
    absent = tuple(f"{what} is not here yet" for what in study.preparation.absent)
    keys = {(task.spec.case.name, task.spec.seed): task.key for task in tasks or ()}
    records = Store(study.preparation.runs_folder).records()
    found = [
        (spec, key, explain(key, records, spec=spec) if key else None)
        for spec in wanted
        for key in [keys.get((spec.case.name, spec.seed))]
    ]
    if as_json:
        print_json(
            [
                {
                    "case": spec.case.name,
                    "seed": spec.seed,
                    "key": key.key if key else None,
                    "due": reason.due if reason else True,
                    "status": reason.status if reason else "unknown",
                    "reasons": reason.reasons if reason else absent,
                    "compared_with": reason.compared_with if reason else None,
                }
                for spec, key, reason in found
            ]
        )
        return
    if tasks is None:
        out.print(f"due: {' and '.join(absent)}", markup=False)
        return
    for spec, key, reason in found:
        assert key is not None
        out.print(f"{spec.case.name}, seed {spec.seed} ({key.key[:12]}): {reason}", markup=False)


def _trials(plan: Plan) -> str:
    if plan.search is None:
        return ""
    seed = plan.search.declared.seed
    if not plan.trials:
        return f"; the search has proposed no trial yet (they will have the seed {seed})"
    first, last = plan.trials[0].case.name, plan.trials[-1].case.name
    return f"; or one of the search's {len(plan.trials)} runs so far, {first} to {last}, with the seed {seed}"


NAMED = re.compile(r"(?P<suite>.+?\.ya?ml|[^/]+?)(?P<trial>@sample)?(/(?P<case>.+?))?(/(?P<seed>\d+))?")


def _parts(run: str, results: Path) -> tuple[str, str | None, int | None, bool]:
    """(suite, case, seed, whether it is a trial) of a run's name; a key is looked up among the records."""
    if re.fullmatch(r"[0-9a-f]{6,64}", run):
        store, record = _matching(run, results)[0]
        return record.spec.suite, record.spec.case.name, record.spec.seed, is_trial(store)
    named = NAMED.fullmatch(run)
    if named is None:
        return run, None, None, False
    seed = named["seed"]
    return named["suite"], named["case"], int(seed) if seed else None, named["trial"] is not None


def _matching(run: str, results: Path) -> list[tuple[Store, RunRecord]]:
    """Records whose key begins with `run`, or that bear its suite, case and seed; in the study's own order."""
    from benchsuite.store.run_store import Store

    stores = [Store(results), *(Store(folder) for folder in sorted(results.glob("*@sample")))]
    everything = [(store, record) for store in stores for record in store.records()]
    found = [(store, record) for store, record in everything if record.key.startswith(run)]
    named = NAMED.fullmatch(run)
    if named is not None and not found:
        suite = Path(named["suite"]).stem if named["suite"].endswith((".yaml", ".yml")) else named["suite"]
        for trial in (True,) if named["trial"] else (False, True):  # a trial's where there are no others
            found = found or [
                (store, record)
                for store, record in everything
                if (record.spec.suite, is_trial(store)) == (suite, trial)
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
    """What a study's results are called: the suite, with @sample for a trial."""
    return store.root.name if is_trial(store) else record.spec.suite


def is_trial(store: Store) -> bool:
    """Whether these are the results of a trial on the synthetic sample."""
    return store.root.name.endswith("@sample")


def _show_one(store: Store, record: RunRecord) -> None:
    rows = [
        ("key", record.key),
        ("run", f"{record.spec.suite}, {record.spec.case.name}, seed {record.spec.seed}"),
        ("status", record.status + (f", resumed {record.resumed} times" if record.resumed else "")),
        ("when", f"{record.started} to {record.finished}"),
        ("folder", str(store.folder(record.key))),
    ]
    if record.failure is not None:
        failure = record.failure
        parts = (failure.what, failure.where, failure.expected, failure.remedy)
        rows.append((f"failure: {failure.kind}", "\n".join(part for part in parts if part)))
        if failure.traceback:
            rows.append(("traceback", failure.traceback))
    if record.test is not None and record.best is not None:
        best = record.best
        rows += [
            (
                "best epoch",
                f"{best.epoch} of {len(record.epochs)}: validation loss {best.validation_loss:.4f}, "
                f"accuracy {100 * best.validation_accuracy:.2f} %",
            ),
            (
                "test",
                f"accuracy {100 * record.test.accuracy:.2f} %, macro F1 {record.test.macro_f1:.4f}, "
                f"loss {record.test.loss:.4f}",
            ),
            ("weights hash", record.weights_hash or ""),
            ("predictions hash", record.predictions_hash or ""),
        ]
    if record.cost is not None:
        spent = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in record.cost.seconds.items())
        rows.append(("time", spent))
        rows.append(("speed", f"{record.cost.images_per_second:,.0f} training images/s"))
        rows.append(("peak memory", f"{record.cost.peak_memory_bytes / 2**30:.2f} GiB"))
        if record.cost.energy_joules is not None:
            rows.append(("energy", f"{record.cost.energy_joules / 1000:.1f} kJ of the GPU"))
    environment = record.environment
    rows.append(("device", f"{environment.device_name} ({environment.device}), {environment.threads} threads"))
    if record.dataset is not None:
        rows.append(("data", f"{record.dataset.title}: {record.dataset.provenance} ({record.dataset.evidence})"))
    if record.weights is not None:
        rows.append(("weights", f"{record.weights.request}: {record.weights.provenance}"))
    rows += [("deviation", str(deviation)) for deviation in record.deviations]
    shown = table("", "", "")
    shown.show_header = False
    for name, value in rows:
        shown.add_row(name, value)
    out.print(shown)
