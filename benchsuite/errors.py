"""The family of errors that a user can meet.

Every error answers four questions: what is wrong, where, what was expected, and what to do about it. The command
line prints the answers and exits with `exit_code`; no traceback is shown for these. Anything that is not a
`BenchsuiteError` is a defect of benchsuite itself or of a plugin.
"""

from __future__ import annotations

from typing import ClassVar


class BenchsuiteError(Exception):
    """Something the user can mend.

    `what` is one sentence; `where` names a file with line and column, or a plugin with its distribution; `expected`
    says what would have been right; `remedy` says what to do next.
    """

    exit_code: ClassVar[int] = 2
    kind: ClassVar[str] = "error"

    def __init__(
        self, what: str, *, where: str | None = None, expected: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.expected = expected
        self.remedy = remedy

    def __str__(self) -> str:
        lines = [self.what]
        lines += [f"  where:    {self.where}"] if self.where else []
        lines += [f"  expected: {self.expected}"] if self.expected else []
        lines += [f"  remedy:   {self.remedy}"] if self.remedy else []
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: no traceback, for nothing in the code is to be mended."""
        return [f"{type(self).__name__}: {self}", *getattr(self, "__notes__", ())]

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.expected, self.remedy))


def _rebuild(
    kind: type[BenchsuiteError], what: str, where: str | None, expected: str | None, remedy: str | None
) -> BenchsuiteError:
    """Unpickle an error whatever its class: workers hand errors to their parent by pickle."""
    error = kind.__new__(kind)
    BenchsuiteError.__init__(error, what, where=where, expected=expected, remedy=remedy)
    return error


class DataError(BenchsuiteError):
    """A data set is missing, incomplete, corrupt, or not what it claims to be."""

    kind = "data"


def unreadable(error: OSError, where: object) -> DataError:
    """The error for a file of the user's that the system did not give."""
    return DataError(
        f"cannot read the file: {error.strerror or error}",
        where=str(where),
        expected="a file that is there and that this user may read",
        remedy="check the file, its permissions and its disk",
    )


class WeightsError(BenchsuiteError):
    """A weights file is missing, unsafe, corrupt, or does not fit the model."""

    kind = "weights"


class PluginError(BenchsuiteError):
    """A plugin broke its contract."""

    kind = "plugin"


class StoreError(BenchsuiteError):
    """The results folder cannot be read or written."""

    kind = "store"


class Nondeterminism(BenchsuiteError):
    """The same run was made twice, and its weights or predictions are not the same bits."""

    kind = "nondeterminism"
    exit_code = 1


class DeviceError(BenchsuiteError):
    """The device that was asked for is absent, or out of memory."""

    kind = "device"


class TrainingError(BenchsuiteError):
    """Training itself went wrong, for instance a loss that is not a number."""

    kind = "training"


class WorkerDied(BenchsuiteError):
    """The process that carried a run ended without an answer: killed, out of memory, or crashed."""

    kind = "worker died"


class PaperError(BenchsuiteError):
    """The paper cannot be made from what is there."""

    kind = "paper"


class SetupError(BenchsuiteError):
    """The machine lacks something that benchsuite needs, such as Pango."""

    kind = "setup"


def describe_system_error(error: BaseException, where: str | None = None) -> BenchsuiteError | None:
    """What to tell of an error that the system raised, wherever it was met; None where it is no such error."""
    if isinstance(error, MemoryError):
        return DeviceError("out of memory", where=where, remedy="free some memory, and start the command again")
    if isinstance(error, UnicodeError):
        return StoreError(
            f"a name or a text is not in the encoding that it should be in: {first_line(error)}",
            where=where,
            expected="UTF-8",
            remedy="rename what has letters with accents, or convert it (convmv, iconv), and start the command again",
        )
    if isinstance(error, OSError) and error.errno:
        return StoreError(
            f"the system refused to read or write: {error.strerror or first_line(error)}",
            where=str(error.filename or where or "") or None,
            remedy="check the disk, its permissions and the limits of this user, and start the command again",
        )
    return None


def first_line(error: BaseException) -> str:
    """The first line of what an exception says, or its type when it says nothing."""
    lines = str(error).splitlines()
    return cut(lines[0], 200) if lines else type(error).__name__


def on_one_line(text: object, limit: int = 300) -> str:
    """A text on one line."""
    return cut(" ".join(str(text).split()), limit)


def cut(text: str, limit: int) -> str:
    """A text of at most `limit` characters: a longer one ends after a word of it, with an ellipsis."""
    if len(text) <= limit:
        return text
    shorter = text[: limit - 1]
    words = shorter.rpartition(" ")[0]
    return (words if len(words) > limit // 2 else shorter).rstrip(" ,;:") + "…"
