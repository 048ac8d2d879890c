"""Folds: what has to be so of a suite before its images are divided. What of the data, `sources.folds` sees."""

from __future__ import annotations

from collections import Counter

from benchsuite.metrics import is_sealed
from benchsuite.suite.schema.folds import Folds
from benchsuite.suite.schema.suite import Suite
from benchsuite.suite.source.problems import Problem, shown
from benchsuite.suite.source.yaml_nodes import Node

INSTEAD = "validation_accuracy"
SAME = "and every fold is measured on the same test images"


def fold_problems(suite: Suite) -> list[Problem]:
    """What keeps a suite from being validated on folds."""
    folds = suite.folding
    if folds is None:
        return []
    node = suite.origin.get("folds") or suite.origin
    problems = []
    if suite.sequential is not None:
        what = "seeds until the claims are decided do not go with folds, whose results are not independent"
        remedy = f"write how many seeds there are, as in `seeds: {2 * folds.k}`, or leave `folds` out"
        problems.append(Problem(node.mark, "folds", what, remedy=remedy))
    else:
        problems += _round_problems(suite, folds)
    if suite.search is not None:
        what = "folds do not go with a search, whose trials have one seed and so one fold"
        remedy = "leave `folds` out, or make the search a suite of its own"
        problems.append(Problem(node.mark, "folds", what, remedy=remedy))
    return problems + _sealed_problems(suite)


def _round_problems(suite: Suite, folds: Folds) -> list[Problem]:
    """Rounds of which some folds have no seed: some images would count more often than others."""
    rounds = Counter(seed // folds.k for seed in suite.seed_values)
    if all(found == folds.k for found in rounds.values()):
        return []
    node = suite.origin.get("seeds") or suite.origin
    seeds, whole = len(suite.seed_values), len(rounds) * folds.k
    what = f"{folds.k} folds need {folds.k} seeds, one for each, or several times as many; there are {seeds}"
    if isinstance(suite.seeds, tuple):
        listed = ", ".join(str(seed) for number in sorted(rounds) for seed in _seeds_of(number, folds.k))
        what = f"the run of seed n is validated on fold n mod {folds.k}, and these seeds do not use every fold alike"
        expected = f"whole rounds, such as [{listed}]" if whole <= 20 else f"whole rounds of {folds.k}"
        return [
            Problem(node.mark, "seeds", what, expected=expected, remedy=f"add the seeds that are missing of {whole}")
        ]
    remedy = f"write `seeds: {whole}`, and the same in `size`"
    return [Problem(node.mark, "seeds", what, seeds, f"a multiple of {folds.k}", remedy)]


def _seeds_of(number: int, k: int) -> range:
    return range(number * k, (number + 1) * k)


def _sealed_problems(suite: Suite) -> list[Problem]:
    """What is compared or claimed of the test split, which is the same for all folds."""
    problems = []
    remedy = f"write `metric: {INSTEAD}`, or another metric of validation, or leave `folds` out"
    if suite.compare is not None and is_sealed(suite.compare.metric):
        node = suite.origin.get("compare") or suite.origin
        what = f"{suite.compare.metric} is compared, {SAME}"
        mark = (node.get("metric") or node).mark
        problems.append(Problem(mark, "compare.metric", what, expected="a metric of validation", remedy=remedy))
    claims = suite.origin.get("claims")
    nodes: tuple[Node, ...] = claims.elements if claims is not None else ()
    for index, (claim, declared) in enumerate(zip(suite.claims, nodes, strict=True)):
        if is_sealed(claim.metric):
            what = f"the claim {shown(claim.id)} is on {claim.metric}, {SAME}"
            mark = (declared.get("metric") or declared).mark
            path = f"claims[{index}].metric"
            problems.append(Problem(mark, path, what, expected="a metric of validation", remedy=remedy))
    return problems
