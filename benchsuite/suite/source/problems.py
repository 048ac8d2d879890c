"""What is wrong with a suite: every problem of a file at once, each with its place and its remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from benchsuite.errors import BenchsuiteError, cut

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, or in an option of the command line, which has no `line` and `column`. Both count from 1."""

    source: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `what` is a sentence without its subject's path; `path` is dotted, empty for the file."""

    mark: Mark
    path: str
    what: str
    value: object = None
    expected: str | None = None
    remedy: str | None = None

    @property
    def source(self) -> str:
        return self.mark.source

    @property
    def line(self) -> int | None:
        return self.mark.line

    @property
    def column(self) -> int | None:
        return self.mark.column

    def __str__(self) -> str:
        text = f"{self.mark}: " + (f"{printable(self.path)}: " if self.path else "") + self.what
        if self.expected:
            text += f" (expected {self.expected})"
        return text + (f"; {self.remedy}" if self.remedy else "")


class SuiteError(BenchsuiteError):
    """A suite cannot be used. `problems` has everything that is wrong with it, in the order of the file."""

    kind = "suite"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(dict.fromkeys(_hashable(p) for p in problems), key=_order))
        lines = [str(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"and {len(self.problems) - SHOWN} more")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[object, ...]:
        return (SuiteError, (self.problems,))


def _order(problem: Problem) -> tuple[int, int]:
    return (problem.line or 0, problem.column or 0)


def _hashable(problem: Problem) -> Problem:
    """A list or mapping is replaced by how it is shown: problems are compared to drop repetitions."""
    if isinstance(problem.value, str | int | float | bool | None):
        return problem
    return Problem(problem.mark, problem.path, problem.what, shown(problem.value), problem.expected, problem.remedy)


def shown(value: object, limit: int = 60) -> str:
    """A value for a message: as it would be written in the file, on one line, cut to `limit` characters."""
    if isinstance(value, str):
        text = repr(value)
    else:
        try:
            text = json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError):
            text = repr(value)
    return printable(text, limit)


def written(value: object) -> str:
    """A value as a user would type it after `=`: a text without quotes."""
    return printable(value) if isinstance(value, str) else shown(value, 200)


def printable(text: str, limit: int = 200) -> str:
    """Text from a file with its control characters escaped, so that it cannot steer a terminal."""
    return cut("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: limit + 1]), limit)


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that `word` most likely was meant to be."""
    folded = {known.casefold(): known for known in words}
    close = get_close_matches(word[:200].casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def did_you_mean(word: str, words: Iterable[str]) -> str | None:
    close = nearest(word, words)
    return f"did you mean {close!r}?" if close else None


def one_of(words: Sequence[str], limit: int = 15) -> str:
    """`one of: a, b, c`, cut to a length that can be read."""
    if not words:
        return "none: there is nothing to choose from"
    return "one of: " + ", ".join(words[:limit]) + (f" and {len(words) - limit} more" if len(words) > limit else "")
