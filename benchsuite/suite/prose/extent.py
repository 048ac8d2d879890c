"""How much a suite's paper may say: what takes many minutes to set is refused before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from benchsuite.suite.prose.references import Declaration
from benchsuite.suite.source.problems import Problem
from benchsuite.suite.source.yaml_nodes import LARGEST_FILE

LONGEST_PROSE = LARGEST_FILE
"""Characters of all texts; a page takes some four thousand."""
MOST_FORMULAS, LONGEST_FORMULAS = 500, 20_000
"""Formulas of all texts, and characters of them all: each character takes about a millisecond to draw and to set."""
FORMULA = re.compile(r"(?<!\\)\$\$?([^$]{1,500})\$")


def extent_problems(suite: Declaration) -> Iterator[Problem]:
    """What of the paper's texts, claims included, is more than a paper can hold."""
    texts = [suite.title, *(claim.text for claim in suite.claims)]
    texts += _texts(suite.paper.model_dump(mode="json", exclude={"bibliography"}))
    prose = sum(map(len, texts))
    formulas = [found[1] for text in texts for found in FORMULA.finditer(text)] if prose <= LONGEST_PROSE else []
    for length, most, what, remedy in (
        (prose, LONGEST_PROSE, "characters", "shorten it"),
        (len(formulas), MOST_FORMULAS, "formulas", "leave some out"),
        (sum(map(len, formulas)), LONGEST_FORMULAS, "characters of formulas", "shorten them, or leave some out"),
    ):
        if length > most:
            mark = (suite.origin.get("paper") or suite.origin).mark
            yield Problem(mark, "paper", f"the paper has {length:,} {what}", None, f"at most {most:,}", remedy)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
