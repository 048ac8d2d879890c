"""Where the claims decide how many seeds there are: what has to be so of a suite, and what the command line may ask."""

from __future__ import annotations

from benchsuite.metrics import METRICS
from benchsuite.suite.planning.overrides import read_seeds
from benchsuite.suite.schema.suite import Suite
from benchsuite.suite.source.problems import Mark, Problem, printable, shown


def sequential_problems(suite: Suite) -> list[Problem]:
    """What keeps the claims of a suite from deciding its seeds."""
    if suite.sequential is None:
        return []
    node = suite.origin.get("seeds") or suite.origin
    remedy = "write how many seeds there are, as in `seeds: 10`"
    problems = []
    if not suite.claims:
        what = "seeds go on until the claims are decided, and the suite has no claims"
        problems.append(Problem(node.mark, "seeds.until", what, remedy=f"add `claims`, or {remedy}"))
    if suite.search is not None:
        what = "seeds until the claims are decided do not go with a search, whose trials have one seed"
        problems.append(
            Problem(node.mark, "seeds.until", what, remedy=f"{remedy}, or make the search a suite of its own")
        )
    claims = suite.origin.get("claims")
    for claim, declared in zip(suite.claims, claims.elements if claims is not None else (), strict=True):
        if claim.metric in METRICS and METRICS[claim.metric].of_machine:
            what = f"the claim {shown(claim.id)} is on {claim.metric}, which no run repeats, and would decide the seeds"
            problems.append(Problem((declared.get("metric") or declared).mark, "seeds.until", what, remedy=remedy))
    return problems


def asked_seeds(suite: Suite, seeds: str | None) -> tuple[tuple[int, ...], list[Problem]]:
    """The seeds that the command line asks for, else those of the suite."""
    if seeds is None:
        return suite.seed_values, []
    asked, problems = read_seeds(seeds)
    if suite.sequential is not None and not problems:
        what = "the claims decide how many seeds this study has, so that they cannot be chosen"
        remedy = f"leave --seeds out, or copy the suite and write `seeds: {len(asked)}` in the copy"
        problems = [Problem(Mark(f"--seeds {printable(seeds, 80)}"), "", what, seeds, remedy=remedy)]
    return asked, problems
