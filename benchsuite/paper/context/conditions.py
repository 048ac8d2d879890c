"""Whether the results meet a condition of the prose."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.analysis.findings import CaseFindings, Findings
from benchsuite.paper.context.case_groups import find_extremes, rank_cases
from benchsuite.paper.language.metrics import PrintedMetric, printed
from benchsuite.suite.prose.conditions import Condition


def is_met(findings: Findings, condition: Condition) -> bool:
    """Exactly one of the verdicts on a subject is met; what has no results yet is open."""
    subject = condition.subject
    match subject.kind:
        case "claim":
            return any(one.claim.id == subject.of and one.verdict == condition.verdict for one in findings.claims)
        case "difference":
            sign = next((one.sign for one in findings.comparisons if one.case == subject.of), "open")
            return sign in condition.meets
        case "differences":
            decided = [one.sign != "open" for one in findings.comparisons]
            return condition.verdict == ("all" if all(decided) and decided else "some" if any(decided) else "none")
        case _:
            best = find_best(findings.cases, printed(findings.metrics)[subject.of or findings.metric])
            if condition.case:
                return [case.case.name for case in best] == [condition.case]
            return condition.verdict == _lead(findings, best)


def find_best(cases: Sequence[CaseFindings], metric: PrintedMetric) -> list[CaseFindings]:
    """The best case by the mean of a metric, the largest where no value is better than another; several when they
    print alike, none without results."""
    if not rank_cases(cases, metric.name):
        return []
    lowest, highest = find_extremes(cases, metric)
    return lowest if metric.higher_is_better is False else highest


def _lead(findings: Findings, best: Sequence[CaseFindings]) -> str:
    """Whether the best case in what is compared is a reference, or decidedly other than its own. Equal ones are not."""
    names = {case.case.name for case in best}
    if names and names <= set(findings.baselines):
        return "baseline"
    signs = {one.case: one.sign for one in findings.comparisons}
    return "open" if any(signs.get(name, "open") == "open" for name in names) or not names else "decided"
