"""Text that can be written anywhere, whatever bytes a disk or a command line has brought.

A name that is no UTF-8 comes to Python with each strange byte as a lone surrogate, which no file, JSON text or terminal
takes. It is written as that byte's escape, `ma\\xedz`, and so is a character that a terminal lacks.
"""

from __future__ import annotations

import codecs
import os
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

KERNEL = "ipykernel"
"""The package whose streams lead into the cell of a notebook, as those of every kernel for Python do."""
ERRORS = "benchsuite.legible"
"""How encoders call the way in which what they do not have is written."""


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    strange = error.object[error.start : error.end]
    return "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else _code(c) for c in strange), error.end


def _code(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode()


codecs.register_error(ERRORS, _escape)


def legible(value: Any) -> Any:
    """A text, or all texts in mappings, lists and tuples, as UTF-8 can write them."""
    if isinstance(value, str):
        return value.encode("utf-8", ERRORS).decode()
    if isinstance(value, Mapping):
        return {legible(name): legible(below) for name, below in value.items()}
    return type(value)(map(legible, value)) if type(value) in (list, tuple) else value


def open_closed_streams() -> None:
    """Lead standard streams that were closed before this process began, and those of its children, to nowhere. Else the
    next file that is opened takes the number of one, and what a library prints goes into it."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: the stream's own
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w", encoding="utf-8"))


def let_streams_escape() -> None:
    """Let standard output and error of this process escape what they cannot write, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # what stands in for a stream may be none
            stream.reconfigure(errors=ERRORS)  # type: ignore[union-attr]


def in_kernel() -> bool:
    """Whether this process is the kernel of a notebook, whose streams lead into a cell."""
    return type(sys.stdout).__module__.partition(".")[0] == KERNEL


def in_notebook() -> bool:
    """Whether what this process writes ends in the cell of a notebook: it is a kernel, or a command of a cell. Such a
    command may have a terminal, but the cell keeps every byte that moves its cursor.

    Known by what Jupyter sets for its kernels, and kernels for their commands.
    """
    variables = os.environ
    shell = variables.get("TERM") == "xterm-color" and variables.get("GIT_PAGER") == "cat"
    return in_kernel() or "JPY_PARENT_PID" in variables or shell


def let_pillow_remark() -> None:
    """What Pillow only warns of (a photo of 100 megapixels, odd EXIF data) is no fault in this process and nothing to
    read, though Python may be told to take warnings for errors."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
