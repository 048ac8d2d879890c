"""What a user is told of an exception that nobody foresaw: whose code raised it, and where its traceback lies."""

from __future__ import annotations

import os
import tempfile
import traceback

from benchsuite.errors import BenchsuiteError, describe_system_error, first_line, on_one_line
from benchsuite.legible import ERRORS


def describe_crash(error: BaseException) -> BenchsuiteError:
    """A defect as one screen: a plugin's where its code raised it, else benchsuite's own. Keeps the traceback."""
    from benchsuite.registry import registry
    from benchsuite.registry.attribution import blame

    try:
        kept = _save_traceback(error)
    except OSError as refused:
        kept = f"its traceback could not be kept: {first_line(refused)}"
    blamed = blame(error, registry().components)
    if blamed is not None:
        blamed.remedy = f"{blamed.remedy}; {kept}"
        return blamed
    known = describe_system_error(error)
    if known is not None:
        known.remedy = f"{known.remedy}; {kept}"
        return known
    what = on_one_line(f"{type(error).__name__}: {error}")
    frames = traceback.extract_tb(error.__traceback__)
    return BenchsuiteError(
        f"a defect of benchsuite: {what}",
        where=f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else None,
        remedy=f"please report it; {kept}. Finished runs are safe",
    )


def _save_traceback(error: BaseException) -> str:
    number, path = tempfile.mkstemp(prefix="benchsuite-", suffix=".traceback.txt")
    with os.fdopen(number, "w", encoding="utf-8", errors=ERRORS) as file:
        file.writelines(traceback.format_exception(error))
    return f"the traceback is in {path}"
