"""Cases by the mean of a metric, and by what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.language.metrics import PrintedMetric

K = TypeVar("K")


def rank_cases(cases: Sequence[CaseFindings], metric: str) -> list[CaseFindings]:
    """Cases that have the metric, the smallest mean first; the given order among equals."""
    return sorted((case for case in cases if metric in case.estimates), key=lambda case: case.estimates[metric].mean)


def find_extremes(
    cases: Sequence[CaseFindings], metric: PrintedMetric
) -> tuple[list[CaseFindings], list[CaseFindings]]:
    """The cases with the smallest and with the largest mean; several when they print alike."""
    ranked = rank_cases(cases, metric.name)
    printed = {case.case.name: metric.format(case.estimates[metric.name].mean) for case in ranked}
    low, high = (printed[ranked[at].case.name] for at in (0, -1))
    return (
        [case for case in cases if printed.get(case.case.name) == low],
        [case for case in cases if printed.get(case.case.name) == high],
    )


def group_cases(cases: Sequence[CaseFindings], key: Callable[[CaseFindings], K | None]) -> dict[K, list[CaseFindings]]:
    """Cases by what `key` gives for them; those for which it gives None are left out."""
    groups: dict[K, list[CaseFindings]] = {}
    for case in cases:
        if (shared := key(case)) is not None:
            groups.setdefault(shared, []).append(case)
    return groups
