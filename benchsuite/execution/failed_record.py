"""The record of a run that failed outside itself: the store, a lock, the worker process or the way to it.

Such a failure ends its run and no other. Where even the record cannot be put on disk, it is handed on all the same and
says so.
"""

from __future__ import annotations

from datetime import UTC, datetime

from benchsuite.engine.task import RunTask
from benchsuite.errors import BenchsuiteError, first_line
from benchsuite.store.environment import capture_environment
from benchsuite.store.record import Failure, RunRecord
from benchsuite.store.run_store import Store


def record_failure(task: RunTask, failure: Failure) -> RunRecord:
    """Write the record of a run that `failure` has ended, and return it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    record = RunRecord(
        key=task.key.key,
        key_fields=task.key.fields,
        spec=task.spec,
        status="failed",
        started=now,
        finished=now,
        deviations=task.deviations,
        environment=capture_environment(task.numerics),
        failure=failure,
    )
    try:
        Store(task.results).write(record)
    except Exception as error:
        what = error.what if isinstance(error, BenchsuiteError) else first_line(error)
        unwritten = failure.model_copy(update={"what": f"{failure.what} (its record could not be written: {what})"})
        return record.model_copy(update={"failure": unwritten})
    return record
