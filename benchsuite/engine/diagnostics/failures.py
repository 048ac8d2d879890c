"""What a failed record says of an exception: its kind, what is wrong, where, and what to do."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Sequence
from pathlib import Path

import benchsuite
from benchsuite.atomic_files import store_error
from benchsuite.engine.diagnostics.device_errors import describe_device_error
from benchsuite.engine.task import RunTask
from benchsuite.errors import BenchsuiteError, DataError, PluginError, describe_system_error
from benchsuite.registry import Entry
from benchsuite.registry.attribution import blame
from benchsuite.sources.data import add_remedy
from benchsuite.store.record import Failure

_UNREPEATABLE = " does not have a deterministic implementation"
"""What torch says of an operation on CUDA, before it gives advice that is none here."""
_HOME = Path(benchsuite.__file__).parent


def describe_failure(error: Exception | SystemExit, task: RunTask, entries: Sequence[Entry] = ()) -> Failure:
    """Describe `error`, which ended the run; `entries` are the components that may be to blame.

    A traceback is kept for what is nobody's mistake but the code's.
    """
    known = translate_error(error, task, entries)
    if known is None:
        return Failure(
            kind="defect",
            what=f"{type(error).__name__}: {error}",
            where=_raised_in(error),
            remedy="this is a defect of benchsuite, which other runs may not meet: please report it with the traceback "
            f"that is in the record (benchsuite show {task.key.key[:12]})",
            traceback="".join(traceback.format_exception(error)),
        )
    cause = known.__cause__ if isinstance(known, PluginError) else None
    return Failure(
        kind=known.kind,
        what=known.what,
        where=known.where,
        expected=known.expected,
        remedy=known.remedy,
        traceback="".join(traceback.format_exception(cause)) if cause else None,
    )


def translate_error(error: Exception | SystemExit, task: RunTask, entries: Sequence[Entry]) -> BenchsuiteError | None:
    """What the user should be told of `error`; None when it is a defect of benchsuite."""
    # A plugin whose writing met a full disk is not to blame for it.
    cause = error.__cause__ if isinstance(error, PluginError) else error
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return store_error(cause, Path(str(cause.filename or task.results)))
    if isinstance(error, DataError):
        return add_remedy(error, task.cache)
    if isinstance(error, BenchsuiteError):
        return error
    refused = describe_device_error(error, f"{task.title} on {task.numerics.device_name}")
    blamed = blame(error, entries)
    if isinstance(error, RuntimeError) and _UNREPEATABLE in str(error):
        return _unrepeatable(error, blamed, task)
    return refused or blamed or describe_system_error(error, where=task.title)


def _unrepeatable(error: RuntimeError, blamed: PluginError | None, task: RunTask) -> PluginError:
    """The passage back through a network has no frame of the plugin that chose the operation."""
    case = task.spec.case
    told = PluginError(
        f"{str(error).partition(_UNREPEATABLE)[0]} has no form on {task.numerics.device_name} that gives the same bits"
        " each time",
        where=blamed.where if blamed else f"the model {case.model.name}, or the loss of the recipe {case.recipe.name}",
        expected="operations that can be repeated",
        remedy="replace the layer that uses it (benchsuite check-plugin names it), or use the CPU (--device cpu)",
    )
    told.__cause__ = error
    return told


def _raised_in(error: BaseException) -> str:
    """The last line of ours that was at work, and where a library that it called raised the error."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "unknown"
    own = next((frame for frame in reversed(frames) if Path(frame.filename).is_relative_to(_HOME)), frames[-1])
    place = f"{Path(own.filename).name}:{own.lineno} in {own.name}"
    if own is frames[-1]:
        return place
    return f"{place}, which called {Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}"
