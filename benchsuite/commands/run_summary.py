"""What `benchsuite run --json` prints when all is over: one document about the study, its runs and its paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchsuite.commands.session import Session
    from benchsuite.paper.context.material import PaperFiles
    from benchsuite.store.record import RunRecord


def summary(study: Session, made: Collection[str], failed: Sequence[RunRecord], seconds: float) -> dict[str, Any]:
    """The study with every run that it has now. `made` are the keys of those that were made now, `failed` the records
    of those among them that failed."""
    from benchsuite.execution.due_runs import load_records
    from benchsuite.execution.measuring import measure
    from benchsuite.store.run_store import Store

    preparation = study.preparation
    stored, store = load_records(preparation.tasks), Store(preparation.runs_folder)
    records = measure(stored, preparation.plan.metrics, study.registry, store) | {
        record.key: record for record in failed
    }
    runs = [
        {
            "case": task.spec.case.name,
            "seed": task.spec.seed,
            "key": task.key.key,
            "status": records[task.key.key].status if task.key.key in records else "due",
            "made_now": task.key.key in made,
            **(_told(records[task.key.key]) if task.key.key in records else {}),
        }
        for task in preparation.tasks
    ]
    counts = Counter(run["status"] for run in runs)
    return {
        "suite": study.suite.name,
        "file": str(study.file),
        "results": str(preparation.runs_folder),
        "sample": preparation.sample,
        "changes": preparation.plan.changes,
        "device": preparation.numerics.device_name,
        "seconds": round(seconds, 3),
        "counts": {status: counts[status] for status in ("done", "failed", "due")} | {"made_now": len(made)},
        "runs": runs,
    }


def paper_told(files: PaperFiles | None) -> dict[str, str] | None:
    """Where the paper is; None where none was made."""
    return {"pdf": str(files.pdf), "html": str(files.html)} if files is not None else None


def _told(record: RunRecord) -> Mapping[str, Any]:
    best, test, cost, failure = record.best, record.test, record.cost, record.failure
    return {
        "best_epoch": best.epoch if best else None,
        "epochs": len(record.epochs),
        "validation": {"accuracy": best.validation_accuracy, "loss": best.validation_loss} if best else None,
        "test": {"accuracy": test.accuracy, "macro_f1": test.macro_f1, "loss": test.loss} if test else None,
        **({"measured": dict(record.measured)} if record.measured else {}),
        "seconds": cost.seconds.get("total") if cost else None,
        "failure": failure.model_dump(exclude={"traceback"}) if failure else None,
    }
