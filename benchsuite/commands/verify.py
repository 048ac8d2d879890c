"""`benchsuite verify`: make runs again from scratch and compare them bit for bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.atomic_files import scratch_folder
from benchsuite.commands.console import announce, out, print_json, say, table
from benchsuite.commands.options import Json, StudyOptions, Workers
from benchsuite.commands.run_names import RunName, read_run
from benchsuite.errors import StoreError

if TYPE_CHECKING:
    from benchsuite.engine.task import RunTask
    from benchsuite.store.record import RunRecord
    from benchsuite.store.run_store import Outcome, Store


def verify(
    run: RunName,
    options: StudyOptions,
    runs: Annotated[int, typer.Option("--runs", min=1, help="How many runs to repeat.")] = 1,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Repeat finished runs from scratch, caches included, and compare weights and predictions bit for bit.

    RUN is one run, as SUITE/CASE/SEED or the beginning of its key, or all of a case, or of a suite.
    A run made in another environment is compared in numbers, with the reasons why its bits may differ. Exit code 0:
    all equal (or only comparable in numbers); 1: bits differ that should not.
    """
    from benchsuite.commands.session import made_here, open_study
    from benchsuite.store.run_store import Store

    named = read_run(run, options.results)
    study = open_study(named.suite, named.options(options), download=True, machines=made_here)
    store = Store(study.preparation.runs_folder)
    known = study.survey().outcomes
    tasks = [task for task in study.preparation.tasks if named.has_task(task, known)]
    found = find_pairs(tasks, _finished(tasks, store, known, runs))[:runs]
    if not found:
        called = f" called {named.run}" if named.run is not None else ""
        raise StoreError(
            f"{study.suite.name} has no finished run{called} to verify",
            where=str(study.preparation.runs_folder),
            remedy=f"make some first: benchsuite run {study.name}",
        )
    with scratch_folder("verify") as scratch:
        verdicts = repeat(found, Path(scratch), store, workers)
        equal = tell_verdicts(verdicts, as_json)
    if as_json:
        print_json([asdict(verdict) for verdict in verdicts])
    if not equal:
        raise typer.Exit(1)


def tell_verdicts(verdicts: Sequence[Verdict], as_json: bool = False) -> bool:
    """Show how the repetitions came out, without the table where they are printed for programs; whether nothing differs
    that should not."""
    shown = table("Repeated from scratch", "run", "weights", "predictions", "verdict")
    for verdict in verdicts:
        shown.add_row(verdict.title, verdict.weights, verdict.predictions, verdict.text)
    if not as_json:
        out.print(shown)
    for verdict in verdicts:
        for reason in verdict.reasons:
            say(f"  {verdict.title}: bits may differ because of {reason}")
    if any(verdict.broken for verdict in verdicts):
        announce("some bits differ although nothing that decides them does: please report it with both records")
        return False
    return True


@dataclass(frozen=True)
class Verdict:
    title: str
    weights: str
    predictions: str
    text: str
    reasons: tuple[str, ...]
    broken: bool


def _finished(tasks: Sequence[RunTask], store: Store, known: Mapping[str, Outcome], runs: int) -> list[RunRecord]:
    """Finished records from which `find_pairs` has so many runs; the others are not read."""
    done = {key: outcome for key, outcome in known.items() if outcome.status == "done"}
    keys = [task.key.key for task in tasks if task.key.key in done][:runs]
    if len(keys) < runs:
        names = {(task.spec.case.name, task.spec.seed) for task in tasks}
        keys += [key for key, outcome in done.items() if (outcome.case, outcome.seed) in names]
    return [record for key in dict.fromkeys(keys) if (record := store.read(key)) is not None]


def find_pairs(tasks: Sequence[RunTask], records: Sequence[RunRecord]) -> list[tuple[RunTask, RunRecord]]:
    """Each task with its finished record: of the same key, else the closest one of the same case and seed.

    Of a search that are the trials that its results imply.
    """
    from benchsuite.identity.key_diff import differences

    own: dict[str, RunRecord] = {}
    same: dict[tuple[str, int], list[RunRecord]] = {}
    for record in records:
        if record.status == "done":
            own[record.key] = record
            same.setdefault((record.spec.case.name, record.spec.seed), []).append(record)
    found = []
    for task in tasks:
        closest = own.get(task.key.key)
        if closest is None:
            named = same.get((task.spec.case.name, task.spec.seed), ())
            closest = min(
                (record for record in named if record.spec.case == task.spec.case),
                key=lambda record: (len(differences(record.key_fields, task.key.fields)), record.key),
                default=None,
            )
        if closest is not None:
            found.append((task, closest))
    return sorted(found, key=lambda pair: pair[0].key.key != pair[1].key)


def repeat(
    found: Sequence[tuple[RunTask, RunRecord]], scratch: Path, store: Store | None = None, workers: int | None = None
) -> list[Verdict]:
    """Make runs again below `scratch`, caches included. `store` has the predictions of the first time, if any has."""
    from benchsuite.commands.progress import display
    from benchsuite.execution.executors import open_executor
    from benchsuite.store.run_store import Store

    again = [replace(task, results=scratch / "results", cache=scratch / "cache") for task, _ in found]
    known = {task.key.key: record for task, record in found}
    made = Store(scratch / "results")
    verdicts = []
    with display(len(again), 0) as shown, open_executor(again[0].numerics, shown) as executor:
        executor.pack(executor.packing(len(again), (), workers).on_each)
        for record in executor.run(again):
            shown.finished(record)
            verdicts.append(_compare(known[record.key], record, store, made))
    return verdicts


def _compare(old: RunRecord, new: RunRecord, old_store: Store | None, new_store: Store) -> Verdict:
    title = f"{new.spec.case.name}, seed {new.spec.seed}"
    if new.failure is not None:
        return Verdict(title, "", "", f"the repetition failed: {new.failure.what}", (), True)
    weights = "equal" if old.weights_hash == new.weights_hash else "differ"
    predictions = "equal" if old.predictions_hash == new.predictions_hash else "differ"
    if (weights, predictions) == ("equal", "equal"):
        return Verdict(title, weights, predictions, "the same bits", (), False)
    import numpy as np

    from benchsuite.identity.key_diff import differences

    reasons = differences(old.key_fields, new.key_fields)
    assert old.test is not None
    assert new.test is not None
    then_and_now = f"accuracy {100 * old.test.accuracy:.2f} % then, {100 * new.test.accuracy:.2f} % now"
    if old.key_fields["data"] != new.key_fields["data"]:
        return Verdict(title, weights, predictions, f"other images; {then_and_now}", reasons, broken=False)
    if old_store is None:
        return Verdict(title, weights, predictions, then_and_now, reasons, broken=not reasons)
    before, after = old_store.read_predictions(old), new_store.read_predictions(new)
    gap = float(np.abs(before.test_probabilities - after.test_probabilities).max())
    changed = int((before.test_probabilities.argmax(1) != after.test_probabilities.argmax(1)).sum())
    text = (
        f"test probabilities differ by at most {gap:.2g}, {changed} of {len(after.test_labels)} predictions change, "
        f"{then_and_now}"
    )
    return Verdict(title, weights, predictions, text, reasons, broken=not reasons)
