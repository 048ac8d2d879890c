"""What the command line may change of a suite: parameters common to all cases (`--set`), and the seeds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchsuite.suite.cases.grid import Setting, overlap, path_problems
from benchsuite.suite.schema.suite import MOST_SEEDS
from benchsuite.suite.source.problems import Mark, Problem, SuiteError, printable, shown
from benchsuite.suite.source.yaml_nodes import parse_text

LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Override:
    """One `--set`, as it was written and as it was understood."""

    text: str
    setting: Setting


def read_overrides(texts: Sequence[str], taken: Sequence[tuple[str, Setting]]) -> tuple[list[Override], list[Problem]]:
    """Read "recipe.max_epochs=2" and its like. `taken` are the suite's own settings, which cannot be overridden."""
    overrides: list[Override] = []
    problems: list[Problem] = []
    for text in texts:
        mark = Mark(f"--set {printable(text, 80)}")
        path, equals, value = text.partition("=")
        if not equals or not value.strip() or "\n" in value:
            problems.append(
                Problem(mark, "", "this is no change", text, "a path and a value, as in recipe.max_epochs=2")
            )
            continue
        try:
            node, found = parse_text(value, mark.source, positions=False)
        except SuiteError as error:
            problems += error.problems
            continue
        override = Override(text, Setting(path.strip(), mark, node))
        problems += [*found, *path_problems([override.setting], ""), *_taken(override, taken, overrides)]
        overrides.append(override)
    return overrides, problems


def _taken(override: Override, taken: Sequence[tuple[str, Setting]], earlier: Sequence[Override]) -> list[Problem]:
    mine = override.setting
    problems = []
    for owner, other in [*taken, *(("another --set", known.setting) for known in earlier)]:
        if overlap(mine.parts, other.parts) or overlap(other.parts, mine.parts):
            what = f"{shown(mine.path)} cannot be changed here: {owner} sets {shown(other.path)}"
            remedy = "change only what is common to all cases, or copy the suite and edit the copy"
            problems.append(Problem(mine.key, "", what, remedy=remedy))
    return problems


def read_seeds(text: str) -> tuple[tuple[int, ...], list[Problem]]:
    """Read "3" as 0, 1, 2; "0,4,7" as these; "0-4" as 0 to 4, both included."""
    mark = Mark(f"--seeds {printable(text, 80)}")
    expected = f"a number of seeds such as 3, a list such as 0,4,7 or a range such as 0-4; at most {MOST_SEEDS:,}"
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,6}", text):
        seeds = list(range(min(int(text), MOST_SEEDS + 1)))
    elif match := re.fullmatch(r"([0-9]{1,10})-([0-9]{1,10})", text):
        first, last = int(match[1]), int(match[2])
        seeds = list(range(first, min(last, first + MOST_SEEDS) + 1))
    elif re.fullmatch(r"[0-9]{1,10}( *, *[0-9]{1,10})+ *,?|[0-9]{1,10} *,", text) and len(text) < 12 * MOST_SEEDS:
        seeds = [int(part) for part in text.split(",") if part.strip()]
    else:
        return (), [Problem(mark, "", f"{shown(text)} names no seeds", text, expected)]
    if not seeds or len(seeds) > MOST_SEEDS or max(seeds) > LARGEST_SEED:
        return (), [Problem(mark, "", f"{shown(text)} names no seeds that could be used", text, expected)]
    if len(set(seeds)) < len(seeds):
        return (), [Problem(mark, "", f"{shown(text)} names a seed twice", text, "different seeds")]
    return tuple(seeds), []
