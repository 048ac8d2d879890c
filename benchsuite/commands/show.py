"""`benchsuite show`: the records of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchsuite.commands.console import count, out, print_json, table
from benchsuite.commands.options import Json, StudyOptions
from benchsuite.commands.report import find_records_of_report, report_file
from benchsuite.commands.run_names import RunName, find_records, read_name

if TYPE_CHECKING:
    from benchsuite.store.record import RunRecord
    from benchsuite.store.run_store import Store


def show(run: RunName, options: StudyOptions, as_json: Json = False) -> None:
    """Show the records of RUN: status, metrics, cost, environment, and where its files are.

    Of a report, those of all of its studies.
    """
    named = read_name(run)
    of_report = named.run is None and report_file(named.suite) is not None
    records = find_records_of_report(named, options) if of_report else find_records(run, options)
    if as_json:
        print_json([_told(record) for _, record in records])
        return
    if len(records) == 1 and not of_report:
        _show_one(*records[0])
        return
    heads = ("key", *(("study",) if of_report else ()), "case", "seed", "status", "test", "best epoch")
    shown = table(count(len(records), "run"), *heads, right=("seed", "test"))
    for _, record in records:
        shown.add_row(
            record.key[:12],
            *((record.spec.suite,) if of_report else ()),
            record.spec.case.name,
            str(record.spec.seed),
            record.status,
            f"{100 * record.test.accuracy:.1f} %" if record.test else "",
            f"{record.best.epoch} of {len(record.epochs)}" if record.best else "",
        )
    out.print(shown)


def _told(record: RunRecord) -> dict[str, Any]:
    """A record as it is stored, with what the metrics of its suite's plugins give for it."""
    measured = {"measured": dict(record.measured)} if record.measured else {}
    return record.model_dump(mode="json") | measured


def _weights_file(store: Store, record: RunRecord) -> str:
    """Where the weights are or, where they were not kept, how to have them."""
    from benchsuite.store.run_store import WEIGHTS, keeps_weights

    if keeps_weights(record):
        return str(store.folder(record.key) / WEIGHTS)
    return (
        "not kept; to have them, make the run again into another folder, and take it in: benchsuite run "
        f"{record.spec.suite} --weights all --results DIR, then benchsuite merge DIR"
    )


def _show_one(store: Store, record: RunRecord) -> None:
    rows = [
        ("key", record.key),
        ("run", f"{record.spec.suite}, {record.spec.case.name}, seed {record.spec.seed}"),
        ("status", record.status + (f", resumed {record.resumed} times" if record.resumed else "")),
        ("when", f"{record.started} to {record.finished}"),
        ("folder", str(store.folder(record.key))),
    ]
    rows += [("OTHER BITS", f"of the same run, from another machine: {path}") for path in store.different(record.key)]
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
            *(
                [("metrics", "\n".join(f"{name} {value:.4f}" for name, value in record.measured.items()))]
                if record.measured
                else []
            ),
            ("weights hash", record.weights_hash or ""),
            ("weights file", _weights_file(store, record)),
            ("predictions hash", record.predictions_hash or ""),
        ]
    if record.cost is not None:
        spent = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in record.cost.seconds.items())
        rows.append(("time", spent))
        if record.cost.data_seconds is not None:
            rows.append(("data time", f"{record.cost.data_seconds:.1f} s of training waited for batches"))
        rows.append(("speed", f"{record.cost.images_per_second:,.0f} training images/s"))
        rows.append(("peak memory", f"{record.cost.peak_memory_bytes / 2**30:.2f} GiB"))
        if (record.cost.at_once or 1) > 1:
            rows.append(("beside", f"{record.cost.at_once} runs at once on its device"))
        if record.cost.energy_joules is not None:
            rows.append(("energy", f"{record.cost.energy_joules / 1000:.1f} kJ of the GPU"))
    environment = record.environment
    rows.append(("device", f"{environment.device_name} ({environment.device}), {count(environment.threads, 'thread')}"))
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
