"""`benchsuite merge`: take what other machines have made into this results folder, once it has been looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from benchsuite.commands.console import announce, complain, count, error_as_json, out, print_json, say, table
from benchsuite.commands.options import RESULTS, Json, Results, Weights, WeightsName
from benchsuite.errors import BenchsuiteError, StoreError

SHOWN = 20
"""Refusals that are told one by one."""
WRITERS = 8
"""Runs that are taken at once: most of the time goes into waiting for the disk to have them for certain."""
WAIT = 1.0
"""Seconds for which a run waits that another process holds."""
OUTCOMES = ("taken", "known", "passed over", "refused", "not finished")


@dataclass(frozen=True)
class Source:
    """The folder of a run, below the folder that was named, and the results folder that it goes to."""

    folder: Path
    root: Path
    results: Path
    key: str | None
    """None where only its record tells it."""
    weights: bool = True
    """Whether they are taken, too."""


@dataclass(frozen=True)
class Outcome:
    """What became of a run."""

    folder: Path
    word: str
    error: BenchsuiteError | None = None


def merge(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER...",
            help="Results folders of other machines, as copied here by scp or rsync; or the folder of one run.",
            show_default=False,
        ),
    ],
    results: Results = RESULTS,
    weights: Weights = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look at everything, and write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Take the runs that other machines made into one results folder, so that they become one study.

    Each run is looked at first: its key must be the hash of what its record says that it is, and its predictions and
    weights must be those that the record tells of. A run that is here already must be the same bits; where it is not,
    both are kept and told. FOLDER is only read, may be merged again at any time, and is not needed afterwards. Then
    benchsuite run SUITE makes what is still due, and the paper.

    Exit code 0: every finished run is here now, or was before; 1: some were refused, or differ; 2: nothing could be
    started.
    """
    from benchsuite.store.run_store import Store

    sources = [(folder, list(_sources(folder.expanduser(), results))) for folder in folders]
    if weights not in (None, WeightsName.all):
        firsts = _firsts(run for _, runs in sources for run in runs) if weights == WeightsName.cases else ()
        sources = [(folder, [replace(run, weights=run.folder in firsts) for run in runs]) for folder, runs in sources]
    if not dry_run:
        Store(results).check_writable()
    found: list[tuple[Path, list[Outcome]]] = []
    stopped = None
    for folder, runs in sources:
        say(f"{folder}: {count(len(runs), 'run')} to look at")
        outcomes: list[Outcome] = []
        found.append((folder, outcomes))
        try:
            for outcome in _take_all(runs, dry_run):
                outcomes.append(outcome)
        except BenchsuiteError as error:  # of the results folder, which holds for all that would follow
            stopped = error
            break
    _report(found, dry_run, as_json)
    if stopped is not None:
        complain(stopped)
        say("what was taken before is kept; the same command goes on from there")
    if stopped is not None or any(outcome.error for _, outcomes in found for outcome in outcomes):
        raise typer.Exit(1)


def _sources(folder: Path, results: Path) -> Iterator[Source]:
    """The runs below a folder that was named. Raises StoreError where it is none of results."""
    from benchsuite.store.run_store import RECORD, SMOKE, stores_below

    root = folder.resolve()
    if root.name == "runs" and not (root / RECORD).exists():
        root = root.parent
    stores = [store for store in stores_below(root) if (store.root / "runs").is_dir()]
    if not stores and not (root / RECORD).exists():
        raise StoreError(
            "there are no results in this folder" if root.is_dir() else "this folder is not there",
            where=str(folder),
            expected="a results folder, with runs/ in it, or the folder of one run, with its record.json",
            remedy="name the folder that was given to --results on the other machine, or its copy",
        )
    for store in stores:
        smoke = store.root.name.endswith(SMOKE)
        to = results / store.root.name if smoke else results
        if store.root == to.resolve():
            raise StoreError(
                "this is the very results folder that is merged into",
                where=str(folder),
                expected="the folder of another machine",
                remedy="name the copy of the other machine's results, or another --results",
            )
        yield from (Source(store.folder(key), root, to, key) for key in store.run_keys())
    if not stores:
        smoke_store = root.parent.parent.name
        to = results / smoke_store if smoke_store.endswith(SMOKE) else results
        yield Source(root, root, to, None)


def _firsts(runs: Iterable[Source]) -> set[Path]:
    """The folders of one run of each case: of the runs that only their seeds tell apart, the one with the first."""
    from benchsuite.identity.run_key import hash_fields
    from benchsuite.store.parcel import read_folder

    found: dict[str, tuple[int, Path]] = {}
    for run in runs:
        with suppress(BenchsuiteError):  # which is told when it is taken
            parcel = read_folder(run.folder, run.root)
            record = parcel.record(run.key) if parcel is not None else None
            if record is not None and record.status == "done":
                own, case = (record.spec.seed, run.folder), hash_fields({**record.key_fields, "seed": 0})
                found[case] = min(found.get(case, own), own)
    return {folder for _, folder in found.values()}


def _take_all(runs: list[Source], dry_run: bool) -> Iterator[Outcome]:
    """Take the runs of a folder, several at once. What the results folder cannot take ends it."""
    with ThreadPoolExecutor(WRITERS) as pool:
        waiting = [pool.submit(_take, source, dry_run) for source in runs]
        try:
            for one in waiting:
                yield one.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _take(source: Source, dry_run: bool) -> Outcome:
    """Take one run. Raises StoreError where the results folder cannot be read or written."""
    from filelock import Timeout

    from benchsuite.errors import Nondeterminism
    from benchsuite.store.arrival import accept
    from benchsuite.store.parcel import DamagedParcel, read_folder
    from benchsuite.store.run_store import SMOKE, Store

    try:
        parcel = read_folder(source.folder, source.root)
        if parcel is None:
            return Outcome(source.folder, "not finished")
        if not source.weights:
            parcel = parcel.without_weights()
        record = parcel.record(source.key)
    except BenchsuiteError as error:
        return Outcome(source.folder, "refused", error)
    smoke = any(deviation.kind == "synthetic sample" for deviation in record.deviations)
    results = source.results
    if source.key is None and smoke and not results.name.endswith(SMOKE):
        results = results / f"{record.spec.suite}{SMOKE}"
    if smoke != results.name.endswith(SMOKE):
        return Outcome(source.folder, "refused", _astray(source.folder, smoke))
    try:
        return Outcome(source.folder, accept(Store(results), record.key, parcel, wait=WAIT, dry=dry_run))
    except (DamagedParcel, Nondeterminism) as error:
        return Outcome(source.folder, "refused", error)
    except Timeout:
        return Outcome(source.folder, "refused", _busy(source.folder, results, record.key))


def _astray(folder: Path, smoke: bool) -> StoreError:
    what = "a run on the synthetic sample among real ones" if smoke else "a run on real data among those on the sample"
    return StoreError(
        f"this is {what}",
        where=str(folder),
        expected="runs on the sample in folders whose names end in @sample, and no others there",
        remedy="copy the results folder of the other machine whole, with the names that it has there",
    )


def _busy(folder: Path, results: Path, key: str) -> StoreError:
    return StoreError(
        "another process is making this run here now, or takes it from elsewhere",
        where=str(folder),
        expected=f"that nobody works on run {key[:12]} in {results}",
        remedy="merge again when that has ended",
    )


def _report(found: list[tuple[Path, list[Outcome]]], dry_run: bool, as_json: bool) -> None:
    if as_json:
        rows = [(folder, outcome) for folder, outcomes in found for outcome in outcomes]
        print_json([{"from": str(folder), **_told(outcome)} for folder, outcome in rows])
        return
    shown = table(
        "What would be done (nothing was written)" if dry_run else "Merged", "from", *OUTCOMES, right=OUTCOMES
    )
    for folder, outcomes in found:
        shown.add_row(str(folder), *(str(sum(one.word == word for one in outcomes)) for word in OUTCOMES))
    out.print(shown)
    refused = [outcome.error for _, outcomes in found for outcome in outcomes if outcome.error]
    for error in refused[:SHOWN]:
        complain(error)
    if refused[SHOWN:]:
        announce(f"and {len(refused) - SHOWN} more; all of them: benchsuite merge --json")


def _told(outcome: Outcome) -> dict[str, str | None]:
    error = error_as_json(outcome.error) if outcome.error else {}
    return {"run": str(outcome.folder), "outcome": outcome.word, **error}
