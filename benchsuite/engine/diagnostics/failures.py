"""What a failed record says of an exception: its kind, what is wrong, where, and what to do."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Sequence
from pathlib import Path

import torch

from benchsuite.atomic_files import store_error
from benchsuite.engine.task import RunTask
from benchsuite.errors import BenchsuiteError, DataError, DeviceError, PluginError, first_line
from benchsuite.registry import Entry
from benchsuite.registry.attribution import blame
from benchsuite.sources.data import add_remedy
from benchsuite.store.record import Failure

_OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "not enough memory", "ALLOC_FAILED")


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
            remedy="this is a defect of the module named here; its traceback is in the record",
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
    if _out_of_memory(error):
        return DeviceError(
            f"out of memory: {first_line(error)}",
            where=f"{task.title} on {task.numerics.device_name}",
            expected="a batch and a network that fit",
            remedy="lower the recipe's batch_size or the data set's image_size, or free the device",
        )
    return blame(error, entries)


def _out_of_memory(error: BaseException) -> bool:
    # The CPU's allocator, cuDNN and cuBLAS raise plain RuntimeErrors; only their text tells.
    if isinstance(error, RuntimeError):
        return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY)
    return isinstance(error, MemoryError)


def _raised_in(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "unknown"
