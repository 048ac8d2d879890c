"""Attribution: which component an exception came from, so that a failure names the plugin and its distribution.

It is read from the traceback: a frame of one of the component's own methods, else one of its module, else one of its
package. So no call of a plugin needs a wrapper, and what no plugin raised is attributed to none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from benchsuite.errors import BenchsuiteError, PluginError, on_one_line
from benchsuite.registry.entry import Entry


@contextmanager
def blaming(*entries: Entry) -> Iterator[None]:
    """Raise PluginError in place of what the code of one of `entries` raises; let everything else through."""
    try:
        yield
    except BenchsuiteError:
        raise
    except Exception as error:
        blamed = blame(error, entries)
        if blamed is None:
            raise
        raise blamed from error


def blame(error: BaseException, entries: Iterable[Entry]) -> PluginError | None:
    """The PluginError that says which of `entries` raised `error` and where; None when none of them did."""
    frames = _frames(error)
    found = _culprit(frames, tuple(entries))
    if found is None:
        return None
    entry, position = found
    frame, line = frames[position]
    text = on_one_line(error)
    remedy = f"mend {entry.distribution}, or report it to its authors"
    if isinstance(error, OSError) and error.filename is not None:
        remedy = f"check this path, its permissions and its disk; where they are sound, {remedy}"
    blamed = PluginError(
        f"the {entry.kind} {entry.name} raised {type(error).__name__}" + (f": {text}" if text else ""),
        where=f"{entry.distribution} {entry.version}, {frame.f_globals.get('__name__')}, line {line} "
        f"in {frame.f_code.co_qualname}",
        expected=f"a {entry.kind} that keeps to the contract of benchsuite.api",
        remedy=remedy,
    )
    blamed.__cause__ = error
    return blamed


def _frames(error: BaseException) -> list[tuple[FrameType, int]]:
    """Frames and lines of the traceback, innermost first."""
    frames: list[tuple[FrameType, int]] = []
    trace = error.__traceback__
    while trace is not None:
        frames.insert(0, (trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return frames


def _culprit(frames: Sequence[tuple[FrameType, int]], entries: Sequence[Entry]) -> tuple[Entry, int] | None:
    """The component, and the position of the innermost frame of its package."""

    def module(frame: FrameType) -> str:
        return str(frame.f_globals.get("__name__", ""))

    def top(name: str) -> str:
        return name.partition(".")[0]

    tests = (
        lambda frame, entry: frame.f_locals.get("self") is entry.component,
        lambda frame, entry: module(frame) == entry.module,
        lambda frame, entry: top(module(frame)) == top(entry.module),
    )
    for test in tests:
        for position, (frame, _) in enumerate(frames):
            for entry in entries:
                if test(frame, entry):
                    inner = (i for i, (own, _) in enumerate(frames) if top(module(own)) == top(entry.module))
                    # A method that is inherited from another package has no frame of the component's own.
                    return entry, next(inner, position)
    return None
